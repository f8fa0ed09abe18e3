"""stop and resume: the schedule, the labeling jobs of open runs, and their executions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.handlers.test_engines import use_label_studio
from tests.labelctl.stoppable import begun_run, publish, schedule
from tests.sandbox.resources import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.labelctl.stage import Operated


@pytest.fixture
def scheduled(operated: Operated) -> Operated:
    """A pipeline with a schedule."""
    schedule(operated)
    return operated


def schedule_of(operated: Operated) -> Any:
    found = operated.client("scheduler").get_schedule(Name=operated.name)
    return {key: found.get(key) for key in found if key not in ("ResponseMetadata", "State")} | {
        "LastModificationDate": None
    }


def state(operated: Operated) -> str:
    return str(operated.client("scheduler").get_schedule(Name=operated.name)["State"])


def job_status(operated: Operated, run: Mapping[str, Any]) -> str:
    found = operated.client("sagemaker").describe_labeling_job(
        LabelingJobName=operated.job_name(run)
    )
    return str(found["LabelingJobStatus"])


def execution_status(operated: Operated, name: str = "one") -> str:
    return str(
        operated.client("stepfunctions").describe_execution(executionArn=operated.execution(name))[
            "status"
        ]
    )


def test_the_schedule_is_paused_and_resumed_and_keeps_everything_else(scheduled: Operated) -> None:
    before = schedule_of(scheduled)
    assert scheduled.answer("stop") == {
        "schema": "labelctl-stop/1",
        "pipeline": scheduled.name,
        "schedule_paused": True,
        "runs": [],
    }
    assert state(scheduled) == "DISABLED"
    assert scheduled.answer("stop")["schedule_paused"] is False
    assert schedule_of(scheduled) == before
    assert scheduled.answer("resume") == {
        "schema": "labelctl-resume/1",
        "pipeline": scheduled.name,
        "schedule_resumed": True,
        "execution_arn": None,
    }
    assert state(scheduled) == "ENABLED"
    assert scheduled.answer("resume")["schedule_resumed"] is False
    assert schedule_of(scheduled) == before


def test_runs_go_on_unless_they_are_to_be_stopped(scheduled: Operated) -> None:
    run = begun_run(scheduled)
    (shown,) = scheduled.answer("stop")["runs"]
    assert shown == {
        "run_id": run["run_id"],
        "execution_arn": scheduled.execution(),
        "labeling_job": scheduled.job_name(run),
        "labeling_job_stopped": False,
        "execution_stopped": False,
        "ended": None,
    }
    assert job_status(scheduled, run) in ("Initializing", "InProgress")
    assert execution_status(scheduled) == "RUNNING"
    assert f"labeling job {scheduled.job_name(run)} goes on" in scheduled.labelctl("stop").stdout


def test_a_labeling_job_is_stopped_and_its_execution_goes_on(scheduled: Operated) -> None:
    run = begun_run(scheduled)
    (shown,) = scheduled.answer("stop", "--jobs")["runs"]
    assert (shown["labeling_job_stopped"], shown["execution_stopped"]) == (True, False)
    wait_until(lambda: job_status(scheduled, run) == "Stopped", "the end of the job")
    assert execution_status(scheduled) == "RUNNING"
    # A job that has ended is not stopped again.
    again = scheduled.answer("stop", "--jobs")["runs"]
    assert [one["labeling_job"] for one in again] == [None]


def test_an_execution_is_stopped_and_its_labeling_job_goes_on(scheduled: Operated) -> None:
    run = begun_run(scheduled)
    (shown,) = scheduled.answer("stop", "--executions", "--wait", "60")["runs"]
    assert (shown["labeling_job_stopped"], shown["execution_stopped"]) == (False, True)
    assert shown["ended"] is True
    assert execution_status(scheduled) == "ABORTED"
    assert job_status(scheduled, run) in ("Initializing", "InProgress")
    assert scheduled.run_row(run)["run_state"] != "closed"


def test_only_the_named_run_is_stopped_and_the_schedule_is_not_paused(
    scheduled: Operated,
) -> None:
    first, second = begun_run(scheduled), begun_run(scheduled, "two")
    found = scheduled.answer("stop", "--run", first["run_id"], "--jobs")
    assert found["schedule_paused"] is None
    assert [one["run_id"] for one in found["runs"]] == [first["run_id"]]
    assert state(scheduled) == "ENABLED"
    wait_until(lambda: job_status(scheduled, first) == "Stopped", "the end of the job")
    assert job_status(scheduled, second) in ("Initializing", "InProgress")


def test_a_run_that_is_not_open_is_named_and_nothing_is_stopped(scheduled: Operated) -> None:
    run = begun_run(scheduled)
    line = scheduled.error("stop", "--run", run["run_id"], "--run", "other", "--jobs")
    assert line == "error: no open run is other; labelctl status lists those that are"
    assert job_status(scheduled, run) in ("Initializing", "InProgress")


def test_a_job_in_label_studio_is_stopped_with_its_file(scheduled: Operated) -> None:
    jobs = use_label_studio(scheduled)
    run = begun_run(scheduled)
    name = scheduled.job_name(run)
    assert not jobs.is_stopped(name)
    (shown,) = scheduled.answer("stop", "--jobs")["runs"]
    assert (shown["labeling_job"], shown["labeling_job_stopped"]) == (name, True)
    assert jobs.is_stopped(name)
    assert scheduled.answer("stop", "--jobs")["runs"][0]["labeling_job_stopped"]


def test_a_run_that_does_not_end_in_time_is_an_error(scheduled: Operated) -> None:
    begun_run(scheduled)
    result = scheduled.labelctl("stop", "--jobs", "--wait", "1", "--json")
    assert result.exit_code == 1
    # Nobody answers the execution here, so the run stays open.
    assert json.loads(result.stdout)["runs"][0]["ended"] is False
    assert result.stderr.startswith("error: not everything ended within 1 s")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--run", "r"), "say what to stop of the run"),
        (("--wait", "5"), "nothing is stopped that could be waited for"),
    ],
)
def test_options_that_would_do_nothing_are_refused(
    scheduled: Operated, arguments: tuple[str, ...], said: str
) -> None:
    result = scheduled.labelctl("stop", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert state(scheduled) == "ENABLED"


def test_resume_starts_an_execution_if_it_is_to(scheduled: Operated) -> None:
    scheduled.answer("stop")
    arn = scheduled.answer("resume", "--start")["execution_arn"]
    client = scheduled.client("stepfunctions")
    found = client.describe_execution(executionArn=arn)
    assert (found["stateMachineArn"], json.loads(found["input"])) == (scheduled.machine_arn, {})
    client.stop_execution(executionArn=arn)


def test_a_schedule_that_the_module_disables_is_not_resumed(scheduled: Operated) -> None:
    publish(scheduled, enabled=False)
    scheduled.answer("stop")
    assert "disabled by the module's input" in scheduled.error("resume")
    assert state(scheduled) == "DISABLED"
