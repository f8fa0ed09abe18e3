"""The ledger as backfill reads it: which items it knows, and the order of each key's newest one."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws.attribute_values import plain
from labeling_lambdas.aws.item_ledger import item_row
from labeling_lambdas.errors import LedgerConflictError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labelctl.connection import Client
    from labeling_lambdas.domain.states import ItemState

#: BatchGetItem takes up to 100 keys.
#: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
KEYS_PER_READ = 100

_ROUNDS = 8
_PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Ledger:
    """Reads rows of items and keys.

    Attributes:
        client: DynamoDB.
        table: Name of the ledger table.
    """

    client: Client
    table: str

    def states(self, item_ids: Iterable[str]) -> dict[str, ItemState]:
        """Return the states of items, those that the ledger does not know left out."""
        found = self._read(f"ITEM#{item}" for item in item_ids)
        return {key.removeprefix("ITEM#"): item_row(row).state for key, row in found.items()}

    def newest_orders(self, key_ids: Iterable[str]) -> dict[str, str]:
        """Return per key the order of its newest known version, unknown keys left out."""
        found = self._read(f"KEY#{key}" for key in key_ids)
        return {key.removeprefix("KEY#"): str(row["newest"]) for key, row in found.items()}

    def _read(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        wanted = list(dict.fromkeys(keys))
        rows: dict[str, dict[str, Any]] = {}
        for start in range(0, len(wanted), KEYS_PER_READ):
            rows.update(self._read_batch(wanted[start : start + KEYS_PER_READ]))
        return rows

    def _read_batch(self, keys: list[str]) -> dict[str, dict[str, Any]]:
        rows: dict[str, dict[str, Any]] = {}
        request: Any = {
            self.table: {"Keys": [{"pk": {"S": key}} for key in keys], "ConsistentRead": True}
        }
        for attempt in range(_ROUNDS):
            answer = self.client.batch_get_item(RequestItems=request)
            for encoded in answer["Responses"].get(self.table, []):
                row = plain(encoded)
                rows[row["pk"]] = row
            request = answer.get("UnprocessedKeys")
            if not request:
                return rows
            time.sleep(_PAUSE_SECONDS * 2**attempt)
        message = f"{len(keys)} rows of {self.table} could not be read in {_ROUNDS} rounds"
        raise LedgerConflictError(message)
