"""Messages of the dead-letter queue and of the queue of what could not be delivered."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_lambdas.domain.messages import SCHEMA, Origin, Rejected, read_message, read_upload

if TYPE_CHECKING:
    from labelctl.pipeline import Pipeline

#: SQS itself moved the message, after its tenth receive: the functions died with it each time.
RECEIVED_TOO_OFTEN = "received_too_often"
MALFORMED = "malformed_event"
EVENT_NOT_DELIVERED = "event_not_delivered"
SPLIT_FAILED = "split_failed"
NOT_AN_UPLOAD = "not_an_upload"


@dataclass(frozen=True, slots=True)
class Letter:
    """What a message asks for.

    Attributes:
        reason: Why it is where it is.
        body: What is to be sent to the intake queue; None if it is not for it.
        event: What is to be sent as the event of an upload; None if it is not one.
        malformed: Whether it names no item, so that sending it needs a word of its own.
    """

    reason: str
    body: str | None = None
    event: dict[str, Any] | None = None
    malformed: bool = False

    @property
    def can_be_sent(self) -> bool:
        """Whether there is anywhere to send it."""
        return self.body is not None or self.event is not None


def read_dead_letter(body: str, pipeline: Pipeline) -> Letter:
    """Read a message of the dead-letter queue."""
    message = _decoded(body)
    if message.get("schema") == SCHEMA and message.get("kind") == "malformed":
        # The envelope would be as malformed as what it holds.
        return Letter(MALFORMED, str(message.get("body", "")), malformed=True)
    read = read_message(body, upload_bucket=pipeline.upload_bucket, task_type=pipeline.task_type)
    if isinstance(read, Rejected) and read.source is None:
        return Letter(MALFORMED, body, malformed=True)
    if message.get("kind") == Origin.DEAD_LETTER:
        return Letter(str(message.get("reason") or "unknown"), body)
    return Letter(RECEIVED_TOO_OFTEN, body)


def read_undelivered(body: str, pipeline: Pipeline) -> Letter:
    """Read a message of the queue of what could not be delivered.

    EventBridge leaves the event there as it was; Lambda wraps that of a function that failed.
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    message = _decoded(body)
    wrapped = message.get("requestPayload")
    event = wrapped if isinstance(wrapped, dict) else message
    source = read_upload(event)
    if source is None or source.bucket != pipeline.upload_bucket:
        return Letter(NOT_AN_UPLOAD)
    return Letter(SPLIT_FAILED if wrapped else EVENT_NOT_DELIVERED, event=event)


def _decoded(body: str) -> dict[str, Any]:
    try:
        decoded = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return decoded if isinstance(decoded, dict) else {}
