"""What was measured on exports: limits, a table, and a part of the page."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

from labeling_bench.exports import FORMAT, SPLIT
from labeling_bench.limits import ENOUGH_ITEMS, MOST_GROWTH, Verdict
from labeling_bench.report import as_markdown, bar_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labeling_bench.exports import ExportMeasurement

HEADING = "## Training sets"

MOST_PEAK_BYTES = 512 * 1024 * 1024
MOST_MEMORY_GROWTH = 1.5
_MIB = 2**20
_TITLES = ("Records", "Seconds", "Processor seconds", "Peak MiB", "MiB written")


def verdicts(measurements: Sequence[ExportMeasurement]) -> list[Verdict]:
    """Judge every limit; the measurements are of increasing sizes."""
    small, large = measurements[0], measurements[-1]
    memory = large.peak_bytes / small.peak_bytes
    enough = [it for it in measurements if it.size >= ENOUGH_ITEMS]
    time = enough[-1].cpu_seconds_per_item / enough[0].cpu_seconds_per_item if enough else None
    grows = large.size > small.size
    return [
        Verdict(
            f"peak memory, {large.size:,} records",
            f"at most {MOST_PEAK_BYTES / _MIB:.0f} MiB",
            f"{large.peak_bytes / _MIB:.0f} MiB",
            large.peak_bytes <= MOST_PEAK_BYTES,
        ),
        Verdict(
            f"growth of peak memory, {small.size:,} to {large.size:,} records",
            f"at most {MOST_MEMORY_GROWTH} times",
            f"{memory:.2f} times",
            memory <= MOST_MEMORY_GROWTH if grows else None,
        ),
        Verdict(
            f"growth of processor time per record, from {ENOUGH_ITEMS:,} to the most records",
            f"at most {MOST_GROWTH} times",
            "-" if time is None else f"{time:.2f} times",
            time <= MOST_GROWTH if time is not None and len(enough) > 1 else None,
        ),
    ]


def rows(measurements: Sequence[ExportMeasurement]) -> list[tuple[str, ...]]:
    """Return the table of the exports."""
    return [_TITLES, *(_row(it) for it in measurements)]


def _row(it: ExportMeasurement) -> tuple[str, ...]:
    return (
        f"{it.size:,}",
        f"{it.seconds:.1f}",
        f"{it.cpu_seconds:.1f}",
        f"{it.peak_bytes / _MIB:.0f}",
        f"{it.written_bytes / _MIB:.1f}",
    )


def part(
    measurements: Sequence[ExportMeasurement], verdicts: Sequence[Verdict], *, command: str
) -> str:
    """Return the part of the page, which begins with its heading."""
    return f"""{HEADING}

`labelctl export --format {FORMAT} --split {SPLIT}`, a process of its own, from the
sandbox on the same machine; the figures are of this command:

<!-- not run: it takes some minutes of an idle machine; tests/bench run it at a small size -->
```sh
{command}
```

{as_markdown(bar_rows(verdicts))}

{as_markdown(rows(measurements))}

- The records are labels of lines of text: 1,000 lines in each file, whose records are one file of
  an offline store in Iceberg format. Each text file is read once.
- The sandbox answers without the latency of a network, and takes the other processor. Seconds
  beyond the processor seconds are waiting for it.
- Images are not measured: what they take is their download.

Python {platform.python_version()}, {os.cpu_count()} processors; at the end of the measurement
{os.getloadavg()[0]:.1f} processes wanted them.
"""
