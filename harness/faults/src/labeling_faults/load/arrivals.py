"""When uploads arrive: how many have come until a moment of the day."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR = 3600.0
#: A working day: everything is uploaded in these hours, so that the rest of the day can store it.
UPLOAD_HOURS = 16
#: How long it takes to upload everything at once.
_DUMP_SECONDS = 600.0


class Curve(StrEnum):
    """When the uploads of a day arrive.

    Attributes:
        STEADY: The same number in each second.
        WAVE: Most in the middle of the working day.
        DUMP: All in ten minutes.
        FILE: At once, as the lines of one text file.
    """

    STEADY = "steady"
    WAVE = "wave"
    DUMP = "dump"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The uploads of a day.

    Attributes:
        items: How many.
        curve: When they arrive.
    """

    items: int
    curve: Curve

    @property
    def seconds(self) -> float:
        """From the first upload to the last."""
        seconds = {Curve.DUMP: _DUMP_SECONDS, Curve.FILE: 1.0}
        return seconds.get(self.curve, UPLOAD_HOURS * HOUR)

    def until(self, second: float) -> int:
        """Return how many have come until a second after the day's beginning."""
        part = min(1.0, second / self.seconds)
        if self.curve is Curve.WAVE:
            part = (1 - math.cos(math.pi * part)) / 2
        return round(self.items * part)

    def each_second(self) -> Iterator[range]:
        """Return the numbers of the uploads of each second."""
        for second in range(math.ceil(self.seconds)):
            yield range(self.until(second), self.until(second + 1))
