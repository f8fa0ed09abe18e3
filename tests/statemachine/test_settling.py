"""From the plan to the end of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labeling_lambdas.domain.outcomes import Outcome
from tests.statemachine.script import Event, Raises, Reply, Returns
from tests.statemachine.usual_run import (
    FINISH_STATES,
    FOLDER,
    RETURN_STATES,
    RUN_ID,
    finished,
    planned,
    returned_up_to,
    stored,
    usual,
)

if TYPE_CHECKING:
    from tests.statemachine.workflow import Runner

# What the state machine makes of each outcome; an execution that ends well has no error.
ENDINGS = {
    Outcome.SUCCEEDED: ("Succeeded", "SUCCEEDED"),
    Outcome.QUEUE_EMPTY: ("QueueEmpty", "SUCCEEDED"),
    Outcome.NOTHING_LABELED: ("NothingLabeled", "NothingLabeled"),
    Outcome.LABELING_JOB_FAILED: ("LabelingJobFailed", "LabelingJobFailed"),
    Outcome.ACCOUNTING_MISMATCH: ("AccountingMismatch", "AccountingMismatch"),
    Outcome.LEFT_OPEN: ("RunLeftOpen", "RunLeftOpen"),
    # Only a workflow with verification has an end of its own for it.
    Outcome.VERIFICATION_JOB_FAILED: ("RunLeftOpen", "RunLeftOpen"),
}


def shard_result(shard: int, *, stored: int = 2) -> dict[str, int]:
    return {"shard": shard, "stored": stored, "rejected": 0}


@pytest.mark.parametrize("error", ["RunTakenOverError", "ClientError"])
def test_nothing_is_stored_or_returned_without_a_plan(run: Runner, error: str) -> None:
    ended = run(usual(plan_results=Raises(error)))
    assert ended.steps[-1] == "plan_results"
    assert ended.states[-1] == ended.ending == "RunLeftOpen"


def test_a_plan_without_labels_stores_nothing(run: Runner) -> None:
    ended = run(usual(plan_results=planned(shards=0)))
    assert "update_feature_store" not in ended.steps
    assert ended.event_for("return_items")["stored"] == []
    assert ended.ending == "SUCCEEDED"


def test_every_shard_is_stored_once(run: Runner) -> None:
    ended = run(usual(plan_results=planned(shards=12)))
    events = ended.events_for("update_feature_store")
    assert sorted(event["shard"] for event in events) == list(range(12))
    assert {event["run_id"] for event in events} == {RUN_ID}
    assert {event["folder"] for event in events} == {FOLDER}
    assert ended.event_for("return_items")["stored"] == [shard_result(shard) for shard in range(12)]
    assert ended.ending == "SUCCEEDED"


def test_a_shard_that_cannot_be_stored_keeps_no_other_work_waiting(run: Runner) -> None:
    def store(event: Event) -> Reply:
        return Raises("ClientError") if event["shard"] == 0 else stored(event)

    acts = usual(
        plan_results=planned(shards=9), update_feature_store=store, finish_run=finished("left_open")
    )
    ended = run(acts)
    tried = [event["shard"] for event in ended.events_for("update_feature_store")]
    assert tried.count(0) == 5
    assert set(tried) == set(range(9)), "the shards after the broken one would never be stored"
    assert ended.event_for("return_items")["stored"] == [
        shard_result(0, stored=0),
        *(shard_result(shard) for shard in range(1, 9)),
    ]
    after = [*RETURN_STATES, *FINISH_STATES, "RunLeftOpen"]
    assert ended.states[-5:] == after
    assert ended.ending == "RunLeftOpen"


def test_items_are_returned_in_several_calls(run: Runner) -> None:
    acts = [returned_up_to(2, more=True), returned_up_to(5, more=True), returned_up_to(7)]
    ended = run(usual(plan_results=planned(return_shards=7), return_items=acts))
    calls = ended.events_for("return_items")
    assert [event["position"] for event in calls] == [0, 2, 5]
    assert {event["return_shards"] for event in calls} == {7}
    assert {event["folder"] for event in calls} == {FOLDER}
    assert [event["stored"] for event in calls] == [[shard_result(0)]] * 3
    assert ended.states[-9:] == [*RETURN_STATES * 3, *FINISH_STATES, "Succeeded"]


@pytest.mark.parametrize("error", ["SettingsError", "ClientError"])
def test_a_run_whose_items_cannot_be_returned_is_checked_all_the_same(
    run: Runner, error: str
) -> None:
    ended = run(usual(return_items=Raises(error), finish_run=finished("left_open")))
    assert ended.states[-4:] == ["ReturnItems", *FINISH_STATES, "RunLeftOpen"]
    assert ended.event_for("finish_run") == {"execution_arn": ended.arn, "run_id": RUN_ID}


@pytest.mark.parametrize("outcome", list(Outcome))
def test_each_outcome_has_its_end(run: Runner, outcome: Outcome) -> None:
    ended = run(usual(finish_run=finished(outcome.value)))
    assert (ended.states[-1], ended.ending) == ENDINGS[outcome]


@pytest.mark.parametrize(
    "report", [{"run_id": RUN_ID, "outcome": "something_new"}, {"run_id": RUN_ID, "outcome": None}]
)
def test_an_unknown_outcome_fails_the_execution(run: Runner, report: Event) -> None:
    assert run(usual(finish_run=Returns(report))).ending == "RunLeftOpen"


@pytest.mark.parametrize("error", ["RunTakenOverError", "ClientError"])
def test_a_run_that_cannot_be_finished_stays_open(run: Runner, error: str) -> None:
    ended = run(usual(finish_run=Raises(error)))
    assert ended.states[-2:] == ["FinishRun", "RunLeftOpen"]
    assert ended.ending == "RunLeftOpen"


def test_a_failed_execution_says_what_to_do(run: Runner) -> None:
    ended = run(usual(finish_run=finished("left_open")))
    assert '{"resume_run": "<run_id>"}' in ended.described["cause"]
