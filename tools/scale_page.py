"""Write the tables and the picture of docs/scale.md from the figures in docs/scale.json.

``labeling-faults load --keep docs/scale.json`` makes the figures, ``python -m tools.scale_page``
the page; with ``--check`` it compares only.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from labelctl.cost.prices import CALL, REQUESTS, RUN
from labeling_faults.load.days import kept
from labeling_faults.load.limits import limits
from labeling_faults.load.report import bends, calls_of_an_item, comes_to_rest
from tools import scale_capacity, scale_plot
from tools.marked_sections import table, write_or_check

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labeling_faults.load.figures import Figures
    from labeling_faults.load.limits import Assumption, Quota

ROOT = Path(__file__).resolve().parent.parent
FIGURES = ROOT / "docs" / "scale.json"
PAGE = ROOT / "docs" / "scale.md"
PICTURE = ROOT / "docs" / "scale.svg"
MEND = "python -m tools.scale_page"

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
_CURVES = {"dump": "in ten minutes", "wave": "over 16 hours", "file": "as one text file"}
_MILLION = 1e6
#: Dollars for a million; https://aws.amazon.com/dynamodb/pricing/on-demand/
_READ_UNIT = 0.125
#: What a unit of the figures costs, in dollars for a million: the prices of docs/cost.md.
_PRICES = {
    "object_writes": REQUESTS["S3 requests that write"][1],
    "object_reads": CALL["S3 requests that read"][1],
    "row_writes": REQUESTS["Ledger writes (DynamoDB)"][1],
    "row_reads": _READ_UNIT,
    "record_writes": REQUESTS["Feature Store writes"][1],
    "queue_requests": REQUESTS["Queue requests (SQS)"][1],
}
_SERVICES = {
    "sqs": "SQS",
    "dynamodb": "DynamoDB",
    "s3": "S3",
    "sagemaker-featurestore-runtime": "Feature Store",
    "": "others",
}


def sections(days: Mapping[str, Figures]) -> dict[str, str]:
    """Write the tables.

    Args:
        days: The figures by the day's name.

    Returns:
        Markdown by the section's name.
    """
    ordered = sorted(days.values(), key=lambda it: (list(_CURVES).index(it["curve"]), it["items"]))
    return {
        "sizes": _sizes(days),
        "days": _days(ordered),
        "calls": _calls(ordered),
        "functions": _functions(ordered),
        "quotas": _quotas(ordered),
        "capacity": _capacity(days),
        "assumptions": _assumptions(),
    }


def request_dollars(figures: Figures) -> float:
    """Return what the requests of an item cost, in dollars, without Ground Truth's fee.

    Args:
        figures: The figures of a day.
    """
    total = sum(count * _PRICES[unit] for unit, count in figures["units"].items()) / _MILLION
    # The event of the upload, and its message that EventBridge sends; lines have only the message.
    event = 0.0 if figures["curve"] == "file" else REQUESTS["Upload event (EventBridge)"][1]
    message = 0.0 if figures["curve"] == "file" else _PRICES["queue_requests"]
    total += figures["items"] * (event + message) / _MILLION
    seconds = REQUESTS["GB-seconds of the functions (Lambda)"][1] / _MILLION
    total += figures["function_gb_seconds"] * seconds
    calls = sum(use["calls"] for use in figures["functions"].values())
    total += calls * CALL["Calls of the function (Lambda)"][1] / _MILLION
    total += figures["transitions"] * RUN["State transitions (Step Functions)"][1]
    return total / figures["items"]


def _sizes(days: Mapping[str, Figures]) -> str:
    rows = []
    for size in SIZES:
        cells = [_default(size)]
        for curve in ("dump", "wave"):
            found = days.get(f"{curve}-{size}")
            cells.append(_told(found) if found else _calculated(size, days))
        rows.append((f"{size:,}", *cells))
    head = (
        "Items a day",
        "Defaults: a run a day, 10,000 items",
        "A run each hour, 100,000 items; uploaded in ten minutes",
        "The same; uploaded over 16 hours",
    )
    return table(head, rows)


def _default(size: int) -> str:
    if size <= scale_capacity.DEFAULT_ITEMS:
        return "nothing"
    days = size // scale_capacity.DEFAULT_ITEMS
    return f"`max_items_per_run` and `schedule`: a day's items take {days:,} days"


def _told(figures: Figures) -> str:
    return "; ".join(bends(figures)) or "nothing"


def _calculated(size: int, days: Mapping[str, Figures]) -> str:
    hourly = 24 * figures_most()
    if size <= hourly:
        return "not simulated"
    over = [it.what for it in scale_capacity.capacities(days) if hourly < it.items < size]
    then = f"; with more runs, then: {', '.join(over)}" if over else ""
    return f"calculated: `schedule`: 24 runs claim {hourly:,} items{then}"


def figures_most() -> int:
    """Return how many items a run takes at most."""
    return int(limits().quotas["job_objects"].value)


def _days(ordered: Sequence[Figures]) -> str:
    rows = [
        (
            f"{it['items']:,} {_CURVES[it['curve']]}",
            f"{it['stored_in_day']:,}",
            f"{it['hours']:g} h" if comes_to_rest(it) else "never",
            f"{max((moment[3] for moment in it['moments']), default=0):.1f} h",
            f"{it['jobs']}",
            f"{it['functions']['poll_queue']['seconds'] / 3600:.2f} h",
            f"{it['violations']}" if comes_to_rest(it) else "not at rest",
            f"{it['simulation_seconds'] / 60:.1f} min, {_gibibytes(it):.1f} GiB",
        )
        for it in ordered
    ]
    head = (
        "Items",
        "Stored in 24 hours",
        "Last stored after",
        "Oldest message",
        "Labeling jobs",
        "Polling, all runs",
        "Promises broken",
        "The simulation took",
    )
    return table(head, rows)


def _gibibytes(figures: Figures) -> float:
    return figures["simulation_peak_bytes"] / 2**30


def _calls(ordered: Sequence[Figures]) -> str:
    rows = []
    for it in ordered:
        named = {service: it["calls"].get(service, 0) for service in _SERVICES if service}
        named[""] = sum(it["calls"].values()) - sum(named.values())
        rows.append(
            (
                f"{it['items']:,} {_CURVES[it['curve']]}",
                *(f"{count / it['items']:.3f}" for count in named.values()),
                f"{calls_of_an_item(it):.3f}",
                f"{it['units']['row_writes'] / it['items']:.1f}",
                f"${request_dollars(it) * _MILLION:.2f}",
            )
        )
    head = (
        "Items",
        *_SERVICES.values(),
        "All calls",
        "Write units of the ledger",
        "Dollars for a million items",
    )
    return table(head, rows)


def _functions(ordered: Sequence[Figures]) -> str:
    steps = list(dict.fromkeys(step for it in ordered for step in it["functions"]))
    timeouts = {s: it["functions"][s]["timeout"] for it in ordered for s in it["functions"]}
    rows = []
    for step in steps:
        cells = [f"`{step}`", f"{timeouts[step]:.0f} s"]
        for it in ordered:
            use = it["functions"].get(step)
            killed = f", {use['killed']} ended by Lambda" if use and use["killed"] else ""
            cells.append(f"{use['calls']}, to {use['longest']:.1f} s{killed}" if use else "-")
        rows.append(tuple(cells))
    titles = (f"{it['items']:,} {_CURVES[it['curve']]}" for it in ordered)
    return table(("Function", "Timeout", *titles), rows)


def _quotas(ordered: Sequence[Figures]) -> str:
    rows = []
    for name, quota in limits().quotas.items():
        cells = []
        for it in ordered:
            use = it["quotas"][name]
            refused = f" ({use['refused']:,} refused)" if use["refused"] else ""
            cells.append(f"{use['highest']:,.0f}{refused}")
        rows.append((_linked(quota, quota.what), f"{quota.value:,.0f}", *cells))
    titles = (f"{it['items']:,} {_CURVES[it['curve']]}" for it in ordered)
    return table(("Quota", "Limit", *titles), rows)


def _capacity(days: Mapping[str, Figures]) -> str:
    rows = [
        (it.what, f"{it.items:,.0f} {it.unit}", it.basis)
        for it in (*scale_capacity.capacities(days), *scale_capacity.limits_of_one(days))
    ]
    return table(("Part", "Takes at most", "From"), rows)


def _assumptions() -> str:
    found = limits()
    rows = [
        (f"{_linked(it, it.what)}", f"{it.value:,.0f}", it.basis, it.growth or it.note)
        for it in found.quotas.values()
    ]
    rows += [
        (f"latency of a call: {_linked(it, it.what)}", f"{it.value:g} s", it.basis, it.note)
        for it in found.latencies.values()
    ]
    rows += [
        (
            f"processor: {_linked(it, it.what)}",
            f"{it.value:g} {'MB' if it.what == 'whole_mb' else 'ms'}",
            it.basis,
            it.note,
        )
        for it in found.processor.values()
    ]
    return table(("What", "Figure", "Basis", "Note"), rows)


def _linked(told: Quota | Assumption, text: str) -> str:
    return f"[{text}]({told.source})" if told.source else text


def main(arguments: list[str] | None = None) -> int:
    """Write or check docs/scale.md.

    Args:
        arguments: Command line without the program name; the process's own by default.

    Returns:
        The exit status: 0, or 1 with one line on standard error.
    """
    parser = argparse.ArgumentParser(description="Write the tables of docs/scale.md.")
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    options = parser.parse_args(arguments)
    days = kept(FIGURES)
    if not options.check:
        scale_plot.draw(days, PICTURE)
    return write_or_check(PAGE, sections(days), check=options.check, mend=MEND)


if __name__ == "__main__":
    sys.exit(main())
