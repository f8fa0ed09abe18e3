"""The ledger rows that backfill reads: the states of items, and the order of newest versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws.item_ledger import item_row, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labelctl.connection import Client
    from labeling_lambdas.domain.states import ItemState


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger's rows of items and keys.

    Attributes:
        client: DynamoDB.
        table: Name of the ledger table.
    """

    client: Client
    table: str

    def states(self, item_ids: Iterable[str]) -> dict[str, ItemState]:
        """Return the states of items, without items that are not in the ledger."""
        found = self._read(f"ITEM#{item}" for item in item_ids)
        return {key.removeprefix("ITEM#"): item_row(row).state for key, row in found.items()}

    def newest_orders(self, key_ids: Iterable[str]) -> dict[str, str]:
        """Return by key the order of its newest known version, without unknown keys."""
        found = self._read(f"KEY#{key}" for key in key_ids)
        return {key.removeprefix("KEY#"): str(row["newest"]) for key, row in found.items()}

    def _read(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        return read_rows(self.client, self.table, keys)
