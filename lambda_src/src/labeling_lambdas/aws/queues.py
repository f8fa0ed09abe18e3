"""SQS: receiving, deleting and sending, with a check of every batch's ``Failed`` list.

Limits:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

from botocore.exceptions import ClientError

from labeling_lambdas import process
from labeling_lambdas.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_log = logging.getLogger(__name__)

#: Messages in one receive, send or delete.
BATCH_MESSAGES = 10

#: Bytes of one message, and of all messages of one send. SQS now accepts 1 MiB; the provider
#: creates queues with at most 256 KiB.
BATCH_BYTES = 256 * 1024

#: A long poll queries all SQS servers, so an empty response usually means an empty queue; a short
#: poll queries a subset of them.
LONG_POLL_SECONDS = 2

#: Visibility timeout of a received message, in seconds. It exceeds the timeout of ``poll_queue`` by
#: a minute, so that no message becomes visible while it is being claimed; ``modules/intake``
#: configures the queue with the same value.
HIDDEN_SECONDS = 360

#: Lowest HTTP status of a service failure. Below it, the service rejected the request.
_SERVER_ERRORS = 500

_ROUNDS = 5
_PAUSE_SECONDS = 0.2


class Message(NamedTuple):
    """A received message.

    Attributes:
        message_id: Message ID from SQS.
        handle: Receipt handle of this receive.
        body: Text.
        sent_at: When it was sent, in epoch seconds.
    """

    message_id: str
    handle: str
    body: str
    sent_at: float

    @classmethod
    def received(cls, message: MessageTypeDef) -> Self:
        """Return a message that was received with its ``SentTimestamp``."""
        return cls(
            message["MessageId"],
            message["ReceiptHandle"],
            message["Body"],
            int(message["Attributes"]["SentTimestamp"]) / 1000,
        )


class Received(NamedTuple):
    """The result of one receive.

    Attributes:
        messages: The messages.
        complete: Whether no other messages were received. If a response was lost and the SDK
            retried, the first call may have hidden messages that are not in the result.
    """

    messages: list[Message]
    complete: bool


def is_refusal(error: Exception) -> bool:
    """Return whether SQS rejected the first attempt of a call, so that it had no effect."""
    if not isinstance(error, ClientError):
        return False
    answer = error.response.get("ResponseMetadata", {})
    status = answer.get("HTTPStatusCode", _SERVER_ERRORS)
    return status < _SERVER_ERRORS and not answer.get("RetryAttempts")


@dataclass(eq=False, repr=False)
class Queue:
    """One queue.

    Attributes:
        client: SQS.
        url: Address of the queue.
    """

    client: SQSClient
    url: str

    def receive(self, count: int) -> Received:
        """Receive up to ``count`` messages (1 to 10), waiting briefly for the first."""
        answer = self.client.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=min(count, BATCH_MESSAGES),
            WaitTimeSeconds=LONG_POLL_SECONDS,
            VisibilityTimeout=HIDDEN_SECONDS,
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        messages = [Message.received(message) for message in answer.get("Messages", [])]
        return Received(messages, complete=not answer["ResponseMetadata"].get("RetryAttempts"))

    def delete(self, messages: Sequence[Message]) -> int:
        """Delete messages, and count the failures.

        A message that is not deleted is received again and then dropped as a duplicate, so a
        failure is not an error.

        Returns:
            The number of messages that SQS did not delete.
        """
        refused = 0
        for start in range(0, len(messages), BATCH_MESSAGES):
            batch = messages[start : start + BATCH_MESSAGES]
            # Batch IDs are positions: no field of a message is a valid and unique ID.
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
        """Make received messages visible again, where SQS accepts it.

        A failure only delays them until their visibility timeout, and is not raised because the
        caller may be handling another error.

        Returns:
            Whether none of them is hidden.
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
                # SenderFault means a message that was deleted or became visible in the meantime.
                shown &= all(entry["SenderFault"] for entry in answer.get("Failed", []))
        return shown

    def send(self, bodies: Sequence[str]) -> None:
        """Send messages.

        Args:
            bodies: Texts of at most 256 KiB each.

        Raises:
            DeliveryError: If SQS did not accept all of them after retries. Some may have been
                accepted.
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
            process.sleep(_PAUSE_SECONDS * 2**attempt)
        message = f"{len(pending)} messages were not accepted by {self.url} in {_ROUNDS} rounds"
        raise DeliveryError(message)


def batches(bodies: Iterable[str]) -> Iterator[list[str]]:
    """Split texts into batches of at most 10 texts and 256 KiB."""
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
