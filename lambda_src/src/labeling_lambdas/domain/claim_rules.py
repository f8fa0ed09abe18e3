"""Whether a run may claim an item that is already in the ledger.

These rules prevent an item from being labeled twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from labeling_lambdas.domain.messages import Candidate, Origin
from labeling_lambdas.domain.reasons import Reason
from labeling_lambdas.domain.states import Drop, ItemRow, ItemState, RunState

if TYPE_CHECKING:
    from collections.abc import Callable


class TextRow(NamedTuple):
    """The ledger's row of a text within an object key.

    Attributes:
        item_id: The item that represents, or represented, the text in a labeling job.
        run_id: Run that last claimed that item.
    """

    item_id: str
    run_id: str


class ClaimOn(NamedTuple):
    """The condition on an item's row under which it may be claimed.

    Attributes:
        row: The row to expect, None to expect no row.
        attempts: Attempts of the new claim.
        generation: Dead-letter generation of the new claim.
        takes_over: The row to expect of a text that another item represented to labelers.
        follows: Whether another item keeps representing the text, so that this item gets its label.
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
        """File that holds the item's label. A claim keeps it."""
        if self.text_label or self.follows or self.row is None:
            return self.text_label
        return self.row.label_uri

    @property
    def waits(self) -> bool:
        """Whether the item gets the label of another item, which has none yet."""
        return self.follows and not self.text_label


def no_row_expected(candidate: Candidate) -> ClaimOn:
    """Return the condition that the ledger has no row of the item."""
    attempts = _attempts_of(candidate.origin, candidate.attempts)
    return ClaimOn(row=None, attempts=attempts, generation=candidate.generation)


def first_expectation(candidate: Candidate) -> ClaimOn:
    """Return the row to expect of a candidate before its row was read.

    A correct expectation saves a transaction for the whole batch; a wrong one costs one.
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
    # A redrive starts again at the first attempt.
    return 0 if origin is Origin.DEAD_LETTER else attempts


def decide(
    candidate: Candidate,
    row: ItemRow,
    *,
    run_id: str,
    state_of_run: Callable[[str], RunState | None],
) -> ClaimOn | Drop:
    """Decide whether a candidate whose item has a row may be claimed.

    Args:
        candidate: The message.
        row: The item's row.
        run_id: The claiming run.
        state_of_run: Looks up another run; None if its row has expired. Only the rows of closed
            runs expire.

    Returns:
        The condition of the claim, or the reason why the message is dropped.
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
        # A poll rejected the object and died before it sent the dead letter, and the rules for what
        # can be labeled have changed since. This message is the only other record of the item.
        return ClaimOn(row, row.attempts, row.generation)
    # The generation of a dead letter is 1 or more. A row that was edited may lack it.
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
            # until then the message is the only other record of the item.
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
    """Decide how to claim a candidate whose text another item represents.

    Args:
        expected: The condition of the claim, without the text.
        text: The row of the text.
        owner: The row of the other item.
        run_id: The claiming run.
        state_of_run: Looks up another run.

    Returns:
        The condition, with the text.
    """
    lost = expected.row is not None and expected.row.reason == Reason.LABEL_LOST
    label = "" if lost else owner.label_uri
    if owner.state is ItemState.STORED and label:
        return expected._replace(takes_over=None, follows=True, text_label=label)
    if owner.state is ItemState.CLAIMED and _is_open(owner.run_id, run_id, state_of_run):
        return expected._replace(takes_over=None, follows=True, text_label="")
    # No run works on the other item. If it has a label that is not verified, this item takes it
    # over.
    return expected._replace(takes_over=text, follows=False, text_label=label)


def _is_open(owner_run: str, run_id: str, state_of_run: Callable[[str], RunState | None]) -> bool:
    return owner_run == run_id or state_of_run(owner_run) not in (RunState.CLOSED, None)
