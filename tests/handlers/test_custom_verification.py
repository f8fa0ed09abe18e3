"""prepare_verification and consolidate_verification: the two functions that Ground Truth calls."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from labeling_lambdas.domain.kept_settings import KeptSettings, LabelRules
from labeling_lambdas.handlers import consolidate_verification, prepare_verification
from tests.domain.examples import job_settings, labeled_line
from tests.domain.examples import verification as verification_of
from tests.handlers.pipeline import Context
from tests.handlers.places import on_both

if TYPE_CHECKING:
    from tests.handlers.pipeline import Pipeline

_RUN = {"run_id": "20260102t030405-0123456789"}


@pytest.fixture(autouse=True)
def verification(pipeline: Pipeline) -> None:
    keep(pipeline)
    # Terraform may change or remove these while the job goes on.
    pipeline.verify(accepted_category="Later", categories=["Later", "Never"])


def keep(pipeline: Pipeline, **changes: Any) -> None:
    """Write what the start of the verification job leaves in its run."""
    rules = LabelRules("image_single_label_classification", "digit-label", "sha256:0", None)
    kept = KeptSettings(job_settings()._asdict(), rules, verification_of(**changes))
    pipeline.write_file(_RUN, "jobs/verify.json", kept.fields())


def job_arn(pipeline: Pipeline) -> str:
    name = f"{pipeline.name}-{_RUN['run_id']}-verify"
    return f"arn:aws:sagemaker:us-east-1:123456789012:labeling-job/{name}"


def answer(category: str, comment: str = "") -> dict[str, Any]:
    content = {"verification": {"label": category}, "comment": comment}
    return {"workerId": "w", "annotationData": {"content": json.dumps(content)}}


def entry(number: int, *annotations: dict[str, Any]) -> dict[str, Any]:
    return {
        "datasetObjectId": str(number),
        "dataObject": {"content": "x"},
        "annotations": list(annotations),
    }


def consolidate(pipeline: Pipeline, entries: Any, key: str = "s3Uri", **event: Any) -> Any:
    uri = put(pipeline, "annotations/consolidation.json", entries)
    whole: Any = {
        "version": "2018-10-16",
        "labelingJobArn": job_arn(pipeline),
        "labelCategories": None,
        "labelAttributeName": "digit-verification",
        "roleArn": pipeline.role_arn,
        "kmsKeyId": pipeline.key_arn,
        "payload": {key: uri},
        **event,
    }
    return consolidate_verification.handler(whole, Context())


def put(pipeline: Pipeline, name: str, value: Any) -> str:
    key = f"labeling-jobs/digits-verify/{name}"
    pipeline.client("s3").put_object(
        Bucket=pipeline.output, Key=key, Body=json.dumps(value).encode()
    )
    return f"s3://{pipeline.output}/{key}"


@on_both
def test_a_task_shows_the_source_and_the_label(pipeline: Pipeline) -> None:
    event: Any = {
        "version": "2018-10-16",
        "labelingJobArn": job_arn(pipeline),
        "dataObject": labeled_line("i"),
    }
    assert prepare_verification.handler(event, Context()) == {
        "taskInput": {
            "taskObject": "s3://digits-uploads/a.png",
            "labels": ["Correct", "Wrong label", "Unclear"],
            "given": ["three"],
            "segments": [],
        },
        "isHumanAnnotationRequired": True,
    }
    assert pipeline.faults.calls == ["GetObject"]


@pytest.mark.parametrize("name", ["digits-verify", "other-20260102t030405-0123456789-verify"])
@pytest.mark.usefixtures("pipeline")
def test_a_job_of_another_pipeline_is_refused(name: str) -> None:
    arn = f"arn:aws:sagemaker:us-east-1:123456789012:labeling-job/{name}"
    event: Any = {"version": "2018-10-16", "labelingJobArn": arn, "dataObject": labeled_line("i")}
    with pytest.raises(ValueError, match="is not a verification job of"):
        prepare_verification.handler(event, Context())


@pytest.mark.parametrize("key", ["s3Uri", "s3uri"])
@pytest.mark.parametrize("count", [1, 10, 60])
def test_each_object_gets_one_result_under_the_jobs_attribute(
    pipeline: Pipeline, key: str, count: int
) -> None:
    entries = [
        entry(number, answer("Correct"), answer("Correct"), answer("Unclear", "why"))
        for number in range(count)
    ]
    merged = consolidate(pipeline, entries, key)
    assert [result["datasetObjectId"] for result in merged] == [
        str(number) for number in range(count)
    ]
    assert merged[0]["consolidatedAnnotation"] == {
        "content": {
            "digit-verification": {
                "class-name": "Correct",
                "accepted": True,
                "votes": {"Correct": 2, "Unclear": 1},
                "comments": ["why"],
            }
        }
    }


@on_both
@pytest.mark.parametrize("key", ["s3Uri", "s3uri", "S3Uri"])
def test_an_answer_may_be_a_file_of_its_own(pipeline: Pipeline, key: str) -> None:
    uri = put(pipeline, "annotations/worker.json", {"verification": {"label": "Unclear"}})
    (merged,) = consolidate(pipeline, [entry(0, {"annotationData": {key: uri}})])
    content = merged["consolidatedAnnotation"]["content"]["digit-verification"]
    assert content["class-name"] == "Unclear"


def test_an_object_without_a_readable_answer_is_left_out(
    pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    merged = consolidate(
        pipeline,
        [
            entry(0),
            entry(1, {"annotationData": {"content": "{"}}, {"annotationData": {}}, {}),
            entry(2, answer("Of nobody", "a secret")),
            entry(3, answer("Of nobody"), answer("Correct", "a secret")),
        ],
    )
    assert [result["datasetObjectId"] for result in merged] == ["3"]
    assert {(vars(record)["merged"], vars(record)["left_out"]) for record in caplog.records} == {
        (1, 3)
    }
    assert "secret" not in str([vars(record) for record in caplog.records])


def test_own_categories_are_those_of_the_event(pipeline: Pipeline) -> None:
    keep(pipeline, categories=None)
    entries = [entry(0, answer("Own")), entry(1, answer("Unclear"))]
    merged = consolidate(pipeline, entries, labelCategories=["Correct", "Own"])
    assert [result["datasetObjectId"] for result in merged] == ["0"]
    assert len(consolidate(pipeline, entries)) == 2
