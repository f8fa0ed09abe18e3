"""The length of an execution's history: Step Functions ends an execution at 25,000 events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.statemachine.script import Answers
from tests.statemachine.usual_run import job_ended, planned, polled, returned_up_to, usual

if TYPE_CHECKING:
    from tests.statemachine.workflow import Runner

EVENTS_OF_A_SUCCESS = 60


def test_a_success_with_one_shard_is_short(run: Runner) -> None:
    assert len(run(usual()).history) < EVENTS_OF_A_SUCCESS


def test_each_shard_adds_the_same(run: Runner) -> None:
    lengths = [len(run(usual(plan_results=planned(shards))).history) for shards in (1, 2, 3)]
    one, two, three = lengths
    assert 0 < three - two == two - one < 10


def test_each_continuation_adds_the_same(run: Runner) -> None:
    more, done = polled(more=True), polled()
    lengths = [len(run(usual(poll_queue=[*[more] * calls, done])).history) for calls in (0, 1, 2)]
    assert 0 < lengths[2] - lengths[1] == lengths[1] - lengths[0] < 10
    back, end = returned_up_to(1, more=True), returned_up_to(2)
    lengths = [len(run(usual(return_items=[*[back] * calls, end])).history) for calls in (0, 1, 2)]
    assert 0 < lengths[2] - lengths[1] == lengths[1] - lengths[0] < 10


def test_waiting_adds_nothing(run: Runner) -> None:
    at_once = run(usual(start_labeling_job=Answers(job_ended())))
    later = run(usual(start_labeling_job=Answers(job_ended(), when="later")))
    assert len(later.history) == len(at_once.history)
