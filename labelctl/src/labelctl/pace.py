"""Sending no faster than the operator said."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Pace:
    """Holds a sender back.

    Attributes:
        rate: Objects in a second.
        clock: Seconds, from any origin.
        sleep: Waits so many seconds.
    """

    rate: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _free_at: float = field(default=0.0, init=False)

    def wait(self, objects: int) -> None:
        """Wait until so many objects may be sent."""
        now = self.clock()
        if self._free_at > now:
            self.sleep(self._free_at - now)
        self._free_at = max(now, self._free_at) + objects / self.rate
