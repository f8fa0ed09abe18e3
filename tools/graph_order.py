"""Where the states of a graph stand: the main way down, what is beside it, and the ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.state_graph import ENDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tools.state_graph import Graph, Way


@dataclass(frozen=True)
class Order:
    """Rows and columns.

    Attributes:
        cells: Column and row of each state that is no end; column 0 is the main way.
        ends: The end states from top to bottom; they stand in a column of their own.
    """

    cells: Mapping[str, tuple[int, int]]
    ends: Sequence[str]

    @property
    def columns(self) -> int:
        """The number of columns, without that of the ends."""
        return 1 + max(column for column, _ in self.cells.values())

    @property
    def rows(self) -> int:
        """The number of rows."""
        return 1 + max(row for _, row in self.cells.values())


def order(graph: Graph) -> Order:
    """Place the states of a graph.

    A state's row is the longest way to it, repeats left out, so a state stands below all that leads
    to it. The main way is the longest one that needs no error.

    Args:
        graph: The graph.

    Returns:
        Rows and columns.
    """
    forward = _without_repeats(graph)
    rows = _rows(graph, forward)
    inside = [name for name, state in graph.states.items() if state.kind not in ENDS]
    main = _main_way(graph, forward)
    cells = {name: (0, rows[name]) for name in main}
    for name in inside:
        if name not in cells:
            column = 1
            while (column, rows[name]) in cells.values():
                column += 1
            cells[name] = (column, rows[name])
    ends = [name for name, state in graph.states.items() if state.kind in ENDS]
    return Order(cells, ends)


def _without_repeats(graph: Graph) -> list[Way]:
    """Leave out each way that leads back to a state it came through."""
    seen: set[str] = set()
    kept: list[Way] = []

    def follow(name: str, behind: frozenset[str]) -> None:
        seen.add(name)
        for way in graph.leaving(name):
            if way.target in behind | {name}:
                continue
            kept.append(way)
            if way.target not in seen:
                follow(way.target, behind | {name})

    for name in [graph.start, *graph.states]:
        if name not in seen:
            follow(name, frozenset())
    return kept


def _rows(graph: Graph, forward: list[Way]) -> dict[str, int]:
    rows = dict.fromkeys(graph.states, 0)
    # Each pass lengthens every way by one state at least, so as many passes as states are enough.
    for _ in graph.states:
        for way in forward:
            rows[way.target] = max(rows[way.target], rows[way.source] + 1)
    return rows


def _main_way(graph: Graph, forward: list[Way]) -> list[str]:
    longest: dict[str, list[str]] = {}

    def from_here(name: str) -> list[str]:
        if name not in longest:
            ways = [way for way in forward if way.source == name]
            usual = [way for way in ways if not way.after_error]
            targets = [way.target for way in usual or ways]
            tails = [from_here(each) for each in targets if graph.states[each].kind not in ENDS]
            longest[name] = [name, *max(tails, key=len, default=[])]
        return longest[name]

    return from_here(graph.start)
