"""Read messages of the dead-letter queue and of the undelivered queue."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_lambdas.domain.messages import SCHEMA, Origin, Rejected, read_message, read_upload

if TYPE_CHECKING:
    from labelctl.pipeline import Pipeline

#: Reason of a message that SQS moved after its tenth receive, because the functions died each time.
RECEIVED_TOO_OFTEN = "received_too_often"
MALFORMED = "malformed_event"
EVENT_NOT_DELIVERED = "event_not_delivered"
SPLIT_FAILED = "split_failed"
NOT_AN_UPLOAD = "not_an_upload"


@dataclass(frozen=True, slots=True)
class FailedMessage:
    """The content of a message.

    Attributes:
        reason: Why it is on the queue.
        body: The message to send to the intake queue; None if there is none.
        event: The upload event to send; None if there is none.
        malformed: Whether it names no item, so that sending it needs a separate option.
    """

    reason: str
    body: str | None = None
    event: dict[str, Any] | None = None
    malformed: bool = False

    @property
    def can_be_sent(self) -> bool:
        """Whether there is a target to send it to."""
        return self.body is not None or self.event is not None


def read_dead_letter(body: str, pipeline: Pipeline) -> FailedMessage:
    """Read a message of the dead-letter queue."""
    message = _decoded(body)
    if message.get("schema") == SCHEMA and message.get("kind") == "malformed":
        # The envelope would be as malformed as the message in it.
        return FailedMessage(MALFORMED, str(message.get("body", "")), malformed=True)
    read = read_message(body, upload_bucket=pipeline.upload_bucket, task_type=pipeline.task_type)
    if isinstance(read, Rejected) and read.source is None:
        return FailedMessage(MALFORMED, body, malformed=True)
    if message.get("kind") == Origin.DEAD_LETTER:
        return FailedMessage(str(message.get("reason") or "unknown"), body)
    return FailedMessage(RECEIVED_TOO_OFTEN, body)


def read_undelivered(body: str, pipeline: Pipeline) -> FailedMessage:
    """Read a message of the undelivered queue.

    EventBridge sends the event there unchanged; Lambda wraps the event of a failed function.
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    message = _decoded(body)
    wrapped = message.get("requestPayload")
    event = wrapped if isinstance(wrapped, dict) else message
    source = read_upload(event)
    if source is None or source.bucket != pipeline.upload_bucket:
        return FailedMessage(NOT_AN_UPLOAD)
    return FailedMessage(SPLIT_FAILED if wrapped else EVENT_NOT_DELIVERED, event=event)


def _decoded(body: str) -> dict[str, Any]:
    try:
        decoded = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return decoded if isinstance(decoded, dict) else {}
