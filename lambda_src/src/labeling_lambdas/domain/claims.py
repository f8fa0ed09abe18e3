"""Whether a run may claim an item that the ledger already knows.

This is where an item is kept from being labeled twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from labeling_lambdas.domain.messages import Candidate, Origin
from labeling_lambdas.domain.reasons import Reason
from labeling_lambdas.domain.states import Drop, ItemRow, ItemState, RunState

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_lambdas.domain.states import TextRow


class ClaimOn(NamedTuple):
    """The item may be claimed as long as its row is still this one.

    Attributes:
        row: The row to expect, None to expect no row.
        attempts: Attempts of the new claim.
        generation: Dead-letter generation of the new claim.
        takes_over: Of a text that another item was to be labeled for, the row to expect.
        follows: Whether the text stays another item's, whose label this one gets.
        text_label: File that holds the label of the other item.
    """

    row: ItemRow | None
    attempts: int
    generation: int
    takes_over: TextRow | None = None
    follows: bool = False
    text_label: str = ""

    @property
    def label_uri(self) -> str:
        """File that holds the item's label; a claim keeps it."""
        if self.text_label or self.follows or self.row is None:
            return self.text_label
        return self.row.label_uri

    @property
    def waits(self) -> bool:
        """Whether the label is another item's, which has none yet."""
        return self.follows and not self.text_label


def no_row_expected(candidate: Candidate) -> ClaimOn:
    """Return the condition that the ledger does not know the item."""
    attempts = _attempts_of(candidate.origin, candidate.attempts)
    return ClaimOn(row=None, attempts=attempts, generation=candidate.generation)


def first_expectation(candidate: Candidate) -> ClaimOn:
    """Return what to expect of a candidate's row before it was read.

    A right guess saves a transaction for the whole batch; a wrong one costs one.
    """
    state = _STATE_BEHIND.get(candidate.origin)
    if state is None:
        return no_row_expected(candidate)
    if candidate.label_uri:
        state = ItemState.LABELED
    row = ItemRow(
        state=state,
        run_id=candidate.run_id,
        attempts=candidate.attempts,
        generation=candidate.generation,
        label_uri=candidate.label_uri,
        reason=candidate.reason,
    )
    return ClaimOn(row, _attempts_of(candidate.origin, row.attempts), row.generation)


_STATE_BEHIND = {
    Origin.RETURNED: ItemState.RETURNED,
    Origin.DEAD_LETTER: ItemState.DEAD_LETTERED,
}


def _attempts_of(origin: Origin, attempts: int) -> int:
    # An operator's redrive starts at the first attempt again.
    return 0 if origin is Origin.DEAD_LETTER else attempts


def decide(
    candidate: Candidate,
    row: ItemRow,
    *,
    run_id: str,
    state_of_run: Callable[[str], RunState | None],
) -> ClaimOn | Drop:
    """Decide over a candidate whose item has a row.

    Args:
        candidate: The message.
        row: The item's row.
        run_id: The run that wants to claim.
        state_of_run: Looks up another run; None when its row has expired, which only closed runs'
            rows do.

    Returns:
        The condition to claim on, or why the message is dropped.
    """
    match row.state:
        case ItemState.STORED:
            return Drop.STORED
        case ItemState.SUPERSEDED:
            return Drop.SUPERSEDED
        case ItemState.RETURNED | ItemState.LABELED:
            return ClaimOn(row, row.attempts, row.generation)
        case ItemState.DEAD_LETTERED:
            return _decide_dead_letter(candidate, row, run_id, state_of_run)
        case ItemState.CLAIMED:
            return _decide_claimed(row, run_id, state_of_run)


def _decide_dead_letter(
    candidate: Candidate,
    row: ItemRow,
    run_id: str,
    state_of_run: Callable[[str], RunState | None],
) -> ClaimOn | Drop:
    if not row.delivered:
        if row.run_id != run_id and state_of_run(row.run_id) not in (RunState.CLOSED, None):
            return Drop.LEFT_IN_FLIGHT
        # A poll gave the object up and died before it sent the dead letter, and what can be labeled
        # has changed since. This message is the only other trace of the item.
        return ClaimOn(row, row.attempts, row.generation)
    # A dead letter's generation is 1 or more; a row without one is of an older version.
    current = row.generation in (0, candidate.generation)
    if candidate.origin is Origin.DEAD_LETTER and current:
        return ClaimOn(row, _attempts_of(candidate.origin, row.attempts), row.generation)
    return Drop.DEAD_LETTERED


def _decide_claimed(
    row: ItemRow, run_id: str, state_of_run: Callable[[str], RunState | None]
) -> ClaimOn | Drop:
    if row.run_id == run_id:
        return Drop.DUPLICATE
    match state_of_run(row.run_id):
        case RunState.POLLING:
            # That run may have died between claiming and deleting. If so, its recovery decides;
            # until then the message is the only other trace of the item.
            return Drop.LEFT_IN_FLIGHT
        case RunState.SEALED | RunState.SETTLING:
            return Drop.CLAIMED_BY_OPEN_RUN
        case RunState.CLOSED | None:
            return ClaimOn(row, row.attempts, row.generation)


def decide_text(
    expected: ClaimOn,
    text: TextRow,
    owner: ItemRow,
    *,
    run_id: str,
    state_of_run: Callable[[str], RunState | None],
) -> ClaimOn:
    """Decide over a candidate whose text another item was claimed for.

    Args:
        expected: The condition to claim the candidate on, its text left aside.
        text: The row of the text.
        owner: The row of the other item.
        run_id: The run that wants to claim.
        state_of_run: Looks up another run.

    Returns:
        The condition with the text's part.
    """
    lost = expected.row is not None and expected.row.reason == Reason.LABEL_LOST
    label = "" if lost else owner.label_uri
    if owner.state is ItemState.STORED and label:
        return expected._replace(takes_over=None, follows=True, text_label=label)
    if owner.state is ItemState.CLAIMED and _is_open(owner.run_id, run_id, state_of_run):
        return expected._replace(takes_over=None, follows=True, text_label="")
    # Nobody works on the other item. A label of it that reviewers have not seen goes along.
    return expected._replace(takes_over=text, follows=False, text_label=label)


def _is_open(owner_run: str, run_id: str, state_of_run: Callable[[str], RunState | None]) -> bool:
    return owner_run == run_id or state_of_run(owner_run) not in (RunState.CLOSED, None)
