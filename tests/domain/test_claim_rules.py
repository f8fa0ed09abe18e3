"""Whether a known item may be claimed: the whole table of states, origins and runs."""

from __future__ import annotations

from itertools import product

import pytest

from labeling_lambdas.domain.claim_rules import ClaimOn, decide, first_expectation, no_row_expected
from labeling_lambdas.domain.messages import Candidate, Origin
from labeling_lambdas.domain.states import Drop, ItemRow, ItemState, RunState
from tests.domain.examples import source


def row(state: ItemState, **fields: object) -> ItemRow:
    values: dict[str, object] = {"run_id": "old", "part": "p", "attempts": 2, "generation": 1}
    return ItemRow(state, **{**values, **fields})  # type: ignore[arg-type]


def candidate(origin: Origin, generation: int = 1) -> Candidate:
    return Candidate(source(), origin, attempts=9, generation=generation, run_id="old")


def decision(message: Candidate, known: ItemRow, run: RunState | None) -> ClaimOn | Drop:
    return decide(message, known, run_id="new", state_of_run=lambda _: run)


_RUN_STATES = (*RunState, None)


@pytest.mark.parametrize(("origin", "run"), [*product(Origin, _RUN_STATES)])
@pytest.mark.parametrize(
    ("state", "drop"),
    [(ItemState.STORED, Drop.STORED), (ItemState.SUPERSEDED, Drop.SUPERSEDED)],
)
def test_a_stored_or_superseded_item_is_never_claimed_again(
    state: ItemState, drop: Drop, origin: Origin, run: RunState | None
) -> None:
    assert decision(candidate(origin), row(state), run) is drop


@pytest.mark.parametrize(("origin", "run"), [*product(Origin, _RUN_STATES)])
@pytest.mark.parametrize("state", [ItemState.RETURNED, ItemState.LABELED])
def test_a_returned_item_is_claimed_with_the_attempts_of_the_ledger(
    state: ItemState, origin: Origin, run: RunState | None
) -> None:
    known = row(state)
    assert decision(candidate(origin), known, run) == ClaimOn(known, 2, 1)


@pytest.mark.parametrize("origin", Origin)
@pytest.mark.parametrize("run", _RUN_STATES)
def test_an_unsent_dead_letter_is_claimed_again_after_its_run_has_ended(
    origin: Origin, run: RunState | None
) -> None:
    known = row(ItemState.DEAD_LETTERED, delivered=False)
    ended = run in (RunState.CLOSED, None)
    expected = ClaimOn(known, 2, 1) if ended else Drop.LEFT_IN_FLIGHT
    assert decision(candidate(origin), known, run) == expected
    own = known._replace(run_id="new")
    assert decision(candidate(origin), own, RunState.POLLING) == ClaimOn(own, 2, 1)


@pytest.mark.parametrize("origin", Origin)
@pytest.mark.parametrize(
    ("run", "verdict"),
    [
        (RunState.POLLING, Drop.LEFT_IN_FLIGHT),
        (RunState.SEALED, Drop.CLAIMED_BY_OPEN_RUN),
        (RunState.SETTLING, Drop.CLAIMED_BY_OPEN_RUN),
        (RunState.CLOSED, None),
        (None, None),
    ],
)
def test_a_claim_of_another_run_depends_on_the_state_of_that_run(
    origin: Origin, run: RunState | None, verdict: Drop | None
) -> None:
    known = row(ItemState.CLAIMED)
    assert decision(candidate(origin), known, run) == (verdict or ClaimOn(known, 2, 1))


@pytest.mark.parametrize("origin", Origin)
def test_a_second_message_for_an_item_of_this_run_is_a_duplicate(origin: Origin) -> None:
    known = row(ItemState.CLAIMED, run_id="new")
    # Not even asked for: a run's own row needs no look-up.
    assert decision(candidate(origin), known, RunState.CLOSED) is Drop.DUPLICATE


@pytest.mark.parametrize("run", _RUN_STATES)
@pytest.mark.parametrize(
    ("origin", "generation", "claimed"),
    [
        (Origin.DEAD_LETTER, 1, True),
        (Origin.DEAD_LETTER, 0, False),
        (Origin.DEAD_LETTER, 2, False),
        (Origin.EVENT, 1, False),
        (Origin.RETURNED, 1, False),
    ],
)
def test_only_the_current_dead_letter_starts_an_item_again(
    origin: Origin, generation: int, claimed: bool, run: RunState | None
) -> None:
    known = row(ItemState.DEAD_LETTERED)
    found = decision(candidate(origin, generation), known, run)
    assert found == (ClaimOn(known, 0, 1) if claimed else Drop.DEAD_LETTERED)


def test_an_event_is_first_expected_to_be_of_an_unknown_item() -> None:
    assert first_expectation(Candidate(source())) == ClaimOn(None, 0, 0)


@pytest.mark.parametrize(
    ("origin", "state", "attempts"),
    [
        (Origin.RETURNED, ItemState.RETURNED, 9),
        (Origin.DEAD_LETTER, ItemState.DEAD_LETTERED, 0),
    ],
)
def test_an_envelope_is_first_expected_to_match_its_row(
    origin: Origin, state: ItemState, attempts: int
) -> None:
    found = first_expectation(candidate(origin))
    assert found.row is not None
    assert (found.row.state, found.row.run_id, found.row.attempts) == (state, "old", 9)
    assert (found.attempts, found.generation) == (attempts, 1)


def test_a_returned_label_is_first_expected_to_be_what_the_ledger_holds() -> None:
    uri = "s3://digits-output/runs/old/results/x/labeled-00000.jsonl"
    found = first_expectation(candidate(Origin.RETURNED)._replace(label_uri=uri))
    assert found.row is not None
    assert (found.row.state, found.row.label_uri) == (ItemState.LABELED, uri)
    assert found.label_uri == uri


@pytest.mark.parametrize("state", [ItemState.LABELED, ItemState.CLAIMED])
def test_a_label_stays_with_the_item_regardless_of_the_message(state: ItemState) -> None:
    known = row(state, label_uri="s3://b/label")
    claim = decision(candidate(Origin.EVENT), known, RunState.CLOSED)
    assert isinstance(claim, ClaimOn)
    assert claim.label_uri == "s3://b/label"


def test_a_redriven_item_without_a_row_starts_at_the_first_attempt_too() -> None:
    assert no_row_expected(candidate(Origin.DEAD_LETTER)) == ClaimOn(None, 0, 1)
    assert no_row_expected(candidate(Origin.RETURNED)) == ClaimOn(None, 9, 1)
