"""Where the lines of a picture run: straight down the main way, else along tracks beside it.

A track is a vertical line that all ways to one state share, or all ways from one choice to the end
states. Tracks lie left of the main way and between the last column and the ends, where no state is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tools.graph_order import Order
    from tools.state_graph import Graph, Way


class Route(Enum):
    """How a line runs."""

    DOWN = "down, to the next state of the column"
    ASIDE = "to the right, then down"
    BACK = "down, then to the left"
    LEFT = "by a track left of the main way"
    TO_END = "by a track beside the ends"
    ACROSS = "by a track beside the ends, then in from above"


@dataclass
class Track:
    """A vertical line that several ways share.

    Attributes:
        ways: The ways.
        hub: The state that all of them lead to, or come from.
        fans_out: Whether they come from the hub.
        position: Its place among the tracks of its side, 0 next to the states.
    """

    ways: list[Way]
    hub: str
    fans_out: bool = False
    position: int = 0

    @property
    def spokes(self) -> list[str]:
        """The states at the other ends of the ways."""
        return [way.target if self.fans_out else way.source for way in self.ways]


@dataclass(frozen=True)
class Routes:
    """The routes of a graph's ways.

    Attributes:
        kinds: How each way runs.
        left: The tracks left of the main way.
        right: The tracks beside the ends, in order of their positions.
    """

    kinds: Mapping[Way, Route]
    left: list[Track] = field(default_factory=list)
    right: list[Track] = field(default_factory=list)


def routes(graph: Graph, order: Order) -> Routes:
    """Choose a route for each way.

    Args:
        graph: The graph.
        order: Where its states stand.

    Returns:
        The routes, with positions for all tracks.
    """
    kinds = {way: _route(way, order) for way in graph.ways}
    left = _tracks_by_target(way for way, kind in kinds.items() if kind is Route.LEFT)
    _place_left(left, order)
    return Routes(kinds, left, _right_tracks(graph, order, kinds))


def _route(way: Way, order: Order) -> Route:
    if way.target in order.ends:
        return Route.TO_END
    (column, row), (to_column, to_row) = order.cells[way.source], order.cells[way.target]
    if row < to_row:
        between = range(row + 1, to_row)
        if column == to_column and _free(order, ((column, each) for each in between)):
            return Route.DOWN
        if column < to_column:
            corner = [(each, row) for each in range(column + 1, to_column + 1)]
            if _free(order, [*corner, *((to_column, each) for each in between)]):
                return Route.ASIDE
        if column > to_column:
            corner = [(each, to_row) for each in range(to_column + 1, column + 1)]
            if _free(order, [*corner, *((column, each) for each in between)]):
                return Route.BACK
    return Route.LEFT if column == to_column == 0 else Route.ACROSS


def _free(order: Order, cells: Iterable[tuple[int, int]]) -> bool:
    taken = set(order.cells.values())
    return not any(cell in taken for cell in cells)


def _tracks_by_target(ways: Iterable[Way]) -> list[Track]:
    tracks: dict[str, Track] = {}
    for way in ways:
        tracks.setdefault(way.target, Track([], way.target)).ways.append(way)
    return list(tracks.values())


def _place_left(tracks: list[Track], order: Order) -> None:
    def span(track: Track) -> tuple[int, int]:
        rows = [order.cells[name][1] for name in [track.hub, *track.spokes]]
        return min(rows), max(rows)

    placed: list[Track] = []
    for track in sorted(tracks, key=lambda each: span(each)[1] - span(each)[0]):
        first, last = span(track)
        beside = {
            other.position for other in placed if span(other)[0] <= last and first <= span(other)[1]
        }
        while track.position in beside:
            track.position += 1
        placed.append(track)


def _right_tracks(graph: Graph, order: Order, kinds: Mapping[Way, Route]) -> list[Track]:
    ends = [way for way, kind in kinds.items() if kind is Route.TO_END]
    fans: list[Track] = []
    for name, state in graph.states.items():
        ways = [way for way in ends if way.source == name]
        if state.kind == "Choice" and len(ways) > 1:
            fans.append(Track(ways, name, fans_out=True))
    fanned = {way for fan in fans for way in fan.ways}
    single = _tracks_by_target(way for way in ends if way not in fanned)
    across = _tracks_by_target(way for way, kind in kinds.items() if kind is Route.ACROSS)
    # What ends lowest comes first: its line to the right then passes below the tracks after it.
    single.sort(key=lambda track: -order.ends.index(track.hub))
    above = [track for track in single if fans and track.hub == order.ends[0]]
    tracks = [*across, *(track for track in single if track not in above), *fans, *above]
    for position, track in enumerate(tracks):
        track.position = position
    return tracks
