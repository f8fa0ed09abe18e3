"""The figures of workers: how much they answered, how fast, and how far others agree."""

from __future__ import annotations

import hashlib
import heapq
import math
from array import array
from collections import Counter
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from labelctl.report.agreement import MEASURES
from labelctl.report.reliability import alpha

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labelctl.report.answers import Worker

#: Objects of which the measure of reliability is taken: more would not change its second digit.
_SAMPLED = 2_000
#: Below the others is who is so many standard errors below their mean, from so many answers on.
_STANDARD_ERRORS, _FEWEST = 3.0, 20
_PSEUDONYM = 8


@dataclass(slots=True)
class Mean:
    """A mean of numbers that are not kept.

    Attributes:
        count: How many there are.
        total: Their sum.
        squares: The sum of their squares.
    """

    count: int = 0
    total: float = 0.0
    squares: float = 0.0

    def add(self, number: float) -> None:
        """Add a number."""
        self.count += 1
        self.total += number
        self.squares += number * number

    @property
    def value(self) -> float | None:
        """The mean; None without numbers."""
        return self.total / self.count if self.count else None

    def without(self, other: Mean) -> Mean:
        """Return the mean of these numbers without some of them."""
        return Mean(
            self.count - other.count, self.total - other.total, self.squares - other.squares
        )

    def is_below(self, others: Mean) -> bool:
        """Return whether the mean is further below that of others than chance explains."""
        if self.count < _FEWEST or not others.count:
            return False
        mean = self.total / self.count
        variance = max(self.squares / self.count - mean * mean, 0.0)
        limit = mean + _STANDARD_ERRORS * math.sqrt(variance / self.count)
        return limit < others.total / others.count


@dataclass(slots=True)
class WorkerFigures:
    """The figures of one worker.

    Attributes:
        answers: How many objects they answered.
        unusable: How many of their answers have another form than the task type's.
        seconds: How long they worked on each.
        agreement: How far their answers agree with labels that others made too.
        accepted: Whether reviewers accepted the labels that they worked on.
    """

    answers: int = 0
    unusable: int = 0
    seconds: array[float] = field(default_factory=lambda: array("f"))
    agreement: Mean = field(default_factory=Mean)
    accepted: Mean = field(default_factory=Mean)


class ShownWorker(NamedTuple):
    """A worker, as a report shows them.

    Attributes:
        name: A pseudonym, or what they are called.
        figures: Their figures.
        median_seconds: Half of their answers took no longer; None if no time is known.
        is_below: Whether they are below the others, in agreement or in acceptance.
    """

    name: str
    figures: WorkerFigures
    median_seconds: float | None
    is_below: bool

    def fields(self) -> dict[str, Any]:
        """Return the figures as JSON-ready fields."""
        found = self.figures
        return {
            "worker": self.name,
            "answers": found.answers,
            "unusable": found.unusable,
            "median_seconds": self.median_seconds,
            "agreement": found.agreement.value,
            "compared": found.agreement.count,
            "accepted": found.accepted.value,
            "judged": found.accepted.count,
            "below_the_others": self.is_below,
        }


@dataclass(slots=True)
class WorkersFigures:
    """The figures of all workers of a pipeline.

    Attributes:
        pipeline: The pipeline; the same person has another pseudonym in another one.
        task_type: Its task type.
        named: Whether workers are shown by what they are called.
        objects: How many objects have answers.
        unreadable: How many files, or lines of files, hold no answers.
        confusion: Answers of one class by the class of the label and that of the answer.
    """

    pipeline: str
    task_type: str
    named: bool = False
    objects: int = 0
    unreadable: int = 0
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    _workers: dict[Worker, WorkerFigures] = field(default_factory=dict)
    #: The objects with the lowest hashes, as a heap with the highest one first.
    _sample: list[tuple[int, str, list[tuple[str, frozenset[str]]]]] = field(default_factory=list)

    def of(self, worker: Worker) -> WorkerFigures:
        """Return the figures of a worker, to be added to."""
        return self._workers.setdefault(worker, WorkerFigures())

    def sample(self, item_id: str, chosen: Mapping[Worker, frozenset[str]]) -> None:
        """Take an object with the classes that each worker chose, or leave it out by its hash."""
        order = int.from_bytes(hashlib.sha256(item_id.encode()).digest()[:8])
        entry = (-order, item_id, [(self.name_of(who), what) for who, what in chosen.items()])
        if len(self._sample) < _SAMPLED:
            heapq.heappush(self._sample, entry)
        elif -order > self._sample[0][0]:
            heapq.heapreplace(self._sample, entry)

    @property
    def sampled(self) -> int:
        """The number of objects that `alpha` is of."""
        return len(self._sample)

    @property
    def alpha(self) -> float | None:
        """Krippendorff's alpha of the classes; None if there is nothing to compare."""
        return alpha([chosen for _, _, chosen in self._sample])

    @property
    def shown(self) -> list[ShownWorker]:
        """The workers: those below the others first, then those of the least agreement."""
        agreements, accepted = Mean(), Mean()
        for found in self._workers.values():
            for total, own in ((agreements, found.agreement), (accepted, found.accepted)):
                total.count += own.count
                total.total += own.total
                total.squares += own.squares
        shown = [
            ShownWorker(
                self.name_of(worker),
                found,
                round(median(found.seconds), 1) if found.seconds else None,
                found.agreement.is_below(agreements.without(found.agreement))
                or found.accepted.is_below(accepted.without(found.accepted)),
            )
            for worker, found in self._workers.items()
        ]
        return sorted(shown, key=_rank)

    @property
    def measure(self) -> str:
        """What agreement means, in a sentence."""
        return MEASURES[self.task_type]

    @property
    def classes(self) -> Sequence[str]:
        """The classes of labels and answers, sorted."""
        return sorted({name for pair in self.confusion for name in pair})

    def name_of(self, worker: Worker) -> str:
        """Return a pseudonym that stays the same, or what a worker is called."""
        if self.named:
            return worker.name
        text = "\n".join((self.pipeline, *worker))
        return hashlib.sha256(text.encode()).hexdigest()[:_PSEUDONYM]

    def fields(self) -> dict[str, Any]:
        """Return the figures as JSON-ready fields."""
        return {
            "objects": self.objects,
            "unreadable": self.unreadable,
            "measure": self.measure,
            "alpha": self.alpha,
            "alpha_objects": self.sampled,
            "workers": [worker.fields() for worker in self.shown],
            "confusion": [
                {"label": label, "answer": answer, "answers": count}
                for (label, answer), count in sorted(self.confusion.items())
            ],
        }


def _rank(worker: ShownWorker) -> tuple[bool, float, float, str]:
    agreement, accepted = worker.figures.agreement.value, worker.figures.accepted.value
    return (
        not worker.is_below,
        1.0 if agreement is None else agreement,
        1.0 if accepted is None else accepted,
        worker.name,
    )
