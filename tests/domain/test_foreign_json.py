"""Values of output lines as other writers of JSON spell them, on their way into a record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from labeling_lambdas.domain.items import ClaimedItem
from labeling_lambdas.domain.output_lines import read_output_line
from labeling_lambdas.domain.records import (
    ExtraFeature,
    Provenance,
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
        RecordContext("r", task_type, "1", features),
        Provenance("job"),
    )


def feature(row: dict[str, Any], path: str) -> str | None:
    text = json.dumps({**labeled_line("i"), **row})
    return record(text, paths={"extra": path}).get("extra")


@pytest.mark.xfail(strict=True, reason="a path is split at its dots")
def test_a_flattened_key_is_found() -> None:
    row = json.loads((_UPLOADS / "flattened-keys.jsonl").read_text("utf-8"))
    assert feature(row, "meta.lang") == "en"


@pytest.mark.xfail(strict=True, reason="NaN is written as Python spells it")
def test_a_confidence_that_is_no_number_leaves_the_record_valid() -> None:
    text = (_UPLOADS / "nan-confidence-output-line.json").read_text("utf-8")
    found = record(text, task_type="image_bounding_box", attribute="job")
    label = strict(found["label_json"])
    assert label["job-metadata"]["objects"] == [{"confidence": None}]
    assert "confidence" not in found
