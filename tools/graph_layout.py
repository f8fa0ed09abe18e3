"""The measures of a picture: a box for each state, a line for each way, and their labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tools.graph_order import order
from tools.graph_routes import Route, Routes, routes

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.graph_order import Order
    from tools.graph_routes import Track
    from tools.state_graph import Graph, State, Way

BOX_WIDTH, BOX_HEIGHT, END_HEIGHT, END_WIDTH = 188.0, 48.0, 34.0, 180.0
ROW_GAP, COLUMN_GAP, END_GAP = 36.0, 44.0, 18.0
TRACK, MARGIN, PADDING, HEADING = 18.0, 12.0, 14.0, 26.0
CHARACTER = 5.9
PORTS = 15.0

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A rectangle.

    Attributes:
        x: Its middle.
        y: Its middle.
        width: Its width.
        height: Its height.
    """

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> float:
        """Its left side."""
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        """Its right side."""
        return self.x + self.width / 2

    @property
    def top(self) -> float:
        """Its upper side."""
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        """Its lower side."""
        return self.y + self.height / 2


@dataclass(frozen=True)
class Line:
    """A line.

    Attributes:
        points: Its corners.
        way: What it stands for.
        arrow: Whether it ends at the state, and not at a line that goes on.
    """

    points: tuple[Point, ...]
    way: Way
    arrow: bool = True


@dataclass(frozen=True)
class Label:
    """A line's text.

    Attributes:
        at: The baseline's beginning or end.
        text: The text.
        to_left: Whether the text ends at the point.
    """

    at: Point
    text: str
    to_left: bool = False


@dataclass
class Layout:
    """A picture's measures.

    Attributes:
        graph: What it shows.
        width: Its width.
        height: Its height.
        boxes: The states' places by name.
        inner: The pictures inside of states by name, each with its upper left corner.
        lines: The ways.
        labels: The ways' texts.
        ends_left: Where the column of the ends begins.
        ends_top: Where the first end begins.
    """

    graph: Graph
    width: float = 0
    height: float = 0
    boxes: dict[str, Box] = field(default_factory=dict)
    inner: dict[str, list[tuple[Point, Layout]]] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    ends_left: float = 0
    ends_top: float = 0


def lay_out(graph: Graph) -> Layout:
    """Measure the picture of a graph.

    Args:
        graph: The graph.

    Returns:
        Its measures, the upper left corner at 0, 0.
    """
    return _Measuring(graph, order(graph)).done()


class _Measuring:
    def __init__(self, graph: Graph, placed: Order) -> None:
        self.graph = graph
        self.order = placed
        self.routes: Routes = routes(graph, placed)
        self.layout = Layout(graph)
        self.track_x: dict[int, float] = {}
        self.ports: dict[tuple[str, str, Way | str], float] = {}

    def done(self) -> Layout:
        self._place_boxes()
        self._place_ports()
        for way, kind in self.routes.kinds.items():
            if kind in _SIMPLE:
                _SIMPLE[kind](self, way)
        for track in [*self.routes.left, *self.routes.right]:
            for way in track.ways:
                self._by_track(track, way)
        return self.layout

    def _place_boxes(self) -> None:
        layout, cells = self.layout, self.order.cells
        sizes = {name: self._size(self.graph.states[name]) for name in cells}
        left = [MARGIN + self._left_space()]
        for column in range(self.order.columns):
            widest = max(sizes[name][0] for name, cell in cells.items() if cell[0] == column)
            left.append(left[-1] + widest + COLUMN_GAP)
        top = [MARGIN]
        for row in range(self.order.rows):
            heights = [sizes[name][1] for name, cell in cells.items() if cell[1] == row]
            # Only an end can be alone in its row, and ends have a column of their own.
            top.append(top[-1] + max(heights) + ROW_GAP if heights else top[-1])
        for name, (column, row) in cells.items():
            middle = (left[column] + left[column + 1] - COLUMN_GAP) / 2
            width, height = sizes[name]
            layout.boxes[name] = Box(middle, top[row] + height / 2, width, height)
            self._place_inner(name)
        self._place_ends(left[-1], top[-1] - ROW_GAP)

    def _place_ends(self, begin: float, bottom: float) -> None:
        layout, ends = self.layout, self.order.ends
        for track in self.routes.left:
            self.track_x[id(track)] = (
                self._left_space() + MARGIN - _left_labels(self) - (TRACK * track.position)
            )
        for track in self.routes.right:
            self.track_x[id(track)] = begin + TRACK * track.position
        stack = len(ends) * (END_HEIGHT + END_GAP) - END_GAP if ends else 0
        layout.height = max(bottom, MARGIN + stack) + MARGIN
        layout.ends_left = begin
        if self.routes.right:
            layout.ends_left += TRACK * len(self.routes.right) + self._widest_fan_label()
        layout.ends_top = layout.height - MARGIN - stack
        for index, name in enumerate(ends):
            y = layout.ends_top + index * (END_HEIGHT + END_GAP) + END_HEIGHT / 2
            layout.boxes[name] = Box(layout.ends_left + END_WIDTH / 2, y, END_WIDTH, END_HEIGHT)
        layout.width = max(box.right for box in layout.boxes.values()) + MARGIN

    def _size(self, state: State) -> tuple[float, float]:
        inner = [lay_out(each) for each in state.inner]
        if not inner:
            return BOX_WIDTH, BOX_HEIGHT
        self.layout.inner[state.name] = [((0, 0), each) for each in inner]
        width = sum(each.width for each in inner)
        return max(BOX_WIDTH, width), HEADING + max(each.height for each in inner)

    def _place_inner(self, name: str) -> None:
        inner = [each for _, each in self.layout.inner.get(name, [])]
        box = self.layout.boxes[name]
        x = box.x - sum(each.width for each in inner) / 2
        for index, each in enumerate(inner):
            self.layout.inner[name][index] = ((x, box.top + HEADING), each)
            x += each.width

    def _left_space(self) -> float:
        if not self.routes.left:
            return 0
        tracks = 1 + max(track.position for track in self.routes.left)
        return TRACK * tracks + _left_labels(self)

    def _widest_fan_label(self) -> float:
        labels = [way.label for track in self.routes.right if track.fans_out for way in track.ways]
        return max((len(label) for label in labels), default=0) * CHARACTER + 2 * TRACK

    def _place_ports(self) -> None:
        """Spread the lines over the sides of the boxes so that none crosses its neighbour."""
        ends: dict[tuple[str, str], list[tuple[Way | str, float, float]]] = {}

        def add(name: str, side: str, what: Way | str, other: float, reach: float) -> None:
            ends.setdefault((name, side), []).append((what, other, reach))

        boxes = self.layout.boxes
        for way, kind in self.routes.kinds.items():
            source, target = boxes[way.source], boxes[way.target]
            if kind is Route.ASIDE:
                add(way.source, "right", way, target.y, target.x - source.right)
            elif kind is Route.BACK:
                add(way.target, "right", way, source.y, source.x - target.right)
        for track in [*self.routes.left, *self.routes.right]:
            x = self.track_x[id(track)]
            sides = ("left", "left") if track in self.routes.left else ("right", "left")
            hub_side, spoke_side = sides if track.fans_out else sides[::-1]
            middle = sum(boxes[name].y for name in track.spokes) / len(track.spokes)
            add(track.hub, hub_side, track.hub, middle, abs(x - boxes[track.hub].x))
            for way, name in zip(track.ways, track.spokes, strict=True):
                add(name, spoke_side, way, boxes[track.hub].y, abs(x - boxes[name].x))
        for (name, side), found in ends.items():
            box = boxes[name]
            above = sorted((each for each in found if each[1] < box.y), key=lambda each: each[2])
            below = sorted((each for each in found if each[1] >= box.y), key=lambda each: -each[2])
            step = min(PORTS, box.height / len(found))
            for index, (what, _, _) in enumerate([*above, *below]):
                y = box.y + (index - (len(found) - 1) / 2) * step
                self.ports[name, side, what] = y

    def _port(self, name: str, side: str, what: Way | str) -> float:
        return self.ports[name, side, what]

    def _draw(self, way: Way, *points: Point, arrow: bool = True) -> None:
        self.layout.lines.append(Line(points, way, arrow))

    def _label(self, way: Way, at: Point, *, to_left: bool = False) -> None:
        # That a broken line is taken after any error is said once, beside the picture.
        if way.label and way.label != "any error":
            self.layout.labels.append(Label(at, way.label, to_left))

    def _down(self, way: Way) -> None:
        source, target = self.layout.boxes[way.source], self.layout.boxes[way.target]
        self._draw(way, (source.x, source.bottom), (target.x, target.top))
        self._label(way, (source.x + 6, source.bottom + 14))

    def _aside(self, way: Way) -> None:
        source, target = self.layout.boxes[way.source], self.layout.boxes[way.target]
        y = self._port(way.source, "right", way)
        self._draw(way, (source.right, y), (target.x, y), (target.x, target.top))
        self._label(way, (source.right + 6, y - 4))

    def _back(self, way: Way) -> None:
        source, target = self.layout.boxes[way.source], self.layout.boxes[way.target]
        y = self._port(way.target, "right", way)
        self._draw(way, (source.x, source.bottom), (source.x, y), (target.right, y))
        self._label(way, (source.x + 6, source.bottom + 14))

    def _by_track(self, track: Track, way: Way) -> None:
        boxes, x = self.layout.boxes, self.track_x[id(track)]
        source, target = boxes[way.source], boxes[way.target]
        on_left = track in self.routes.left
        out = self._port(
            way.source, "left" if on_left else "right", track.hub if track.fans_out else way
        )
        begin = source.left if on_left else source.right
        if self.routes.kinds[way] is Route.ACROSS:
            above = target.top - ROW_GAP / 2
            entry = target.x + target.width / 4
            self._draw(way, (begin, out), (x, out), (x, above), (entry, above), (entry, target.top))
        else:
            into = self._port(way.target, "left", way if track.fans_out else track.hub)
            points = [(begin, out), (x, out), (x, into), (target.left, into)]
            if not self._is_outermost(track, way):
                # The rest of the way is drawn with that of another one.
                points = points[2:] if track.fans_out else points[:2]
            self._draw(way, *points, arrow=points[-1] == (target.left, into))
        if track.fans_out:
            beside_tracks = self.layout.ends_left - self._widest_fan_label() + TRACK / 2
            self._label(way, (beside_tracks, self._port(way.target, "left", way) - 4))
        elif on_left:
            self._label(way, (begin - 6, out - 4), to_left=True)
        else:
            self._label(way, (begin + 6, out - 4))

    def _is_outermost(self, track: Track, way: Way) -> bool:
        """Tell whether no other way of the track covers this one's part of it."""
        boxes = self.layout.boxes
        hub_y = boxes[track.hub].y

        def reach(other: Way) -> float:
            return boxes[other.target if track.fans_out else other.source].y - hub_y

        beside = [each for each in track.ways if (reach(each) > 0) == (reach(way) > 0)]
        usual = [each for each in beside if not each.after_error]
        # A solid line covers a broken one, so solid ones have an outermost of their own.
        return any(
            group and way is max(group, key=lambda each: abs(reach(each)))
            for group in (beside, usual)
        )


def _left_labels(measuring: _Measuring) -> float:
    labels = [
        way.label for track in measuring.routes.left for way in track.ways if not way.after_error
    ]
    return max((len(label) for label in labels), default=0) * CHARACTER + TRACK


_SIMPLE: dict[Route, Callable[[_Measuring, Way], None]] = {
    Route.DOWN: _Measuring._down,  # noqa: SLF001 - the class's own table
    Route.ASIDE: _Measuring._aside,  # noqa: SLF001
    Route.BACK: _Measuring._back,  # noqa: SLF001
}
