"""Checks of the way from an upload to the intake queue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from labelctl.doctor.checks import Check, Problem, warning
from labelctl.doctor.lookups import (
    APPLY,
    found,
    invocable,
    permits_events,
    rule_problems,
    statements,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelctl.doctor.checks import Subject


def _queue_name(url: str) -> str:
    return url.rpartition("/")[2]


def _attributes(subject: Subject, url: str) -> dict[str, Any] | None:
    sqs = subject.client("sqs")
    answer = found(sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["All"])
    return answer["Attributes"] if answer else None


def _bucket_notification(subject: Subject) -> Iterator[Problem]:
    bucket = subject.pipeline.upload_bucket
    answer = found(subject.client("s3").get_bucket_notification_configuration, Bucket=bucket)
    if answer is None:
        yield Problem(f"the bucket {bucket} does not exist", APPLY)
    elif "EventBridgeConfiguration" not in answer:
        # A bucket has one notification configuration: the last resource that was applied replaces
        # that of the module.
        others = [name for name in answer if name.endswith("Configurations") and answer[name]]
        replaced = f" and has {', '.join(others)} instead" if others else ""
        yield Problem(
            f"the bucket {bucket} sends no events to EventBridge{replaced}: no upload is labeled",
            "remove other aws_s3_bucket_notification resources of this bucket, run terraform"
            " apply, then labelctl backfill",
        )


def _upload_rule(subject: Subject) -> Iterator[Problem]:
    yield from rule_problems(subject, subject.deployed.upload_rule, _upload_target(subject))


def _upload_target(subject: Subject) -> str:
    pipeline = subject.pipeline
    if pipeline.splits_uploads:
        return subject.arn("lambda", f"function:{pipeline.splitter}")
    return subject.arn("sqs", _queue_name(pipeline.intake_url))


def _upload_delivery(subject: Subject) -> Iterator[Problem]:
    rule = subject.deployed.upload_rule
    if subject.pipeline.splits_uploads:
        yield from invocable(subject, subject.pipeline.splitter, rule)
        return
    url = subject.pipeline.intake_url
    attributes = _attributes(subject, url)
    if attributes is None:
        # That the queue does not exist is for another check to state.
        return
    rule_arn = subject.arn("events", f"rule/{rule}")
    if not permits_events(statements(attributes.get("Policy")), "sqs:SendMessage", rule_arn):
        yield Problem(
            f"the policy of the queue {_queue_name(url)} does not allow the rule {rule}", APPLY
        )


def _intake_queue(subject: Subject) -> Iterator[Problem]:
    pipeline = subject.pipeline
    name = _queue_name(pipeline.intake_url)
    attributes = _attributes(subject, pipeline.intake_url)
    if attributes is None:
        yield Problem(f"the queue {name} does not exist", f"{APPLY}, then labelctl backfill")
        return
    if attributes.get("KmsMasterKeyId") != subject.deployed.kms_key_arn:
        yield Problem(f"the queue {name} is not encrypted with the pipeline's key", APPLY)
    redrive = json.loads(attributes.get("RedrivePolicy", "{}"))
    expected = subject.arn("sqs", _queue_name(pipeline.dead_letter_url))
    if redrive.get("deadLetterTargetArn") != expected:
        yield Problem(
            f"the queue {name} does not move messages that cannot be read to {expected}", APPLY
        )


def _dead_letter_queue(subject: Subject) -> Iterator[Problem]:
    yield from _kept_messages(
        subject,
        subject.pipeline.dead_letter_url,
        "items were given up",
        "see their reasons with labelctl redrive, then add --send",
    )


def _undelivered_queue(subject: Subject) -> Iterator[Problem]:
    yield from _kept_messages(
        subject,
        subject.pipeline.undelivered_url,
        "events could not be delivered",
        "see them with labelctl redrive --undelivered, then add --send",
    )


def _kept_messages(subject: Subject, url: str, meaning: str, fix: str) -> Iterator[Problem]:
    attributes = _attributes(subject, url)
    if attributes is None:
        yield Problem(f"the queue {_queue_name(url)} does not exist", APPLY)
    elif int(attributes["ApproximateNumberOfMessages"]):
        count = attributes["ApproximateNumberOfMessages"]
        yield warning(f"{count} messages wait on {_queue_name(url)}: {meaning}", fix)


CHECKS = (
    Check("bucket_notification", "uploads send events to EventBridge", _bucket_notification),
    Check("upload_rule", "the upload rule is enabled and has its target", _upload_rule),
    Check("upload_delivery", "the upload rule may deliver", _upload_delivery),
    Check("intake_queue", "the intake queue is as the module deploys it", _intake_queue),
    Check("dead_letter_queue", "no items were given up", _dead_letter_queue),
    Check("undelivered_queue", "no events are undelivered", _undelivered_queue),
)
