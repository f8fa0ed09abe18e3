"""Waiting for the labeling job, and what is done when that goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.statemachine.script import Answers, Raises, Returns
from tests.statemachine.usual_run import GENERATION, RUN_ID, finished, job_ended, usual

if TYPE_CHECKING:
    from tests.statemachine.workflow import Runner

TAKEN_OVER = ["RunTakenOverError", "RunNotFoundError"]
SETTLING_STEPS = ["plan_results", "update_feature_store", "return_items", "finish_run"]
JOB_FAILED = finished("labeling_job_failed")


def test_a_job_that_ends_later_answers_the_state(run: Runner) -> None:
    ended = run(usual(start_labeling_job=Answers(job_ended(), when="later")))
    assert ended.steps.count("start_labeling_job") == 1
    assert ended.event_for("plan_results")["labeling_job"] == job_ended()
    assert ended.ending == "SUCCEEDED"


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_the_output_of_a_failed_job_is_read_without_stopping_it(run: Runner, status: str) -> None:
    ended = run(usual(start_labeling_job=Answers(job_ended(status)), finish_run=JOB_FAILED))
    assert "StopJob" not in ended.states
    assert ended.event_for("plan_results")["labeling_job"] == job_ended(status)
    assert ended.steps[-4:] == SETTLING_STEPS
    assert ended.ending == "LabelingJobFailed"


@pytest.mark.parametrize(
    "error", ["LabelingJobRefusedError", "LabelingJobNameTakenError", "SettingsError"]
)
def test_a_refused_job_is_not_asked_for_again_and_its_items_are_returned(
    run: Runner, error: str
) -> None:
    not_created = job_ended("NotCreated")
    acts = usual(
        start_labeling_job=Raises(error), stop_job=Answers(not_created), finish_run=JOB_FAILED
    )
    ended = run(acts)
    assert ended.steps[2:] == ["start_labeling_job", "stop_job", *SETTLING_STEPS]
    assert ended.event_for("plan_results")["labeling_job"] == not_created
    assert ended.ending == "LabelingJobFailed"


def test_stopping_is_given_a_token_of_its_own(run: Runner) -> None:
    ended = run(usual(start_labeling_job=Raises("LabelingJobRefusedError")))
    start, stop = ended.event_for("start_labeling_job"), ended.event_for("stop_job")
    assert stop["task_token"] != start["task_token"]
    assert stop["entered_at"] > start["entered_at"]
    assert (stop["run_id"], stop["generation"], stop["stage"]) == (RUN_ID, GENERATION, "label")
    assert (stop["execution_arn"], stop["retry_count"]) == (ended.arn, 0)


def test_each_try_of_a_throttled_start_has_a_token_of_its_own(run: Runner) -> None:
    throttled = Raises("LabelingJobThrottledError")
    ended = run(usual(start_labeling_job=[throttled, throttled, Answers(job_ended())]))
    tries = ended.events_for("start_labeling_job")
    assert [event["retry_count"] for event in tries] == [0, 1, 2]
    assert len({event["task_token"] for event in tries}) == 3
    assert len({event["entered_at"] for event in tries}) == 1
    assert ended.ending == "SUCCEEDED"


def test_the_token_of_an_earlier_try_is_stale(run: Runner) -> None:
    stale: list[str | None] = []
    tokens: list[str] = []

    def adopt(event: dict[str, str]) -> Answers:
        stale.append(run.workflow.refusal_of(tokens[0]))
        return Answers(job_ended(event["stage"]))

    def fail(event: dict[str, str]) -> Raises:
        tokens.append(event["task_token"])
        return Raises("ClientError")

    ended = run(usual(start_labeling_job=[fail, adopt]))
    assert stale == ["TaskTimedOut"]
    assert ended.event_for("plan_results")["labeling_job"] == job_ended("label")


def test_a_start_that_stays_throttled_is_given_up(run: Runner) -> None:
    ended = run(usual(start_labeling_job=Raises("LabelingJobThrottledError")))
    assert ended.steps.count("start_labeling_job") == 6
    assert ended.steps[-5:] == ["stop_job", *SETTLING_STEPS]


def test_a_start_that_keeps_failing_is_given_up(run: Runner) -> None:
    ended = run(usual(start_labeling_job=Raises("ClientError")))
    assert ended.steps.count("start_labeling_job") == 4
    assert ended.steps[-5:] == ["stop_job", *SETTLING_STEPS]


def test_a_job_that_never_ends_is_stopped_and_its_output_is_read(run_impatiently: Runner) -> None:
    acts = usual(
        start_labeling_job=Returns({"result": "created"}),
        stop_job=Answers(job_ended("Stopped"), when="later"),
        finish_run=JOB_FAILED,
    )
    ended = run_impatiently(acts)
    assert ended.steps[2:] == ["start_labeling_job", "stop_job", *SETTLING_STEPS]
    assert ended.event_for("plan_results")["labeling_job"] == job_ended("Stopped")
    assert ended.ending == "LabelingJobFailed"


@pytest.mark.parametrize("error", TAKEN_OVER)
def test_the_job_of_a_run_that_was_taken_over_is_not_touched(run: Runner, error: str) -> None:
    ended = run(usual(start_labeling_job=Raises(error)))
    assert ended.steps[2:] == ["start_labeling_job"]
    assert ended.states[-1] == ended.ending == "RunLeftOpen"


@pytest.mark.parametrize(
    ("error", "calls"),
    [*((error, 1) for error in TAKEN_OVER), ("SettingsError", 1), ("ClientError", 5)],
)
def test_nothing_is_returned_while_the_job_may_still_be_worked_on(
    run: Runner, error: str, calls: int
) -> None:
    refused = Raises("LabelingJobRefusedError")
    ended = run(usual(start_labeling_job=refused, stop_job=Raises(error)))
    assert ended.steps[2:] == ["start_labeling_job", *["stop_job"] * calls]
    assert ended.states[-1] == ended.ending == "RunLeftOpen"
