"""A controlled clock: time passes only during sleeps."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: Where every history starts: 2 January 2026, 03:04:05 UTC.
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()


@dataclass
class Clock:
    """A clock that stands still until it is moved.

    Attributes:
        now: The current time, epoch seconds.
    """

    now: float = START
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def sleep(self, seconds: float) -> None:
        """Let time pass at once.

        Raises:
            ValueError: If the seconds are negative, as ``time.sleep`` does.
        """
        if seconds < 0:
            message = "sleep length must be non-negative"
            raise ValueError(message)
        with self._lock:
            self.now += seconds

    def move_to(self, moment: float) -> None:
        """Let time pass until a given time. A time in the past changes nothing."""
        with self._lock:
            self.now = max(self.now, moment)

    def perform(self, action: Callable[[], None]) -> None:
        """Perform an action of the event queue."""
        action()

    def moment(self) -> datetime:
        """Return the current time."""
        return datetime.fromtimestamp(self.now, UTC)

    def text(self) -> str:
        """Return the current time in the format of Step Functions."""
        return f"{self.moment():%Y-%m-%dT%H:%M:%S}.{int(self.now * 1000) % 1000:03d}Z"
