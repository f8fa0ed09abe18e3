"""The ledger's rows of items, keys and texts: claiming, settling and reading them."""

from __future__ import annotations

import itertools
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from labeling_lambdas import process
from labeling_lambdas.aws import item_updates, transactions
from labeling_lambdas.aws.attribute_values import plain
from labeling_lambdas.aws.ledger import Ledger
from labeling_lambdas.aws.transactions import Update
from labeling_lambdas.domain.items import text_id_of
from labeling_lambdas.domain.states import ItemRow, ItemState
from labeling_lambdas.errors import LedgerConflictError, LedgerRowError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from labeling_lambdas.aws.transactions import Refusal
    from labeling_lambdas.domain.claim_rules import ClaimOn
    from labeling_lambdas.domain.items import SourceObject
    from labeling_lambdas.domain.messages import Candidate, Rejected
    from labeling_lambdas.domain.settlement import Settlement

Subject = TypeVar("Subject")

#: The rows that caused the rejection of a claim: of its ``item``, of its ``key``, of its ``text``.
RejectedClaim = dict[str, dict[str, Any]]

_log = logging.getLogger(__name__)

#: BatchGetItem accepts up to 100 keys.
#: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
KEYS_PER_READ = 100

#: The pauses between them double, and add up to six seconds.
_BATCH_READ_ROUNDS = 7
_BASE_DELAY_SECONDS = 0.1

_SETTLED_WITH_LABEL = frozenset({ItemState.STORED, ItemState.SUPERSEDED})


def item_row(row: dict[str, Any]) -> ItemRow:
    """Return an item's row as an ItemRow; fields that it does not have are empty.

    Raises:
        LedgerRowError: If the row has no state, or a state that this version does not support.
    """
    try:
        state = ItemState(row.get("item_state", ""))
    except ValueError:
        message = (
            f"ledger row {row.get('pk')}: item_state {row.get('item_state')!r} is none of"
            f" {', '.join(ItemState)}; another version wrote it, or it was edited"
        )
        raise LedgerRowError(message) from None
    return ItemRow(
        state=state,
        run_id=row.get("run_id", ""),
        part=row.get("part", ""),
        attempts=row.get("attempts", 0),
        generation=row.get("generation", 0),
        delivered=row.get("delivered", True),
        label_uri=row.get("label_uri", ""),
        waits=row.get("waits", False),
        reason=row.get("reason", ""),
    )


def read_rows(client: DynamoDBClient, table: str, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return rows of the ledger by their keys, without absent ones.

    Raises:
        LedgerConflictError: If DynamoDB does not return some of them after retries.
    """
    wanted = list(dict.fromkeys(keys))
    rows: dict[str, dict[str, Any]] = {}
    for start in range(0, len(wanted), KEYS_PER_READ):
        rows.update(_read_batch(client, table, wanted[start : start + KEYS_PER_READ]))
    return rows


def _read_batch(client: DynamoDBClient, table: str, keys: list[str]) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    request: Any = {table: {"Keys": [{"pk": {"S": key}} for key in keys], "ConsistentRead": True}}
    for attempt in range(_BATCH_READ_ROUNDS):
        answer = client.batch_get_item(RequestItems=request)
        for encoded in answer["Responses"].get(table, []):
            row = plain(encoded)
            rows[row["pk"]] = row
        request = answer.get("UnprocessedKeys")
        if not request:
            return rows
        process.sleep(_BASE_DELAY_SECONDS * 2**attempt)
    message = f"{len(keys)} ledger rows could not be read in {_BATCH_READ_ROUNDS} rounds"
    raise LedgerConflictError(message)


class ItemLedger(Ledger):
    """The item rows of the ledger, with the operations that claim, settle and read them."""

    def claim(
        self, batch: Sequence[tuple[Candidate, ClaimOn]], run_id: str, part: str
    ) -> dict[int, RejectedClaim]:
        """Claim all items of a batch for a run, or none of them.

        Returns:
            By position of each rejected claim, the rows that caused the rejection.
        """
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
        rejected: dict[int, RejectedClaim] = {}
        for refusal in self.transact(updates):
            position, kind = places[refusal.action]
            rejected.setdefault(position, {})[kind] = refusal.row
        return rejected

    def supersede(self, source: SourceObject, expected: ClaimOn) -> None:
        """Record that an item will never be labeled, unless it was claimed in the meantime."""
        self.update(item_updates.supersede(source, expected))

    def dead_letter(
        self,
        rejected: Rejected,
        source: SourceObject,
        run_id: str,
        part: str,
        expected: ClaimOn,
    ) -> Refusal | None:
        """Record an object that cannot be labeled; return a Refusal if its row is another."""
        return self.update(item_updates.dead_letter(rejected, source, run_id, part, expected))

    def settle(
        self, settlements: Sequence[Settlement], run_id: str
    ) -> list[tuple[Settlement, ItemRow]]:
        """Settle claims that were not stored, or confirm that they are settled.

        Returns:
            The settlements that contradict the ledger, each with its row. Usually empty.
        """
        entries = [(item_updates.settle(one, run_id), one) for one in settlements]
        return self._settle(entries, run_id)

    def settle_stored(
        self, attempts: Mapping[str, int], run_id: str, labels: Mapping[str, str] | None = None
    ) -> list[tuple[str, ItemRow]]:
        """Settle claims whose record is written.

        Args:
            attempts: By item, the number of labeling jobs that it was in.
            run_id: The run.
            labels: By item, the file that holds its label. Items without a text have none.

        Returns:
            The items whose rows contradict the settlement, each with its row. Usually empty.
        """
        entries = [
            (
                item_updates.settle_stored(item_id, count, run_id, (labels or {}).get(item_id, "")),
                item_id,
            )
            for item_id, count in attempts.items()
        ]
        return self._settle(entries, run_id)

    def stored_by(self, run_id: str, item_ids: Sequence[str]) -> set[str]:
        """Return which of up to 100 items a run has stored. Only needs permission to write."""
        confirmations = [item_updates.confirm_stored(item_id, run_id) for item_id in item_ids]
        refusals = self.transact(confirmations)
        others = {refusal.action for refusal in refusals}
        return {item_id for index, item_id in enumerate(item_ids) if index not in others}

    def _settle(
        self, entries: Sequence[tuple[Update, Subject]], run_id: str
    ) -> list[tuple[Subject, ItemRow]]:
        contradictions: list[tuple[Subject, ItemRow]] = []
        for start in range(0, len(entries), transactions.MAX_ACTIONS):
            pending = list(entries[start : start + transactions.MAX_ACTIONS])
            while pending:
                refusals = self.transact([update for update, _ in pending])
                if not refusals:
                    break
                for refusal in refusals:
                    update, subject = pending[refusal.action]
                    row = item_row(refusal.row)
                    if not item_updates.settled_before(row, update, run_id):
                        contradictions.append((subject, row))
                refused = {refusal.action for refusal in refusals}
                pending = [entry for index, entry in enumerate(pending) if index not in refused]
        return contradictions

    def mark_delivered(self, item_ids: Sequence[str]) -> None:
        """Record that the dead letters of these items are on the dead-letter queue."""
        for start in range(0, len(item_ids), transactions.MAX_ACTIONS):
            self.transact(
                [
                    Update(f"ITEM#{item}", "SET delivered = :yes", "", {"yes": True})
                    for item in item_ids[start : start + transactions.MAX_ACTIONS]
                ],
            )

    def rows(self, item_ids: Iterable[str]) -> dict[str, ItemRow]:
        """Return the rows of items, without absent ones and ones that cannot be read."""
        found = self._read([f"ITEM#{item}" for item in item_ids])
        rows: dict[str, ItemRow] = {}
        for key, row in found.items():
            try:
                rows[key.removeprefix("ITEM#")] = item_row(row)
            except LedgerRowError:
                _log.exception("ledger row cannot be read", extra={"row": key})
        return rows

    def labels_of_texts(self, text_ids: Iterable[str]) -> dict[str, str]:
        """Return the files that hold the labels of texts, without texts that have no label.

        A text that is claimed or on the queue has none: the run that claims it settles its label.
        """
        texts = self._read(f"TEXT#{text_id}" for text_id in text_ids)
        owners = self.rows(row["item_id"] for row in texts.values())
        labels = {}
        for key, text in texts.items():
            owner = owners.get(text["item_id"])
            if owner is not None and owner.state in _SETTLED_WITH_LABEL and owner.label_uri:
                labels[key.removeprefix("TEXT#")] = owner.label_uri
        return labels

    def superseded(self, items: Iterable[tuple[str, SourceObject]]) -> Iterator[str]:
        """Yield the items that a newer version in the ledger supersedes.

        Only the rows of one call are in memory at a time.

        Args:
            items: Each with its identity.
        """
        waiting = ((item_id, f"KEY#{source.key_id}") for item_id, source in items)
        while batch := list(itertools.islice(waiting, KEYS_PER_READ)):
            newest = self._read([key for _, key in batch])
            for item_id, key in batch:
                if key in newest and newest[key]["item_id"] != item_id:
                    yield item_id

    def _read(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        return read_rows(self.client, self.table, keys)
