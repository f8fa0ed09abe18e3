"""Split an uploaded text file into items and send each to the intake queue."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws import clients
from labeling_lambdas.aws.queues import Queue
from labeling_lambdas.aws.uploads import Uploads
from labeling_lambdas.deadline import Deadline
from labeling_lambdas.domain.ignored_keys import key_patterns
from labeling_lambdas.domain.messages import read_upload
from labeling_lambdas.domain.task_types import task_type
from labeling_lambdas.domain.texts import TextItems
from labeling_lambdas.settings import read_by, read_settings
from labeling_lambdas.steps.split_text import SplitText

if TYPE_CHECKING:
    from labeling_lambdas.lambda_context import LambdaContext


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SplitSettings:
    """Environment of ``split_text``, which does not use the ledger."""

    pipeline_name: str
    upload_bucket: str
    intake_queue_url: str
    task_type: str
    text_items: TextItems = field(metadata=read_by(TextItems))
    ignored_keys: tuple[str, ...] = field(metadata=read_by(key_patterns))


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Send one message for each text of an uploaded file.

    Lambda retries an asynchronous call after an error, and sends the event to the undelivered queue
    if the retries fail.

    Args:
        event: EventBridge's ``Object Created`` event of the upload.
        context: Lambda's context.

    Returns:
        ``texts``, the number of items sent, and ``unusable``, the number of other items by reason.
    """
    settings = read_settings(SplitSettings)
    intake = Queue(clients.sqs(), settings.intake_queue_url)
    source = read_upload(event)
    if source is None:
        # The poll makes a dead letter of an event that is not an upload event.
        intake.send([json.dumps(event)])
        return {"texts": 0, "unusable": {}}
    step = SplitText(
        source=source,
        upload_bucket=settings.upload_bucket,
        task_type=task_type(settings.task_type),
        ignored_keys=settings.ignored_keys,
        items=settings.text_items,
        uploads=Uploads(clients.s3()),
        intake=intake,
        deadline=Deadline.of(context),
    )
    sent = step.split()
    return {"texts": sent.texts, "unusable": sent.unusable}
