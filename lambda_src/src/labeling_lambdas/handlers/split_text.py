"""Split an uploaded text file into items and send each to the intake queue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from labeling_lambdas.deadline import Deadline
from labeling_lambdas.domain.messages import read_upload
from labeling_lambdas.domain.task_types import task_type
from labeling_lambdas.handlers import wiring
from labeling_lambdas.settings import SplitSettings, read_settings
from labeling_lambdas.steps.splitting import Splitting

if TYPE_CHECKING:
    from labeling_lambdas.deadline import LambdaContext


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Send one message for each text of an uploaded file.

    Lambda calls an asynchronous function again after an error, and gives the event to the queue of
    undelivered events when that does not help.

    Args:
        event: EventBridge's ``Object Created`` event of the upload.
        context: Lambda's context.

    Returns:
        ``texts``, the number of items sent, and ``unusable``, that of the others by reason.
    """
    settings = read_settings(SplitSettings)
    intake = wiring.queue(settings.intake_queue_url)
    source = read_upload(event)
    if source is None:
        # The poll makes a dead letter of what is no event of an upload.
        intake.send([json.dumps(event)])
        return {"texts": 0, "unusable": {}}
    splitting = Splitting(
        source=source,
        upload_bucket=settings.upload_bucket,
        task_type=task_type(settings.task_type),
        items=settings.text_items,
        uploads=wiring.uploads(),
        intake=intake,
        deadline=Deadline.of(context),
    )
    sent = splitting.split()
    return {"texts": sent.texts, "unusable": sent.unusable}
