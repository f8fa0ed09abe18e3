"""The ledger's rows of items, keys and texts: reading them."""

from __future__ import annotations

import itertools
import logging
from typing import TYPE_CHECKING, Any

from labeling_lambdas import process
from labeling_lambdas.aws.attribute_values import plain
from labeling_lambdas.aws.ledger import Ledger
from labeling_lambdas.domain.states import ItemRow, ItemState
from labeling_lambdas.errors import LedgerConflictError, LedgerRowError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from labeling_lambdas.domain.items import SourceObject

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


class ItemRows(Ledger):
    """The item rows of the ledger, with the operations that read them."""

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
