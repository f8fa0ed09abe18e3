"""The ledger's rows of items and keys: claiming them for a run."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws import item_updates, transactions
from labeling_lambdas.aws.item_ledger import ItemLedger, item_row
from labeling_lambdas.domain.claim_rules import (
    ClaimOn,
    decide,
    decide_text,
    first_expectation,
    no_row_expected,
)
from labeling_lambdas.domain.items import ClaimedItem, text_id_of
from labeling_lambdas.domain.states import Drop, ItemState, TextRow
from labeling_lambdas.errors import LedgerRowError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from labeling_lambdas.domain.items import SourceObject
    from labeling_lambdas.domain.messages import Candidate, Rejected
    from labeling_lambdas.domain.states import ItemRow, RunState

_log = logging.getLogger(__name__)

#: A claim writes the rows of the item, of its key, and of its text if it has one; a transaction
#: accepts 100 actions.
CLAIMS_PER_TRANSACTION = transactions.MAX_ACTIONS // 2
TEXT_CLAIMS_PER_TRANSACTION = transactions.MAX_ACTIONS // 3

#: Reads of one item's row, after which the item is left to a later poll.
_CLAIM_ROUNDS = 8


def _claimed(candidate: Candidate, expected: ClaimOn, part: str) -> ClaimedItem:
    return ClaimedItem(
        source=candidate.source,
        attempts=expected.attempts,
        generation=expected.generation,
        part=part if candidate.content else "",
        content=candidate.content,
        label_uri=expected.label_uri,
        text_id=text_id_of(candidate.source, candidate.content),
        waits=expected.waits,
    )


def _may_dead_letter(rejected: Rejected, row: ItemRow) -> bool:
    if row.state is ItemState.DEAD_LETTERED:
        return row.generation in (0, rejected.generation)
    # The rules for what can be labeled have changed since the item was returned: the item must not
    # be lost together with its message.
    return row.state in (ItemState.RETURNED, ItemState.LABELED)


@dataclass(slots=True, eq=False, repr=False)
class ItemClaims(ItemLedger):
    """The item rows of the ledger, with the operations that claim items."""

    def claim(
        self,
        candidates: Sequence[Candidate],
        *,
        run_id: str,
        part: str,
        state_of_run: Callable[[str], RunState | None],
    ) -> dict[str, ClaimedItem | Drop]:
        """Claim items for a run.

        Args:
            candidates: Items of different keys and texts, so that no row is named twice.
            run_id: The run.
            part: The part of the run's list that names them.
            state_of_run: Looks up another run.

        Returns:
            By item, the claim, or the reason why its message is dropped.
        """
        verdicts: dict[str, ClaimedItem | Drop] = {}
        rounds: Counter[str] = Counter()
        pending = [(candidate, first_expectation(candidate)) for candidate in candidates]
        texts = any(candidate.content for candidate in candidates)
        size = TEXT_CLAIMS_PER_TRANSACTION if texts else CLAIMS_PER_TRANSACTION
        while pending:
            batch, pending = pending[:size], pending[size:]
            refused = self._claim_batch(batch, run_id, part)
            if not refused:
                for candidate, expected in batch:
                    verdicts[candidate.source.item_id] = _claimed(candidate, expected, part)
                continue
            owners = self._owners(refused.values())
            again = []
            for position, (candidate, expected) in enumerate(batch):
                answer = self._answer(
                    candidate,
                    expected,
                    refused.get(position),
                    lambda candidate, row: decide(
                        candidate, row, run_id=run_id, state_of_run=state_of_run
                    ),
                )
                if isinstance(answer, ClaimOn):
                    answer = self._with_text(
                        candidate,
                        answer,
                        refused.get(position, {}).get("text"),
                        owners,
                        lambda expected, text, owner: decide_text(
                            expected, text, owner, run_id=run_id, state_of_run=state_of_run
                        ),
                    )
                item_id = candidate.source.item_id
                rounds[item_id] += refused.get(position) is not None
                if isinstance(answer, Drop):
                    verdicts[item_id] = answer
                elif rounds[item_id] < _CLAIM_ROUNDS:
                    again.append((candidate, answer))
                else:
                    # Its row keeps changing, or never matches: the message is received again.
                    _log.error("item cannot be claimed", extra={"item": item_id, "run_id": run_id})
                    verdicts[item_id] = Drop.LEFT_IN_FLIGHT
            pending = again + pending
        return verdicts

    def _claim_batch(
        self, batch: Sequence[tuple[Candidate, ClaimOn]], run_id: str, part: str
    ) -> dict[int, dict[str, dict[str, Any]]]:
        """Try one transaction; return by rejected candidate the rows that caused the rejection."""
        updates, places = [], []
        for position, (candidate, expected) in enumerate(batch):
            source = candidate.source
            updates.append(item_updates.claim(source, expected, run_id, part))
            updates.append(item_updates.name_newest(source))
            places += [(position, "item"), (position, "key")]
            text = text_id_of(source, candidate.content)
            if text and not expected.follows:
                updates.append(item_updates.own_text(source.item_id, text, expected, run_id))
                places.append((position, "text"))
        refused: dict[int, dict[str, dict[str, Any]]] = {}
        for refusal in transactions.transact(self.client, self.table, updates):
            position, kind = places[refusal.action]
            refused.setdefault(position, {})[kind] = refusal.row
        return refused

    def _owners(self, refused: Iterable[dict[str, dict[str, Any]]]) -> dict[str, ItemRow]:
        """Return the rows of the items that texts belong to, where these caused a rejection."""
        texts = (rows["text"] for rows in refused if rows.get("text"))
        # One read for all of them, and none if no text caused a rejection.
        return self.rows(text["item_id"] for text in texts)

    @staticmethod
    def _with_text(
        candidate: Candidate,
        expected: ClaimOn,
        text: dict[str, Any] | None,
        owners: dict[str, ItemRow],
        decision: Callable[[ClaimOn, TextRow, ItemRow], ClaimOn],
    ) -> ClaimOn | Drop:
        if not text:
            return expected
        owner = owners.get(text["item_id"])
        if owner is None:
            # Its row cannot be read. It is unknown whether its text was labeled, so no labeling is
            # paid for; the message is received again.
            _log.error("text cannot be claimed", extra={"item": candidate.source.item_id})
            return Drop.LEFT_IN_FLIGHT
        return decision(expected, TextRow(text["item_id"], text["run_id"]), owner)

    def _answer(
        self,
        candidate: Candidate,
        expected: ClaimOn,
        refused: dict[str, dict[str, Any]] | None,
        decision: Callable[[Candidate, ItemRow], ClaimOn | Drop],
    ) -> ClaimOn | Drop:
        if refused is None:
            return expected
        item = refused.get("item")
        answer: ClaimOn | Drop = expected
        if item is not None:
            answer = (
                self._decided(candidate, item, decision) if item else no_row_expected(candidate)
            )
        if "key" in refused and not isinstance(answer, Drop):
            transactions.update_row(
                self.client, self.table, item_updates.supersede(candidate.source, answer)
            )
            return Drop.SUPERSEDED
        return answer

    @staticmethod
    def _decided(
        candidate: Candidate,
        item: dict[str, Any],
        decision: Callable[[Candidate, ItemRow], ClaimOn | Drop],
    ) -> ClaimOn | Drop:
        try:
            row = item_row(item)
        except LedgerRowError:
            # One row must not block the others, and its message must not be lost.
            _log.exception("ledger row cannot be read", extra={"item": candidate.source.item_id})
            return Drop.LEFT_IN_FLIGHT
        return decision(candidate, row)

    def dead_letter_invalid(
        self, rejected: Rejected, source: SourceObject, *, run_id: str, part: str
    ) -> int | None:
        """Record an object that cannot be labeled, before its dead letter is sent.

        Returns:
            The dead letter's generation; None if this dead letter was delivered before.

        Raises:
            LedgerRowError: If the item's row does not allow it to be recorded.
        """
        expected = ClaimOn(None, 0, 0)
        for _ in range(_CLAIM_ROUNDS):
            update = item_updates.dead_letter(rejected, source, run_id, part, expected)
            refusal = transactions.update_row(self.client, self.table, update)
            if refusal is None:
                return expected.generation + 1
            # Another writer was first, or the SDK retried a call that had taken effect.
            row = item_row(refusal.row)
            if row.state is ItemState.DEAD_LETTERED and not row.delivered:
                return row.generation
            if not _may_dead_letter(rejected, row):
                return None
            expected = ClaimOn(row, 0, row.generation)
        message = f"the row of item {source.item_id} changes too often to be updated"
        raise LedgerRowError(message)
