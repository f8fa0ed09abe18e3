"""Send messages of the dead-letter queue back to the pipeline."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from labeling_lambdas.aws import queues
from labeling_lambdas.aws.queues import BATCH_MESSAGES, Message, Queue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_sqs.type_defs import MessageTypeDef

    from labelctl.connection import Client
    from labelctl.dead_letters import FailedMessage
    from labelctl.upload_events import UploadSender

#: Visibility timeout in seconds while the queue is read. If labelctl is killed, its messages become
#: visible again after this time.
HOLD_SECONDS = 600

#: Consecutive empty receives after which the queue counts as read completely: a single one may have
#: missed a message.
_EMPTY_RECEIVES = 2

#: Error codes for messages that were deleted by a call without a response, or whose visibility
#: timeout has ended.
_GONE_CODES = frozenset(
    {
        "AWS.SimpleQueueService.MessageNotInflight",
        "MessageNotInflight",
        "ReceiptHandleIsInvalid",
    }
)


@dataclass(frozen=True, slots=True)
class Choice:
    """The criteria that select messages.

    Attributes:
        reasons: Reasons to select; all if empty.
        sent_before: Epoch seconds; None for no limit.
        sent_after: Epoch seconds; None for no limit.
        most: Maximum number of messages; None for no limit.
        malformed: Whether to select messages that name no item, too.
    """

    reasons: frozenset[str] = frozenset()
    sent_before: float | None = None
    sent_after: float | None = None
    most: int | None = None
    malformed: bool = False

    def selects(self, content: FailedMessage, sent_at: float) -> bool:
        """Return whether a message is selected, regardless of the maximum number."""
        return (
            content.can_be_sent
            and (self.malformed or not content.malformed)
            and (not self.reasons or content.reason in self.reasons)
            and (self.sent_before is None or sent_at <= self.sent_before)
            and (self.sent_after is None or sent_at >= self.sent_after)
        )


@dataclass
class ReasonCounts:
    """Counts of messages with one reason.

    Attributes:
        found: Messages on the queue.
        chosen: Of these, the selected ones.
        sent: Of these, the ones that were sent.
        oldest: Epoch seconds at which the oldest was put on the queue.
        newest: The same for the newest.
    """

    found: int = 0
    chosen: int = 0
    sent: int = 0
    oldest: float = float("inf")
    newest: float = 0.0


@dataclass(frozen=True, slots=True)
class _Held:
    message: Message
    content: FailedMessage


@dataclass
class Redrive:
    """One redrive.

    Attributes:
        client: SQS.
        url: The queue to read.
        intake: The target for envelopes.
        uploads: Sends upload events.
        read: Parses a message.
        choice: The criteria for messages.
        send: Whether they are sent. Otherwise, they are only counted.
        progress: Called with the number of messages from time to time.
        reasons: The counts, by reason.
        undeleted: Number of messages that were sent and could not be deleted, so that they are on
            both queues.
        complete: Whether the queue was read completely.
    """

    client: Client
    url: str
    intake: Queue
    uploads: UploadSender
    read: Callable[[str], FailedMessage]
    choice: Choice
    send: bool
    progress: Callable[[int], None]
    reasons: dict[str, ReasonCounts] = field(default_factory=dict)
    undeleted: int = 0
    complete: bool = False
    _chosen: int = 0
    _seen: set[str] = field(default_factory=set)
    _left: dict[str, Message] = field(default_factory=dict)
    _moved: set[str] = field(default_factory=set)

    def run(self) -> None:
        """Read the queue; send the selected messages, and make the others visible again.

        A message is sent before it is deleted: a message on both queues is harmless, because the
        ledger identifies each dead letter by its generation, but a message on neither queue is
        lost.
        """
        try:
            for received in self._receive():
                selected = [held for held in received if self._note(held)]
                if self.send and selected:
                    self._move(selected)
                self.progress(len(self._seen))
                if self.send and self._full:
                    return
            self.complete = True
        finally:
            self._show_again()

    @property
    def _full(self) -> bool:
        return self.choice.most is not None and self._chosen >= self.choice.most

    def _receive(self) -> Iterator[list[_Held]]:
        empty = 0
        while empty < _EMPTY_RECEIVES:
            answer = self.client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=BATCH_MESSAGES,
                VisibilityTimeout=HOLD_SECONDS,
                WaitTimeSeconds=queues.LONG_POLL_SECONDS,
                MessageSystemAttributeNames=["SentTimestamp"],
            )
            received = [self._held(message) for message in answer.get("Messages", [])]
            # Standard queues may deliver a message more than once, and a long read outlasts the
            # visibility timeout.
            fresh = [held for held in received if held.message.message_id not in self._seen]
            moved = [held.message for held in received if held.message.message_id in self._moved]
            Queue(self.client, self.url).delete(moved)
            # By message, because only its latest receipt handle is valid.
            self._left |= {
                held.message.message_id: held.message
                for held in received
                if held.message.message_id not in self._moved
            }
            self._seen.update(held.message.message_id for held in fresh)
            empty = 0 if fresh else empty + 1
            if fresh:
                yield fresh

    def _held(self, message: MessageTypeDef) -> _Held:
        return _Held(
            Message.received(message),
            self.read(message["Body"]),
        )

    def _note(self, held: _Held) -> bool:
        counts = self.reasons.setdefault(held.content.reason, ReasonCounts())
        counts.found += 1
        counts.oldest = min(counts.oldest, held.message.sent_at)
        counts.newest = max(counts.newest, held.message.sent_at)
        selected = not self._full and self.choice.selects(held.content, held.message.sent_at)
        if selected:
            counts.chosen += 1
            self._chosen += 1
        return selected

    def _move(self, selected: list[_Held]) -> None:
        messages = [held.message for held in selected]
        bodies = [held.content.body for held in selected if held.content.body is not None]
        self.intake.send(bodies)
        self.uploads.send(
            [held.content.event for held in selected if held.content.event is not None]
        )
        sent = Counter(held.content.reason for held in selected)
        for reason, count in sent.items():
            self.reasons[reason].sent += count
        self.undeleted += Queue(self.client, self.url).delete(messages)
        # After the calls: if one of them fails, the messages are made visible again.
        for message in messages:
            del self._left[message.message_id]
            self._moved.add(message.message_id)

    def _show_again(self) -> None:
        left = list(self._left.values())
        for start in range(0, len(left), BATCH_MESSAGES):
            batch = left[start : start + BATCH_MESSAGES]
            try:
                # A message for which this fails becomes visible when the visibility timeout ends.
                self.client.change_message_visibility_batch(
                    QueueUrl=self.url,
                    Entries=[
                        {"Id": str(index), "ReceiptHandle": message.handle, "VisibilityTimeout": 0}
                        for index, message in enumerate(batch)
                    ],
                )
            except ClientError as error:
                if error.response["Error"]["Code"] not in _GONE_CODES:
                    raise

    def fields(self, now: float) -> dict[str, Any]:
        """Return the counts as JSON-ready fields."""
        reasons = sorted(self.reasons.items())
        return {
            "found": sum(counts.found for _, counts in reasons),
            "chosen": sum(counts.chosen for _, counts in reasons),
            "sent": sum(counts.sent for _, counts in reasons),
            "undeleted": self.undeleted,
            "complete": self.complete,
            "reasons": {
                reason: {
                    "found": counts.found,
                    "chosen": counts.chosen,
                    "sent": counts.sent,
                    "oldest_age_seconds": max(0, int(now - counts.oldest)),
                    "newest_age_seconds": max(0, int(now - counts.newest)),
                }
                for reason, counts in reasons
            },
        }


def present() -> float:
    """Return the current time in epoch seconds."""
    return time.time()
