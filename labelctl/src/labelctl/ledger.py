"""Read the ledger: the states and keys of items, and the order of newest versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws.item_rows import item_row, read_rows
from labeling_lambdas.domain.identity import comparable_sequencer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labelctl.connection import Client
    from labeling_lambdas.domain.states import ItemState

_WIDTH = len(comparable_sequencer(""))


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

    def keys(self, item_ids: Iterable[str]) -> dict[str, str]:
        """Return the object keys of items, for a line of a text file with ``#L`` and its number."""
        found = self._read(f"ITEM#{item}" for item in item_ids)
        return {key.removeprefix("ITEM#"): _key(row) for key, row in found.items()}

    def newest_orders(self, key_ids: Iterable[str]) -> dict[str, str]:
        """Return by key the order of its newest known version, without unknown keys."""
        found = self._read(f"KEY#{key}" for key in key_ids)
        return {key.removeprefix("KEY#"): str(row["newest"]) for key, row in found.items()}

    def _read(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        return read_rows(self.client, self.table, keys)


def _key(row: dict[str, Any]) -> str:
    line = row.get("source_line")
    return str(row["object_key"]) if line is None else f"{row['object_key']}#L{line}"


def sequencer_after(known: Iterable[str]) -> str:
    """Return the sequencer that immediately follows the known versions of a key.

    S3 has sequencers in its events only. The one that is created here follows the newest version in
    the ledger at the smallest possible distance: S3's sequencers use 16 to 18 of the 40 digits that
    are compared, so a later event of the key, which S3 orders after the known one, is also ordered
    after this one. The time of the upload is not used: how S3 creates sequencers is not documented.

    Args:
        known: Orders of the newest known version, one for each line of the object that has one.

    Raises:
        ValueError: If an order is not hexadecimal, or is the last possible one.
    """
    newest = max(known, default=comparable_sequencer(""))
    width = max(_WIDTH, len(newest))
    following = f"{int(newest, 16) + 1:0{width}X}"
    if len(following) > width:
        message = f"nothing follows the order {newest}"
        raise ValueError(message)
    return following
