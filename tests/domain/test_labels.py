"""Labels of every task type: each recorded line is understood, and what fits no shape is not."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from labeling_lambdas.domain.labels import UnreadableLineError
from labeling_lambdas.domain.output_lines import OutputLine, read_output_line
from labeling_lambdas.domain.reasons import Reason

_FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "output_lines"

_TIME = "2026-01-02T03:04:05.678Z"
_SECOND = "2026-01-02T03:04:05.000Z"

_BOXES = "image_bounding_box"
_IMAGES = "image_multi_label_classification"
_MASKS = "image_semantic_segmentation"
_SPANS = "named_entity_recognition"
_TOPICS = "text_multi_label_classification"
_TEXTS = "text_single_label_classification"

#: By task type and case: label, confidence, event time.
_SAID: dict[str, dict[str, tuple[str, float | None, str]]] = {
    _BOXES: {
        "several_boxes": ('["cat","dog"]', 0.78, _TIME),
        "first_class": ('["dog"]', 1, _TIME),
        "one_worker": ('["cat"]', 0, _TIME),
        "no_boxes": ("[]", None, _TIME),
        "classes_of_others": ('["cat"]', 0.9, _TIME),
        "fewer_confidences": ('["cat","dog"]', 0.8, _TIME),
        "job_name_alone": ('["dog"]', 0.8, _TIME),
        "extra_keys": ('["cat"]', 1, _TIME),
        "date_three_digits": ('["cat"]', 1, _TIME),
    },
    _IMAGES: {
        "several_classes": ('["bird","cat","dog"]', 0.666667, _TIME),
        "first_class": ('["dog"]', 1, _TIME),
        "one_worker": ('["cat","dog"]', 0, _TIME),
        "no_class": ("[]", None, _TIME),
        "classes_of_others": ('["cat"]', 0.95, _TIME),
        "confidence_of_others": ('["bird","cat"]', 0.95, _TIME),
        "extra_keys": ('["bird"]', 0.67, _TIME),
        "date_no_fraction": ('["cat"]', 0.67, _SECOND),
    },
    _MASKS: {
        "several_classes": ('["cat","dog"]', 0.835, _TIME),
        "first_class": ('["dog"]', 1, _TIME),
        "one_worker": ('["cat"]', 0, _TIME),
        "background_only": ("[]", None, _TIME),
        "no_background": ('["cat","dog"]', 0.495, _TIME),
        "no_confidence": ('["dog"]', None, _TIME),
        "extra_keys": ('["cat"]', 1, _TIME),
        "date_with_zone": ('["cat"]', 1, _SECOND),
    },
    _SPANS: {
        "several_entities": ('["Person","Place"]', 0.89, _TIME),
        "after_emoji": ('["Person","Place"]', 1, _TIME),
        "one_worker": ('["Place"]', 0, _TIME),
        "no_entities": ("[]", None, _TIME),
        "fewer_confidences": ('["Person"]', 0.9, _TIME),
        "labels_without_short_names": ('["Place"]', 0.67, _TIME),
        "extra_keys": ('["Person"]', 1, _TIME),
        "date_no_fraction": ('["Person"]', 1, _SECOND),
    },
    _TOPICS: {
        "several_classes": ('["app","price","staff"]', 0.666667, _TIME),
        "first_class": ('["app"]', 1, _TIME),
        "one_worker": ('["app","price"]', 0, _TIME),
        "no_class": ("[]", None, _TIME),
        "classes_of_others": ('["price"]', 0.95, _TIME),
        "confidence_of_others": ('["price","staff"]', 0.95, _TIME),
        "extra_keys": ('["staff"]', 0.67, _TIME),
        "date_no_fraction": ('["price"]', 0.67, _SECOND),
    },
    _TEXTS: {
        "first_class": ("refund", 0.67, _TIME),
        "text_index": ("refund", 0.67, _TIME),
        "other_class": ("praise", 1, _TIME),
        "one_worker": ("delivery", 0, _TIME),
        "extra_keys": ("account", 0.67, _TIME),
        "date_three_digits": ("delivery", 0.67, _TIME),
        "date_with_zone": ("delivery", 0.67, _SECOND),
    },
}
_NOT_LABELED = {
    "bare": (Reason.NOT_LABELED, False),
    "expired": (Reason.ANNOTATION_EXPIRED, True),
    "failed": (Reason.ANNOTATION_FAILED, True),
}
_USUAL = {
    _BOXES: "several_boxes",
    _IMAGES: "several_classes",
    _MASKS: "several_classes",
    _SPANS: "several_entities",
    _TOPICS: "several_classes",
    _TEXTS: "other_class",
}


def fixture(task_type: str, case: str) -> dict[str, Any]:
    line: dict[str, Any] = json.loads((_FIXTURES / f"{task_type}-{case}.json").read_text("utf-8"))
    return line


def attribute_of(task_type: str) -> str:
    return "label-ref" if task_type == _MASKS else "label"


def read(task_type: str, line: dict[str, Any], labels: frozenset[str] | None = None) -> OutputLine:
    return read_output_line(
        json.dumps(line), task_type=task_type, attribute=attribute_of(task_type), labels=labels
    )


def test_every_recorded_line_is_covered_here() -> None:
    recorded = {path.stem for path in _FIXTURES.glob("*-*.json")}
    labeled = {f"{task_type}-{case}" for task_type, cases in _SAID.items() for case in cases}
    others = {f"{task_type}-{case}" for task_type in _SAID for case in _NOT_LABELED}
    assert recorded == labeled | others


@pytest.mark.parametrize(
    ("task_type", "case"), [(task_type, case) for task_type in _SAID for case in _SAID[task_type]]
)
def test_a_recorded_line_has_this_label(task_type: str, case: str) -> None:
    recorded = fixture(task_type, case)
    line = read(task_type, recorded)
    assert line.label is not None
    label = line.label
    assert (label.name, label.confidence, label.created_at) == _SAID[task_type][case]
    attribute = attribute_of(task_type)
    # As the service wrote it: boxes, spans, and the mask's address next to its colours.
    assert label.value == {name: recorded[name] for name in (attribute, f"{attribute}-metadata")}


@pytest.mark.parametrize("task_type", _SAID)
@pytest.mark.parametrize("case", _NOT_LABELED)
def test_a_recorded_line_without_a_label_has_this_reason(task_type: str, case: str) -> None:
    line = read(task_type, fixture(task_type, case))
    assert (line.label, line.reason, line.reached) == (None, *_NOT_LABELED[case])


@pytest.mark.parametrize("task_type", _SAID)
def test_a_failure_is_known_by_either_spelling(task_type: str) -> None:
    line = fixture(task_type, _USUAL[task_type])
    line[f"{attribute_of(task_type)}-metadata"]["failure_reason"] = "tasks expired"
    assert read(task_type, line).reason is Reason.ANNOTATION_EXPIRED


def respelled(value: Any, separator: str) -> Any:
    if isinstance(value, list):
        return [respelled(inner, separator) for inner in value]
    if isinstance(value, dict):
        return {key.replace("-", separator): respelled(it, separator) for key, it in value.items()}
    return value


@pytest.mark.parametrize("task_type", _SAID)
def test_names_in_the_metadata_may_have_underscores(task_type: str) -> None:
    line = fixture(task_type, _USUAL[task_type])
    name = f"{attribute_of(task_type)}-metadata"
    changed = {**line, name: respelled(line[name], "_")}
    assert changed != line
    before, after = read(task_type, line).label, read(task_type, changed).label
    assert before is not None
    assert after is not None
    assert (after.name, after.confidence, after.created_at) == (
        before.name,
        before.confidence,
        before.created_at,
    )


@pytest.mark.parametrize("task_type", _SAID)
@pytest.mark.parametrize("attribute_value", [None, True, "", "three", -1, 1.5, {}, [None], [[]]])
def test_a_label_in_another_format_is_unreadable(task_type: str, attribute_value: object) -> None:
    line = {**fixture(task_type, _USUAL[task_type]), attribute_of(task_type): attribute_value}
    with pytest.raises(UnreadableLineError, match=f"item {line['item-id']}: "):
        read(task_type, line)


_REMOVED = [
    (_BOXES, "label.annotations"),
    (_BOXES, "label.annotations.0.class_id"),
    (_BOXES, "label.annotations.1.left"),
    (_BOXES, "label.annotations.2.height"),
    (_BOXES, "label-metadata"),
    (_BOXES, "label-metadata.class-map"),
    (_BOXES, "label-metadata.class-map.1"),
    (_BOXES, "label-metadata.creation-date"),
    (_IMAGES, "label-metadata"),
    (_IMAGES, "label-metadata.class-map"),
    (_IMAGES, "label-metadata.class-map.8"),
    (_IMAGES, "label-metadata.creation-date"),
    (_MASKS, "label-ref-metadata"),
    (_MASKS, "label-ref-metadata.internal-color-map"),
    (_MASKS, "label-ref-metadata.internal-color-map.1.class-name"),
    (_MASKS, "label-ref-metadata.creation-date"),
    (_SPANS, "label.annotations"),
    (_SPANS, "label.annotations.entities"),
    (_SPANS, "label.annotations.entities.0.label"),
    (_SPANS, "label.annotations.entities.0.startOffset"),
    (_SPANS, "label.annotations.entities.2.endOffset"),
    (_SPANS, "label-metadata"),
    (_SPANS, "label-metadata.creation-date"),
    (_TOPICS, "label-metadata.class-map.0"),
    (_TEXTS, "label-metadata.class-name"),
    (_TEXTS, "label-metadata.creation-date"),
]


@pytest.mark.parametrize(("task_type", "path"), _REMOVED)
@pytest.mark.parametrize("replacement", ["removed", None, True, [3]])
def test_a_label_without_a_required_field_is_unreadable(
    task_type: str, path: str, replacement: object
) -> None:
    line = copy.deepcopy(fixture(task_type, _USUAL[task_type]))
    *parents, last = path.split(".")
    target: Any = line
    for step in parents:
        target = target[int(step) if isinstance(target, list) else step]
    if replacement == "removed":
        del target[int(last) if isinstance(target, list) else last]
    else:
        target[last] = replacement
    with pytest.raises(UnreadableLineError) as caught:
        read(task_type, line)
    # Text and labels are kept out of what is logged.
    assert "Lovelace" not in str(caught.value)
    assert "dog" not in str(caught.value)


@pytest.mark.parametrize("replacement", [None, "x", {}, [], [None], {"0": "x"}])
@pytest.mark.parametrize(
    ("task_type", "name"),
    [
        (_BOXES, "objects"),
        (_IMAGES, "confidence-map"),
        (_SPANS, "entities"),
        (_TEXTS, "confidence"),
    ],
)
def test_a_label_without_confidences_is_readable(
    task_type: str, name: str, replacement: object
) -> None:
    line = fixture(task_type, _USUAL[task_type])
    line["label-metadata"][name] = replacement
    label = read(task_type, line).label
    assert label is not None
    assert label.confidence is None


@pytest.mark.parametrize("task_type", _SAID)
def test_a_class_that_is_not_among_the_labels_is_unreadable(task_type: str) -> None:
    line = fixture(task_type, _USUAL[task_type])
    known = {
        _BOXES: "dog cat bird",
        _IMAGES: "dog cat bird",
        _MASKS: "dog cat bird",
        _SPANS: "Person Place",
        _TOPICS: "app price staff",
        _TEXTS: "refund delivery account praise",
    }
    labels = frozenset(known[task_type].split())
    assert read(task_type, line, labels).label is not None
    used = json.loads(_SAID[task_type][_USUAL[task_type]][0]) if task_type != _TEXTS else ["praise"]
    for name in used:
        with pytest.raises(UnreadableLineError, match="a class name is not among the labels"):
            read(task_type, line, labels - {name})


def test_names_are_sorted_and_written_without_escapes() -> None:
    line = fixture(_IMAGES, "several_classes")
    line["label-metadata"]["class-map"] = {"1": "vélo", "0": 'a "b"', "8": "vélo"}
    label = read(_IMAGES, line).label
    assert label is not None
    assert label.name == '["a \\"b\\"","vélo"]'


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ("cats &amp; dogs", "cats & dogs"),
        ("&lt;none&gt;", "<none>"),
        ("CATS & DOGS", "cats & dogs"),
        ("cafe\u0301", "caf\u00e9"),
        ("STRASSE", "stra\u00dfe"),
    ],
)
def test_a_name_in_another_form_is_read_as_the_only_label_that_matches(
    given: str, label: str
) -> None:
    line = fixture(_TEXTS, "other_class")
    line["label-metadata"]["class-name"] = given
    found = read(_TEXTS, line, frozenset({label, "another"})).label
    assert found is not None
    assert (found.name, found.names) == (label, (label,))
    # What Ground Truth wrote is kept as it is.
    assert found.value["label-metadata"]["class-name"] == given


@pytest.mark.parametrize("labels", [{"Cat", "CAT"}, {"dog"}])
def test_a_name_that_matches_several_labels_or_none_is_unreadable(labels: set[str]) -> None:
    line = fixture(_TEXTS, "other_class")
    line["label-metadata"]["class-name"] = "cat"
    with pytest.raises(UnreadableLineError, match="not among the labels"):
        read(_TEXTS, line, frozenset(labels))


def test_the_exact_name_comes_before_one_in_another_case() -> None:
    line = fixture(_TEXTS, "other_class")
    line["label-metadata"]["class-name"] = "cat"
    found = read(_TEXTS, line, frozenset({"cat", "CAT"})).label
    assert found is not None
    assert found.name == "cat"


def test_a_class_of_the_user_that_is_named_background_is_kept() -> None:
    colors = {
        "0": {"class-name": "BACKGROUND", "hex-color": "#ffffff"},
        "1": {"class-name": "BACKGROUND", "hex-color": "#2ca02c"},
    }
    metadata = {"internal-color-map": colors, "creation-date": "2019-02-18T17:11:16"}
    line = {"item-id": "x", "label-ref": "s3://b/m.png", "label-ref-metadata": metadata}
    found = read(_MASKS, line, frozenset({"BACKGROUND"})).label
    assert found is not None
    assert found.name == '["BACKGROUND"]'
    del colors["1"]
    found = read(_MASKS, line, frozenset({"BACKGROUND"})).label
    assert found is not None
    assert found.name == "[]"
