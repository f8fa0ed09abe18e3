"""Settings that ``terraform apply`` changes while the jobs of a run go on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.domain.examples import job_settings, reviewed_line, verification_fields

if TYPE_CHECKING:
    from tests.handlers.pipeline import Pipeline

_THEN = {"LABELS": '["three", "four"]', "LABEL_SCHEMA": "sha256:then"}
_NOW = {"LABELS": '["cat", "dog"]', "LABEL_SCHEMA": "sha256:now"}


@pytest.fixture(autouse=True)
def templates(pipeline: Pipeline) -> None:
    pipeline.prepare_ground_truth()


def test_labels_that_were_renamed_while_the_job_went_on_are_stored_as_they_were_given(
    pipeline: Pipeline,
) -> None:
    pipeline.configure(**_THEN)
    run = pipeline.claim(3)
    pipeline.start(run)
    pipeline.configure(**_NOW)
    job = pipeline.ended_job(run, [pipeline.labeled(source) for source in pipeline.sources(3)])
    answer = pipeline.settle(run, job)
    assert (answer["outcome"], answer["stored"]) == ("succeeded", 3)
    records = pipeline.records().values()
    assert {(record["label"], record["label_schema"]) for record in records} == {
        ("three", "sha256:then")
    }


def test_what_is_verified_is_judged_by_the_labels_of_its_labeling_job(pipeline: Pipeline) -> None:
    pipeline.configure(**_THEN)
    pipeline.verify()
    run = pipeline.claim(2)
    pipeline.start(run)
    pipeline.configure(**_NOW)
    pipeline.verify()
    lines = [pipeline.labeled(source) for source in pipeline.sources(2)]
    assert pipeline.start_verification(run, pipeline.ended_job(run, lines))["result"] == "created"
    assert len(pipeline.manifest(run, "verify")) == 2


@pytest.mark.parametrize(
    "now",
    [
        None,
        verification_fields(categories=["Fine", "Bad"], accepted_category="Fine"),
        verification_fields(attribute="other-verification"),
    ],
)
def test_judgements_are_read_by_the_verification_that_the_job_began_with(
    pipeline: Pipeline, now: dict[str, Any] | None
) -> None:
    pipeline.verify()
    run = pipeline.claim(4)
    pipeline.start(run)
    sources = pipeline.sources(4)
    lines = [pipeline.labeled(source) for source in sources]
    job = pipeline.ended_job(run, lines)
    pipeline.start_verification(run, job)
    pipeline.configure(VERIFICATION=json.dumps(now))
    judged = [reviewed_line(line) for line in lines[:3]] + [reviewed_line(lines[3], "Wrong label")]
    answer = pipeline.settle(run, job, pipeline.ended_job(run, judged, stage="verify"))
    assert answer["accounting_balanced"]
    assert pipeline.states(sources) == ["stored", "stored", "stored", "returned"]
    assert {record["status"] for record in pipeline.records().values()} == {"VERIFIED"}
    assert pipeline.item(sources[3])["reason"] == "verification_rejected"


def test_a_repeated_start_creates_the_job_of_the_first_call(pipeline: Pipeline) -> None:
    pipeline.configure(**_THEN)
    run = pipeline.claim(2)
    pipeline.faults.refuse("CreateLabelingJob", "ThrottlingException")
    with pytest.raises(Exception, match="ThrottlingException"):
        pipeline.start(run)
    pipeline.faults.forget()
    later = job_settings(
        role_arn=pipeline.role_arn,
        template_s3_uri=f"s3://{pipeline.output}/ground-truth/template.html",
        categories_s3_uri=f"s3://{pipeline.output}/ground-truth/categories.json",
        title="Another title",
    )
    pipeline.configure(**_NOW, LABELING_JOB=json.dumps(later._asdict()))
    assert pipeline.start(run)["result"] == "created"
    described = pipeline.client("sagemaker").describe_labeling_job(
        LabelingJobName=pipeline.job_name(run)
    )
    assert described["HumanTaskConfig"]["TaskTitle"] != "Another title"
    job = pipeline.ended_job(run, [pipeline.labeled(source) for source in pipeline.sources(2)])
    pipeline.settle(run, job)
    assert {record["label_schema"] for record in pipeline.records().values()} == {"sha256:then"}
