"""Which boxes of several people mean the same object."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling_lambdas.domain.label_studio.boxes import AgreedBox, Box, agreed_boxes, overlap

if TYPE_CHECKING:
    import random

_SIDE = 12
_EDGES = st.tuples(
    st.integers(0, _SIDE - 1), st.integers(0, _SIDE - 1), st.integers(1, 6), st.integers(1, 6)
)
_BOXES = st.builds(
    lambda category, edges: Box(
        category, edges[0], edges[1], edges[0] + edges[2], edges[1] + edges[3]
    ),
    st.integers(0, 1),
    _EDGES,
)
_ANSWERS = st.lists(st.lists(_BOXES, max_size=4), min_size=1, max_size=5)


def cells(box: Box) -> set[tuple[int, int]]:
    """Return the unit squares that a box with whole edges covers."""
    return {
        (x, y)
        for x in range(int(box.left), int(box.right))
        for y in range(int(box.top), int(box.bottom))
    }


@given(_BOXES, _BOXES)
def test_the_overlap_is_the_shared_part_of_what_both_cover(one: Box, other: Box) -> None:
    both, either = cells(one) & cells(other), cells(one) | cells(other)
    assert overlap(one, other) == pytest.approx(len(both) / len(either))


@given(_ANSWERS)
def test_an_agreed_box_has_a_majority_that_drew_it_about_there(answers: list[list[Box]]) -> None:
    for agreement in agreed_boxes(answers):
        assert 2 * agreement.votes > len(answers)
        near = [
            [
                box
                for box in boxes
                if box.category == agreement.box.category and overlap(box, agreement.box) > 0
            ]
            for boxes in answers
        ]
        assert sum(map(bool, near)) >= agreement.votes
        drawn = [box for boxes in near for box in boxes]
        for edge in range(1, 5):
            assert min(box[edge] for box in drawn) <= agreement.box[edge] + 1e-9
            assert max(box[edge] for box in drawn) >= agreement.box[edge] - 1e-9


@given(_ANSWERS)
def test_no_more_boxes_are_agreed_than_a_majority_can_have_drawn(answers: list[list[Box]]) -> None:
    found = agreed_boxes(answers)
    for category in (0, 1):
        drawn = sum(box.category == category for boxes in answers for box in boxes)
        agreed = [agreement.votes for agreement in found if agreement.box.category == category]
        assert sum(agreed) <= drawn
    assert len(found) <= max(len(boxes) for boxes in answers) * len(answers)


@given(_ANSWERS, st.randoms())
def test_the_order_of_people_and_boxes_does_not_matter(
    answers: list[list[Box]], choice: random.Random
) -> None:
    shuffled = [choice.sample(boxes, len(boxes)) for boxes in answers]
    choice.shuffle(shuffled)
    assert agreed_boxes(shuffled) == agreed_boxes(answers)


@given(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3))), st.integers(1, 4))
def test_what_most_people_draw_alike_is_found_as_they_drew_it(
    places: set[tuple[int, int]], majority: int
) -> None:
    drawn = [Box(0, 10 * x, 10 * y, 10 * x + 7, 10 * y + 8) for x, y in sorted(places)]
    others = [[Box(1, 0, 0, 5, 5)]] * (majority - 1)
    found = agreed_boxes([drawn] * majority + others)
    assert [agreement.box for agreement in found] == drawn
    assert all(agreement.votes == majority for agreement in found)


def test_edges_are_the_mean_of_those_that_were_drawn() -> None:
    answers = [[Box(0, 10, 10, 30, 30)], [Box(0, 12, 10, 30, 33)], [Box(0, 11, 10, 33, 30)]]
    assert agreed_boxes(answers) == [AgreedBox(Box(0, 11, 10, 31, 31), 3)]


@pytest.mark.parametrize(
    "other",
    [
        Box(1, 0, 0, 10, 10),  # another class
        Box(0, 0, 0, 10, 4.9),  # less than half of it
        Box(0, 20, 20, 30, 30),
    ],
)
def test_boxes_of_another_class_or_place_are_not_one(other: Box) -> None:
    assert agreed_boxes([[Box(0, 0, 0, 10, 10)], [other]]) == []


def test_half_of_the_union_is_enough() -> None:
    assert len(agreed_boxes([[Box(0, 0, 0, 10, 10)], [Box(0, 0, 0, 10, 5)]])) == 1


def test_two_boxes_of_one_person_are_two_votes_for_nothing() -> None:
    twice = [Box(0, 0, 0, 10, 10), Box(0, 0, 0, 10, 10)]
    assert agreed_boxes([twice, [], []]) == []
    assert len(agreed_boxes([twice, twice, []])) == 2
