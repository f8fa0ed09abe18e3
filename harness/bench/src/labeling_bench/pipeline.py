"""The pipeline that is measured: its resources, its uploads and its workers.

The functions that take an account run in the account's process.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from labeling_deployment.deployment import IMAGES, TEXTS, planned

if TYPE_CHECKING:
    from collections.abc import Callable

    from in_process_aws.account import Account

STARTED = "2026-01-02T03:04:05.678Z"

_BATCH = 10
#: One run takes everything that is on the queue.
_NO_LIMIT = {"MAX_ITEMS_PER_RUN": "1000000"}


def create(account: Account) -> None:
    """Create the resources that the functions use."""
    deployment = planned(verified=True)
    for queue in deployment.queues.values():
        account.sqs.create_queue(
            queue.name,
            visibility_seconds=queue.visibility_seconds,
            retention_seconds=queue.retention_seconds,
        )
    account.s3.create_bucket(deployment.buckets["upload"], versioned=True)
    account.s3.create_bucket(deployment.buckets["output"], kms_key_arn=deployment.key_arn)
    for key, body in deployment.worker_files.items():
        account.s3.upload(deployment.buckets["output"], key, body)
    account.dynamodb.create_table(deployment.ledger.name, deployment.ledger.key)
    account.features.create_group(deployment.feature_group.name, deployment.feature_group.features)
    account.features.batched = True


def environment(task_type: str = IMAGES, *, verified: bool = False) -> dict[str, str]:
    """Return the environment of the functions."""
    return planned(task_type, verified=verified).environment | _NO_LIMIT


def timeout_seconds(function: str) -> float:
    """Return how long a call of a function may take."""
    return planned(TEXTS, verified=True).functions[function].timeout_seconds


def execution_arn() -> str:
    """Return the ARN of the execution that calls the functions."""
    return planned().state_machine.arn.replace(":stateMachine:", ":execution:") + ":one"


def upload_event(key: str, *, version: str, size: int, number: int) -> dict[str, Any]:
    """Return the event of an upload, with everything that EventBridge puts into one."""
    bucket = planned().buckets["upload"]
    return {
        "version": "0",
        "id": f"17793124-05d4-b198-2fde-{number:012d}",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "123456789012",
        "time": "2026-01-02T03:04:05Z",
        "region": "us-east-1",
        "resources": [f"arn:aws:s3:::{bucket}"],
        "detail": {
            "version": "0",
            "bucket": {"name": bucket},
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
    stored = account.s3.upload(planned().buckets["upload"], "reviews.txt", body)
    return upload_event("reviews.txt", version=stored.version_id, size=len(body), number=1)


def end_job(account: Account, name: str) -> dict[str, Any]:
    """Let every object of a labeling job have a label; return how the job ended."""
    return _end(account, name, planned().label_attribute, _label)


def end_verification_job(account: Account, name: str) -> dict[str, Any]:
    """Let reviewers accept every label of a verification job; return how the job ended."""
    return _end(account, name, planned(verified=True).verification_attribute, _acceptance)


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
    classes = json.loads(planned().environment["LABELS"])
    chosen = number % len(classes)
    metadata = {
        "class-name": classes[chosen],
        "confidence": 0.95,
        "type": "groundtruth/image-classification",
    }
    return chosen, metadata


def _acceptance(_number: int) -> tuple[Any, dict[str, Any]]:
    settings = json.loads(planned(verified=True).environment["VERIFICATION"])
    verdict = {"class-name": settings["accepted_category"], "accepted": True, "comments": []}
    return verdict, {"type": "groundtruth/custom"}


def write_records_singly(account: Account) -> None:
    """Make the account one whose clients do not have BatchWriteRecord."""
    account.features.batched = False


def stored_records(account: Account) -> int:
    """Return how many records can be read."""
    return len(account.features.groups[planned().feature_group.name].newest)


def waiting_messages(account: Account, url: str) -> int:
    """Return how many messages are on a queue."""
    return len(account.sqs.queues[url].messages())
