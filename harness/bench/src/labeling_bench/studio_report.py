"""What was measured on jobs in Label Studio, as tables and as a part of the page."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

from labeling_bench.report import as_markdown, bar_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labeling_bench.limits import Verdict
    from labeling_bench.studio import StudioMeasurement, Work

HEADING = "## Label Studio"

_TITLES = (
    "Work",
    "Items",
    "Seconds",
    "Processor seconds",
    "Label Studio calls",
    "AWS calls",
    "Peak MiB",
    "Invocations",
)


def rows(measurements: Sequence[StudioMeasurement]) -> list[tuple[str, ...]]:
    """Return the table of the work."""
    return [_TITLES, *(row for it in measurements for row in _rows(it))]


def _rows(it: StudioMeasurement) -> list[tuple[str, ...]]:
    works = {"import": it.importing, "poll": it.polling, "collection": it.collecting}
    sampled = "" if it.synced == it.size else f" (a sample of {it.synced:,})"
    size = f"{it.size:,}{sampled}"
    sync = ("Label Studio's own sync", size, f"{it.sync_seconds:.2f}", *["-"] * 5)
    return [*(_row(title, it.size, work) for title, work in works.items()), sync]


def _row(title: str, size: int, work: Work) -> tuple[str, ...]:
    return (
        title,
        f"{size:,}",
        f"{work.seconds:.2f}",
        f"{work.cpu_seconds:.2f}",
        f"{work.studio_calls:,.0f}",
        f"{work.aws_calls:,.0f}",
        f"{work.peak_bytes / 2**20:.0f}",
        f"{len(work.results)}",
    )


def part(
    measurements: Sequence[StudioMeasurement],
    verdicts: Sequence[Verdict],
    *,
    command: str,
    latency: float,
) -> str:
    """Return the part of the page, which begins with its heading."""
    return f"""{HEADING}

The function `advance_label_studio_jobs`, against a real Label Studio on the same machine; the
figures are of this command:

<!-- not run: it takes some minutes of an idle machine; tests/bench run it at a small size -->
```sh
{command}
```

{as_markdown(bar_rows(verdicts))}

{as_markdown(rows(measurements))}

- The job has the type `image_bounding_box`, which takes the most: for each label the function reads
  the beginning of the picture, 256 KiB, to know its size. One person answers each task, with two
  boxes.
- **Import** is from the first call of the function until all tasks are in the project, **poll** a
  call while people work and nothing has changed, **collection** from when all have answered until
  the output manifest is written. Calls of AWS take {latency * 1000:.0f} ms.
- The answers are imported together with the tasks beforehand, as Label Studio's API allows.
- **Label Studio's own sync** imports the same pictures from a bucket
  (`/api/storages/s3/<id>/sync`), without the time to list the bucket in the sandbox's S3.
- Each invocation is a process of its own with Lambda's 900 seconds. Of the seconds of an import and
  of a collection, those beyond the processor seconds are waiting for Label Studio, which has an
  SQLite database here, and for S3.

Python {platform.python_version()}, {os.cpu_count()} processors; at the end of the measurement
{os.getloadavg()[0]:.1f} processes wanted them.
"""
