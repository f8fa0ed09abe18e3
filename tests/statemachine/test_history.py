"""The length of an execution's history: Step Functions ends an execution at 25,000 events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.statemachine.script import Answers
from tests.statemachine.usual_run import job_ended, planned, polled, returned_up_to, usual

if TYPE_CHECKING:
    from tests.statemachine.workflow import Runner

EVENTS_OF_A_SUCCESS = 60


EVENTS_OF_A_SHARD = 7
EVENTS_OF_A_CONTINUATION = 7


@pytest.fixture(params=["run", "run_verifying"])
def runner(request: pytest.FixtureRequest) -> Runner:
    """The workflow without and with verification."""
    chosen: Runner = request.getfixturevalue(request.param)
    return chosen


def test_a_success_is_short_but_for_its_shards(runner: Runner) -> None:
    shards = 1
    history = runner(usual(plan_results=planned(shards))).history
    assert len(history) < EVENTS_OF_A_SUCCESS + shards * EVENTS_OF_A_SHARD


def test_a_success_with_one_shard_is_short_where_nothing_is_verified(run: Runner) -> None:
    assert len(run(usual()).history) < EVENTS_OF_A_SUCCESS


def test_each_shard_adds_the_same(runner: Runner) -> None:
    lengths = [len(runner(usual(plan_results=planned(shards))).history) for shards in (1, 2, 3)]
    one, two, three = lengths
    assert three - two == two - one == EVENTS_OF_A_SHARD


def test_each_continuation_adds_the_same(runner: Runner) -> None:
    more, done = polled(more=True), polled()
    back, end = returned_up_to(1, more=True), returned_up_to(2)
    for step, again, last in (("poll_queue", more, done), ("return_items", back, end)):
        acts = [usual(**{step: [*[again] * calls, last]}) for calls in (0, 1, 2)]
        one, two, three = (len(runner(each).history) for each in acts)
        assert three - two == two - one == EVENTS_OF_A_CONTINUATION, step


def test_waiting_adds_nothing(run: Runner) -> None:
    at_once = run(usual(start_labeling_job=Answers(job_ended())))
    later = run(usual(start_labeling_job=Answers(job_ended(), when="later")))
    assert len(later.history) == len(at_once.history)


def test_waiting_for_reviewers_adds_nothing(run_verifying: Runner) -> None:
    verified = job_ended(stage="verify")
    at_once = run_verifying(usual(start_verification_job=Answers(verified)))
    later = run_verifying(usual(start_verification_job=Answers(verified, when="later")))
    assert len(later.history) == len(at_once.history)
