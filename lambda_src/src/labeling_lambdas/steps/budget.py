"""The number of items that a run may still claim."""

from __future__ import annotations

import threading


class Budget:
    """The number of items that a run may still claim, shared by the threads."""

    def __init__(self, items: int) -> None:
        """Start with room for ``items`` items."""
        self._left = items
        self._lock = threading.Lock()

    def reserve(self, count: int) -> int:
        """Reserve room for up to ``count`` items; return the number reserved."""
        with self._lock:
            granted = max(0, min(count, self._left))
            self._left -= granted
            return granted

    def release(self, count: int) -> None:
        """Release room that was not used."""
        with self._lock:
            self._left += count

    @property
    def left(self) -> int:
        """The number of items that may still be claimed."""
        with self._lock:
            return self._left
