"""The division of a training set into sides, such as training and test data."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from fractions import Fraction

#: What `datasets` accepts as the name of a split.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
_BYTES = 8


@dataclass(frozen=True, slots=True)
class Split:
    """Shares of a training set.

    Attributes:
        shares: The share of each side, by its name. Together they are 1.
    """

    shares: tuple[tuple[str, Fraction], ...]

    @property
    def sides(self) -> tuple[str, ...]:
        """The names of the sides."""
        return tuple(name for name, _ in self.shares)

    def side_of(self, key: str) -> str:
        """Return the side of an object.

        It depends on the object's key only: what else is in the set, and in which order, changes
        nothing, and all lines of a text file are on one side.

        Args:
            key: Key of the object in the upload bucket.
        """
        digest = hashlib.sha256(key.encode()).digest()[:_BYTES]
        place = Fraction(int.from_bytes(digest), 1 << 8 * _BYTES)
        for name, share in self.shares:
            place -= share
            if place < 0:
                return name
        return self.sides[-1]

    def __str__(self) -> str:
        """Return it as the option has it."""
        return ",".join(f"{name}={float(share):g}" for name, share in self.shares)


#: Everything on one side.
WHOLE = Split((("train", Fraction(1)),))


def read_split(text: str) -> Split:
    """Read shares such as ``train=0.8,val=0.1,test=0.1``; without any, everything is on one side.

    Raises:
        ValueError: If it is not a list of names with shares, or the shares are not 1 together.
    """
    if not text:
        return WHOLE
    shares: list[tuple[str, Fraction]] = []
    for part in text.split(","):
        name, equals, share = part.strip().partition("=")
        if not equals or not _NAME.fullmatch(name) or name in dict(shares):
            message = (
                f"{part.strip()!r} is not a new name with a share, such as train=0.8; a name has"
                " lower-case letters, digits and underscores"
            )
            raise ValueError(message)
        try:
            value = Fraction(share)
        except (ValueError, ZeroDivisionError) as error:
            message = f"the share {share!r} of {name} is not a number such as 0.8"
            raise ValueError(message) from error
        if value <= 0:
            message = f"the share of {name} must be more than 0"
            raise ValueError(message)
        shares.append((name, value))
    total = sum(share for _, share in shares)
    if total != 1:
        message = f"the shares must be 1 together, not {float(total):g}"
        raise ValueError(message)
    return Split(tuple(shares))
