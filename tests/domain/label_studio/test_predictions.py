"""A label that is shown to reviewers is the label that was given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling_lambdas.domain.label_studio.output import LabelingProject, labeled_line
from labeling_lambdas.domain.label_studio.pictures import PictureSize
from labeling_lambdas.domain.label_studio.predictions import given_label
from labeling_lambdas.domain.labels import UnreadableLineError
from labeling_lambdas.domain.task_types import task_type
from tests.domain.label_studio.annotations import (
    HEIGHT,
    LABELS,
    WIDTH,
    Result,
    box,
    brush,
    by_people,
    choices,
    span,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_TEXT = "\U0001f389 Zoë flew to São Paulo"
_NAMES = st.sampled_from(LABELS)
_BOXES = st.builds(
    box, _NAMES, st.integers(0, 3), st.integers(0, 3), st.integers(1, 3), st.integers(1, 3)
)
_SPANS = st.builds(
    lambda name, start, length: span(name, start, start + length, _TEXT[start : start + length]),
    _NAMES, st.integers(0, 10), st.integers(1, 5),
)  # fmt: skip
_REGIONS = st.lists(st.booleans(), min_size=WIDTH * HEIGHT, max_size=WIDTH * HEIGHT).map(
    lambda painted: bytes(255 * value for value in painted)
)
_RESULTS: dict[str, st.SearchStrategy[list[Result]]] = {
    "image_bounding_box": st.lists(_BOXES, max_size=3),
    "image_multi_label_classification": st.sets(_NAMES).map(
        lambda names: [choices(*names)] if names else []
    ),
    "image_semantic_segmentation": st.lists(st.builds(brush, _NAMES, _REGIONS), max_size=3),
    "image_single_label_classification": _NAMES.map(lambda name: [choices(name)]),
    "named_entity_recognition": st.lists(_SPANS, max_size=3),
}


def labeled(name: str, results: list[Result]) -> tuple[dict[str, Any], Callable[[str], bytes]]:
    """Return a labeled line, and what reads its mask."""
    kind = task_type(name)
    line = {kind.manifest_key: _TEXT, "item-id": "i"}
    project = LabelingProject("j", kind, "a-label", LABELS, 1, "s3://o/masks")
    found = labeled_line(line, by_people(results), project, picture=PictureSize(WIDTH, HEIGHT, 3))
    return found.line, {"s3://o/masks/i.png": found.mask or b""}.__getitem__


@pytest.mark.parametrize("name", _RESULTS)
@given(data=st.data())
def test_who_submits_what_is_shown_gives_the_same_label(name: str, data: st.DataObject) -> None:
    line, read = labeled(name, data.draw(_RESULTS[name]))
    (shown,) = given_label(line, task_type=task_type(name), attribute="a-label", read=read)
    assert all(result["readonly"] for result in shown["result"])
    again, read_again = labeled(name, shown["result"])
    assert again["a-label"] == line["a-label"]
    if name == "image_semantic_segmentation":
        assert read_again(again["a-label"]) == read(line["a-label"])


def test_a_line_without_a_label_is_not_shown() -> None:
    kind = task_type("image_single_label_classification")
    with pytest.raises(UnreadableLineError):
        given_label({"item-id": "i"}, task_type=kind, attribute="a-label", read=lambda _: b"")
