"""Values of output lines as other writers of JSON spell them, on their way into a record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling_lambdas.domain.compact_json import compact_json
from labeling_lambdas.domain.items import ClaimedItem
from labeling_lambdas.domain.output_lines import read_output_line
from labeling_lambdas.domain.provenance import Provenance
from labeling_lambdas.domain.records import (
    ExtraFeature,
    RecordContext,
    feature_record,
)
from tests.domain.examples import labeled_line, source

_UPLOADS = Path(__file__).parents[1] / "fixtures" / "uploads"


def strict(text: str) -> Any:
    def refuse(word: str) -> None:
        message = f"{word} is not JSON"
        raise AssertionError(message)

    return json.loads(text, parse_constant=refuse)


def record(
    text: str,
    *,
    paths: dict[str, str] | None = None,
    task_type: str = "text_single_label_classification",
    attribute: str = "digit-label",
) -> dict[str, str]:
    features = {name: ExtraFeature(path, column=True) for name, path in (paths or {}).items()}
    return feature_record(
        ClaimedItem(source("a.jsonl", line=1)),
        read_output_line(text, task_type=task_type, attribute=attribute),
        RecordContext("r", features),
        Provenance("job", task_type, "1"),
    )


def feature(row: dict[str, Any], path: str) -> str | None:
    text = json.dumps({**labeled_line("i"), **row})
    return record(text, paths={"extra": path}).get("extra")


def test_a_flattened_key_is_found() -> None:
    row = json.loads((_UPLOADS / "flattened-keys.jsonl").read_text("utf-8"))
    assert feature(row, "meta.lang") == "en"


@pytest.mark.parametrize(
    ("row", "path", "found"),
    [
        ({"meta.lang": "en", "meta": {"lang": "fr"}}, "meta.lang", "en"),
        ({"meta": {"lang": "fr"}}, "meta.lang", "fr"),
        ({"meta": {"lang.code": "en"}}, "meta.lang.code", "en"),
        ({"meta.lang": {"code": "en"}}, "meta.lang.code", "en"),
        ({"meta.lang": {"x": 1}, "meta": {"lang": {"code": "en"}}}, "meta.lang.code", "en"),
        ({"tags": ["a", {"b": "c"}]}, "tags.0", "a"),
        ({"tags": ["a", {"b": "c"}]}, "tags.1.b", "c"),
        ({"tags": {"0": "key"}}, "tags.0", "key"),
        ({"tags": ["a"]}, "tags.1", None),
        ({"tags": ["a"]}, "tags.-1", None),
        ({"tags": ["a"]}, "tags." + "9" * 5000, None),
        ({"the key": {"of two": "words"}}, "the key.of two", "words"),
        ({"a/b": "key"}, "a/b", "key"),
        ({"a": {"b/c~d": ["x"]}}, "/a/b~1c~0d/0", "x"),
        ({"a.b": {"c": 1}}, "/a.b/c", "1"),
        ({"/a": "key", "a": "pointer"}, "/a", "key"),
        ({"": {"": "empty keys"}}, "//", "empty keys"),
        ({"a": "text"}, "a.b", None),
        ({"a": None}, "a", None),
        ({"a": float("nan")}, "a", None),
        ({"a": [float("inf"), 1]}, "a", "[null,1]"),
        ({"a": False}, "a", "false"),
        ({"a": {"b": 0}}, "a.b", "0"),
    ],
)
def test_a_path_is_a_key_then_keys_and_indexes_or_a_pointer(
    row: dict[str, Any], path: str, found: str | None
) -> None:
    assert feature(row, path) == found


def test_a_confidence_that_is_no_number_leaves_the_record_valid() -> None:
    text = (_UPLOADS / "nan-confidence-output-line.json").read_text("utf-8")
    found = record(text, task_type="image_bounding_box", attribute="job")
    label = strict(found["label_json"])
    assert label["job-metadata"]["objects"] == [{"confidence": None}]
    assert "confidence" not in found


_NUMBERS = st.floats() | st.integers() | st.none() | st.text(max_size=3)
_VALUES = st.recursive(
    _NUMBERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(_VALUES)
def test_whatever_is_written_is_json(value: Any) -> None:
    written = compact_json(value)
    assert len(written.splitlines()) == 1
    strict(written)
