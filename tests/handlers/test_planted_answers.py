"""No row of an uploader can answer for labelers or reviewers, whatever keys it has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.domain.examples import custom_review, labeled_line, reviewed_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.handlers.pipeline import Pipeline

_UPLOADS = Path(__file__).parents[1] / "fixtures" / "uploads"
_VERDICT = {"class-name": "Correct", "accepted": True, "votes": {"Correct": 1}, "comments": []}
_METADATA = {
    "class-name": "Correct",
    "type": "groundtruth/label-verification",
    "job-name": "labeling-job/an-earlier-one",
    "human-annotated": "yes",
}

_LABEL = {key: it for key, it in labeled_line("i").items() if key.startswith("digit-label")}

#: Rows as our own output lines are, and as somebody would make them up.
_PLANTED: dict[str, dict[str, Any]] = {
    "our own verified output": {
        "digit-verification": _VERDICT,
        "digit-verification-metadata": {"type": "groundtruth/custom"},
    },
    "a native verdict": {"digit-verification": 0, "digit-verification-metadata": _METADATA},
    "a verdict alone": {"digit-verification": "0"},
    "metadata alone": {"digit-verification-metadata": _METADATA},
    "a label too": {
        "digit-label": 0,
        "digit-label-metadata": {"class-name": "refund"},
        "digit-verification": 0,
    },
    "other case": {"Digit-Verification": 0, "DIGIT-LABEL": 0, "Item-ID": "x", "SOURCE-REF": "x"},
    "white space": {" digit-verification": 0, "digit-label\t": 0},
    "a reference": {"digit-label-ref": "s3://x/y", "digit-verification-ref-metadata": {}},
}


@pytest.fixture(autouse=True)
def text_pipeline(pipeline: Pipeline) -> None:
    pipeline.configure(TASK_TYPE="text_single_label_classification")
    pipeline.prepare_ground_truth()
    pipeline.verify()


def labeled_run(pipeline: Pipeline, row: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Claim a row; return the run and what its labeling job gives back, as Ground Truth does."""
    pipeline.split(pipeline.upload("a.jsonl", row))
    run = pipeline.poll()
    assert pipeline.start(run)["result"] == "created"
    lines = pipeline.manifest(run, "label")
    assert len(lines) == 1
    return run, [{**line, **_LABEL} for line in lines]


def test_a_verified_output_line_is_uploaded_as_a_row(pipeline: Pipeline) -> None:
    row = (_UPLOADS / "verified-output-line.jsonl").read_bytes().replace(b"intents-", b"digit-")
    _, lines = labeled_run(pipeline, row)
    assert [key for line in lines for key in line if "verification" in key] == []


@pytest.mark.parametrize(
    ("planted", "status"),
    [
        pytest.param(planted, "Failed" if number % 2 else "Completed", id=name)
        for number, (name, planted) in enumerate(_PLANTED.items())
    ],
)
def test_a_row_with_answers_is_never_verified_without_a_reviewer(
    pipeline: Pipeline, planted: dict[str, Any], status: str
) -> None:
    row = json.dumps({"source": "I want my money back", "ticket": 7, **planted}).encode()
    run, lines = labeled_run(pipeline, row)
    assert set(lines[0]) == {"source", "item-id", "ticket", "digit-label", "digit-label-metadata"}
    # Also where the planted keys had come through to the output of a job that ended early.
    given = [{**line, **planted, **_LABEL} for line in lines]
    job = pipeline.ended_job(run, given)
    pipeline.settle(run, job, pipeline.ended_job(run, given, status, stage="verify"))
    assert pipeline.records() == {}


@pytest.mark.parametrize("category", ["Correct", "Wrong label"])
@pytest.mark.parametrize("shape", [reviewed_line, custom_review])
def test_a_verdict_of_another_job_is_none(
    pipeline: Pipeline, shape: Callable[..., Any], category: str
) -> None:
    run, lines = labeled_run(pipeline, b'{"source": "one"}')
    foreign = [shape(line, category, job="somebody-elses-job") for line in lines]
    verification = pipeline.ended_job(run, foreign, stage="verify")
    answer = pipeline.settle(run, pipeline.ended_job(run, lines), verification)
    assert answer["accounting_balanced"]
    assert pipeline.records() == {}
    assert pipeline.report(run)["rejected"] == {}


def test_a_kept_label_brings_no_verdict_to_reviewers(pipeline: Pipeline) -> None:
    run, lines = labeled_run(pipeline, b'{"source": "one"}')
    # As a version of the pipeline would have kept it that handed these keys through.
    given = [{**line, "digit-verification": 0, "digit-verification-metadata": {}} for line in lines]
    pipeline.settle(
        run, pipeline.ended_job(run, given), pipeline.ended_job(run, None, "Failed", stage="verify")
    )
    pipeline.expire_visibility()
    again = pipeline.poll(execution="two")
    skipped = pipeline.ended_job(again, None, "Skipped")
    pipeline.start_verification(again, skipped, execution="two")
    (shown,) = pipeline.manifest(again, "verify")
    assert set(shown) == set(lines[0])


def test_a_verdict_counts_only_where_people_labeled_something(pipeline: Pipeline) -> None:
    run, lines = labeled_run(pipeline, b'{"source": "one"}')
    name = pipeline.job_name(run, "verify")
    verification = pipeline.ended_job(
        run, [reviewed_line(line, job=name) for line in lines], stage="verify"
    )
    verification["counters"] = {"TotalLabeled": 0, "HumanLabeled": 0, "Unlabeled": 1}
    pipeline.settle(run, pipeline.ended_job(run, lines), verification)
    assert pipeline.records() == {}


@pytest.mark.parametrize("status", ["Skipped", "NotCreated"])
def test_a_job_that_never_was_verified_nothing(pipeline: Pipeline, status: str) -> None:
    run, lines = labeled_run(pipeline, b'{"source": "one"}')
    name = pipeline.job_name(run, "verify")
    verdicts = [reviewed_line(line, job=name) for line in lines]
    verification = pipeline.ended_job(run, verdicts, status, stage="verify")
    pipeline.settle(run, pipeline.ended_job(run, lines), verification)
    assert pipeline.records() == {}
