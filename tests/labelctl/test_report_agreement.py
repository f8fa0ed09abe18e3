"""The measures of agreement between the answer of a worker and a label."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from labelctl.report.agreement import IncomparableError, agreement
from labelctl.report.answers import Worker
from labelctl.report.reliability import alpha
from labelctl.report.workers import Mean, WorkersFigures
from labeling_lambdas.domain.labels import Label

BOX = {"left": 0, "top": 0, "width": 10, "height": 10}
BOXES = "image_bounding_box"
MASK = "image_semantic_segmentation"
SPANS = "named_entity_recognition"
SEVERAL = "text_multi_label_classification"
COLORS = {"cat": "#2ca02c", "dog": "#1f77b4"}


def label(value: Any, *names: str, **metadata: Any) -> Label:
    return Label("", names, {"a": value, "a-metadata": metadata}, None, "")


def shared(task: str, content: Any, found: Label, mask: bytes = b"") -> float:
    return agreement(task, {"any-name": content}, found, lambda _uri: mask)


def boxes(*given: tuple[str, int]) -> Any:
    return {"boundingBoxes": [{**BOX, "label": name, "left": left} for name, left in given]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (boxes(("cat", 0), ("dog", 50)), 1),
        (boxes(("cat", 3), ("dog", 50)), 1),
        # They share less than half of what they cover.
        (boxes(("cat", 4), ("dog", 50)), 0.5),
        (boxes(("dog", 0), ("dog", 50)), 0.5),
        (boxes(("cat", 0)), 2 / 3),
        (boxes(("cat", 0), ("cat", 1), ("dog", 50)), 0.8),
        (boxes(), 0),
    ],
)
def test_boxes_are_paired_one_to_one(given: Any, expected: float) -> None:
    found = label({"annotations": [BOX, {**BOX, "left": 50}]}, "cat", "dog")
    assert shared(BOXES, given, found) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("given", "expected"),
    [([], 0), ([("cat", 0, 3)], 1), ([("cat", 0, 4)], 0), ([("cat", 0, 3), ("dog", 4, 5)], 2 / 3)],
)
def test_spans_are_equal_or_not(given: Any, expected: float) -> None:
    entities = [
        {"label": name, "startOffset": start, "endOffset": end} for name, start, end in given
    ]
    found = label({"annotations": {"entities": [{"startOffset": 0, "endOffset": 3}]}}, "cat")
    assert shared(SPANS, {"entities": entities}, found) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("given", "expected"), [(["cat", "dog"], 1), (["cat"], 0.5), (["bird"], 0), ([], 0)]
)
def test_classes_are_shared(given: list[str], expected: float) -> None:
    assert shared(SEVERAL, {"labels": given}, label([0, 1], "cat", "dog")) == expected


@pytest.mark.parametrize("task", [BOXES, SPANS, SEVERAL, MASK])
def test_nothing_agrees_with_nothing(task: str) -> None:
    content: dict[str, Any] = {
        "boundingBoxes": [],
        "entities": [],
        "labels": [],
        "labelMappings": {},
    }
    empty: Any = {"annotations": {"entities": []} if task == SPANS else []}
    metadata = {"internal-color-map": {"0": {"class-name": "BACKGROUND", "hex-color": "#ffffff"}}}
    found = label("s3://b/m.png" if task == MASK else empty, **metadata)
    assert shared(task, content, found, picture([["white"]])) == 1


def picture(rows: list[list[str]]) -> bytes:
    colors = {"white": "#ffffff", **COLORS}
    pixels = [[list(bytes.fromhex(colors[name][1:])) for name in row] for row in rows]
    written = io.BytesIO()
    Image.fromarray(np.array(pixels, np.uint8)).save(written, "PNG")
    return written.getvalue()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([["cat", "dog"]], 1),
        ([["cat", "white"]], 0.5),
        ([["cat", "cat"]], 0.25),
        ([["white", "white"]], 0),
    ],
)
def test_masks_overlap(given: list[list[str]], expected: float) -> None:
    content = {
        "labeledImage": {"pngImageData": base64.b64encode(picture(given)).decode()},
        "labelMappings": {name: {"color": color} for name, color in COLORS.items()},
    }
    entries = {
        str(place): {"class-name": name, "hex-color": color}
        for place, (name, color) in enumerate(COLORS.items(), 1)
    }
    found = label("s3://b/m.png", "cat", "dog", **{"internal-color-map": entries})
    assert shared(MASK, content, found, picture([["cat", "dog"]])) == pytest.approx(expected)


def test_a_mask_of_another_size_or_that_is_no_picture_is_told() -> None:
    content = {
        "labeledImage": {"pngImageData": base64.b64encode(picture([["cat"]])).decode()},
        "labelMappings": {"cat": {"color": COLORS["cat"]}},
    }
    entries = {"1": {"class-name": "cat", "hex-color": COLORS["cat"]}}
    found = label("s3://b/m.png", "cat", **{"internal-color-map": entries})
    for mask in (picture([["cat", "cat"]]), b"no picture"):
        with pytest.raises(IncomparableError):
            shared(MASK, content, found, mask)


@pytest.mark.parametrize(
    "content", [{}, {"labels": "cat"}, {"labels": [1]}, {"labels": None}, {"boundingBoxes": [{}]}]
)
def test_an_answer_of_another_form_is_told(content: Any) -> None:
    for task in (BOXES, SPANS, SEVERAL, MASK):
        with pytest.raises(IncomparableError):
            shared(task, content, label({"annotations": [BOX]}, "cat"))


def test_alpha_is_that_of_the_published_example() -> None:
    """The worked example with nominal data: https://en.wikipedia.org/wiki/Krippendorff%27s_alpha."""
    a = [None] * 5 + [3, 4, 1, 2, 1, 1, 3, 3, None, 3]
    b = [1, None, 2, 1, 3, 3, 4, 3] + [None] * 7
    c = [None, None, 2, 1, 3, 4, 4, None, 2, 1, 1, 3, 3, None, 4]
    objects = [
        [(name, frozenset({str(value)})) for name, value in zip("abc", row, strict=True) if value]
        for row in zip(a, b, c, strict=True)
    ]
    assert alpha(objects) == pytest.approx(0.691, abs=0.001)


def test_alpha_needs_two_answers_that_could_differ() -> None:
    one = frozenset({"cat"})
    assert alpha([]) is None
    assert alpha([[("a", one)], [("b", frozenset())]]) is None
    assert alpha([[("a", one), ("b", one)]]) is None
    assert alpha([[("a", one), ("b", one)], [("a", frozenset()), ("b", frozenset())]]) == 1


def mean(*numbers: float) -> Mean:
    found = Mean()
    for number in numbers:
        found.add(number)
    return found


def test_below_the_others_is_more_than_chance() -> None:
    others = mean(*[1.0] * 95, *[0.0] * 5)
    assert mean(*[1.0] * 70, *[0.0] * 30).is_below(others)
    assert not mean(*[1.0] * 93, *[0.0] * 7).is_below(others)
    # Few answers say little.
    assert not mean(*[0.0] * 19).is_below(others)
    assert mean(*[0.0] * 20).is_below(others)
    assert not mean(*[0.0] * 20).is_below(mean())


def test_pseudonyms_differ_by_person_place_and_pipeline() -> None:
    workers = (Worker("pool", "1"), Worker("pool", "2"), Worker("another", "1"))
    names = {
        WorkersFigures(pipeline, BOXES).name_of(worker)
        for pipeline in ("digits", "letters")
        for worker in workers
    }
    assert len(names) == 6


def test_a_sample_does_not_depend_on_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labelctl.report.workers._SAMPLED", 10)
    found = []
    for items in (range(100), reversed(range(100))):
        figures = WorkersFigures("digits", SEVERAL)
        for item in items:
            figures.sample(f"i{item}", {Worker("", "a"): frozenset(), Worker("", "b"): frozenset()})
        assert figures.sampled == 10
        found.append(sorted(item for _, item, _ in figures._sample))
    assert found[0] == found[1]
