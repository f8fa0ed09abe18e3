"""``labelctl doctor`` on the deployed pipeline: healthy, then broken in one place at a time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from labelctl.cli import app
from labeling_sandbox.iam import credentials
from tests.labelctl import breakages
from tests.labelctl.breakages import (
    BREAKAGES,
    Deployed,
    make_work_team,
    take_messages,
    work_team_deleted,
)
from tests.labelctl.test_permissions import POLICIES, without_each_action
from tests.pipeline.deployment import deploy
from tests.sandbox.resources import make_role, put_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from labeling_sandbox.server import Sandbox
    from tests.labelctl.breakages import Undo


@pytest.fixture(scope="module")
def deployed(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """The module, applied, with a work team and an operator's environment."""
    deployment = deploy(sandbox, tmp_path_factory.mktemp("doctor"))
    found = Deployed(deployment)
    make_work_team(found)
    with pytest.MonkeyPatch.context() as environment:
        for name, value in sandbox.environment().items():
            environment.setenv(name, value)
        yield found
    work_team_deleted(found)
    deployment.destroy()


def examination(name: str) -> Any:
    result = CliRunner().invoke(app, ["doctor", "--pipeline", name, "--json"])
    found = json.loads(result.stdout)
    assert result.exit_code == (0 if found["passed"] else 1), result.output
    return found


def test_nothing_is_wrong_with_a_healthy_pipeline(deployed: Deployed) -> None:
    found = examination(deployed.name)
    assert [check for check in found["checks"] if check["state"] != "ok"] == []
    assert found["counts"]["ok"] == len(found["checks"])


@pytest.mark.parametrize("breakage", list(BREAKAGES), ids=lambda breakage: breakage.__name__)
def test_a_breakage_is_named_by_its_check_alone(
    breakage: Callable[[Deployed], Undo], deployed: Deployed
) -> None:
    undo = breakage(deployed)
    try:
        found = examination(deployed.name)
    finally:
        undo()
    wrong = {check["check"]: check["state"] for check in found["checks"] if check["state"] != "ok"}
    assert set(wrong) == {BREAKAGES[breakage]}
    assert wrong[BREAKAGES[breakage]] in ("failed", "warning")


def test_every_breakage_was_undone(deployed: Deployed) -> None:
    assert examination(deployed.name)["counts"]["ok"] == len(examination(deployed.name)["checks"])


#: It decides what S3 answers where a file is missing, so a healthy pipeline does not need it.
_FOR_MISSING_FILES = "s3:ListBucket"


def test_doctor_names_each_permission_that_it_lacks_and_makes_the_other_checks(
    deployed: Deployed,
) -> None:
    sandbox = deployed.deployment.sandbox
    role = "operator-with-doctor"
    held = credentials.assume(make_role(sandbox, role, "ec2.amazonaws.com"), "operator")
    of_status, policy = (documented(deployed, title) for title in ("status", "doctor"))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", held.access_key_id)
        environment.setenv("AWS_SECRET_ACCESS_KEY", held.secret_access_key)
        environment.setenv("AWS_SESSION_TOKEN", held.session_token)
        for action, less in without_each_action(policy):
            if action == _FOR_MISSING_FILES:
                continue
            put_policy(sandbox, role, *of_status, *less)
            found = examination(deployed.name)
            wrong = [check for check in found["checks"] if check["state"] != "ok"]
            assert {check["state"] for check in wrong} == {"not_checked"}, (action, wrong)
            causes = [problem["cause"] for check in wrong for problem in check["problems"]]
            others = [
                cause
                for cause in causes
                if not cause.startswith(f"missing permission {action} on ")
            ]
            assert (action, others) == (action, [])
        put_policy(sandbox, role, *of_status, *policy)
        assert examination(deployed.name)["passed"]


def documented(deployed: Deployed, title: str) -> list[dict[str, Any]]:
    """The statements of a policy in the documentation, with the names of the deployed pipeline."""
    sandbox = deployed.deployment.sandbox
    text = json.dumps(POLICIES[title])
    for placeholder, value in {
        "JOB_NAME": deployed.name,
        "KEY_ARN": deployed.output("kms_key_arn"),
        "REGION": sandbox.region,
        "ACCOUNT": sandbox.account,
    }.items():
        text = text.replace(placeholder, value)
    result: list[dict[str, Any]] = json.loads(text)
    return result


@dataclass(frozen=True)
class Wire:
    """A wire that is cut, and the station of a smoke test behind it."""

    cut: Callable[[Deployed], Undo]
    station: str
    cause: str


WIRES = (
    Wire(breakages.no_notification, "queue", "bucket_notification"),
    Wire(breakages.upload_rule_disabled, "queue", "upload_rule"),
    Wire(breakages.queue_policy_without_events, "queue", "upload_delivery"),
    Wire(breakages.function_without_a_permission, "execution", "PollQueue"),
    Wire(breakages.boundary_that_denies, "execution", "FinishRun"),
)


def smoke(name: str, *options: str) -> Any:
    result = CliRunner().invoke(app, ["doctor", "--pipeline", name, "--smoke", "--json", *options])
    found = json.loads(result.stdout)
    assert result.exit_code == (0 if found["passed"] else 1), result.output
    return found


def test_a_marker_travels_to_the_report_and_nothing_is_labeled(deployed: Deployed) -> None:
    jobs = deployed.deployment.pipeline.control("labeling-jobs")
    found = smoke(deployed.name)
    assert [station["station"] for station in found["stations"] if station["reached"]] == [
        "upload",
        "queue",
        "execution",
        "ledger",
        "report",
    ]
    assert found["left"] == []
    assert deployed.deployment.pipeline.control("labeling-jobs") == jobs
    assert markers(deployed) == []


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.cut.__name__)
def test_a_smoke_test_stops_at_the_cut_wire(wire: Wire, deployed: Deployed) -> None:
    undo = wire.cut(deployed)
    try:
        found = smoke(deployed.name, "--deadline", "15")
    finally:
        undo()
    assert not found["passed"]
    assert found["stations"][-1]["station"] == wire.station
    assert wire.cause in found["stations"][-1]["detail"]
    assert markers(deployed) == []
    empty_queues(deployed)


def markers(deployed: Deployed) -> list[Any]:
    answer = deployed.client("s3").list_object_versions(
        Bucket=deployed.output("upload_bucket_name"), Prefix="labelctl-smoke/"
    )
    return [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]


def empty_queues(deployed: Deployed) -> None:
    """Take away what a cut wire left: the marker's message, or its undelivered event."""
    for output in ("upload_queue_url", "undelivered_queue_url"):
        take_messages(deployed.client("sqs"), deployed.output(output))


def test_a_smoke_test_does_not_start_while_uploads_wait(deployed: Deployed) -> None:
    url = deployed.output("upload_queue_url")
    deployed.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    result = CliRunner().invoke(app, ["doctor", "--pipeline", deployed.name, "--smoke"])
    empty_queues(deployed)
    assert result.exit_code == 1
    assert "1 messages wait on the intake queue" in result.stderr
    assert markers(deployed) == []
