"""Drawings as SVG texts that can stand in an HTML page."""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from labelctl.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

#: Colours that people with colour blindness tell apart: https://doi.org/10.1038/nmeth.1618
COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999")
#: What becomes of items has the same colour in all drawings.
OUTCOME_COLORS = {
    "received": "#555555",
    "claimed": "#0072b2",
    "stored": "#009e73",
    "kept for a later run": "#56b4e9",
    "in progress": "#f0e442",
    "returned": "#e69f00",
    "dead letters": "#d55e00",
    "dead letters on arrival": "#d55e00",
    "superseded": "#999999",
    "dropped": "#999999",
}
_WIDTH = 7.5
_BAR_HEIGHT = 0.27
_MOST_TICKS = 8
#: Text stays text, which the browser draws with its own fonts; a dollar sign is no formula.
_STYLE: Any = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
#: Names that Matplotlib gives to parts. Two drawings have the same ones, and a page may not.
_NAMES = re.compile(r' id="[A-Za-z0-9.]+_\d+"')
_SHOWN_CHARACTERS = 32


def columns_over_time(
    title: str,
    series: Mapping[str, Mapping[str, int]],
    colors: Mapping[str, str],
) -> Markup:
    """Return stacked columns, one for each time.

    Args:
        title: What is shown.
        series: For each name the count by time; times are texts in the order of time. Names that
            come first are at the bottom.
        colors: The colour of each name.
    """
    times = sorted({time for counts in series.values() for time in counts})
    figure, axes = _new(2.4)
    bottoms = [0] * len(times)
    for name, counts in series.items():
        heights = [counts.get(time, 0) for time in times]
        axes.bar(range(len(times)), heights, 0.8, bottoms, color=colors[name], label=_shown(name))
        bottoms = [low + height for low, height in zip(bottoms, heights, strict=True)]
    step = -(-len(times) // _MOST_TICKS)
    axes.set_xticks(range(0, len(times), step), [_shown(time) for time in times[::step]])
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    return drawn(figure, title)


def bars(title: str, counts: Mapping[str, int], colors: Mapping[str, str]) -> Markup:
    """Return a bar for each name, in the order of the names, the first at the top."""
    figure, axes = _new(0.5 + _BAR_HEIGHT * len(counts))
    shades = [colors[name] for name in counts]
    placed = axes.barh(range(len(counts)), list(counts.values()), color=shades)
    axes.bar_label(placed, [f"{count:,}" for count in counts.values()], padding=3)
    axes.set_yticks(range(len(counts)), [_shown(name) for name in counts])
    axes.invert_yaxis()
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.margins(x=0.12)
    return drawn(figure, title)


def histogram(title: str, counts: Sequence[int]) -> Markup:
    """Return columns for equal parts of the range from 0 to 1."""
    figure, axes = _new(2.0)
    width = 1 / len(counts)
    axes.bar([place * width for place in range(len(counts))], counts, width * 0.9, align="edge")
    axes.set_xlim(0, 1)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    return drawn(figure, title)


def heat_map(title: str, names: Sequence[str], counts: Mapping[tuple[str, str], int]) -> Markup:
    """Return a square of counts, each shaded by its share of its row.

    Args:
        title: What is shown.
        names: Of rows and of columns, in order.
        counts: By row and column; none for 0.
    """
    rows = [[counts.get((row, column), 0) for column in names] for row in names]
    shares = [[count / (sum(row) or 1) for count in row] for row in rows]
    figure, axes = _new(1.2 + 0.35 * len(names))
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, (found, shaded) in enumerate(zip(rows, shares, strict=True)):
        for column, (count, share) in enumerate(zip(found, shaded, strict=True)):
            if count:
                color = "white" if share > 1 / 2 else "black"
                axes.text(column, row, f"{count:,}", ha="center", va="center", color=color)
    shown = [_shown(name) for name in names]
    axes.set_xticks(range(len(names)), shown, rotation=90)
    axes.set_yticks(range(len(names)), shown)
    axes.set_xlabel("answer of a worker")
    axes.set_ylabel("label")
    return drawn(figure, title)


def _new(height: float) -> tuple[Figure, Axes]:
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH, height))
        return figure, figure.add_subplot()


def blank(height: float) -> tuple[Figure, Axes]:
    """Return a place for a drawing that is one wide and one high, without axes.

    Args:
        height: Its height in inches.
    """
    figure, axes = _new(height)
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    return figure, axes


def _shown(text: str) -> str:
    """Return a text of bounded length; what begins with an underscore has no legend otherwise."""
    clean = visible(text)
    if len(clean) > _SHOWN_CHARACTERS:
        clean = f"{clean[: _SHOWN_CHARACTERS - 1]}…"
    return f"\u200b{clean}" if clean.startswith("_") else clean


def drawn(figure: Figure, title: str) -> Markup:
    """Return a drawing as an SVG element, whose title is its text alternative."""
    written = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with mpl.rc_context({**_STYLE, "svg.hashsalt": title}), warnings.catch_warnings():
        # Matplotlib's own font lacks many scripts, and only measures texts here.
        warnings.filterwarnings("ignore", "Glyph ", UserWarning)
        warnings.filterwarnings("ignore", "Matplotlib currently does not support", UserWarning)
        # Texts were made with the setting of that time, those of ticks are made now.
        for text in figure.findobj(Text):
            text.set_parse_math(False)
        figure.savefig(written, format="svg", metadata=nothing, bbox_inches="tight")
    # HTML has neither an XML declaration nor a document type within a page.
    drawing = _NAMES.sub("", written.getvalue()[written.getvalue().index("<svg") :])
    label = Markup('<svg role="img" aria-label="{}"').format(title)
    return label + Markup(drawing.removeprefix("<svg"))  # noqa: S704 - Matplotlib escapes texts
