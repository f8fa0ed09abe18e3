"""The days of docs/scale.md, and the file that keeps their figures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from labeling_deployment.deployment import MOST_ITEMS_PER_RUN
from labeling_faults.load.arrivals import Arrivals, Curve
from labeling_faults.load.simulation import Day

if TYPE_CHECKING:
    from pathlib import Path

    from labeling_faults.load.figures import Figures

#: Enough people: they label everything in a quarter of a day.
_HOURS_OF_WORK = 6

#: Sizes by curve; the largest is calculated, not run.
SIZES = {
    Curve.DUMP: (10_000, 100_000),
    Curve.WAVE: (10_000, 100_000),
    Curve.FILE: (20_000,),
}


def day_of(
    items: int,
    curve: Curve,
    *,
    max_items_per_run: int = MOST_ITEMS_PER_RUN,
    minutes_between_runs: float = 60,
    workers_per_hour: float = 0,
) -> Day:
    """Return a day.

    Args:
        items: How many items are uploaded.
        curve: When they are.
        max_items_per_run: The module's setting.
        minutes_between_runs: Of the schedule.
        workers_per_hour: How many items all workers together label in an hour; enough, if none.
    """
    enough = items / _HOURS_OF_WORK
    return Day(
        Arrivals(items, curve), max_items_per_run, minutes_between_runs, workers_per_hour or enough
    )


def days() -> list[Day]:
    """Return the days of the page."""
    return [day_of(items, curve) for curve, sizes in SIZES.items() for items in sizes]


def kept(path: Path) -> dict[str, Figures]:
    """Return the figures of a file, by the day's name."""
    if not path.exists():
        return {}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def keep(path: Path, figures: Figures) -> None:
    """Put the figures of a day into a file, in place of earlier ones."""
    name = f"{figures['curve']}-{figures['items']}"
    everything = kept(path) | {name: figures}
    lines = (
        f"{json.dumps(name)}: {json.dumps(everything[name], sort_keys=True)}"
        for name in sorted(everything)
    )
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
