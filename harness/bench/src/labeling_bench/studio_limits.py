"""The limits of the work on jobs in Label Studio, and what was measured against each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeling_bench.limits import ENOUGH_ITEMS, MOST_PEAK_BYTES, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labeling_bench.studio import StudioMeasurement

MOST_STUDIO_CALLS_PER_ITEM = 0.02
#: The size of each picture is read from its file.
MOST_AWS_CALLS_PER_ITEM = 1.05
MOST_OF_SYNC = 1.0
MOST_MEMORY_GROWTH = 2.0


def verdicts(measurements: Sequence[StudioMeasurement]) -> list[Verdict]:
    """Judge every limit; the measurements are of increasing sizes."""
    enough = [it for it in measurements if it.size >= ENOUGH_ITEMS]
    return [
        _most(
            "calls of Label Studio per item, import and collection",
            MOST_STUDIO_CALLS_PER_ITEM,
            [it.studio_calls_per_item for it in enough],
        ),
        _most(
            "AWS calls per item, import and collection",
            MOST_AWS_CALLS_PER_ITEM,
            [it.aws_calls_per_item for it in enough],
        ),
        _import(measurements),
        _poll(measurements),
        *_memory(measurements),
    ]


def _most(what: str, limit: float, found: Sequence[float]) -> Verdict:
    worst = max(found, default=None)
    return Verdict(
        what,
        f"at most {limit:.2f}",
        "-" if worst is None else f"{worst:.3f}",
        None if worst is None else worst <= limit,
    )


def _import(measurements: Sequence[StudioMeasurement]) -> Verdict:
    worst = max(it.import_share for it in measurements)
    return Verdict(
        "time to import pictures against Label Studio's own sync",
        f"at most {MOST_OF_SYNC:.1f} times",
        f"{worst:.2f} times",
        worst <= MOST_OF_SYNC,
    )


def _poll(measurements: Sequence[StudioMeasurement]) -> Verdict:
    calls = {it.polling.aws_calls + it.polling.studio_calls for it in measurements}
    return Verdict(
        "calls of a poll that finds nothing new",
        "the same for any number of items",
        " or ".join(f"{count:.0f}" for count in sorted(calls)),
        len(calls) == 1 if len(measurements) > 1 else None,
    )


def _memory(measurements: Sequence[StudioMeasurement]) -> list[Verdict]:
    small, large = measurements[0], measurements[-1]
    growth = large.peak_bytes / small.peak_bytes
    return [
        Verdict(
            f"peak memory, {large.size:,} items",
            f"at most {MOST_PEAK_BYTES / 2**20:.0f} MiB",
            f"{large.peak_bytes / 2**20:.0f} MiB",
            large.peak_bytes <= MOST_PEAK_BYTES,
        ),
        Verdict(
            f"growth of peak memory, {small.size:,} to {large.size:,} items",
            f"at most {MOST_MEMORY_GROWTH:.0f} times",
            f"{growth:.2f} times",
            growth <= MOST_MEMORY_GROWTH if large.size > small.size else None,
        ),
    ]
