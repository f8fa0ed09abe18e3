"""A picture of where items went: bands that are as wide as there are items."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from matplotlib.patches import PathPatch
from matplotlib.path import Path

from labelctl.report.plots import OUTCOME_COLORS, blank, drawn

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.axes import Axes

    from labelctl.report.figures import Figures

#: Inches of a drawing with all bands.
_HEIGHT = 3.4
_GAP = 0.06
_BAR = 0.015
_COLUMNS = (0.0, 0.4, 0.8)
#: Height of all items together; the rest is for gaps.
_SHARE = 0.5


class _Node(NamedTuple):
    name: str
    items: int

    @property
    def color(self) -> str:
        return OUTCOME_COLORS[self.name]


def flow(figures: Figures) -> Markup:
    """Return the way from the messages that runs received to what became of their items."""
    intake, settled = figures.intake, figures.settled
    beginning, claims = _Node("received", intake.received), _Node("claimed", intake.claimed)
    middle = [
        # What ends here is above, where the bands of the claims do not pass.
        _Node("dropped", sum(intake.dropped.values())),
        _Node("dead letters on arrival", sum(intake.invalid.values())),
        claims,
    ]
    ends = [
        _Node("stored", settled.stored),
        _Node("kept for a later run", settled.labeled),
        _Node("in progress", figures.in_progress),
        _Node("returned", sum(settled.returned.values())),
        _Node("dead letters", sum(settled.dead_lettered.values())),
        _Node("superseded", settled.superseded),
    ]
    figure, axes = blank(_HEIGHT)
    scale = _SHARE / max(intake.received, 1)
    _draw(axes, _COLUMNS[0], beginning, 1.0, scale)
    top = _split(axes, 1.0, middle, scale, 0)
    _split(axes, top, ends, scale, 1)
    # There are fewer bands than there could be.
    lowest = axes.dataLim.y0
    axes.set_ylim(lowest, 1)
    figure.set_figheight(_HEIGHT * (1 - lowest))
    return drawn(figure, "Where items are")


def _split(axes: Axes, top: float, parts: list[_Node], scale: float, column: int) -> float:
    """Draw the nodes that a node becomes, and the bands to them.

    Args:
        axes: Where to draw.
        top: The upper edge of the node.
        parts: What it becomes, the uppermost first.
        scale: Height of an item.
        column: Number of the node's column.

    Returns:
        The upper edge of the last part.
    """
    left, right = _COLUMNS[column], _COLUMNS[column + 1]
    start = end = below = top
    for part in parts:
        if part.items:
            height = part.items * scale
            _band(axes, (left + _BAR, start), (right, below), height, part.color)
            _draw(axes, right, part, below, scale)
            end = below
            start -= height
            below -= height + _GAP
    return end


def _draw(axes: Axes, left: float, node: _Node, top: float, scale: float) -> None:
    height = node.items * scale
    axes.bar(left, height, _BAR, top - height, align="edge", color=node.color)
    axes.text(
        left + _BAR + 0.008,
        top - height / 2,
        f"{node.name} {node.items:,}",
        verticalalignment="center",
        fontsize=9,
    )


def _band(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], height: float, color: str
) -> None:
    (left, first), (right, last) = start, end
    middle = (left + right) / 2
    upper = [(left, first), (middle, first), (middle, last), (right, last)]
    lower = [
        (right, last - height),
        (middle, last - height),
        (middle, first - height),
        (left, first - height),
    ]
    curve = [Path.CURVE4] * 3
    codes = [Path.MOVETO, *curve, Path.LINETO, *curve, Path.CLOSEPOLY]
    path = Path([*upper, *lower, (left, first)], codes)
    axes.add_patch(PathPatch(path, facecolor=color, alpha=0.35, linewidth=0))
