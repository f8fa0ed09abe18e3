"""The plot of the figures: time per item by number of items, and memory against its limit."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import drawsvg

from labeling_bench.limits import MOST_PEAK_BYTES

if TYPE_CHECKING:
    from labeling_bench.limits import Figures
    from labeling_bench.measuring import Measurement

_WIDTH, _HEIGHT = 940, 380
_TOP, _BOTTOM = 50, 320
_LEFT, _MIDDLE = 70, 430
_NAMES, _RIGHT = 690, 900
_INK, _GRID, _FAILS = "#333333", "#dddddd", "#c0392b"
_COLOURS = (
    *("#1b6ca8", "#d35400", "#2e8b57", "#8e44ad", "#b8860b"),
    *("#16a085", "#7f8c8d", "#34495e", "#c2185b", "#6d4c41"),
)


def draw(figures: Figures) -> str:
    """Return the plot as SVG."""
    drawing = drawsvg.Drawing(_WIDTH, _HEIGHT, font_family="sans-serif")
    drawing.append(drawsvg.Rectangle(0, 0, _WIDTH, _HEIGHT, fill="white"))
    titles = list(dict.fromkeys(it.title for it in figures.measurements))
    colours = {title: _COLOURS[index % len(_COLOURS)] for index, title in enumerate(titles)}
    _draw_times(drawing, figures, colours)
    _draw_peaks(drawing, figures.of_size(figures.largest), colours)
    svg: str = drawing.as_svg()
    return svg


def _text(drawing: drawsvg.Drawing, text: str, x: float, y: float, anchor: str = "start") -> None:
    drawing.append(drawsvg.Text(text, 11, x, y, fill=_INK, text_anchor=anchor))


def _draw_times(drawing: drawsvg.Drawing, figures: Figures, colours: dict[str, str]) -> None:
    _text(drawing, "Milliseconds per item, by number of items", _LEFT, 24)
    times = [it.seconds_per_item * 1000 for it in figures.measurements]
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    few, many = math.log10(figures.smallest), math.log10(figures.largest)

    def x_of(size: int) -> float:
        return _LEFT + (_MIDDLE - _LEFT) * (math.log10(size) - few) / (many - few or 1)

    def y_of(milliseconds: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * (math.log10(milliseconds) - low) / (high - low or 1)

    for power in range(low, high + 1):
        y = y_of(10.0**power)
        drawing.append(drawsvg.Line(_LEFT, y, _MIDDLE, y, stroke=_GRID))
        _text(drawing, f"{10.0**power:g}", _LEFT - 8, y + 4, "end")
    for size in sorted({it.size for it in figures.measurements}):
        _text(drawing, f"{size:,}", x_of(size), _BOTTOM + 20, "middle")
    for title, colour in colours.items():
        points = [
            (x_of(it.size), y_of(it.seconds_per_item * 1000))
            for it in figures.measurements
            if it.title == title
        ]
        for x, y in points:
            drawing.append(drawsvg.Circle(x, y, 3, fill=colour))
        for start, end in itertools.pairwise(points):
            drawing.append(drawsvg.Line(*start, *end, stroke=colour, stroke_width=2))


def _draw_peaks(
    drawing: drawsvg.Drawing, measurements: list[Measurement], colours: dict[str, str]
) -> None:
    size = measurements[0].size
    _text(drawing, f"Peak memory in MiB, {size:,} items", _NAMES, 24)
    most = max(MOST_PEAK_BYTES, *(it.result.peak_bytes for it in measurements)) * 1.05
    step = (_BOTTOM - _TOP) / len(measurements)

    def x_of(count: float) -> float:
        return _NAMES + (_RIGHT - _NAMES) * count / most

    for row, it in enumerate(measurements):
        y = _TOP + row * step
        width = x_of(it.result.peak_bytes) - _NAMES
        drawing.append(drawsvg.Rectangle(_NAMES, y + 4, width, step - 8, fill=colours[it.title]))
        _text(drawing, it.title, _NAMES - 8, y + step / 2 + 4, "end")
        told = f"{it.result.peak_bytes / 2**20:.0f}"
        _text(drawing, told, x_of(it.result.peak_bytes) + 4, y + step / 2 + 4)
    limit = x_of(MOST_PEAK_BYTES)
    drawing.append(drawsvg.Line(limit, _TOP, limit, _BOTTOM, stroke=_FAILS, stroke_width=2))
    _text(drawing, f"{MOST_PEAK_BYTES / 2**20:.0f}", limit, _BOTTOM + 20, "middle")
