"""Example values and hypothesis strategies for the rules."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from labeling_lambdas.domain.items import ClaimedItem, SourceObject
from labeling_lambdas.domain.labeling_jobs import LabelingJobSettings
from labeling_lambdas.domain.output_lines import OutputLine, read_output_line
from labeling_lambdas.domain.verification_settings import Verification

UPLOADS = "digits-uploads"
TASK_TYPE = "image_single_label_classification"

#: Keys as S3 takes them: any text that has a UTF-8 form, at most 1,024 bytes of it.
KEYS = st.lists(
    st.characters(blacklist_categories=["Cs"])
    | st.sampled_from(list(" +\"'\\/\n\r\t%é\u0085\u2028")),
    min_size=1,
    max_size=60,
).map("".join)
SEQUENCERS = st.text("0123456789ABCDEF", min_size=0, max_size=24)
SOURCES = st.builds(
    SourceObject,
    bucket=st.just(UPLOADS),
    key=KEYS,
    version_id=st.text("abcXYZ0189._-", min_size=1, max_size=32),
    etag=st.text("0123456789abcdef", max_size=32),
    size=st.integers(1, 1000),
    sequencer=SEQUENCERS,
    line=st.none(),
)
CLAIMS = st.builds(
    ClaimedItem,
    source=SOURCES,
    attempts=st.integers(0, 5),
    generation=st.integers(0, 5),
    part=st.just(""),
    content=st.none(),
    label_uri=st.just(""),
)
COUNTS = st.integers(0, 50)
COUNTS_BY_NAME = st.dictionaries(st.sampled_from(["one", "two", "three"]), COUNTS)


def source(key: str = "a.png", **fields: Any) -> SourceObject:
    """Return an object version, one of a valid image unless told otherwise."""
    defaults: dict[str, Any] = {
        "bucket": UPLOADS,
        "key": key,
        "version_id": "v1",
        "etag": "e",
        "size": 10,
        "sequencer": "0A",
    }
    return SourceObject(**{**defaults, **fields})


def s3_event(upload: SourceObject) -> dict[str, Any]:
    """Return the EventBridge event of an upload."""
    return {
        "version": "0",
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {
            "bucket": {"name": upload.bucket},
            "object": {
                "key": upload.key,
                "size": upload.size,
                "etag": upload.etag,
                "version-id": upload.version_id,
                "sequencer": upload.sequencer,
            },
        },
    }


def labeled_line(item_id: str, **changes: Any) -> dict[str, Any]:
    """Return an output line with a label; ``changes`` go into its metadata."""
    return {
        "source-ref": f"s3://{UPLOADS}/a.png",
        "item-id": item_id,
        "digit-label": 3,
        "digit-label-metadata": {
            "class-name": "three",
            "confidence": 0.67,
            "type": "groundtruth/image-classification",
            "job-name": "labeling-job/digits",
            "human-annotated": "yes",
            "creation-date": "2026-01-02T03:04:05.678901",
            **changes,
        },
    }


def read(line: object) -> OutputLine:
    """Read an output line of a job whose label attribute is ``digit-label``."""
    return read_output_line(json.dumps(line), task_type=TASK_TYPE, attribute="digit-label")


def verification_fields(**changes: Any) -> dict[str, Any]:
    """Return what Terraform decides about verification, as it hands it to the functions."""
    return {
        "attribute": "digit-verification",
        "accepted_category": "Correct",
        "categories": ["Correct", "Wrong label", "Unclear"],
        "sample_percent": 100,
        **changes,
    }


def verification(**changes: Any) -> Verification:
    """Return what Terraform decides about verification."""
    fields = verification_fields(**changes)
    categories = fields.pop("categories")
    return Verification(categories=tuple(categories) if categories else None, **fields)


#: Name that stands in verdicts for that of the job to which they are given.
REVIEWING_JOB = "the-job-of-this-verdict"


def reviewed_line(
    line: dict[str, Any],
    category: str = "Correct",
    *comments: str,
    index: int | str | None = None,
    job: str = REVIEWING_JOB,
) -> dict[str, Any]:
    """Return a labeled line as AWS's own verification gives it back.

    With an index the metadata name no class.
    """
    metadata: dict[str, Any] = {
        "class-name": category,
        "confidence": 0,
        "type": "groundtruth/label-verification",
        "job-name": f"labeling-job/{job}",
        "human-annotated": "yes",
        "creation-date": "2026-01-03T03:04:05.678901",
        "worker-feedback": [{"comment": comment} for comment in comments],
    }
    if index is not None:
        del metadata["class-name"]
    value = index if index is not None else int(category != "Correct")
    return {**line, "digit-verification": value, "digit-verification-metadata": metadata}


def custom_review(
    line: dict[str, Any], category: str = "Correct", *comments: str, job: str = REVIEWING_JOB
) -> dict[str, Any]:
    """Return a labeled line as a job with the pipeline's own consolidation gives it back."""
    value = {
        "class-name": category,
        "accepted": category == "Correct",
        "votes": {category: 1},
        "comments": list(comments),
    }
    metadata = {"job_name": job, "creation_date": "2026-01-03", "type": "groundTruth/custom"}
    return {**line, "digit-verification": value, "digit-verification-metadata": metadata}


def job_settings(**changes: Any) -> LabelingJobSettings:
    """Return what Terraform decides about labeling jobs."""
    function = "arn:aws:lambda:us-east-1:432418664414:function"
    values: dict[str, Any] = {
        "workteam_arn": "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/team",
        "role_arn": "arn:aws:iam::123456789012:role/digits-ground-truth",
        "template_s3_uri": "s3://digits-output/ground-truth/templates/a.liquid.html",
        "categories_s3_uri": "s3://digits-output/ground-truth/categories/a.json",
        "title": "Digits",
        "description": "Choose the digit.",
        "keywords": ["image"],
        "workers_per_object": 3,
        "task_time_limit_seconds": 300,
        "task_availability_seconds": 21600,
        "max_concurrent_tasks": 1000,
        "pre_human_task_lambda_arn": f"{function}:PRE-ImageMultiClass",
        "annotation_consolidation_lambda_arn": f"{function}:ACS-ImageMultiClass",
        "label_attribute_name": "digit-label",
        "output_prefix": "labeling-jobs",
        "tags": {"pipeline": "digits", "team": "vision"},
    }
    return LabelingJobSettings(**{**values, **changes})
