"""Counting the equal texts of a file in bounded memory."""

from __future__ import annotations

import hashlib

#: Number of distinct texts that are counted separately, some 70 MB of the 512 MB that
#: ``split_text`` has. In its fifteen minutes it sends a few million messages at most.
MAX_TEXTS = 500_000

#: Bytes of a digest: with this many texts, two have the same digest with a probability of 1 in 100
#: million.
_DIGEST_BYTES = 8


class Occurrences:
    """How often each text of a file occurred, by digest.

    Beyond the limit, each new text counts as the first occurrence every time. Equal texts among
    these share one label; no text is lost.
    """

    def __init__(self, limit: int = MAX_TEXTS) -> None:
        """Start without texts.

        Args:
            limit: Number of distinct texts that are counted separately.
        """
        self._limit = limit
        self._seen: set[int] = set()
        self._repeated: dict[int, int] = {}

    def count(self, text: str) -> int:
        """Return the number of this text among the equal texts, from 1."""
        digest = hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).digest()
        number = int.from_bytes(digest)
        if number in self._seen:
            self._repeated[number] = self._repeated.get(number, 1) + 1
            return self._repeated[number]
        if len(self._seen) < self._limit:
            self._seen.add(number)
        return 1
