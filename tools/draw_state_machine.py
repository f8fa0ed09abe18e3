"""Draw a state machine's definition as an SVG picture, the same bytes on every machine.

Reads a definition in the Amazon States Language from a file, or from standard input, and writes
the picture to standard output: ``python -m tools.draw_state_machine definition.json``.
Only the standard library is used, and nothing is fetched.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from tools.graph_layout import HEADING, lay_out
from tools.state_graph import ENDS, read_graph

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.graph_layout import Box, Layout, Line
    from tools.state_graph import State

STYLE = """
  text { font: 11px Helvetica, Arial, sans-serif; fill: #1f2328; }
  .name { font-size: 13px; font-weight: 600; text-anchor: middle; }
  .calls { font: 11px Menlo, Consolas, monospace; text-anchor: middle; fill: #57606a; }
  .to-left { text-anchor: end; }
  .state { stroke-width: 1.5; }
  .Task { fill: #ddf4ff; stroke: #0969da; }
  .Choice { fill: #fff8c5; stroke: #9a6700; }
  .Pass, .Wait { fill: #f6f8fa; stroke: #57606a; }
  .Map, .Parallel { fill: #f6f8fa; stroke: #0969da; }
  .Succeed { fill: #dafbe1; stroke: #1a7f37; }
  .Fail { fill: #ffebe9; stroke: #cf222e; }
  .way { fill: none; stroke: #57606a; stroke-width: 1.3; }
  .after-error { stroke: #cf222e; stroke-dasharray: 5 3; }
"""
ROUNDING = {"Choice": 20, "Fail": 16, "Succeed": 16}
LEGEND = (
    ("way", "after an error, once its repeats are used up"),
    ("frame", "waits until its job has ended"),
)


def draw(definition_text: str, title: str = "State machine") -> str:
    """Draw a definition.

    Args:
        definition_text: The definition, JSON text.
        title: What the picture shows, for those who cannot see it.

    Returns:
        An SVG document.
    """
    graph = read_graph(json.loads(definition_text))
    layout = lay_out(graph)
    legend = list(_legend(layout))
    width = max(layout.width, _LEGEND_WIDTH if legend else 0)
    told = "; ".join(
        f"{way.source} to {way.target}{f' ({way.label})' if way.label else ''}"
        for way in graph.ways
    )
    size = f"{_number(width)} {_number(layout.height)}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(told)}</desc>",
        f"<style>{STYLE}</style>",
        "<defs>",
        *(_arrow(name, colour) for name, colour in (("usual", "#57606a"), ("error", "#cf222e"))),
        "</defs>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        *_drawn(layout),
        *legend,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


_LEGEND_WIDTH = 330.0


def _drawn(layout: Layout) -> Iterator[str]:
    for name, box in layout.boxes.items():
        yield from _box(layout.graph.states[name], box)
    for name, pictures in layout.inner.items():
        for (x, y), picture in pictures:
            yield f'<g transform="translate({_number(x)} {_number(y)})">'
            yield from _drawn(picture)
            yield f"</g><!-- {name} -->"
    for line in layout.lines:
        yield _line(line)
    for label in layout.labels:
        side = ' class="to-left"' if label.to_left else ""
        yield f"<text{side}{_at(*label.at)}>{escape(label.text)}</text>"


def _box(state: State, box: Box) -> Iterator[str]:
    rounding = ROUNDING.get(state.kind, 6)
    yield _rectangle(box, state.kind, rounding)
    if state.waits:
        inside = 3.0
        yield (
            f"<rect{_at(box.left + inside, box.top + inside)} "
            f'width="{_number(box.width - 2 * inside)}" '
            f'height="{_number(box.height - 2 * inside)}" rx="4" '
            f'class="{state.kind}" style="fill: none; stroke-width: 1"/>'
        )
    middle = box.top + HEADING / 2 if state.inner else box.y
    name_y = middle - 3 if state.calls else middle + 4.5
    yield f'<text class="name"{_at(box.x, name_y)}>{escape(state.name)}</text>'
    if state.calls:
        yield f'<text class="calls"{_at(box.x, middle + 13)}>{escape(state.calls)}</text>'


def _rectangle(box: Box, kind: str, rounding: float) -> str:
    return (
        f'<rect{_at(box.left, box.top)} width="{_number(box.width)}" '
        f'height="{_number(box.height)}" rx="{rounding}" class="state {kind}"/>'
    )


def _line(line: Line) -> str:
    corners = " ".join(f"{_number(x)},{_number(y)}" for x, y in line.points)
    kind, arrow = ("way after-error", "error") if line.way.after_error else ("way", "usual")
    end = f' marker-end="url(#{arrow})"' if line.arrow else ""
    return f'<polyline class="{kind}" points="{corners}"{end}/>'


def _arrow(name: str, colour: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" '
        f'markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">'
        f'<path d="M0 0.5 L8 4 L0 7.5 z" fill="{colour}"/></marker>'
    )


def _legend(layout: Layout) -> Iterator[str]:
    """Explain broken lines and double frames, where the column of the ends leaves room for it."""
    states = layout.graph.states.values()
    if not any(state.kind in ENDS for state in states):
        return
    x, y = layout.width - _LEGEND_WIDTH, 24.0
    if any(way.after_error for way in layout.graph.ways):
        yield (
            f'<polyline class="way after-error" points="{_number(x)},{_number(y)} '
            f'{_number(x + 34)},{_number(y)}" marker-end="url(#error)"/>'
        )
        yield f"<text{_at(x + 44, y + 4)}>{LEGEND[0][1]}</text>"
        y += 26
    if any(state.waits for state in states):
        yield f'<rect{_at(x, y - 8)} width="34" height="18" rx="5" class="state Task"/>'
        yield (
            f'<rect{_at(x + 3, y - 5)} width="28" height="12" rx="3" class="Task" '
            'style="fill: none; stroke-width: 1"/>'
        )
        yield f"<text{_at(x + 44, y + 4)}>{LEGEND[1][1]}</text>"


def _at(x: float, y: float) -> str:
    return f' x="{_number(x)}" y="{_number(y)}"'


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def main(arguments: list[str] | None = None) -> int:
    """Draw a definition.

    Args:
        arguments: Command line without the program name; the process's own by default.

    Returns:
        The exit status: 0, or 1 with one line on standard error.
    """
    parser = argparse.ArgumentParser(description="Draw a state machine's definition as SVG.")
    parser.add_argument("definition", help="file of the definition; - is standard input")
    parser.add_argument("--title", default="State machine", help="what the picture shows")
    options = parser.parse_args(arguments)
    try:
        if options.definition == "-":
            text = sys.stdin.read()
        else:
            text = Path(options.definition).read_text(encoding="utf-8")
        picture = draw(text, options.title)
    except (OSError, KeyError, ValueError) as error:
        print(f"error: {options.definition} is no definition: {error!r}", file=sys.stderr)
        return 1
    sys.stdout.write(picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
