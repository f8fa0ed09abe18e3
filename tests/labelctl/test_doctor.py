"""``labelctl doctor`` on the deployed pipeline: healthy, then broken in one place at a time."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from labelctl.cli import app
from labelctl.connection import Connection
from labelctl.doctor.alarm_steps import ALARM_STEPS
from labelctl.doctor.checks import Subject
from labelctl.doctor.deployed import find_deployed
from labelctl.doctor.examination import examine
from labelctl.doctor.stations import Follower
from labelctl.pipeline import find_pipeline
from labeling_sandbox.audit.uploads import Upload
from tests.labelctl import breakages, label_studio_breakages
from tests.labelctl.breakages import BREAKAGES
from tests.labelctl.deployed import Deployed
from tests.labelctl.labeling_breakages import (
    ground_truth_closed,
    public_work_team,
    subscribed_vendor_team,
    vendor_team_without_subscription,
    work_team_deleted,
)
from tests.labelctl.operator_role import documented, named_permission, operator, without
from tests.labelctl.smoke_remains import delete_objects, empty_queues, end_of_run, objects
from tests.pipeline.deployment import ADMINISTRATOR_ROLE, deploy
from tests.scenarios.scenario import MAX_ATTEMPTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from labeling_sandbox.server import Sandbox
    from tests.labelctl.deployed import Undo


@pytest.fixture(scope="module")
def deployed(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """The module with both engines, applied, with a work team and an operator's environment.

    It ends with the sandbox: tests of the pipeline prove that a second plan changes nothing and
    that a destroy leaves nothing, which take half of Terraform's time.
    """
    with ExitStack() as stack:
        studio = label_studio_breakages.inputs(sandbox, stack)
        folder = tmp_path_factory.mktemp("doctor")
        found = Deployed(deploy(sandbox, folder, plan_again=False, label_studio=studio))
        found.deployment.pipeline.create_work_teams()
        environment = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in sandbox.environment().items():
            environment.setenv(name, value)
        yield found
    work_team_deleted(found)


@pytest.fixture(scope="module")
def connection(deployed: Deployed) -> Connection:
    """The operator's connection, kept because making its clients takes longer than all calls."""
    return Connection(deployed.deployment.sandbox.region)


def subject(name: str, connection: Connection) -> Subject:
    return Subject(
        connection,
        find_pipeline(connection, name),
        find_deployed(connection, name),
        datetime.now(UTC),
    )


def examination(name: str, connection: Connection) -> Any:
    """Examine a pipeline as the command does, with clients that were made before."""
    return examine(subject(name, connection), lambda _: None).fields()


def doctor(name: str) -> Any:
    """Run the command."""
    result = CliRunner().invoke(app, ["doctor", "--pipeline", name, "--json"])
    found = json.loads(result.stdout)
    assert result.exit_code == (0 if found["passed"] else 1), result.output
    return found


def test_nothing_is_wrong_with_a_healthy_pipeline(deployed: Deployed) -> None:
    found = doctor(deployed.name)
    assert [check for check in found["checks"] if check["state"] != "ok"] == []
    assert found["counts"]["ok"] == len(found["checks"])


def test_the_command_fails_with_a_check_and_says_what_the_examination_found(
    deployed: Deployed, connection: Connection
) -> None:
    undo = breakages.no_notification(deployed)
    try:
        found = doctor(deployed.name)
        assert not found["passed"]
        assert found == examination(deployed.name, connection)
    finally:
        undo()


@pytest.mark.parametrize("breakage", list(BREAKAGES), ids=lambda breakage: breakage.__name__)
def test_a_breakage_is_named_by_its_check_alone(
    breakage: Callable[[Deployed], Undo], deployed: Deployed, connection: Connection
) -> None:
    undo = breakage(deployed)
    try:
        found = examination(deployed.name, connection)
    finally:
        undo()
    wrong = {check["check"]: check["state"] for check in found["checks"] if check["state"] != "ok"}
    assert set(wrong) == {BREAKAGES[breakage]}
    assert wrong[BREAKAGES[breakage]] in ("failed", "warning")


@pytest.mark.parametrize(
    "breakage", list(label_studio_breakages.BREAKAGES), ids=lambda breakage: breakage.__name__
)
def test_a_breakage_of_label_studio_is_named_by_its_check_alone(
    breakage: Callable[[Deployed], Undo], deployed: Deployed, connection: Connection
) -> None:
    undo = breakage(deployed)
    try:
        found = examination(deployed.name, connection)
    finally:
        undo()
    check, state = label_studio_breakages.BREAKAGES[breakage]
    wrong = {check["check"]: check["state"] for check in found["checks"] if check["state"] != "ok"}
    assert wrong == {check: state}


def test_a_label_studio_out_of_reach_says_that_the_functions_may_reach_it(
    deployed: Deployed, connection: Connection
) -> None:
    undo = label_studio_breakages.out_of_reach(deployed)
    try:
        found = examination(deployed.name, connection)
    finally:
        undo()
    (problem,) = [problem for check in found["checks"] for problem in check["problems"]]
    assert found["passed"]
    assert "The functions may reach it" in problem["cause"]
    assert f"/aws/lambda/{deployed.name}-advance-label-studio-jobs" in problem["fix"]
    assert f"{deployed.name}-label-studio" in deployed.parameter("alarm-names")
    assert f"the alarm {deployed.name}-label-studio " in problem["fix"]


def test_every_alarm_has_a_step(deployed: Deployed) -> None:
    alarms = deployed.parameter("alarm-names")
    assert {name.removeprefix(f"{deployed.name}-") for name in alarms} == ALARM_STEPS.keys()


def test_a_vendor_team_that_the_account_is_subscribed_to_is_healthy(
    deployed: Deployed, connection: Connection
) -> None:
    undo = subscribed_vendor_team(deployed)
    try:
        found = examination(deployed.name, connection)
    finally:
        undo()
    assert found["counts"]["ok"] == len(found["checks"])


@pytest.mark.parametrize(
    ("breakage", "cause", "fix"),
    [
        (ground_truth_closed, "Ground Truth is closed to this account", "ask AWS Support"),
        (public_work_team, "Mechanical Turk has closed", "a private or vendor work team"),
        (vendor_team_without_subscription, "is not subscribed to", "subscribe to the vendor"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_aws_has_closed_is_one_line_with_the_way_out(
    breakage: Callable[[Deployed], Undo], cause: str, fix: str, deployed: Deployed
) -> None:
    undo = breakage(deployed)
    try:
        result = CliRunner().invoke(app, ["doctor", "--pipeline", deployed.name])
    finally:
        undo()
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("failed")]
    assert cause in line
    assert fix in line.partition("Fix: ")[2]


def test_every_breakage_was_undone(deployed: Deployed, connection: Connection) -> None:
    found = examination(deployed.name, connection)
    assert found["counts"]["ok"] == len(found["checks"])


#: It decides what S3 answers where a file is missing, so a healthy pipeline does not need it.
_FOR_MISSING_FILES = "s3:ListBucket"
#: Permissions that are missing at the same time, from distant statements: no check needs two.
_MISSING_TOGETHER = 3


def test_doctor_names_each_permission_that_it_lacks_and_makes_the_other_checks(
    deployed: Deployed,
) -> None:
    of_status, policy = (documented(deployed, title) for title in ("status", "doctor"))
    actions = [action for statement in policy for action in statement["Action"]]
    actions.remove(_FOR_MISSING_FILES)
    groups = -(-len(actions) // _MISSING_TOGETHER)
    with operator(deployed, "operator-with-doctor") as (connection, allow):
        for group in range(groups):
            missing = set(actions[group::groups])
            allow(*of_status, *without(policy, missing))
            found = examination(deployed.name, connection)
            wrong = [check for check in found["checks"] if check["state"] != "ok"]
            assert {check["state"] for check in wrong} == {"not_checked"}, (missing, wrong)
            causes = [problem["cause"] for check in wrong for problem in check["problems"]]
            assert {named_permission(cause) for cause in causes} == missing
        allow(*of_status, *policy)
        assert examination(deployed.name, connection)["passed"]


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
    result = CliRunner().invoke(app, ["doctor", "--pipeline", name, "--json", *options])
    found = json.loads(result.stdout)
    assert result.exit_code == (0 if found["passed"] else 1), result.output
    return found


def reached(found: Any) -> list[str]:
    return [station["station"] for station in found["stations"] if station["reached"]]


def test_a_marker_travels_to_the_report_and_nothing_is_labeled(deployed: Deployed) -> None:
    jobs = deployed.deployment.pipeline.control("labeling-jobs")
    found = smoke(deployed.name, "--smoke")
    assert reached(found) == ["upload", "queue", "execution", "ledger", "report"]
    assert found["left"] == []
    assert deployed.deployment.pipeline.control("labeling-jobs") == jobs
    assert objects(deployed) == []


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.cut.__name__)
def test_a_smoke_test_stops_at_the_cut_wire(wire: Wire, deployed: Deployed) -> None:
    undo = wire.cut(deployed)
    try:
        found = smoke(deployed.name, "--smoke", "--deadline", "15")
    finally:
        undo()
    assert not found["passed"]
    assert found["stations"][-1]["station"] == wire.station
    assert wire.cause in found["stations"][-1]["detail"]
    assert objects(deployed) == []
    empty_queues(deployed)


@pytest.mark.parametrize("option", ["--smoke", "--smoke-label"])
def test_a_smoke_test_does_not_start_while_uploads_wait(deployed: Deployed, option: str) -> None:
    url = deployed.output("upload_queue_url")
    deployed.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    result = CliRunner().invoke(app, ["doctor", "--pipeline", deployed.name, option, "--yes"])
    empty_queues(deployed)
    assert result.exit_code == 1
    assert "1 messages wait on the intake queue" in result.stderr
    assert objects(deployed) == []


@pytest.fixture
def _nothing_left(deployed: Deployed) -> Iterator[None]:
    """Remove what a test of a label leaves, also if it fails."""
    yield
    empty_queues(deployed)
    delete_objects(deployed)


LABEL_STATIONS = ["upload", "queue", "execution", "labeling_job", "answer", "record", "report"]


@pytest.mark.usefixtures("_nothing_left")
def test_one_object_is_labeled_and_its_record_is_shown(deployed: Deployed) -> None:
    pipeline = deployed.deployment.pipeline
    jobs = pipeline.control("labeling-jobs")
    found = smoke(deployed.name, "--smoke-label", "--yes")
    assert reached(found) == LABEL_STATIONS
    (uploaded,) = objects(deployed)
    key, version = uploaded["Key"], uploaded["VersionId"]
    (job,) = pipeline.control("labeling-jobs")[len(jobs) :]
    assert job["shown"] == 1
    findings = pipeline.auditor().audit(
        [Upload(deployed.output("upload_bucket_name"), key, version)], max_attempts=MAX_ATTEMPTS
    )
    assert findings.violations == []
    record = found["record"]
    assert record["source_ref"] == found["object"]
    assert record["label"] in set("0123456789")
    assert record["labeling_job"] == job["name"]
    in_record, in_bucket = found["left"]
    assert found["object"] in in_record
    assert f"--key {key} --version-id {version}" in in_bucket


def test_a_label_is_not_paid_for_before_somebody_agrees(deployed: Deployed) -> None:
    jobs = deployed.deployment.pipeline.control("labeling-jobs")
    result = CliRunner().invoke(app, ["doctor", "--pipeline", deployed.name, "--smoke-label"])
    assert result.exit_code == 2
    assert "no terminal to ask on; add --yes" in " ".join(result.stderr.replace("│", "").split())
    terminal, end = pty.openpty()
    os.write(terminal, b"n\n")
    refused = subprocess.run(
        [Path(sys.executable).with_name("labelctl"), "doctor", "--smoke-label"],
        env={**os.environ, "LABELCTL_PIPELINE": deployed.name},
        stdin=end,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    os.close(terminal)
    os.close(end)
    assert refused.returncode == 1
    assert f"{deployed.parameter('resources')['jobs']['label']['workteam_arn']} (label)" in (
        refused.stderr
    )
    assert "Estimated cost: $0.08" in refused.stderr
    assert refused.stdout.strip() == ""
    assert objects(deployed) == []
    assert deployed.deployment.pipeline.control("labeling-jobs") == jobs


@pytest.mark.usefixtures("_nothing_left")
def test_an_object_that_nobody_labels_ends_at_the_deadline_and_what_is_left_is_named(
    deployed: Deployed,
) -> None:
    pipeline = deployed.deployment.pipeline
    pipeline.control("workforce", {"delay_seconds": 1e6})
    try:
        found = smoke(deployed.name, "--smoke-label", "--yes", "--deadline", "30")
    finally:
        pipeline.control("workforce", {"reset": True})
    assert found["stations"][-1]["station"] == "answer"
    assert "nobody has answered" in found["stations"][-1]["detail"]
    run, uploaded = found["left"]
    stop = "aws sagemaker stop-labeling-job --labeling-job-name "
    deployed.client("sagemaker").stop_labeling_job(LabelingJobName=run.partition(stop)[2])
    assert "aws s3api delete-object" in uploaded
    end_of_run(deployed, found)


@pytest.mark.usefixtures("_nothing_left")
def test_a_job_that_ground_truth_refuses_is_named_with_the_reason(deployed: Deployed) -> None:
    undo = ground_truth_closed(deployed)
    try:
        found = smoke(deployed.name, "--smoke-label", "--yes")
    finally:
        undo()
    assert found["stations"][-1]["station"] == "labeling_job"
    detail = found["stations"][-1]["detail"]
    assert "returned the item: labeling_job_not_created" in detail
    assert "ground_truth: Ground Truth is closed to this account" in detail
    end_of_run(deployed, found)


def test_an_interruption_ends_a_smoke_test_as_the_deadline_does(
    deployed: Deployed, connection: Connection
) -> None:
    def interrupted() -> str:
        raise KeyboardInterrupt

    follower = Follower(subject(deployed.name, connection), "labelctl-smoke/none/", 60, print)
    follower.follow([("upload", interrupted), ("queue", follower.arrive)])
    assert [(station.name, station.detail) for station in follower.stations] == [
        ("upload", "interrupted")
    ]
    assert not follower.passed


@pytest.mark.usefixtures("_nothing_left")
@pytest.mark.parametrize("option", ["--smoke", "--smoke-label"])
def test_a_smoke_test_names_each_permission_that_it_lacks(deployed: Deployed, option: str) -> None:
    policy = documented(deployed, f"doctor {option}, in addition")
    others = [*documented(deployed, "status"), *documented(deployed, "doctor")]
    # The buckets admit administrators only, whatever the policies of others allow.
    with operator(deployed, ADMINISTRATOR_ROLE) as (_, allow):
        for action in [action for statement in policy for action in statement["Action"]]:
            allow(*others, *without(policy, {action}))
            # Only an execution that fails has its history read.
            fails = action == "states:GetExecutionHistory"
            undo = breakages.function_without_a_permission(deployed) if fails else None
            try:
                found = smoke(deployed.name, option, "--yes")
            finally:
                if undo is not None:
                    undo()
            texts = [found["stations"][-1]["detail"], *found["left"]]
            assert action in {named_permission(text) for text in texts}, (action, found)
            end_of_run(deployed, found)
        allow(*others, *policy)
        assert smoke(deployed.name, option, "--yes")["passed"]
