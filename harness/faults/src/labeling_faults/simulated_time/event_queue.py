"""The event queue: a list of actions in the order of their times."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from labeling_faults.simulated_time.clock import Clock


@dataclass
class EventQueue:
    """Actions that wait for their time.

    Attributes:
        clock: Advances to the time of each action.
    """

    clock: Clock
    _heap: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something some seconds from now."""
        heapq.heappush(self._heap, (self.clock.now + seconds, next(self._numbers), action))

    @property
    def next_moment(self) -> float | None:
        """When the next action is due, None if nothing is to come."""
        return self._heap[0][0] if self._heap else None

    def run_until(self, moment: float) -> None:
        """Perform the actions that are due up to a time, then advance the clock to it.

        An action may itself let time pass, or run the queue further: what is overdue then is done
        late.
        """
        while self._heap and self._heap[0][0] <= moment:
            due, _, action = heapq.heappop(self._heap)
            self.clock.move_to(due)
            self.clock.perform(action)
        self.clock.move_to(moment)
