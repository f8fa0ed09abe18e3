"""The figures of stored labels."""

from __future__ import annotations

import heapq
from array import array
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from labelctl.export.choice import names_of
from labelctl.report.plots import COLORS
from labelctl.run_folders import started_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Columns of the histogram of confidence, from 0 to 1.
CONFIDENCE_COLUMNS = 20
_DAY, _HOUR, _SECOND = len("2026-01-31"), len("2026-01-31T12"), len("2026-01-31T12:30:59")
_MOST_HOURS = 48
#: Labels that are drawn one by one; the others are added up.
_DRAWN_OVER_TIME, _DRAWN = 7, 20
_OTHERS = "all others"


class TimeToLabel(NamedTuple):
    """Seconds from the start of a run to a label.

    Attributes:
        median: Half of the labels took no longer.
        nine_in_ten: Nine in ten took no longer.
        longest: No label took longer.
    """

    median: float
    nine_in_ten: float
    longest: float


@dataclass(slots=True)
class LabelFigures:
    """Counts of records, which are not kept.

    Attributes:
        items: Number of records.
        labels: Records by label; a record with several labels counts with each.
        statuses: Records by their column ``status``.
        confidence: Records by confidence, in equal parts of the range from 0 to 1.
        without_confidence: Records without a confidence.
        hours: Records by hour and label.
        seconds: For each label, the seconds from the start of its run. A label that was made in an
            earlier run than that which stored it has none.
    """

    items: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    confidence: list[int] = field(default_factory=lambda: [0] * CONFIDENCE_COLUMNS)
    without_confidence: int = 0
    hours: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: array[float] = field(default_factory=lambda: array("d"))

    def add(self, event_time: str, fields: Mapping[str, Any]) -> None:
        """Count a record.

        Args:
            event_time: Its event time, comparable.
            fields: Its columns.
        """
        self.items += 1
        self.statuses[str(fields["status"])] += 1
        for name in names_of(fields):
            self.labels[name] += 1
            self.hours[event_time[:_HOUR], name] += 1
        self._add_seconds(event_time, str(fields.get("run_id", "")))
        confidence = confidence_of(fields)
        if confidence is None:
            self.without_confidence += 1
        else:
            place = int(confidence * CONFIDENCE_COLUMNS)
            self.confidence[min(max(place, 0), CONFIDENCE_COLUMNS - 1)] += 1

    def _add_seconds(self, event_time: str, run_id: str) -> None:
        started = started_at(run_id)
        made = datetime.fromisoformat(event_time[:_SECOND]).replace(tzinfo=UTC)
        if started is not None and made >= started:
            self.seconds.append((made - started).total_seconds())

    @property
    def time_to_label(self) -> TimeToLabel | None:
        """How long labels took; None if that is known of none."""
        if not self.seconds:
            return None
        ordered = sorted(self.seconds)
        last = len(ordered) - 1
        return TimeToLabel(ordered[last // 2], ordered[last * 9 // 10], ordered[last])

    @property
    def distribution(self) -> dict[str, int]:
        """Records by label, the most frequent first; rare labels are added up."""
        return _most(self.labels, _DRAWN)

    @property
    def over_time(self) -> dict[str, dict[str, int]]:
        """Records by label and time, in days or hours, the most frequent label first."""
        drawn = _most(self.labels, _DRAWN_OVER_TIME)
        length = _DAY if len({hour for hour, _ in self.hours}) > _MOST_HOURS else _HOUR
        found: dict[str, Counter[str]] = {name: Counter() for name in drawn}
        for (hour, name), count in self.hours.items():
            time = hour[:length].replace("T", " ")
            found[name if name in drawn else _OTHERS][time] += count
        return {name: dict(counts) for name, counts in found.items()}

    @property
    def colors(self) -> dict[str, str]:
        """The colour of each label in drawings and pictures; the most frequent ones differ."""
        most = enumerate(name for name, _ in self.labels.most_common())
        return {_OTHERS: COLORS[-1]} | {name: COLORS[rank % len(COLORS)] for rank, name in most}

    def fields(self) -> dict[str, Any]:
        """Return the counts as JSON-ready fields."""
        return {
            "items": self.items,
            "labels": dict(self.labels.most_common()),
            "statuses": dict(self.statuses.most_common()),
            "confidence": self.confidence,
            "without_confidence": self.without_confidence,
            "seconds_to_label": self.time_to_label._asdict() if self.time_to_label else None,
        }


def confidence_of(fields: Mapping[str, Any]) -> float | None:
    """Return the confidence of a record, None if it has none."""
    found = fields.get("confidence")
    return None if found is None else float(found)


def least_certain(
    records: Iterator[tuple[str, dict[str, Any]]], count: int
) -> list[dict[str, Any]]:
    """Return the records of the lowest confidence, the lowest first; those without any are last.

    Args:
        records: Event times and columns.
        count: How many to return.
    """
    return heapq.nsmallest(count, (fields for _, fields in records), key=_certainty)


def _certainty(fields: Mapping[str, Any]) -> tuple[float, str]:
    confidence = confidence_of(fields)
    return 2.0 if confidence is None else confidence, str(fields["source_ref"])


def _most(counts: Counter[str], number: int) -> dict[str, int]:
    most = dict(counts.most_common(number))
    others = counts.total() - sum(most.values())
    return {**most, _OTHERS: others} if others else most
