"""Boxes, and which boxes of several people mean the same object."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

from labeling_lambdas.domain.label_studio.agreement import is_majority

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Boxes of one class whose intersection is at least this share of their union mean one object.
#: The usual limit of the field, from the PASCAL VOC challenge.
SAME_OBJECT = 0.5


class Box(NamedTuple):
    """A box of a class; distances in pixels from the upper left corner of the image.

    Attributes:
        category: Index of the class.
        left: Left edge.
        top: Upper edge.
        right: Right edge.
        bottom: Lower edge.
    """

    category: int
    left: float
    top: float
    right: float
    bottom: float

    @property
    def area(self) -> float:
        """In square pixels."""
        return max(0.0, self.right - self.left) * max(0.0, self.bottom - self.top)


class AgreedBox(NamedTuple):
    """A box that more than half of the people drew.

    Attributes:
        box: Its edges, the mean of those that were drawn.
        votes: How many people drew it.
    """

    box: Box
    votes: int


class _Drawn(NamedTuple):
    box: Box
    person: int
    place: int


def overlap(one: Box, other: Box) -> float:
    """Return the intersection of two boxes as a share of their union, 0 to 1."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (one.area + other.area - shared)


def agreed_boxes(answers: Sequence[Sequence[Box]]) -> list[AgreedBox]:
    """Return the boxes that more than half of the people drew.

    Boxes are grouped, those that overlap the most first. A group has at most one box of each
    person, and any two of its boxes are of one class and mean one object. The order of the answers
    therefore does not matter.

    Args:
        answers: The boxes of each person.
    """
    groups = _groups(
        [
            _Drawn(box, person, place)
            for person, boxes in enumerate(answers)
            for place, box in enumerate(boxes)
        ]
    )
    found = [
        AgreedBox(_mean([drawn.box for drawn in group]), len(group))
        for group in groups
        if is_majority(len(group), len(answers))
    ]
    return sorted(found, key=lambda agreed: (agreed.box.left, agreed.box.top, agreed.box))


def _groups(drawn: Sequence[_Drawn]) -> list[list[_Drawn]]:
    group_of = {one: [one] for one in drawn}
    for one, other in _pairs(drawn):
        first, second = group_of[one], group_of[other]
        if first is second or not _fit(first, second):
            continue
        first += second
        for moved in second:
            group_of[moved] = first
    return list({id(group): group for group in group_of.values()}.values())


def _pairs(drawn: Sequence[_Drawn]) -> Iterator[tuple[_Drawn, _Drawn]]:
    """Yield the pairs of boxes that mean one object, those that overlap the most first."""
    pairs = [
        (-overlap(one.box, other.box), one, other)
        for one, other in itertools.combinations(sorted(drawn), 2)
        if _same(one, other)
    ]
    return ((one, other) for _, one, other in sorted(pairs))


def _same(one: _Drawn, other: _Drawn) -> bool:
    return (
        one.person != other.person
        and one.box.category == other.box.category
        and overlap(one.box, other.box) >= SAME_OBJECT
    )


def _fit(first: Sequence[_Drawn], second: Sequence[_Drawn]) -> bool:
    return all(_same(one, other) for one, other in itertools.product(first, second))


def _mean(boxes: Sequence[Box]) -> Box:
    return Box(
        boxes[0].category,
        *(math.fsum(edges) / len(edges) for edges in zip(*(b[1:] for b in boxes), strict=True)),
    )
