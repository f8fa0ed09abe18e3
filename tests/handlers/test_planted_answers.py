"""No row of an uploader can answer for labelers or reviewers, whatever keys it has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.domain.examples import labeled_line
from tests.sandbox.resources import control

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.handlers.pipeline import Pipeline

_UPLOADS = Path(__file__).parents[1] / "fixtures" / "uploads"


@pytest.fixture(autouse=True)
def text_pipeline(pipeline: Pipeline) -> Iterator[None]:
    control(pipeline.sandbox, "POST", "workforce", {"reset": True})
    control(pipeline.sandbox, "POST", "workforce", {"delay_seconds": 6000.0})
    pipeline.configure(TASK_TYPE="text_single_label_classification")
    pipeline.prepare_ground_truth()
    pipeline.verify()
    yield
    control(pipeline.sandbox, "POST", "workforce", {"reset": True})


def labeled_run(pipeline: Pipeline, row: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Claim a row, and return the run and what its labeling job gives back, as Ground Truth does."""
    pipeline.split(pipeline.upload("a.jsonl", row))
    run = pipeline.poll()
    assert pipeline.start(run)["result"] == "created"
    lines = pipeline.manifest(run, "label")
    assert len(lines) == 1
    return run, [{**line, **labeled_line(line["item-id"])} for line in lines]


@pytest.mark.xfail(strict=True, reason="keys that verification reads are handed through")
def test_a_verified_output_line_is_uploaded_as_a_row(pipeline: Pipeline) -> None:
    row = (_UPLOADS / "verified-output-line.jsonl").read_bytes().replace(b"intents-", b"digit-")
    run, lines = labeled_run(pipeline, row)
    assert [key for line in lines for key in line if "verification" in key] == []
