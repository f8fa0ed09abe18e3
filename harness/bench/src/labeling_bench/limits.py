"""The limits of the product, and what was measured against each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labeling_bench.cold_start import Imports
    from labeling_bench.measuring import FanOut, Measurement

MOST_CALLS_PER_ITEM = 0.30
LEAST_SHARE = 0.80
LEAST_SPEED_UP = 1.6
LEAST_DRAINING_SPEED_UP = 3.0
MOST_PEAK_BYTES = 256 * 1024 * 1024
MOST_GROWTH = 1.2
MOST_IMPORT = 1.3
MOST_RETURN_SECONDS, RETURNED_ITEMS = 60, 100_000

#: Items from which on a run fills its parts and shards, so that rates and calls per item are those
#: of the pipeline and not of its ends.
ENOUGH_ITEMS = 10_000

BATCHED, SINGLY = "BatchWriteRecord", "PutRecord"
POLL, STORE, RETURN = "poll_queue", "update_feature_store", "return_items"
#: Not on the way of every item.
_SIDE_WAYS = frozenset({RETURN, "split_text", "start_verification_job"})


@dataclass(frozen=True)
class Figures:
    """Everything that was measured.

    Attributes:
        measurements: The functions, by size.
        fan_out: One function against two; None if it was not measured.
        imports: The imports of the handlers; None if they were not measured.
        draining_speed_up: How much faster several pollers drain the queue than one; None if it was
            not measured.
    """

    measurements: Sequence[Measurement]
    fan_out: FanOut | None
    imports: Imports | None
    draining_speed_up: float | None

    @property
    def largest(self) -> int:
        """The most items."""
        return max(it.size for it in self.measurements)

    @property
    def smallest(self) -> int:
        """The fewest items."""
        return min(it.size for it in self.measurements)

    def of_size(self, size: int) -> list[Measurement]:
        """Return the measurements of a size."""
        return [it for it in self.measurements if it.size == size]


@dataclass(frozen=True)
class Verdict:
    """A limit, and whether it holds.

    Attributes:
        what: What is judged.
        limit: The limit in words.
        measured: What was measured, in words.
        holds: Whether the limit holds; None where too little was measured to say so.
    """

    what: str
    limit: str
    measured: str
    holds: bool | None

    @property
    def word(self) -> str:
        """The verdict in a word."""
        return {True: "holds", False: "FAILS", None: "not judged"}[self.holds]


def verdicts(figures: Figures) -> list[Verdict]:
    """Judge every limit."""
    enough = [it for it in figures.measurements if it.size >= ENOUGH_ITEMS]
    return [
        *_calls_per_item(figures),
        _share("draining the queue", [it for it in enough if it.function == POLL]),
        *(
            _share(
                f"writing records, {way}",
                [it for it in enough if (it.function, it.way) == (STORE, way)],
            )
            for way in (BATCHED, SINGLY)
        ),
        _returning([it for it in figures.of_size(figures.largest) if it.function == RETURN]),
        *_fan_out(figures.fan_out),
        _draining(figures.draining_speed_up),
        _peak(figures),
        *_growth(figures),
        _import(figures.imports),
    ]


def calls_per_item(measurements: Iterable[Measurement], way: str) -> float:
    """Return the calls for each item of a whole run that writes its records in one way."""
    return sum(
        it.calls_per_item
        for it in measurements
        if it.function not in _SIDE_WAYS and it.way in ("", way)
    )


def _calls_per_item(figures: Figures) -> list[Verdict]:
    found = []
    for way, limit in ((BATCHED, MOST_CALLS_PER_ITEM), (SINGLY, None)):
        sizes = sorted({it.size for it in figures.measurements if it.size >= ENOUGH_ITEMS})
        worst = max((calls_per_item(figures.of_size(it), way) for it in sizes), default=None)
        found.append(
            Verdict(
                f"AWS calls per item of a whole run, {way}",
                "about 1.2, without a limit" if limit is None else f"at most {limit:.2f}",
                _told(worst, "{:.3f}"),
                None if worst is None or limit is None else worst <= limit,
            )
        )
    return found


def _share(what: str, measurements: Sequence[Measurement]) -> Verdict:
    worst = min((it.share for it in measurements), default=None)
    return Verdict(
        f"{what}: rate as a share of the ceiling",
        f"at least {LEAST_SHARE:.0%}",
        _told(worst, "{:.0%}"),
        None if worst is None else worst >= LEAST_SHARE,
    )


def _returning(measurements: Sequence[Measurement]) -> Verdict:
    seconds = max((it.seconds_per_item * RETURNED_ITEMS for it in measurements), default=None)
    return Verdict(
        f"returning {RETURNED_ITEMS:,} items, one function",
        f"at most {MOST_RETURN_SECONDS} s",
        _told(seconds, "{:.0f} s"),
        None if seconds is None else seconds <= MOST_RETURN_SECONDS,
    )


def _fan_out(fan_out: FanOut | None) -> list[Verdict]:
    growth = None if fan_out is None else fan_out.cpu_together / fan_out.cpu_alone
    speed_up = None if fan_out is None else fan_out.speed_up
    return [
        Verdict(
            "two shards at once against one after the other",
            f"at least {LEAST_SPEED_UP} times as fast",
            _told(speed_up, "{:.2f} times"),
            None if speed_up is None else speed_up >= LEAST_SPEED_UP,
        ),
        Verdict(
            "processor time of a shard, two at once",
            f"at most {MOST_GROWTH} times that of one alone",
            _told(growth, "{:.2f} times"),
            None if growth is None else growth <= MOST_GROWTH,
        ),
    ]


def _draining(speed_up: float | None) -> Verdict:
    return Verdict(
        "four pollers on one queue against one poller",
        f"at least {LEAST_DRAINING_SPEED_UP:.0f} times as fast",
        _told(speed_up, "{:.2f} times"),
        None if speed_up is None else speed_up >= LEAST_DRAINING_SPEED_UP,
    )


def _peak(figures: Figures) -> Verdict:
    worst = max(figures.of_size(figures.largest), key=lambda it: it.result.peak_bytes)
    return Verdict(
        f"peak memory of any function, {figures.largest:,} items",
        f"at most {MOST_PEAK_BYTES / 2**20:.0f} MiB",
        f"{worst.result.peak_bytes / 2**20:.0f} MiB ({worst.title})",
        worst.result.peak_bytes <= MOST_PEAK_BYTES,
    )


def _growth(figures: Figures) -> list[Verdict]:
    few, many = figures.smallest, figures.largest
    found = []
    for what, name in (("time", "seconds_per_item"), ("calls", "calls_per_item")):
        growths = {
            it.title: getattr(it, name) / getattr(small, name)
            for it in figures.of_size(many)
            for small in figures.of_size(few)
            if it.title == small.title and few < many
        }
        worst = max(growths, key=lambda title: growths[title], default=None)
        found.append(
            Verdict(
                f"growth of {what} per item, {few:,} to {many:,} items",
                f"at most {MOST_GROWTH} times",
                "-" if worst is None else f"{growths[worst]:.2f} times ({worst})",
                None if worst is None else growths[worst] <= MOST_GROWTH,
            )
        )
    return found


def _import(imports: Imports | None) -> Verdict:
    ratios = {} if imports is None else imports.ratios
    worst = max(ratios, key=lambda module: ratios[module], default=None)
    return Verdict(
        "import of any handler against `import boto3`",
        f"at most {MOST_IMPORT} times",
        "-" if worst is None else f"{ratios[worst]:.2f} times ({worst.rpartition('.')[2]})",
        None if worst is None else ratios[worst] <= MOST_IMPORT,
    )


def _told(value: float | None, pattern: str) -> str:
    return "-" if value is None else pattern.format(value)
