"""The HTML page of a report, which loads nothing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from labelctl.cost.prices import PRICES_OF
from labelctl.durations import format_age
from labelctl.report import plots
from labelctl.report.flow import flow
from labelctl.report.visible import visible

if TYPE_CHECKING:
    from datetime import datetime

    from labelctl.report.figures import Figures
    from labelctl.report.summary import Summary

#: More classes cannot be read in a square on the page.
_MOST_CLASSES = 20
_SHOWN_OF_RUNS = {
    "stored": "stored",
    "returned": "returned",
    "dead letters": "dead_lettered",
    "in progress": "in_progress",
}


def page(summary: Summary) -> str:
    """Return the page.

    Whatever users named or wrote is escaped, and the page forbids scripts and connections.
    """
    environment = Environment(
        loader=PackageLoader("labelctl.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": _moment, "age": format_age, "words": _words}
    return environment.get_template("page.html.jinja").render(
        summary=summary,
        figures=summary.figures,
        prices_of=PRICES_OF,
        drawings={
            **_drawings(summary.figures),
            **_label_drawings(summary),
            **_worker_drawings(summary),
        },
    )


def _finalized(value: object) -> object:
    if isinstance(value, Markup):
        return value
    return visible(value) if isinstance(value, str) else value


def _moment(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _drawings(figures: Figures) -> dict[str, Markup]:
    if not figures.intake.received:
        return {}
    return {"flow": flow(figures), "runs": _runs_over_time(figures)}


def _label_drawings(summary: Summary) -> dict[str, Markup]:
    if summary.labels is None or not summary.labels.figures.items:
        return {}
    found = summary.labels.figures
    return {
        "labels": plots.bars("Records by label", found.distribution, found.colors),
        "labels_over_time": plots.columns_over_time(
            "Records by time", found.over_time, found.colors
        ),
        "confidence": plots.histogram("Records by confidence", found.confidence),
    }


def _worker_drawings(summary: Summary) -> dict[str, Markup]:
    found = summary.workers
    if found is None or not 1 < len(found.classes) <= _MOST_CLASSES:
        return {}
    title = "Answers by label and class"
    return {"confusion": plots.heat_map(title, found.classes, found.confusion)}


def _runs_over_time(figures: Figures) -> Markup:
    series: dict[str, Counter[str]] = {}
    for name, field in _SHOWN_OF_RUNS.items():
        counts: Counter[str] = Counter()
        for run in figures.runs:
            # Whole days and hours, so that a year of runs still has columns that can be seen.
            counts[f"{run.opened_at:{figures.time_format}}"] += run.fields()[field]
        series[name] = counts
    title = "Items by the time at which their run was opened"
    return plots.columns_over_time(title, series, plots.OUTCOME_COLORS)
