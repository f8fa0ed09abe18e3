"""Send the event of an upload again, to the target of the original event."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labelctl.error_messages import LabelctlError
from labeling_lambdas.aws.queues import BATCH_MESSAGES, Queue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labelctl.connection import Connection
    from labelctl.pipeline import Pipeline
    from labeling_lambdas.domain.items import SourceObject

_ACCEPTED = 202


def upload_event(source: SourceObject, *, reason: str) -> dict[str, Any]:
    """Return the event of an upload, with the fields that can be determined later.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html

    Args:
        source: The object version, with a sequencer.
        reason: Names the source of the event, in place of the API that S3 names.
    """
    return {
        "version": "0",
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {
            "version": "0",
            "bucket": {"name": source.bucket},
            "object": {
                "key": source.key,
                "size": source.size,
                "etag": source.etag,
                "version-id": source.version_id,
                "sequencer": source.sequencer,
            },
            "reason": reason,
        },
    }


@dataclass(frozen=True, slots=True)
class UploadSender:
    """A sender of upload events: for images to the queue, for texts to ``split_text``.

    Attributes:
        connection: The connection to AWS.
        pipeline: The pipeline.
    """

    connection: Connection
    pipeline: Pipeline

    @property
    def batch(self) -> int:
        """The number of events to send at a time."""
        return 1 if self.pipeline.splits_uploads else BATCH_MESSAGES

    def send(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Send events.

        Raises:
            DeliveryError: If the queue did not accept all of them. Some may have been accepted.
            LabelctlError: If ``split_text`` was not called.
        """
        bodies = [json.dumps(event, ensure_ascii=False) for event in events]
        if not self.pipeline.splits_uploads:
            Queue(self.connection.client("sqs"), self.pipeline.intake_url).send(bodies)
            return
        for body in bodies:
            response = self.connection.client("lambda").invoke(
                FunctionName=self.pipeline.splitter,
                InvocationType="Event",
                Payload=body.encode(),
            )
            if response["StatusCode"] != _ACCEPTED:
                message = (
                    f"function {self.pipeline.splitter} returned {response['StatusCode']};"
                    " repeat the command"
                )
                raise LabelctlError(message)
