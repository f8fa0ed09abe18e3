"""SQS: receiving, deleting and sending, with every batch's ``Failed`` list read.

Limits:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

from labeling_lambdas.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mypy_boto3_sqs import SQSClient

_log = logging.getLogger(__name__)

#: Messages in one receive, send or delete.
BATCH_MESSAGES = 10

#: Bytes of one message, and of all messages of one send. SQS takes 1 MiB today; 256 KiB is what the
#: provider lets a queue be created with.
BATCH_BYTES = 256 * 1024

#: A long poll asks all of SQS's servers, so an empty answer means an empty queue as a rule; a short
#: poll asks some of them.
LONG_POLL_SECONDS = 2

#: Seconds for which a received message is hidden. A minute more than ``poll_queue`` may run, so
#: that nothing comes back while it is being claimed; ``modules/intake`` gives the queue the same.
HIDDEN_SECONDS = 360

#: Statuses from here on say that the service failed, not that it refused.
_SERVER_ERRORS = 500

_ROUNDS = 5
_PAUSE_SECONDS = 0.2


class Message(NamedTuple):
    """A received message.

    Attributes:
        message_id: SQS's name of it.
        handle: Receipt handle of this receive.
        body: Text.
    """

    message_id: str
    handle: str
    body: str


class Received(NamedTuple):
    """What one receive has given.

    Attributes:
        messages: The messages.
        complete: Whether nothing else was received. An answer that was lost, so that the SDK asked
            again, has hidden messages that nobody knows of.
    """

    messages: list[Message]
    complete: bool


def is_refusal(error: Exception) -> bool:
    """Return whether SQS refused a call, a first one, so that it has had no effect."""
    if not isinstance(error, ClientError):
        return False
    answer = error.response.get("ResponseMetadata", {})
    status = answer.get("HTTPStatusCode", _SERVER_ERRORS)
    return status < _SERVER_ERRORS and not answer.get("RetryAttempts")


@dataclass(slots=True, eq=False, repr=False)
class Queue:
    """One queue.

    Attributes:
        client: SQS.
        url: Address of the queue.
    """

    client: SQSClient
    url: str

    def receive(self, count: int) -> Received:
        """Receive up to ``count`` messages (1 to 10), waiting shortly for the first."""
        answer = self.client.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=min(count, BATCH_MESSAGES),
            WaitTimeSeconds=LONG_POLL_SECONDS,
            VisibilityTimeout=HIDDEN_SECONDS,
        )
        messages = [
            Message(message["MessageId"], message["ReceiptHandle"], message["Body"])
            for message in answer.get("Messages", [])
        ]
        return Received(messages, complete=not answer["ResponseMetadata"].get("RetryAttempts"))

    def delete(self, messages: Sequence[Message]) -> int:
        """Delete messages, as far as SQS does it.

        A message that is not deleted comes again and is dropped as a duplicate then, so a refusal
        is not an error.

        Returns:
            How many messages SQS refused to delete.
        """
        refused = 0
        for start in range(0, len(messages), BATCH_MESSAGES):
            batch = messages[start : start + BATCH_MESSAGES]
            # Batch ids are positions: no text of a message is a valid and unique id.
            answer = self.client.delete_message_batch(
                QueueUrl=self.url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": message.handle}
                    for index, message in enumerate(batch)
                ],
            )
            refused += len(answer.get("Failed", []))
        return refused

    def show_again(self, messages: Sequence[Message]) -> bool:
        """End the hiding of received messages, as far as SQS does it.

        A refusal only delays them until their visibility timeout, and whoever calls this may have
        an error of its own to tell.

        Returns:
            Whether none of them is hidden any more.
        """
        shown = True
        for start in range(0, len(messages), BATCH_MESSAGES):
            batch = messages[start : start + BATCH_MESSAGES]
            try:
                answer = self.client.change_message_visibility_batch(
                    QueueUrl=self.url,
                    Entries=[
                        {
                            "Id": str(index),
                            "ReceiptHandle": message.handle,
                            "VisibilityTimeout": 0,
                        }
                        for index, message in enumerate(batch)
                    ],
                )
            except ClientError as error:
                shown = False
                _log.warning(
                    "messages stay hidden",
                    extra={"messages": len(batch), "problem": str(error)},
                )
            else:
                # The sender's fault is a message that was deleted or came back meanwhile.
                shown &= all(entry["SenderFault"] for entry in answer.get("Failed", []))
        return shown

    def send(self, bodies: Sequence[str]) -> None:
        """Send messages.

        Args:
            bodies: Texts of at most 256 KiB each.

        Raises:
            DeliveryError: If SQS did not take all of them after repeats. Some may have been taken.
        """
        for batch in batches(bodies):
            self._send_batch(batch)

    def _send_batch(self, bodies: Sequence[str]) -> None:
        pending = list(bodies)
        for attempt in range(_ROUNDS):
            answer = self.client.send_message_batch(
                QueueUrl=self.url,
                Entries=[
                    {"Id": str(index), "MessageBody": body} for index, body in enumerate(pending)
                ],
            )
            failed = {int(entry["Id"]) for entry in answer.get("Failed", [])}
            if not failed:
                return
            pending = [body for index, body in enumerate(pending) if index in failed]
            time.sleep(_PAUSE_SECONDS * 2**attempt)
        message = f"{len(pending)} messages were not taken by {self.url} in {_ROUNDS} rounds"
        raise DeliveryError(message)


def batches(bodies: Iterable[str]) -> Iterator[list[str]]:
    """Cut texts into batches of at most 10 texts and 256 KiB."""
    batch: list[str] = []
    size = 0
    for body in bodies:
        length = len(body.encode())
        if batch and (len(batch) == BATCH_MESSAGES or size + length > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(body)
        size += length
    if batch:
        yield batch
