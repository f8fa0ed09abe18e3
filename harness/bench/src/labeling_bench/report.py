"""What was measured, as tables: on the terminal, and as a page of the documentation."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

import boto3

from labeling_bench import limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labeling_bench.limits import Figures, Verdict
    from labeling_bench.measuring import Measurement

_LIMIT_TITLES = ("What", "Limit", "Measured", "")
_FUNCTION_TITLES = (
    "Function",
    "Items",
    "Calls per item",
    "Share of ceiling",
    "Threads",
    "Peak MiB",
    "Seconds",
    "Processor seconds",
)


def bar_rows(verdicts: Sequence[Verdict]) -> list[tuple[str, ...]]:
    """Return the table of the limits."""
    return [_LIMIT_TITLES, *((it.what, it.limit, it.measured, it.word) for it in verdicts)]


def function_rows(measurements: Sequence[Measurement]) -> list[tuple[str, ...]]:
    """Return the table of the functions."""
    return [_FUNCTION_TITLES, *(_function_row(it) for it in measurements)]


def _function_row(it: Measurement) -> tuple[str, ...]:
    sampled = "" if it.items == it.size else f" (a sample of {it.items:,})"
    return (
        it.title,
        f"{it.size:,}{sampled}",
        f"{it.calls_per_item:.3f}",
        f"{it.share:.0%}",
        f"{it.result.at_once}",
        f"{it.result.peak_bytes / 2**20:.0f}",
        f"{it.result.seconds:.2f}",
        f"{it.result.cpu_seconds:.2f}",
    )


def as_text(rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table for the terminal."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def as_markdown(rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table for a page."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def page(figures: Figures, verdicts: Sequence[Verdict], *, command: str, latency: float) -> str:
    """Return the page of the documentation."""
    fan_out = figures.fan_out
    shards = (
        ""
        if fan_out is None
        else (
            f"A shard takes {fan_out.cpu_alone:.2f} s of processor time alone and"
            f" {fan_out.cpu_together:.2f} s beside another.\n"
        )
    )
    imports = (
        ""
        if figures.imports is None
        else f"`import boto3` takes {figures.imports.boto3_seconds:.2f} s here.\n"
    )
    singly = limits.calls_per_item(figures.of_size(figures.largest), limits.SINGLY)
    return f"""# Performance

Written by `make bench`; the figures below are of this command:

<!-- not run: it takes some minutes of an idle machine; tests/bench run it at a small size -->
```sh
{command}
```

Every AWS call takes {latency * 1000:.0f} ms, so what counts are ratios: they say the same on any
machine that is not busy with something else. The command ends with exit code 1
if a limit does not hold.

## Limits

{as_markdown(bar_rows(verdicts))}

Where the boto3 of the runtime lacks `BatchWriteRecord`, each record is a call of its own, and an
item takes {singly:.2f} calls.

## Functions

![Time per item by number of items, and peak memory of each function](performance.svg)

{as_markdown(function_rows(figures.measurements))}

- **Calls per item** leaves out receives without a message of the backlog; a poll ends with two of
  them in each thread. These take four seconds for any number of items, and are in no figure here.
- **Share of ceiling** compares the rate of a function's calls with that of the same client when it
  makes the same calls, from as many threads, and does nothing else.
- **Peak MiB** is the most memory of the function's process, boto3's clients included.
- The slow ways (`PutRecord`, `return_items`) are measured on some shards of a large run.

## How it is measured

Each function runs in a process of its own, called as Lambda calls it. The account that it works on
(see `harness/in_process_aws/`) runs in another, so its time and memory are not the function's; the
calls go there over a socket. Imports are compared by processor time: fresh processes in turns
import boto3 and then a handler, and the ratio is the time of both against that of boto3, the median
of these processes. Functions are imported without compiled files beside them, as in Lambda.

## Machine

Python {platform.python_version()}, boto3 {boto3.__version__}, {platform.system()}
{platform.machine()}, {os.cpu_count()} processors. At the end of the measurement
{os.getloadavg()[0]:.1f} processes wanted them.
{imports}{shards}"""
