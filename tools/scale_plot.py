"""The picture of docs/scale.md: uploads, backlog and stored items over the day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from matplotlib.axes import Axes

    from labeling_faults.load.figures import Figures

_CURVES = {"dump": "uploaded in ten minutes", "wave": "uploaded over 16 hours"}
#: Positions in a moment, titles and colours of what is drawn.
_LINES = ((1, "uploaded", "#7f8c8d"), (2, "waiting", "#d35400"), (6, "stored", "#2e8b57"))
_OLDEST = (3, "age of the oldest message (hours, right)", "#8e44ad")


def draw(days: Mapping[str, Figures], path: Path) -> None:
    """Write the picture.

    Args:
        days: The figures by the day's name.
        path: Where, an SVG file.
    """
    sizes = sorted({it["items"] for it in days.values() if it["curve"] in _CURVES})
    with mpl.rc_context({"svg.hashsalt": "scale", "svg.fonttype": "none", "font.size": 8}):
        figure = Figure(figsize=(3.4 * len(sizes), 5.6), layout="constrained")
        axes = figure.subplots(len(_CURVES), len(sizes), squeeze=False)
        for row, curve in enumerate(_CURVES):
            for column, size in enumerate(sizes):
                _panel(axes[row][column], days.get(f"{curve}-{size}"), curve, size)
        handles, titles = axes[0][0].get_legend_handles_labels()
        oldest = axes[0][0].plot([], [], color=_OLDEST[2], linestyle=":", label=_OLDEST[1])
        figure.legend(
            [*handles, *oldest], [*titles, _OLDEST[1]], loc="outside lower center", ncols=4
        )
        figure.savefig(path, format="svg", metadata={"Date": None})


def _panel(axes: Axes, figures: Figures | None, curve: str, size: int) -> None:
    axes.set_title(f"{size:,} items, {_CURVES[curve]}")
    axes.set_xlabel("hours")
    if figures is None:
        axes.text(0.5, 0.5, "not simulated", ha="center", transform=axes.transAxes)
        return
    hours = [0.0, *(moment[0] for moment in figures["moments"])]
    for position, title, colour in _LINES:
        values = [0.0, *(moment[position] for moment in figures["moments"])]
        axes.plot(hours, values, color=colour, label=title)
    axes.yaxis.set_major_formatter(lambda value, _position: f"{value:,.0f}")
    ages = [0.0, *(moment[_OLDEST[0]] for moment in figures["moments"])]
    right = axes.twinx()
    right.plot(hours, ages, color=_OLDEST[2], linestyle=":")
    right.set_ylim(bottom=0)
