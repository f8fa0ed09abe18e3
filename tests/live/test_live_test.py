"""The live test, run against the sandbox: only the endpoint and the credentials differ from AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from labelctl.connection import Connection
from labeling_sandbox.demo.leftovers import leftovers
from tools.live_test import LiveTest, app

if TYPE_CHECKING:
    from pathlib import Path

    from labeling_sandbox.server import Sandbox

TEAM = "live-test"


@pytest.fixture
def work_team(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> str:
    """The ARN of a work team, with the caller's environment pointed at the sandbox."""
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    member = {"UserPool": "us-east-1_pool", "UserGroup": "labelers", "ClientId": "client"}
    created = sandbox.client("sagemaker").create_workteam(
        WorkteamName=f"{TEAM}-{len(sandbox.client('sagemaker').list_workteams()['Workteams'])}",
        Description="Labelers.",
        MemberDefinitions=[{"CognitoMemberDefinition": member}],
    )
    return str(created["WorkteamArn"])


@pytest.mark.terraform
def test_everything_planned_is_created_works_and_is_removed(
    sandbox: Sandbox, work_team: str, tmp_path: Path
) -> None:
    before = set(leftovers(sandbox.client))
    test = LiveTest(
        "live",
        work_team,
        Connection("us-east-1"),
        tmp_path,
        sandbox.environment(),
        print,
        label=True,
    )
    planned = test.planned()
    report = test.run(planned)
    assert report.error == ""
    assert report.created == planned
    assert report.changes_after_apply is False
    assert report.doctor is not None
    assert report.doctor["counts"]["ok"] == len(report.doctor["checks"])
    assert report.smoke is not None
    assert report.smoke["passed"]
    assert report.label is not None
    assert report.label["passed"]
    assert report.label["record"]["label"] in ("cat", "dog")
    assert report.left == []
    assert report.passed
    assert set(leftovers(sandbox.client)) == before
    text = report.text(sandbox.account)
    assert sandbox.account not in text
    assert json.loads(text)["passed"]


@pytest.mark.terraform
def test_nothing_is_created_without_the_word_of_the_caller(
    sandbox: Sandbox, work_team: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.live_test.FOLDER", tmp_path)
    before = set(leftovers(sandbox.client))
    arguments = ["--workteam-arn", work_team, "--job-name", "listed", "--label"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "  module.ledger.aws_dynamodb_table.this" in result.stderr.splitlines()
    assert result.stderr.splitlines()[-1].startswith("nothing was created; arn:")
    assert set(leftovers(sandbox.client)) == before


def test_missing_credentials_are_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tools.live_test.FOLDER", tmp_path)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/team"
    result = CliRunner().invoke(app, ["--workteam-arn", arn, "--region", "us-east-1"])
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: no usable AWS credentials")
