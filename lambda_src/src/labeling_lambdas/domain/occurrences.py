"""Counting the equal texts of a file in bounded memory."""

from __future__ import annotations

import hashlib

#: Different texts that are told apart, some 70 MB of the 512 that the splitter has. In its fifteen
#: minutes it sends a few million messages at most.
MAX_TEXTS = 500_000

#: Bytes of a digest: among so many texts two share one with a probability of 1 in 100 million.
_DIGEST_BYTES = 8


class Occurrences:
    """How often each text of a file was seen, by digests.

    A text beyond the limit counts as the first of its kind every time. Equal ones among these share
    one label; no text is lost by that.
    """

    def __init__(self, limit: int = MAX_TEXTS) -> None:
        """Start with none.

        Args:
            limit: Different texts that are told apart.
        """
        self._limit = limit
        self._seen: set[int] = set()
        self._repeated: dict[int, int] = {}

    def count(self, text: str) -> int:
        """Return which of the equal texts this one is, from 1."""
        digest = hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).digest()
        number = int.from_bytes(digest)
        if number in self._seen:
            self._repeated[number] = self._repeated.get(number, 1) + 1
            return self._repeated[number]
        if len(self._seen) < self._limit:
            self._seen.add(number)
        return 1
