"""When the uploads of a day arrive."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from enum import StrEnum

HOUR = 3600.0
#: A working day: everything is uploaded in these hours, so that the rest of the day can store it.
UPLOAD_HOURS = 16
#: How long it takes to upload everything at once.
_DUMP_SECONDS = 600.0


class Curve(StrEnum):
    """When the uploads of a day arrive.

    Attributes:
        STEADY: As many in each hour.
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
        """In how many seconds all come."""
        seconds = {Curve.DUMP: _DUMP_SECONDS, Curve.FILE: 1.0}
        return seconds.get(self.curve, UPLOAD_HOURS * HOUR)

    def moments(self) -> list[float]:
        """Return the second of each upload after the day's beginning, in order.

        Each comes at a random moment, always the same: gaps between uploads are as uneven as those
        of people who do not know of each other.
        """
        chance = random.Random(self.items)
        parts = sorted(chance.random() for _ in range(self.items))
        if self.curve is Curve.WAVE:
            parts = [math.acos(1 - 2 * part) / math.pi for part in parts]
        return [part * self.seconds for part in parts]
