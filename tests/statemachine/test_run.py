"""Runs from the poll to the plan: new ones, resumed ones, and those that find nothing to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NotRequired, get_origin, get_type_hints

import pytest

from labeling_lambdas.handlers import events
from tests.statemachine.script import Raises
from tests.statemachine.usual_run import (
    FINISH_STATES,
    FOLDER,
    GENERATION,
    NEW_RUN_STATES,
    POLL_STATES,
    RESUME,
    RETURN_STATES,
    RUN_ID,
    USUAL,
    finished,
    job_ended,
    polled,
    usual,
)

if TYPE_CHECKING:
    from tests.statemachine.workflow import Runner

ISO_MILLISECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
EVENT_TYPES: dict[str, Any] = {
    "recover_runs": events.RecoverEvent,
    "poll_queue": events.PollEvent,
    "start_labeling_job": events.WaitEvent,
    "stop_job": events.WaitEvent,
    "plan_results": events.PlanEvent,
    "update_feature_store": events.StoreEvent,
    "return_items": events.ReturnEvent,
    "finish_run": events.FinishEvent,
}
TRANSIENT = Raises("ClientError", "An error occurred (InternalServerError)")


def test_a_run_polls_labels_stores_returns_and_finishes(run: Runner) -> None:
    ended = run(usual())
    assert ended.states == [
        *NEW_RUN_STATES,
        *POLL_STATES,
        "AnyItems?",
        "StartLabelingJob",
        "PlanResults",
        "UpdateFeatureStore",
        "StoreShard",
        *RETURN_STATES,
        *FINISH_STATES,
        "Succeeded",
    ]
    assert ended.ending == "SUCCEEDED"
    assert ended.output == finished("succeeded").value


def test_each_function_is_given_what_its_handler_reads(run: Runner) -> None:
    ended = run(usual())
    assert ended.event_for("recover_runs") == {
        "state_machine_arn": run.state_machine_arn,
        "execution_arn": ended.arn,
    }
    poll = ended.event_for("poll_queue")
    assert ISO_MILLISECONDS.fullmatch(poll.pop("execution_started"))
    assert poll == {"execution_arn": ended.arn, "run": {"resumed": False}}
    start = ended.event_for("start_labeling_job")
    assert ISO_MILLISECONDS.fullmatch(start.pop("entered_at"))
    assert start.pop("task_token")
    assert start == {
        "execution_arn": ended.arn,
        "run_id": RUN_ID,
        "generation": GENERATION,
        "stage": "label",
        "retry_count": 0,
    }
    assert ended.event_for("plan_results") == {
        "execution_arn": ended.arn,
        "run_id": RUN_ID,
        "labeling_job": job_ended(),
    }
    assert ended.event_for("update_feature_store") == {
        "run_id": RUN_ID,
        "folder": FOLDER,
        "shard": 0,
    }
    assert ended.event_for("return_items") == {
        "run_id": RUN_ID,
        "folder": FOLDER,
        "return_shards": 1,
        "stored": [{"shard": 0, "stored": 2, "rejected": 0}],
        "position": 0,
    }
    assert ended.event_for("finish_run") == {"execution_arn": ended.arn, "run_id": RUN_ID}


@pytest.mark.parametrize("state_input", [{}, RESUME], ids=["new", "resumed"])
def test_events_have_the_keys_of_their_types(run: Runner, state_input: dict[str, str]) -> None:
    refused = Raises("LabelingJobRefusedError")
    ended = run(usual(start_labeling_job=refused), state_input)
    assert set(ended.steps) == set(EVENT_TYPES)
    for call in ended.calls:
        hints = get_type_hints(EVENT_TYPES[call.step], include_extras=True)
        optional = {key for key, hint in hints.items() if get_origin(hint) is NotRequired}
        assert set(hints) - optional <= set(call.event) <= set(hints), call.step


def test_an_empty_queue_makes_no_run(run: Runner) -> None:
    ended = run(usual(poll_queue=polled(received=0, claimed=0)))
    assert ended.states == [*NEW_RUN_STATES, *POLL_STATES, "AnyItems?", "QueueEmpty"]
    assert ended.ending == "SUCCEEDED"


def test_a_run_that_claimed_nothing_is_closed(run: Runner) -> None:
    ended = run(usual(poll_queue=polled(received=5, claimed=0), finish_run=finished("queue_empty")))
    after = [*FINISH_STATES, "QueueEmpty"]
    assert ended.states == [*NEW_RUN_STATES, *POLL_STATES, "AnyItems?", *after]
    assert ended.ending == "SUCCEEDED"


def test_a_full_queue_is_polled_on_for_the_same_run(run: Runner) -> None:
    acts = [
        polled(received=10, claimed=9, more=True),
        polled(received=20, claimed=19, more=True),
        polled(received=21, claimed=20),
    ]
    ended = run(usual(poll_queue=acts))
    assert ended.states[3:10] == [*POLL_STATES * 3, "AnyItems?"]
    runs = [event["run"] for event in ended.events_for("poll_queue")]
    assert runs[0] == {"resumed": False}
    assert [run.get("run_id") for run in runs[1:]] == [RUN_ID, RUN_ID]
    assert [run["claimed"] for run in runs[1:]] == [9, 19]
    assert ended.ending == "SUCCEEDED"


def test_an_error_of_recover_runs_does_not_prevent_a_new_run(run: Runner) -> None:
    ended = run(usual(recover_runs=Raises("SettingsError")))
    assert ended.steps[:2] == ["recover_runs", "poll_queue"]
    assert ended.event_for("poll_queue")["run"] == {"resumed": False}
    assert ended.ending == "SUCCEEDED"


def test_a_resumed_run_goes_on_where_it_was(run: Runner) -> None:
    ended = run(usual(), RESUME)
    assert ended.states[:4] == ["Resume?", "ResumeRun", *POLL_STATES]
    assert ended.event_for("recover_runs") == {
        "state_machine_arn": run.state_machine_arn,
        "execution_arn": ended.arn,
        "resume_run": RUN_ID,
    }
    assert ended.event_for("poll_queue")["run"] == {"run_id": RUN_ID, "resumed": True}
    assert ended.ending == "SUCCEEDED"


def test_a_resumed_run_that_had_received_nothing_is_done(run: Runner) -> None:
    # Its execution died between opening the run and listing its first messages; the poll closes it.
    ended = run(usual(poll_queue=polled(received=0, claimed=0)), RESUME)
    assert ended.steps == ["recover_runs", "poll_queue"]
    assert ended.states[-2:] == ["AnyItems?", "QueueEmpty"]
    assert ended.ending == "SUCCEEDED"


@pytest.mark.parametrize("error", ["RunAliveError", "RunNotFoundError"])
def test_a_run_that_cannot_be_resumed_is_left_alone(run: Runner, error: str) -> None:
    ended = run(usual(recover_runs=Raises(error)), RESUME)
    assert ended.steps == ["recover_runs"]
    assert ended.states == ["Resume?", "ResumeRun"]
    assert ended.ending == error


@pytest.mark.parametrize(
    ("error", "calls"), [("RunTakenOverError", 1), ("SettingsError", 1), ("ClientError", 5)]
)
def test_a_run_that_cannot_be_polled_for_stays_open(run: Runner, error: str, calls: int) -> None:
    ended = run(usual(poll_queue=Raises(error)))
    assert ended.steps == ["recover_runs", *["poll_queue"] * calls]
    assert ended.ending == "RunLeftOpen"


@pytest.mark.parametrize("step", sorted(EVENT_TYPES))
def test_a_transient_error_of_a_step_is_retried(run: Runner, step: str) -> None:
    acts = (
        usual(start_labeling_job=Raises("LabelingJobRefusedError")) if step == "stop_job" else USUAL
    )
    ended = run({**acts, step: [TRANSIENT, USUAL[step]]})
    assert ended.steps.count(step) == 2
    assert ended.ending == "SUCCEEDED"


@pytest.mark.parametrize(
    "step",
    ["poll_queue", "plan_results", "update_feature_store", "return_items"],
)
def test_a_step_that_runs_out_of_time_again_and_again_goes_on(run: Runner, step: str) -> None:
    out_of_time = [Raises("OutOfTimeError")] * 20
    ended = run({**USUAL, step: [*out_of_time, USUAL[step]]})
    assert ended.steps.count(step) == 21
    assert ended.ending == "SUCCEEDED"
