"""The pipeline that is measured: its resources, its environment, and what the world does to it.

The functions below run in the account's process.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from in_process_aws.account import Account

PIPELINE = "bench"
UPLOADS, OUTPUT, TABLE, GROUP = "bench-upload", "bench-output", "bench-ledger", "bench-records"
KEY = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"
ATTRIBUTE = "bench-label"
VERIFICATION_ATTRIBUTE = "bench-verification"
ACCEPTED = "Correct"
EXECUTION = f"arn:aws:states:us-east-1:123456789012:execution:{PIPELINE}:one"
STARTED = "2026-01-02T03:04:05.678Z"
CLASSES = ("cat", "dog")

_BATCH = 10
_VISIBILITY_SECONDS = 960

_FEATURES = {
    "source_ref": "String",
    "event_time": "String",
    "label": "String",
    "label_json": "String",
    "confidence": "Fractional",
    "labeling_job": "String",
    "verification_job": "String",
    "status": "String",
    "task_type": "String",
    "label_schema": "String",
    "source_version_id": "String",
    "source_etag": "String",
    "run_id": "String",
    "attempts": "Integral",
    "extra_json": "String",
}


def create(account: Account) -> dict[str, str]:
    """Create the resources; return the environment of the functions."""
    intake = account.sqs.create_queue("intake", visibility_seconds=_VISIBILITY_SECONDS)
    dead_letters = account.sqs.create_queue("dead-letters")
    account.s3.create_bucket(UPLOADS, versioned=True)
    account.s3.create_bucket(OUTPUT, kms_key_arn=KEY)
    account.dynamodb.create_table(TABLE)
    account.features.create_group(GROUP, _FEATURES)
    account.features.batched = True
    for name in ("template.html", "categories.json"):
        account.s3.upload(OUTPUT, f"ground-truth/{name}", b"{}")
    return {
        "PIPELINE_NAME": PIPELINE,
        "LEDGER_TABLE": TABLE,
        "OUTPUT_BUCKET": OUTPUT,
        "KMS_KEY_ARN": KEY,
        "UPLOAD_BUCKET": UPLOADS,
        "INTAKE_QUEUE_URL": intake,
        "DEAD_LETTER_QUEUE_URL": dead_letters,
        "IGNORED_KEYS": "[]",
        "MAX_ITEMS_PER_RUN": "1000000",
        "LABELING_JOB": json.dumps(_job_settings()),
        "LABEL_ATTRIBUTE_NAME": ATTRIBUTE,
        "LABEL_SCHEMA": "sha256:0123456789abcdef",
        "LABELS": json.dumps(CLASSES),
        "TASK_TYPE": "image_single_label_classification",
        "TEXT_ITEMS": "line",
        "MAX_ATTEMPTS": "3",
        "EXTRA_FEATURES": "{}",
        "FEATURE_GROUP_NAME": GROUP,
        "EVENT_BUS_NAME": "default",
        "VERIFICATION": "null",
    }


def _job_settings() -> dict[str, Any]:
    function = "arn:aws:lambda:us-east-1:432418664414:function"
    return {
        "workteam_arn": "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/team",
        "role_arn": "arn:aws:iam::123456789012:role/bench-ground-truth",
        "template_s3_uri": f"s3://{OUTPUT}/ground-truth/template.html",
        "categories_s3_uri": f"s3://{OUTPUT}/ground-truth/categories.json",
        "title": "Cats and dogs",
        "description": "Choose one.",
        "keywords": ["image"],
        "workers_per_object": 1,
        "task_time_limit_seconds": 300,
        "task_availability_seconds": 21600,
        "max_concurrent_tasks": 1000,
        "pre_human_task_lambda_arn": f"{function}:PRE-ImageMultiClass",
        "annotation_consolidation_lambda_arn": f"{function}:ACS-ImageMultiClass",
        "label_attribute_name": ATTRIBUTE,
        "output_prefix": "labeling-jobs",
        "tags": {"pipeline": PIPELINE},
    }


def verification_environment() -> dict[str, str]:
    """Return what the environment of functions has besides where labels are verified."""
    verification = {
        "attribute": VERIFICATION_ATTRIBUTE,
        "accepted_category": ACCEPTED,
        "categories": [ACCEPTED, "Wrong label"],
        "sample_percent": 100,
    }
    job = {**_job_settings(), "label_attribute_name": VERIFICATION_ATTRIBUTE}
    return {"VERIFICATION_JOB": json.dumps(job), "VERIFICATION": json.dumps(verification)}


def upload_event(key: str, *, version: str, size: int, number: int) -> dict[str, Any]:
    """Return the event of an upload, with everything that EventBridge puts into one."""
    return {
        "version": "0",
        "id": f"17793124-05d4-b198-2fde-{number:012d}",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "123456789012",
        "time": "2026-01-02T03:04:05Z",
        "region": "us-east-1",
        "resources": [f"arn:aws:s3:::{UPLOADS}"],
        "detail": {
            "version": "0",
            "bucket": {"name": UPLOADS},
            "object": {
                "key": key,
                "size": size,
                "etag": f"{number:032x}",
                "version-id": version,
                "sequencer": f"{number:018X}",
            },
            "request-id": f"N4N7GDK58N{number:06d}",
            "requester": "123456789012",
            "source-ip-address": "1.2.3.4",
            "reason": "PutObject",
        },
    }


def announce_images(account: Account, url: str, count: int) -> None:
    """Put the events of so many uploads on the intake queue."""
    sqs = account.client("sqs")
    for start in range(0, count, _BATCH):
        numbers = range(start, min(start + _BATCH, count))
        events = [
            upload_event(
                f"photos/2026/{number % 100:02d}/image-{number:08d}.jpeg",
                version=f"L4kqtJlcpXroDTDmpUMLUo{number:010d}",
                size=123_456,
                number=number,
            )
            for number in numbers
        ]
        sqs.send_message_batch(
            QueueUrl=url,
            Entries=[
                {"Id": str(index), "MessageBody": json.dumps(event)}
                for index, event in enumerate(events)
            ],
        )


def upload_texts(account: Account, count: int) -> dict[str, Any]:
    """Upload a file of so many lines; return its event."""
    lines = "".join(
        f"This is line {number} of the reviews, a short one.\n" for number in range(count)
    )
    body = lines.encode()
    stored = account.s3.upload(UPLOADS, "reviews.txt", body)
    return upload_event("reviews.txt", version=stored.version_id, size=len(body), number=1)


def end_job(account: Account, name: str) -> dict[str, Any]:
    """Let every object of a labeling job have a label; return how the job ended."""
    return _end(account, name, ATTRIBUTE, _label)


def end_verification_job(account: Account, name: str) -> dict[str, Any]:
    """Let reviewers accept every label of a verification job; return how the job ended."""
    return _end(account, name, VERIFICATION_ATTRIBUTE, _acceptance)


def _end(
    account: Account, name: str, attribute: str, given: Callable[[int], tuple[Any, dict[str, Any]]]
) -> dict[str, Any]:
    account.sagemaker.begin(name)
    lines = []
    for number, line in enumerate(account.sagemaker.input_lines(name)):
        value, metadata = given(number)
        metadata = {
            **metadata,
            "job-name": f"labeling-job/{name.lower()}",
            "human-annotated": "yes",
            "creation-date": "2026-01-02T04:05:06.789012",
        }
        lines.append({**line, attribute: value, f"{attribute}-metadata": metadata})
    job = account.sagemaker.end(name, "Completed", lines)
    return {
        "name": name,
        "status": job.status,
        "output_uri": job.output_uri,
        "counters": job.counters,
        "failure_reason": "",
    }


def _label(number: int) -> tuple[Any, dict[str, Any]]:
    chosen = number % len(CLASSES)
    metadata = {
        "class-name": CLASSES[chosen],
        "confidence": 0.95,
        "type": "groundtruth/image-classification",
    }
    return chosen, metadata


def _acceptance(_number: int) -> tuple[Any, dict[str, Any]]:
    verdict = {"class-name": ACCEPTED, "accepted": True, "comments": []}
    return verdict, {"type": "groundtruth/custom"}


def write_records_singly(account: Account) -> None:
    """Make the account one whose clients do not have BatchWriteRecord."""
    account.features.batched = False


def stored_records(account: Account) -> int:
    """Return how many records can be read."""
    return len(account.features.groups[GROUP].newest)


def waiting_messages(account: Account, url: str) -> int:
    """Return how many messages are on a queue."""
    return len(account.sqs.queues[url].messages())
