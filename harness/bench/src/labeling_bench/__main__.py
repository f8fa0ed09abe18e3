"""Measure the functions: ``make bench``, or ``python -m labeling_bench --help``."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from labeling_bench import (
    cold_start,
    export_report,
    exports,
    limits,
    measuring,
    page,
    plot,
    report,
    studio,
    studio_limits,
    studio_report,
)
from labeling_lambdas.steps.shards import SHARD_ITEMS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labeling_bench.limits import Verdict

_SIZES = (1_000, 10_000, 100_000)
#: Whole shards, the same number for each of two functions.
_FAN_OUT_ITEMS = 8 * SHARD_ITEMS
#: Messages that pollers drain: some whole parts for each thread of each of them.
_DRAINED_ITEMS = 64_000

_FUNCTIONS, _STUDIO, _EXPORTS = "functions", "label_studio", "exports"
_PARTS = (_FUNCTIONS, _STUDIO, _EXPORTS)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="labeling_bench",
        description="Measure the functions, jobs in Label Studio and exports of several sizes,"
        " print each performance limit and whether it holds, and write performance.md and"
        " performance.svg. Ends with exit code 1 if a limit does not hold. The functions take"
        " about thirteen minutes with the sizes of the product.",
    )
    parser.add_argument(
        "--parts",
        nargs="+",
        choices=_PARTS,
        default=_PARTS,
        metavar="PART",
        help=f"what to measure, of {', '.join(_PARTS)}; the page keeps the figures of the other"
        " parts (all)",
    )
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        default=_SIZES,
        metavar="ITEMS",
        help="items of each run (%(default)s); rates are judged from 10000 on",
    )
    parser.add_argument(
        "--latency",
        type=float,
        default=0.02,
        metavar="SECONDS",
        help="what an AWS call takes (%(default)s)",
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=20,
        metavar="N",
        help="fresh processes for each import, 0 for none (%(default)s)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("docs"),
        metavar="FOLDER",
        help="folder for performance.md and performance.svg (%(default)s)",
    )
    chosen = parser.parse_args(arguments)
    if min(chosen.sizes) < 1 or chosen.latency < 0 or chosen.rounds < 0:
        parser.error("--sizes must be at least 1, --latency and --rounds at least 0")
    if not chosen.output.is_dir():
        parser.error(f"--output: {chosen.output} is no folder")
    return chosen


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and report.

    Args:
        arguments: Of the command line, by default those of the process.

    Returns:
        1 if a limit does not hold, else 0.
    """
    chosen = _parse(arguments)
    start = time.monotonic()

    def tell(text: str) -> None:
        print(f"[{time.monotonic() - start:6.0f} s] {text}", flush=True)

    page_path = chosen.output / "performance.md"
    text = page_path.read_text(encoding="utf-8") if page_path.exists() else "# Performance\n"
    verdicts: list[Verdict] = []
    # First what needs the functions alone: a Label Studio beside them would cost them time.
    measures = {
        _FUNCTIONS: _measure_functions,
        _STUDIO: _measure_studio,
        _EXPORTS: _measure_exports,
    }
    for part in _PARTS:
        if part in chosen.parts:
            found, measured = measures[part](chosen, tell)
            verdicts += found
            text = page.with_part(text, measured)
    tell("done")
    print(f"\n{report.as_text(report.bar_rows(verdicts))}")
    page_path.write_text(text, encoding="utf-8")
    print(f"\nwritten: {chosen.output}/performance.md and performance.svg")
    return int(any(verdict.holds is False for verdict in verdicts))


def _measure_functions(
    chosen: argparse.Namespace, tell: Callable[[str], None]
) -> tuple[list[Verdict], str]:
    """Measure a run of each size; return the verdicts, and the page."""
    imports = None
    if chosen.rounds:
        tell("imports")
        imports = cold_start.measure_imports(cold_start.handler_modules(), chosen.rounds)
    measurements = []
    for size in sorted(chosen.sizes):
        measurements += measuring.measure_images(size, chosen.latency, tell)
        measurements += measuring.measure_texts(size, chosen.latency, tell)
    fan_out_size = min(max(chosen.sizes), _FAN_OUT_ITEMS)
    fan_out = measuring.measure_fan_out(fan_out_size, chosen.latency, tell)
    draining_size = min(max(chosen.sizes), _DRAINED_ITEMS)
    draining = measuring.measure_pollers(draining_size, chosen.latency, tell)
    # One shard cannot be shared out, and pollers of few messages only begin and end.
    figures = limits.Figures(
        measurements,
        fan_out if fan_out_size == _FAN_OUT_ITEMS else None,
        imports,
        draining if draining_size == _DRAINED_ITEMS else None,
    )
    verdicts = limits.verdicts(figures)
    print(f"\n{report.as_text(report.function_rows(measurements))}")
    (chosen.output / "performance.svg").write_text(plot.draw(figures), encoding="utf-8")
    command = _command(chosen, _FUNCTIONS)
    return verdicts, report.page(figures, verdicts, command=command, latency=chosen.latency)


def _measure_studio(
    chosen: argparse.Namespace, tell: Callable[[str], None]
) -> tuple[list[Verdict], str]:
    """Measure a job of each size in Label Studio; return the verdicts, and the part of the page."""
    sizes = sorted(chosen.sizes)
    tell("Label Studio starts")
    with studio.started(sizes) as place:
        measurements = [studio.measure(place, size, chosen.latency, tell) for size in sizes]
    verdicts = studio_limits.verdicts(measurements)
    print(f"\n{report.as_text(studio_report.rows(measurements))}")
    command = _command(chosen, _STUDIO)
    return verdicts, studio_report.part(
        measurements, verdicts, command=command, latency=chosen.latency
    )


def _measure_exports(
    chosen: argparse.Namespace, tell: Callable[[str], None]
) -> tuple[list[Verdict], str]:
    """Measure an export of each size; return the verdicts, and the part of the page."""
    measurements = [exports.measure(size, tell) for size in sorted(chosen.sizes)]
    verdicts = export_report.verdicts(measurements)
    print(f"\n{report.as_text(export_report.rows(measurements))}")
    command = _command(chosen, _EXPORTS)
    return verdicts, export_report.part(measurements, verdicts, command=command)


def _command(chosen: argparse.Namespace, part: str) -> str:
    sizes = " ".join(map(str, chosen.sizes))
    return f"python -m labeling_bench --parts {part} --sizes {sizes} --latency {chosen.latency}"


if __name__ == "__main__":
    # So that Label Studio, a process group of its own, ends with this process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
