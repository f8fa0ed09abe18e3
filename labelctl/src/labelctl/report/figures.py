"""What all runs of a report have in common: their sums."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

from labeling_lambdas.domain.accounting import Settled
from labeling_lambdas.domain.intake_counts import Intake

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labelctl.report.runs import Rejection, RunFigures

_SLOWEST = 10
#: Runs of a longer time are grouped by days.
_HOURS_UP_TO = timedelta(days=2)
#: Rejections on the page; a report of a run has at most a hundred.
_REJECTIONS = 100


@dataclass(frozen=True, slots=True)
class Figures:
    """The sums of runs.

    Attributes:
        runs: The runs, the oldest first.
        intake: What they received.
        settled: What became of their claims.
    """

    runs: Sequence[RunFigures]
    intake: Intake
    settled: Settled

    @classmethod
    def of(cls, runs: Sequence[RunFigures]) -> Figures:
        """Add runs up."""
        return cls(
            runs,
            Intake.total(run.intake for run in runs),
            Settled.total(run.settled.fields() for run in runs),
        )

    @property
    def in_progress(self) -> int:
        """Claimed items without an outcome yet."""
        return self.intake.claimed - self.settled.total_items

    @property
    def outcomes(self) -> dict[str, int]:
        """How many runs ended in which way."""
        return dict(sorted(Counter(run.outcome for run in self.runs).items()))

    @property
    def seconds(self) -> list[int]:
        """Seconds from opening to closing of each closed run that claimed something, sorted."""
        return sorted(
            run.seconds for run in self.runs if run.seconds is not None and run.intake.claimed
        )

    @property
    def median_seconds(self) -> float | None:
        """The median of these seconds; None without a closed run."""
        return median(self.seconds) if self.seconds else None

    @property
    def time_format(self) -> str:
        """The form of a time that groups the runs, as days or as hours."""
        span = self.runs[-1].opened_at - self.runs[0].opened_at
        return "%Y-%m-%d" if span > _HOURS_UP_TO else "%m-%d %H:00"

    @property
    def slowest(self) -> list[RunFigures]:
        """The closed runs that took longest, the longest first."""
        closed = [run for run in self.runs if run.seconds is not None and run.intake.claimed]
        return sorted(closed, key=lambda run: run.seconds or 0, reverse=True)[:_SLOWEST]

    @property
    def rejections(self) -> list[Rejection]:
        """Labels that reviewers rejected, those of the newest runs first."""
        newest = (each for run in reversed(self.runs) for each in run.rejections)
        return [each for _, each in zip(range(_REJECTIONS), newest, strict=False)]

    def fields(self) -> dict[str, Any]:
        """Return the sums as JSON-ready fields."""
        seconds = self.seconds
        return {
            "items": {
                **self.intake.fields(),
                **self.settled.fields(),
                "in_progress": self.in_progress,
            },
            "outcomes": self.outcomes,
            "seconds": {
                "median": self.median_seconds,
                "longest": seconds[-1] if seconds else None,
            },
            "runs": [run.fields() for run in self.runs],
        }
