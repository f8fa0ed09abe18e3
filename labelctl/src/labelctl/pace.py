"""Sending at no more than the rate that the operator specified."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Pace:
    """A rate limit for a sender.

    Attributes:
        rate: Objects per second.
        clock: Returns seconds, from any origin.
        sleep: Waits for a number of seconds.
    """

    rate: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _free_at: float = field(default=0.0, init=False)

    def wait(self, objects: int) -> None:
        """Wait until this number of objects may be sent."""
        now = self.clock()
        if self._free_at > now:
            self.sleep(self._free_at - now)
        self._free_at = max(now, self._free_at) + objects / self.rate
