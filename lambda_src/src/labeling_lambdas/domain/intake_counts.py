"""What a run received, and the outcome of each message before labeling."""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


_NONE: Mapping[str, int] = MappingProxyType({})


class Intake(NamedTuple):
    """What a run received.

    Attributes:
        received: Messages received.
        claimed: Items claimed.
        dropped: Messages that did not lead to a claim, by cause.
        invalid: Messages dead-lettered immediately, by reason.
    """

    received: int = 0
    claimed: int = 0
    dropped: Mapping[str, int] = _NONE
    invalid: Mapping[str, int] = _NONE

    @property
    def balanced(self) -> bool:
        """Whether received = claimed + dropped + invalid."""
        return self.received == (
            self.claimed + sum(self.dropped.values()) + sum(self.invalid.values())
        )

    def fields(self) -> dict[str, Any]:
        """Return the counts as JSON-ready fields."""
        return {
            "received": self.received,
            "claimed": self.claimed,
            "dropped": dict(self.dropped),
            "invalid": dict(self.invalid),
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Intake:
        """Read what :meth:`fields` wrote."""
        return cls(
            received=int(fields["received"]),
            claimed=int(fields["claimed"]),
            dropped=dict(fields["dropped"]),
            invalid=dict(fields["invalid"]),
        )

    @classmethod
    def total(cls, parts: Iterable[Intake]) -> Intake:
        """Add up the parts of a run."""
        received = claimed = 0
        dropped: Counter[str] = Counter()
        invalid: Counter[str] = Counter()
        for part in parts:
            received += part.received
            claimed += part.claimed
            dropped.update(part.dropped)
            invalid.update(part.invalid)
        return cls(received, claimed, dict(dropped), dict(invalid))
