"""When the output of a job is not to be believed: nearly none of its lines can be read."""

from __future__ import annotations

from dataclasses import dataclass

#: From so many lines on, nearly all of them unreadable are no accident. A job of fewer lines is
#: judged together with the job before it.
_FEW_LINES = 3

#: Share of the lines that nearly all of them are: one in ten may be read by accident.
_NEARLY_ALL = 0.9


@dataclass(slots=True)
class Readability:
    """How many lines of a job's output can be read.

    Attributes:
        readable: Those that say something of an item, be it that it has no label.
        unreadable: Those that fit no known shape.
    """

    readable: int = 0
    unreadable: int = 0

    @property
    def nothing(self) -> bool:
        """Whether there are lines, and none can be read."""
        return self.unreadable > 0 and not self.readable

    def hopeless(self, *, failed_before: bool) -> bool:
        """Return whether the cause lies in the job, or in who reads it, and not in single labels.

        Args:
            failed_before: Whether the job of the run before failed as a whole, or could not be
                read.
        """
        if self.unreadable < _FEW_LINES:
            return failed_before and self.nothing
        return self.unreadable >= _NEARLY_ALL * (self.readable + self.unreadable)
