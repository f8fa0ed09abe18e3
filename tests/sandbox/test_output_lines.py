"""Output lines look like the service's: the fixtures come from its documentation."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from labeling_sandbox import output_lines
from labeling_sandbox.workforce import FAILED_REASON

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "output_lines"
ATTRIBUTE = "label"
METADATA = "label-metadata"


def fixture(name: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    return parsed


def input_of(line: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in line.items() if key not in (ATTRIBUTE, METADATA)}


@pytest.mark.parametrize(
    "name",
    ["labeled_first_class", "labeled_other_class", "labeled_one_worker", "labeled_extra_keys"],
)
def test_a_labeled_line(name: str) -> None:
    expected = fixture(name)
    metadata = expected[METADATA]
    job = metadata["job-name"].removeprefix("labeling-job/")
    line = output_lines.labeled(
        input_of(expected),
        ATTRIBUTE,
        expected[ATTRIBUTE],
        {key: metadata[key] for key in ("class-name", "confidence", "type")},
        job.upper(),
        datetime.fromisoformat(metadata["creation-date"]),
    )
    assert line == expected


@pytest.mark.parametrize(
    ("name", "reason"), [("failed", FAILED_REASON), ("expired", output_lines.EXPIRED_REASON)]
)
def test_a_line_without_a_label(name: str, reason: str) -> None:
    expected = fixture(name)
    assert output_lines.failed(input_of(expected), ATTRIBUTE, reason) == expected
    assert ATTRIBUTE not in expected
    assert "creation-date" not in expected[METADATA]
    assert "job-name" not in expected[METADATA]


def test_an_unreached_line_is_the_input_line() -> None:
    assert output_lines.unreached(fixture("bare")) == fixture("bare")


def test_a_creation_date_has_six_digits_even_for_a_whole_second() -> None:
    line = output_lines.labeled(
        {}, ATTRIBUTE, 0, {}, "job", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    )
    assert line[METADATA]["creation-date"] == "2026-01-02T03:04:05.000000"
