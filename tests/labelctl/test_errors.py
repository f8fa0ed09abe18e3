"""Each mistake of an operator is reported in one line, with the documented exit code."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from typer.main import get_group
from typer.testing import CliRunner

from labelctl.cli import app
from labelctl.connection import Connection
from labelctl.durations import format_age, read_age, read_time
from labelctl.error_messages import LabelctlError, explained

if TYPE_CHECKING:
    from pathlib import Path

    from typer.core import TyperCommand

    from tests.labelctl.stage import Operated

PROGRAM = get_group(app)
COMMANDS = ("backfill", "doctor", "redrive", "status")


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_pipeline_is_named(
    operated: Operated, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as changed:
        changed.setattr(operated, "name", "nobody")
        assert operated.error(command) == (
            "error: there is no pipeline nobody in region us-east-1: /nobody/* holds no parameters;"
            " see job_name and --region, or list all with: aws ssm describe-parameters"
            " --region us-east-1 --query 'Parameters[].Name'"
            " --parameter-filters Key=Name,Option=Contains,Values=/ledger-table-name"
        )


def test_a_pipeline_of_an_older_version_is_reported(operated: Operated) -> None:
    operated.client("ssm").delete_parameter(Name=f"/{operated.name}/task-type")
    line = operated.error("status")
    assert f"lacks the parameters /{operated.name}/task-type; apply this version" in line


def test_a_task_type_of_a_newer_version_is_named(operated: Operated) -> None:
    operated.parameters(**{"task-type": "video"})
    assert "task type 'video' is unknown" in operated.error("status")


def test_a_text_pipeline_without_its_splitter_is_rejected(operated: Operated) -> None:
    operated.parameters(**{"task-type": "text_single_label_classification"})
    assert "/splitter-function-name" in operated.error("backfill")


@pytest.mark.parametrize("command", COMMANDS)
def test_missing_credentials_are_reported(
    operated: Operated, command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as environment:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.delenv(name)
        environment.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        environment.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
        assert operated.error(command).startswith("error: no usable AWS credentials")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", ["AKIA", "ASIA"])
def test_credentials_that_aws_does_not_know_are_reported(
    operated: Operated, command: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", f"{kind}IOSFODNN7UNKNOWN")
        assert operated.error(command) == (
            "error: AWS does not accept the credentials (UnrecognizedClientException);"
            " sign in again, for example with: aws sso login"
        )


def test_a_missing_region_is_reported(
    operated: Operated, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as environment:
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            environment.delenv(name)
        environment.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
        assert operated.error("status") == (
            "error: no region is known; give --region, or set AWS_REGION"
        )


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_either_variable_sets_the_region(
    operated: Operated, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    with monkeypatch.context() as environment:
        region = operated.sandbox.region
        for other in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            environment.delenv(other)
        environment.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
        environment.setenv(name, region)
        assert f"in region {region}" in operated.error("status", "--pipeline", "nobody")


def test_an_unknown_profile_is_named(operated: Operated) -> None:
    assert "profile (nobody) could not be found" in operated.error("status", "--profile", "nobody")


def test_an_endpoint_that_does_not_answer_is_named(
    operated: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        environment.setattr("labelctl.connection._CONFIG", None)
        environment.setenv("AWS_MAX_ATTEMPTS", "1")
        assert "127.0.0.1:1" in operated.error("status")


@pytest.mark.parametrize("code", ["ThrottlingException", "SlowDown", "InternalFailure"])
def test_a_call_that_aws_does_not_serve_now_is_named(code: str) -> None:
    refusal = ClientError({"Error": {"Code": code, "Message": "Rate exceeded"}}, "DescribeAlarms")
    with pytest.raises(LabelctlError) as raised, explained(Connection()):
        raise refusal
    assert str(raised.value) == (
        f"AWS does not serve DescribeAlarms now ({code}), after several tries;"
        " run the command again in a minute"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["status", "--pipeline", "p", "--unknown"],
        ["backfill", "--pipeline", "p", "--since", "yesterday"],
        ["backfill", "--pipeline", "p", "--rate", "0"],
        ["backfill", "--pipeline", "p", "--checkpoint", "file"],
        ["redrive", "--pipeline", "p", "--older-than", "2"],
        ["redrive", "--pipeline", "p", "--newer-than", "2 parsecs"],
        ["redrive", "--pipeline", "p", "--max", "0"],
    ],
    ids=" ".join,
)
def test_an_invalid_command_line_exits_with_2(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert not result.stdout


def help_of(*command: str) -> str:
    result = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize("command", sorted({*PROGRAM.commands} - {"estimate"}))
def test_each_command_has_help_with_the_same_options(command: str) -> None:
    text = help_of(command)
    for option in ("--pipeline", "--region", "--profile", "--json"):
        assert option in text


@pytest.mark.parametrize("command", PROGRAM.commands.values(), ids=lambda command: command.name)
def test_help_describes_everything_and_has_examples_that_are_valid(
    command: TyperCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command.name
    assert command.help
    assert [one.name for one in command.params if not getattr(one, "help", "")] == []
    # A file that an example names.
    (tmp_path / "my-page.liquid.html").touch()
    monkeypatch.chdir(tmp_path)
    text = help_of(command.name)
    examples = re.findall(rf"^ +labelctl {command.name} (.+)$", text, re.MULTILINE)
    assert len(examples) >= 2
    for example in examples:
        command.make_context(command.name, shlex.split(example))
    assert "Exit codes: 0 done;" in text


def test_the_help_of_the_program_has_every_command() -> None:
    text = help_of()
    for option in ("--version", "--install-completion", "--show-completion"):
        assert option in text
    for name in PROGRAM.commands:
        assert re.search(rf"^│ {name} ", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("0s", timedelta()),
        ("90s", timedelta(seconds=90)),
        ("15M", timedelta(minutes=15)),
        (" 2h", timedelta(hours=2)),
        ("3d", timedelta(days=3)),
        ("1w", timedelta(weeks=1)),
    ],
)
def test_an_age_is_a_number_and_a_unit(text: str, age: timedelta) -> None:
    assert read_age(text) == age


@pytest.mark.parametrize("text", ["", "2", "h", "-2h", "2.5h", "2y", "9999999d"])
def test_any_other_text_is_not_an_age(text: str) -> None:
    with pytest.raises(ValueError, match="is not an age"):
        read_age(text)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-01-31", "2026-01-31T00:00+00:00"),
        ("2026-01-31T08:00", "2026-01-31T08:00+00:00"),
        ("2026-01-31T08:00+02:00", "2026-01-31T06:00+00:00"),
        ("2d", "2026-02-26T12:00+00:00"),
    ],
)
def test_a_time_is_iso_8601_or_an_age(text: str, time: str) -> None:
    now = datetime(2026, 2, 28, 12, tzinfo=UTC)
    assert read_time(text, now) == datetime.fromisoformat(time)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0s"), (0, "0s"), (59.9, "59s"), (60, "1m 0s"), (3661, "1h 1m"), (90000, "1d 1h")],
)
def test_an_age_is_formatted_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert format_age(seconds) == text
