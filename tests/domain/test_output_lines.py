"""Output lines: labeled if and only if the label is there and no failure is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling_lambdas.domain.labels import UnreadableLineError
from labeling_lambdas.domain.output_lines import OutputLine, item_of, read_output_line
from labeling_lambdas.domain.reasons import Reason
from tests.domain.examples import TASK_TYPE, labeled_line, read

_FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "output_lines"

#: What each line that Ground Truth was seen to write says: class name, confidence, event time.
_SAID = {
    "date_no_fraction": ("one", 0.67, "2026-01-02T03:04:05.000Z"),
    "date_three_digits": ("one", 0.67, "2026-01-02T03:04:05.678Z"),
    "date_with_zone": ("one", 0.67, "2026-01-02T03:04:05.000Z"),
    "labeled_extra_keys": ("three", 0.67, "2026-01-02T03:04:05.678Z"),
    "labeled_first_class": ("zero", 0.67, "2026-01-02T03:04:05.678Z"),
    "labeled_one_worker": ("two", 0.0, "2026-01-02T03:04:05.678Z"),
    "labeled_other_class": ("seven", 1.0, "2026-01-02T03:04:05.678Z"),
    "labeled_text_index": ("zero", 0.67, "2026-01-02T03:04:05.678Z"),
}
_NOT_LABELED = {
    "bare": (Reason.NOT_LABELED, False),
    "expired": (Reason.ANNOTATION_EXPIRED, True),
    "failed": (Reason.ANNOTATION_FAILED, True),
}


def fixture_line(name: str) -> OutputLine:
    text = (_FIXTURES / f"{name}.json").read_text("utf-8")
    return read_output_line(text, task_type=TASK_TYPE, attribute="label")


def test_every_recorded_line_is_covered_here() -> None:
    # Those of the other task types are in test_labels.
    recorded = {path.stem for path in _FIXTURES.glob("*.json") if "-" not in path.stem}
    assert recorded == set(_SAID) | set(_NOT_LABELED)


@pytest.mark.parametrize("name", _SAID)
def test_a_labeled_line_has_this_label(name: str) -> None:
    line = fixture_line(name)
    assert line.label is not None
    assert (line.label.name, line.label.confidence, line.label.created_at) == _SAID[name]
    assert line.reason is None
    assert set(line.label.value) == {"label", "label-metadata"}


@pytest.mark.parametrize("name", _NOT_LABELED)
def test_a_line_without_a_label_has_this_reason(name: str) -> None:
    line = fixture_line(name)
    assert line.label is None
    assert (line.reason, line.reached) == _NOT_LABELED[name]


@pytest.mark.parametrize("value", [0, "0"])
def test_zero_is_the_first_class_and_a_label(value: object) -> None:
    line = read({**labeled_line("i", **{"class-name": "zero"}), "digit-label": value})
    assert line.label is not None
    assert line.label.name == "zero"


def test_a_label_next_to_a_failure_is_no_label() -> None:
    line = read(labeled_line("i", **{"failure-reason": "ClientError: Annotation tasks EXPIRED."}))
    assert (line.label, line.reason) == (None, Reason.ANNOTATION_EXPIRED)


def test_the_label_of_another_job_is_not_read() -> None:
    line = read_output_line(
        json.dumps(labeled_line("i")), task_type=TASK_TYPE, attribute="other-label"
    )
    assert (line.label, line.reason, line.reached) == (None, Reason.NOT_LABELED, False)


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05.000Z"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"),
        ("2026-01-02T03:04:05.1", "2026-01-02T03:04:05.100Z"),
        ("2026-01-02T03:04:05.999999", "2026-01-02T03:04:05.999Z"),
        ("2026-01-02T03:04:05.123456789", "2026-01-02T03:04:05.123Z"),
        ("2026-01-02 03:04:05", "2026-01-02T03:04:05.000Z"),
    ],
)
def test_other_date_formats_are_converted_for_feature_store(written: str, read_as: str) -> None:
    line = read(labeled_line("i", **{"creation-date": written}))
    assert line.label is not None
    assert line.label.created_at == read_as


def test_the_documented_spelling_of_the_date_is_read_too() -> None:
    raw = labeled_line("i", creation_date="2026-02-03T04:05:06")
    del raw["digit-label-metadata"]["creation-date"]
    line = read(raw)
    assert line.label is not None
    assert line.label.created_at == "2026-02-03T04:05:06.000Z"


@pytest.mark.parametrize(
    "changes",
    [
        {"creation-date": "yesterday"},
        {"creation-date": None},
        {"creation-date": 1767323045},
        {"creation-date": "0001-01-01T00:00:00+14:00"},
        {"class-name": ""},
        {"class-name": None},
        {"class-name": ["three"]},
    ],
)
def test_an_unreadable_label_names_the_item(
    changes: dict[str, Any],
) -> None:
    with pytest.raises(UnreadableLineError, match="item i:"):
        read(labeled_line("i", **changes))


@pytest.mark.parametrize("value", [None, True, -1, "three", "", [0], {"0": 1}, 1.5])
def test_a_value_that_is_not_a_class_index_is_unreadable(value: object) -> None:
    with pytest.raises(UnreadableLineError, match="item i: the label is not a class index"):
        read({**labeled_line("i"), "digit-label": value})


def test_a_label_without_metadata_is_unreadable() -> None:
    raw = labeled_line("i")
    del raw["digit-label-metadata"]
    with pytest.raises(UnreadableLineError, match="the metadata is missing"):
        read(raw)


@pytest.mark.parametrize(
    ("value", "confidence"),
    [(0, 0.0), (1, 1.0), (0.5, 0.5), (None, None), ("0.5", None), (True, None)],
)
def test_confidence_is_a_number_or_unknown(value: object, confidence: float | None) -> None:
    line = read(labeled_line("i", confidence=value))
    assert line.label is not None
    assert line.label.confidence == confidence


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_confidence_that_is_not_a_finite_number_is_unknown(value: float) -> None:
    # Feature Store refuses it in a Fractional feature, and the whole label with it.
    line = read(labeled_line("i", confidence=value))
    assert line.label is not None
    assert line.label.confidence is None


@given(st.text(max_size=30))
def test_any_text_is_read_or_unreadable(text: str) -> None:
    with pytest.raises(UnreadableLineError):
        read_output_line(text, task_type=TASK_TYPE, attribute="digit-label")
    assert item_of(text) is None


@pytest.mark.parametrize("text", ["[" * 100_000, "{", "[]", "null", '{"item-id": 3}', "{}"])
def test_a_line_without_an_item_id_belongs_to_no_item(text: str) -> None:
    assert item_of(text) is None


def test_a_line_names_its_item() -> None:
    assert item_of(json.dumps(labeled_line("i"))) == "i"
