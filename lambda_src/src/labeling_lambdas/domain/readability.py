"""The rule for an unreadable job output: nearly none of its lines can be read."""

from __future__ import annotations

from dataclasses import dataclass

#: Number of lines from which nearly all being unreadable is not a coincidence. A job with fewer
#: lines is assessed together with the job before it.
_FEW_LINES = 3

#: Share of unreadable lines that counts as nearly all: one line in ten may be readable by
#: coincidence.
_NEARLY_ALL = 0.9


@dataclass(eq=False, repr=False)
class Readability:
    """How many lines of a job's output can be read.

    Attributes:
        readable: Lines with a result for an item, including that it has no label.
        unreadable: Lines in an unknown format.
    """

    readable: int = 0
    unreadable: int = 0

    @property
    def nothing(self) -> bool:
        """Whether there are lines and none can be read."""
        return self.unreadable > 0 and not self.readable

    def cannot_be_read(self, *, failed_before: bool) -> bool:
        """Return whether the cause is the job or the code that reads it, not individual labels.

        Args:
            failed_before: Whether the job of the previous run failed as a whole, or could not be
                read.
        """
        if self.unreadable < _FEW_LINES:
            return failed_before and self.nothing
        return self.unreadable >= _NEARLY_ALL * (self.readable + self.unreadable)
