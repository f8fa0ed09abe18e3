"""Verification of what was labeled, and what is done when that goes wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.statemachine.script import Answers, Event, Raises, Reply, Returns
from tests.statemachine.usual_run import (
    FINISH_STATES,
    GENERATION,
    NEW_RUN_STATES,
    POLL_STATES,
    RETURN_STATES,
    RUN_ID,
    USUAL,
    finished,
    job_ended,
    usual,
)

if TYPE_CHECKING:
    from tests.statemachine.workflow import Runner

TAKEN_OVER = ["RunTakenOverError", "RunNotFoundError"]
SETTLING_STEPS = ["plan_results", "update_feature_store", "return_items", "finish_run"]
VERIFIED = job_ended(stage="verify")
NOTHING_TO_VERIFY = {"name": "", "status": "Skipped"}
JOB_FAILED = finished("verification_job_failed")
REFUSED = Raises("LabelingJobRefusedError")


def test_what_was_labeled_is_verified_before_it_is_stored(run_verifying: Runner) -> None:
    ended = run_verifying(usual())
    assert ended.states == [
        *NEW_RUN_STATES,
        *POLL_STATES,
        "AnyItems?",
        "StartLabelingJob",
        "StartVerificationJob",
        "PlanResults",
        "UpdateFeatureStore",
        "StoreShard",
        *RETURN_STATES,
        *FINISH_STATES,
        "Succeeded",
    ]
    assert ended.ending == "SUCCEEDED"


def test_verification_is_given_the_job_that_labeled(run_verifying: Runner) -> None:
    ended = run_verifying(usual())
    label, verify = (ended.event_for(f"start_{job}_job") for job in ("labeling", "verification"))
    assert verify.pop("task_token") != label["task_token"]
    assert verify.pop("entered_at") > label["entered_at"]
    assert verify == {
        "execution_arn": ended.arn,
        "run_id": RUN_ID,
        "generation": GENERATION,
        "stage": "verify",
        "retry_count": 0,
        "labeling_job": job_ended(),
    }


def test_the_plan_is_made_of_both_jobs(run_verifying: Runner) -> None:
    ended = run_verifying(usual())
    assert ended.event_for("plan_results") == {
        "execution_arn": ended.arn,
        "run_id": RUN_ID,
        "labeling_job": job_ended(),
        "verification_job": VERIFIED,
    }


def test_with_nothing_to_verify_the_run_goes_on(run_verifying: Runner) -> None:
    ended = run_verifying(usual(start_verification_job=Answers(NOTHING_TO_VERIFY)))
    assert ended.event_for("plan_results")["verification_job"] == NOTHING_TO_VERIFY
    assert "StopVerificationJob" not in ended.states
    assert ended.ending == "SUCCEEDED"


def test_labels_of_earlier_runs_are_verified_though_no_job_labels(run_verifying: Runner) -> None:
    skipped = {"name": "", "status": "Skipped"}
    ended = run_verifying(usual(start_labeling_job=Answers(skipped)))
    assert ended.event_for("start_verification_job")["labeling_job"] == skipped
    assert ended.event_for("plan_results")["labeling_job"] == skipped


def test_what_a_stopped_job_has_labeled_is_verified(run_verifying: Runner) -> None:
    ended = run_verifying(usual(start_labeling_job=REFUSED))
    assert ended.steps[2:5] == ["start_labeling_job", "stop_job", "start_verification_job"]
    assert ended.event_for("stop_job")["stage"] == "label"
    assert ended.event_for("start_verification_job")["labeling_job"] == job_ended("Stopped")
    assert ended.event_for("plan_results")["labeling_job"] == job_ended("Stopped")
    assert ended.event_for("plan_results")["verification_job"] == VERIFIED


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_the_output_of_a_failed_job_is_read_without_stopping_it(
    run_verifying: Runner, status: str
) -> None:
    verification = job_ended(status, "verify")
    ended = run_verifying(
        usual(start_verification_job=Answers(verification), finish_run=JOB_FAILED)
    )
    assert "StopVerificationJob" not in ended.states
    assert ended.event_for("plan_results")["verification_job"] == verification
    assert ended.steps[-4:] == SETTLING_STEPS
    assert ended.states[-1] == ended.ending == "VerificationJobFailed"


@pytest.mark.parametrize(
    ("error", "calls"),
    [
        ("LabelingJobRefusedError", 1),
        ("LabelingJobNameTakenError", 1),
        ("SettingsError", 1),
        ("ClientError", 4),
        ("LabelingJobThrottledError", 6),
    ],
)
def test_a_job_that_cannot_be_started_is_stopped_and_the_run_is_settled(
    run_verifying: Runner, error: str, calls: int
) -> None:
    not_created = job_ended("NotCreated", "verify")
    acts = usual(
        start_verification_job=Raises(error), stop_job=Answers(not_created), finish_run=JOB_FAILED
    )
    ended = run_verifying(acts)
    assert ended.steps[3:] == [*["start_verification_job"] * calls, "stop_job", *SETTLING_STEPS]
    assert ended.states[7:10] == ["StartVerificationJob", "StopVerificationJob", "PlanResults"]
    assert ended.event_for("plan_results")["labeling_job"] == job_ended()
    assert ended.event_for("plan_results")["verification_job"] == not_created
    assert ended.ending == "VerificationJobFailed"


def test_stopping_names_the_stage_and_has_a_token_of_its_own(run_verifying: Runner) -> None:
    ended = run_verifying(usual(start_verification_job=REFUSED))
    start, stop = ended.event_for("start_verification_job"), ended.event_for("stop_job")
    assert stop.pop("task_token") != start["task_token"]
    assert stop.pop("entered_at") > start["entered_at"]
    assert stop == {
        "execution_arn": ended.arn,
        "run_id": RUN_ID,
        "generation": GENERATION,
        "stage": "verify",
        "retry_count": 0,
    }


def test_both_jobs_may_be_stopped_in_one_run(run_verifying: Runner) -> None:
    ended = run_verifying(usual(start_labeling_job=REFUSED, start_verification_job=REFUSED))
    assert [event["stage"] for event in ended.events_for("stop_job")] == ["label", "verify"]
    plan = ended.event_for("plan_results")
    assert plan["labeling_job"] == job_ended("Stopped")
    assert plan["verification_job"] == job_ended("Stopped", "verify")


def test_a_job_that_never_ends_is_stopped_and_its_output_is_read(
    run_verifying_impatiently: Runner,
) -> None:
    acts = usual(
        start_verification_job=Returns({"result": "created"}),
        stop_job=Answers(job_ended("Stopped", "verify"), when="later"),
        finish_run=JOB_FAILED,
    )
    ended = run_verifying_impatiently(acts)
    assert ended.steps[3:] == ["start_verification_job", "stop_job", *SETTLING_STEPS]
    assert ended.event_for("plan_results")["verification_job"] == job_ended("Stopped", "verify")
    assert ended.ending == "VerificationJobFailed"


@pytest.mark.parametrize("error", TAKEN_OVER)
def test_the_jobs_of_a_run_that_was_taken_over_are_not_touched(
    run_verifying: Runner, error: str
) -> None:
    ended = run_verifying(usual(start_verification_job=Raises(error)))
    assert ended.steps[2:] == ["start_labeling_job", "start_verification_job"]
    assert ended.states[-1] == ended.ending == "RunLeftOpen"


@pytest.mark.parametrize(
    ("error", "calls"),
    [*((error, 1) for error in TAKEN_OVER), ("SettingsError", 1), ("ClientError", 5)],
)
def test_nothing_is_settled_while_the_job_may_still_be_worked_on(
    run_verifying: Runner, error: str, calls: int
) -> None:
    ended = run_verifying(usual(start_verification_job=REFUSED, stop_job=Raises(error)))
    assert ended.steps[3:] == ["start_verification_job", *["stop_job"] * calls]
    assert ended.states[-1] == ended.ending == "RunLeftOpen"


def test_nothing_is_verified_while_the_labeling_job_may_still_be_worked_on(
    run_verifying: Runner,
) -> None:
    ended = run_verifying(usual(start_labeling_job=REFUSED, stop_job=Raises("RunTakenOverError")))
    assert "start_verification_job" not in ended.steps
    assert ended.ending == "RunLeftOpen"


def test_a_transient_error_of_the_start_is_retried(run_verifying: Runner) -> None:
    def adopt(event: Event) -> Reply:
        return Answers(job_ended(stage=event["stage"]))

    ended = run_verifying({**USUAL, "start_verification_job": [Raises("ClientError"), adopt]})
    tries = ended.events_for("start_verification_job")
    assert [event["retry_count"] for event in tries] == [0, 1]
    assert len({event["task_token"] for event in tries}) == 2
    assert ended.event_for("plan_results")["verification_job"] == VERIFIED
    assert ended.ending == "SUCCEEDED"


def test_without_verification_there_is_nothing_of_it(definition_text: str) -> None:
    json.loads(definition_text)
    assert "verif" not in definition_text.lower()
