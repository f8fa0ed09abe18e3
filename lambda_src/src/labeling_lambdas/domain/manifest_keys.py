"""Keys of a manifest line that mean something to Ground Truth or to the pipeline."""

from __future__ import annotations

ITEM_ID_KEY = "item-id"

SOURCE_KEYS = frozenset({"source", "source-ref"})
