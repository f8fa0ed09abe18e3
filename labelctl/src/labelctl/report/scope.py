"""What a report is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Scope:
    """A run, a time, or everything.

    Attributes:
        run: The run; empty for all.
        since: The beginning of the time; None for the first run.
        until: The end of the time; None for now.
    """

    run: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def has_time(self, time: datetime) -> bool:
        """Return whether a time is in the scope."""
        return (self.since is None or self.since <= time) and (
            self.until is None or time < self.until
        )

    def fields(self) -> dict[str, Any]:
        """Return the scope as JSON-ready fields."""
        return {
            "run": self.run or None,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
        }
