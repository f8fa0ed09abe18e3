"""What labeling cost: Ground Truth's fee, and the answers of people."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labelctl.cost.estimates import object_fee
from labelctl.cost.prices import PRICES_OF
from labelctl.report.jobs import JobObjects

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from labelctl.report.runs import RunFigures


@dataclass(frozen=True, slots=True)
class Cost:
    """What some objects cost.

    Attributes:
        objects: By stage, how many objects there are.
        fee: Ground Truth's fee in dollars.
        answers: How many answers of people were asked for.
        pay: What these cost in dollars.
    """

    objects: dict[str, int]
    fee: float
    answers: int
    pay: float

    @classmethod
    def of(cls, jobs: Sequence[JobObjects], fee: float, answer_price: float) -> Cost:
        """Add the objects of jobs up."""
        objects: Counter[str] = Counter()
        for job in jobs:
            objects[job.stage] += job.objects
        answers = sum(job.objects * job.people for job in jobs)
        return cls(dict(objects), fee, answers, answers * answer_price)

    @property
    def total(self) -> float:
        """Dollars in all."""
        return self.fee + self.pay

    def fields(self) -> dict[str, Any]:
        """Return the cost as JSON-ready fields, dollars rounded to cents."""
        dollars = {"fee": self.fee, "pay": self.pay, "total": self.total}
        return {
            "objects": self.objects,
            "answers": self.answers,
            **{name: round(value, 2) for name, value in dollars.items()},
        }


@dataclass(frozen=True, slots=True)
class Costs:
    """What labels cost, and will cost.

    Attributes:
        so_far: What the jobs cost that have ended.
        to_come: What items cost that are not labeled yet, if each is labeled once and as those of
            the newest run; None if no run has labeled anything.
    """

    so_far: Cost
    to_come: Cost | None

    @classmethod
    def of(
        cls, runs: Sequence[RunFigures], waiting: int, now: datetime, answer_price: float
    ) -> Costs:
        """Add up what runs cost.

        The fee falls with the objects of a month. Those that the account has labeled elsewhere are
        not known, so a month begins with these.

        Args:
            runs: The runs, the oldest first.
            waiting: How many items are not labeled yet.
            now: The current time.
            answer_price: Dollars for one person's answer.
        """
        months: Counter[str] = Counter()
        for run in runs:
            months[_month(run.closed_at or now)] += sum(job.charged for job in run.jobs)
        fee = sum(object_fee(objects) for objects in months.values())
        so_far = Cost.of([job for run in runs for job in run.jobs], fee, answer_price)
        newest = next((run.jobs for run in reversed(runs) if run.jobs), ())
        expected = [JobObjects(job.stage, job.engine, waiting, job.people) for job in newest]
        if not expected:
            return cls(so_far, None)
        further = object_fee(sum(job.charged for job in expected), months[_month(now)])
        return cls(so_far, Cost.of(expected, further, answer_price))

    def fields(self) -> dict[str, Any]:
        """Return the costs as JSON-ready fields."""
        return {
            "prices_of": PRICES_OF,
            "so_far": self.so_far.fields(),
            "to_come": self.to_come.fields() if self.to_come else None,
        }


def _month(time: datetime) -> str:
    return f"{time:%Y-%m}"
