"""The ledger's rows of items and keys: claims and settlements."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from labeling_lambdas.aws import item_updates, transactions
from labeling_lambdas.aws.transactions import Update
from labeling_lambdas.domain.claims import (
    ClaimOn,
    Drop,
    ItemRow,
    ItemState,
    decide,
    first_expectation,
    no_row_expected,
)
from labeling_lambdas.domain.items import ClaimedItem, SourceObject
from labeling_lambdas.errors import LedgerConflictError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from labeling_lambdas.domain.claims import RunState
    from labeling_lambdas.domain.messages import Candidate, Rejected
    from labeling_lambdas.domain.settlement import Settlement

Subject = TypeVar("Subject")

#: A claim writes the item's row and its key's row, and a transaction takes 100 actions.
CLAIMS_PER_TRANSACTION = transactions.MAX_ACTIONS // 2

#: BatchGetItem takes up to 100 keys.
#: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
_KEYS_PER_READ = 100

#: Rounds in which other writers may be in the way of one claim before its message is left alone.
_CLAIM_ROUNDS = 16

_BATCH_READ_ROUNDS = 8
_BATCH_READ_PAUSE_SECONDS = 0.2


def item_row(row: dict[str, Any]) -> ItemRow:
    """Return an item's row as the rules see it."""
    return ItemRow(
        state=ItemState(row["item_state"]),
        run_id=row.get("run_id", ""),
        part=row.get("part", ""),
        attempts=row.get("attempts", 0),
        generation=row.get("generation", 0),
        delivered=row.get("delivered", True),
        label_uri=row.get("label_uri", ""),
    )


def _claimed(candidate: Candidate, expected: ClaimOn, part: str) -> ClaimedItem:
    return ClaimedItem(
        source=candidate.source,
        attempts=expected.attempts,
        generation=expected.generation,
        part=part if candidate.content else "",
        content=candidate.content,
        label_uri=expected.label_uri,
    )


def _may_dead_letter(rejected: Rejected, row: ItemRow) -> bool:
    if row.state is ItemState.DEAD_LETTERED:
        return rejected.generation == row.generation
    # What can be labeled has changed since the item was given back: it must not vanish together
    # with the message that waits for it.
    return row.state in (ItemState.RETURNED, ItemState.LABELED)


@dataclass(frozen=True, slots=True)
class ItemLedger:
    """Claims and settles items.

    Attributes:
        client: DynamoDB.
        table: Name of the ledger table.
    """

    client: DynamoDBClient
    table: str

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
            candidates: Items of different keys, so that no row is named twice.
            run_id: The run.
            part: The part of the run's list that names them.
            state_of_run: Looks up another run.

        Returns:
            Per item the claim, or why its message is dropped.
        """
        verdicts: dict[str, ClaimedItem | Drop] = {}
        tried: Counter[str] = Counter()
        pending = [(candidate, first_expectation(candidate)) for candidate in candidates]
        while pending:
            batch = pending[:CLAIMS_PER_TRANSACTION]
            pending = pending[CLAIMS_PER_TRANSACTION:]
            refused = self._claim_batch(batch, run_id, part)
            if not refused:
                for candidate, expected in batch:
                    verdicts[candidate.source.item_id] = _claimed(candidate, expected, part)
                continue
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
                if isinstance(answer, Drop):
                    verdicts[candidate.source.item_id] = answer
                elif tried[candidate.source.item_id] < _CLAIM_ROUNDS:
                    tried[candidate.source.item_id] += position in refused
                    again.append((candidate, answer))
                else:
                    # One row that no condition meets must not keep all the others waiting.
                    verdicts[candidate.source.item_id] = Drop.LEFT_IN_FLIGHT
            pending = again + pending
        return verdicts

    def _claim_batch(
        self, batch: Sequence[tuple[Candidate, ClaimOn]], run_id: str, part: str
    ) -> dict[int, dict[str, dict[str, Any]]]:
        """Try one transaction; return per refused candidate the rows that stood in the way."""
        updates = []
        for candidate, expected in batch:
            updates.append(item_updates.claim(candidate.source, expected, run_id, part))
            updates.append(item_updates.name_newest(candidate.source))
        refused: dict[int, dict[str, dict[str, Any]]] = {}
        for refusal in transactions.transact(self.client, self.table, updates):
            position, row_kind = divmod(refusal.index, 2)
            refused.setdefault(position, {})["key" if row_kind else "item"] = refusal.row
        return refused

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
            answer = decision(candidate, item_row(item)) if item else no_row_expected(candidate)
        if "key" in refused and not isinstance(answer, Drop):
            transactions.update_row(
                self.client, self.table, item_updates.supersede(candidate.source, answer)
            )
            return Drop.SUPERSEDED
        return answer

    def settle(
        self, settlements: Sequence[Settlement], run_id: str
    ) -> list[tuple[Settlement, ItemRow]]:
        """Settle claims that were not stored, or confirm that they were settled before.

        Returns:
            The settlements that the ledger contradicts, each with its row. Empty as a rule.
        """
        entries = [(item_updates.settle(one, run_id), one) for one in settlements]
        return self._settle(entries, run_id)

    def settle_stored(
        self, items: Sequence[ClaimedItem], run_id: str
    ) -> list[tuple[ClaimedItem, ItemRow]]:
        """Settle claims whose record is written; return those that the ledger contradicts."""
        entries = [(item_updates.settle_stored(item, run_id), item) for item in items]
        return self._settle(entries, run_id)

    def _settle(
        self, entries: Sequence[tuple[Update, Subject]], run_id: str
    ) -> list[tuple[Subject, ItemRow]]:
        contradictions: list[tuple[Subject, ItemRow]] = []
        for start in range(0, len(entries), transactions.MAX_ACTIONS):
            pending = list(entries[start : start + transactions.MAX_ACTIONS])
            while pending:
                refusals = transactions.transact(
                    self.client, self.table, [update for update, _ in pending]
                )
                if not refusals:
                    break
                for refusal in refusals:
                    update, subject = pending[refusal.index]
                    row = item_row(refusal.row)
                    if not item_updates.settled_before(row, update, run_id):
                        contradictions.append((subject, row))
                refused = {refusal.index for refusal in refusals}
                pending = [entry for index, entry in enumerate(pending) if index not in refused]
        return contradictions

    def dead_letter_invalid(self, rejected: Rejected, *, run_id: str, part: str) -> int | None:
        """Note an object that cannot be labeled, before its dead letter is sent.

        Returns:
            The dead letter's generation; None if this dead letter was delivered before.
        """
        source = rejected.source
        if source is None:
            message = "a message that names no item has no row"
            raise ValueError(message)
        fresh = item_updates.dead_letter(rejected, source, run_id, part, ClaimOn(None, 0, 0))
        refusal = transactions.update_row(self.client, self.table, fresh)
        if refusal is None:
            return 1
        row = item_row(refusal.row)
        if row.state is ItemState.DEAD_LETTERED and not row.delivered:
            return row.generation
        if not _may_dead_letter(rejected, row):
            return None
        expected = ClaimOn(row, 0, row.generation)
        again = item_updates.dead_letter(rejected, source, run_id, part, expected)
        refused = transactions.update_row(self.client, self.table, again)
        return None if refused else row.generation + 1

    def mark_delivered(self, item_ids: Sequence[str]) -> None:
        """Note that the dead letters of these items are on the dead-letter queue."""
        for start in range(0, len(item_ids), transactions.MAX_ACTIONS):
            transactions.transact(
                self.client,
                self.table,
                [
                    Update(f"ITEM#{item}", "SET delivered = :yes", "", {"yes": True})
                    for item in item_ids[start : start + transactions.MAX_ACTIONS]
                ],
            )

    def rows(self, item_ids: Iterable[str]) -> dict[str, ItemRow]:
        """Return the rows of items, absent ones left out."""
        found = self._read([f"ITEM#{item}" for item in item_ids])
        return {key.removeprefix("ITEM#"): item_row(row) for key, row in found.items()}

    def newest_items(self, sources: Iterable[SourceObject]) -> dict[str, str]:
        """Return per key identity the newest item that the ledger knows."""
        found = self._read([f"KEY#{source.key_id}" for source in sources])
        return {key.removeprefix("KEY#"): row["item_id"] for key, row in found.items()}

    def _read(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        wanted = list(dict.fromkeys(keys))
        rows: dict[str, dict[str, Any]] = {}
        for start in range(0, len(wanted), _KEYS_PER_READ):
            rows.update(self._read_batch(wanted[start : start + _KEYS_PER_READ]))
        return rows

    def _read_batch(self, keys: list[str]) -> dict[str, dict[str, Any]]:
        rows: dict[str, dict[str, Any]] = {}
        request: Any = {
            self.table: {"Keys": [{"pk": {"S": key}} for key in keys], "ConsistentRead": True}
        }
        for _ in range(_BATCH_READ_ROUNDS):
            answer = self.client.batch_get_item(RequestItems=request)
            for encoded in answer["Responses"].get(self.table, []):
                row = transactions.plain(encoded)
                rows[row["pk"]] = row
            request = answer.get("UnprocessedKeys")
            if not request:
                return rows
            time.sleep(_BATCH_READ_PAUSE_SECONDS)
        message = f"{len(keys)} ledger rows could not be read in {_BATCH_READ_ROUNDS} rounds"
        raise LedgerConflictError(message)
