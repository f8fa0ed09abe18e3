"""Runs of so many items that several pollers claim them at the same time."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.statemachine.script import Raises
from tests.statemachine.usual_run import NEW_RUN_STATES, POLL_STATES, RESUME, RUN_ID, polled, usual

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.statemachine.script import Act, Event, Reply
    from tests.statemachine.workflow import Runner

POLLERS = 4
EVENTS_OF_A_POLLER = 11
EVENTS_OF_A_CONTINUATION = 7


def told(poller: int | None, acts: list[Act]) -> Callable[[Event], Reply]:
    """Return what one poller does call by call, while the others have nothing to do."""
    coming = list(acts)

    def act(event: Event) -> Reply:
        if event.get("poller") == poller and coming:
            chosen = coming.pop(0)
            return chosen(event) if callable(chosen) else chosen
        done = polled()
        assert callable(done)
        return done(event)

    return act


def test_pollers_claim_their_shares_then_the_last_poll_seals_the_run(run_large: Runner) -> None:
    ended = run_large(usual())
    assert ended.states[:4] == [*NEW_RUN_STATES, "DrainQueue"]
    claiming, after = ended.states[4:-12], ended.states[-12:]
    states = ("ClaimShare", "MoreToClaim?", "ShareClaimed")
    assert Counter(claiming) == Counter(dict.fromkeys(states, POLLERS))
    assert after[:3] == [*POLL_STATES, "AnyItems?"]
    *shares, last = ended.events_for("poll_queue")
    assert sorted((each["poller"], each["pollers"]) for each in shares) == [
        (number, POLLERS) for number in range(1, POLLERS + 1)
    ]
    assert "poller" not in last
    assert all(each["run"]["resumed"] is False for each in (*shares, last))
    assert ended.ending == "SUCCEEDED"


def test_a_poller_that_is_not_done_is_called_again(run_large: Runner) -> None:
    acts = told(2, [polled(more=True), polled(more=True), polled()])
    ended = run_large(usual(poll_queue=acts))
    numbers = Counter(each.get("poller") for each in ended.events_for("poll_queue"))
    assert numbers == {1: 1, 2: 3, 3: 1, 4: 1, None: 1}
    assert ended.ending == "SUCCEEDED"


def test_a_poller_that_fails_leaves_the_run_open(run_large: Runner) -> None:
    ended = run_large(usual(poll_queue=told(3, [Raises("RunTakenOverError")])))
    assert None not in {each.get("poller") for each in ended.events_for("poll_queue")}
    assert ended.ending == "RunLeftOpen"


def test_a_run_that_was_taken_over_is_only_sealed(run_large: Runner) -> None:
    ended = run_large(usual(), RESUME)
    (poll,) = ended.events_for("poll_queue")
    assert poll["run"] == {"run_id": RUN_ID, "resumed": True}
    assert "DrainQueue" not in ended.states
    assert ended.ending == "SUCCEEDED"


def test_the_history_grows_by_the_same_for_each_continuation(
    run: Runner, run_large: Runner
) -> None:
    lengths = []
    for calls in (0, 1, 2):
        acts = told(1, [*[polled(more=True)] * calls, polled()])
        lengths.append(len(run_large(usual(poll_queue=acts)).history))
    one, two, three = lengths
    assert three - two == two - one == EVENTS_OF_A_CONTINUATION
    # Entered, started, succeeded and exited.
    assert one == len(run(usual()).history) + 4 + POLLERS * EVENTS_OF_A_POLLER


@pytest.mark.parametrize("state", ["DrainQueue", "PollQueue"])
def test_whoever_polls_does_so_after_earlier_runs_were_looked_after(
    large_text: str, state: str
) -> None:
    states = json.loads(large_text)["States"]
    assert state in states
    assert states["RecoverRuns"]["Next"] == "DrainQueue"
