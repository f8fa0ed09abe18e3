"""Sending messages of the dead-letter queue back to the pipeline."""

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

    from labelctl.connection import Client
    from labelctl.dead_letters import Letter
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

    def means(self, letter: Letter, sent_at: float) -> bool:
        """Return whether a message is selected, regardless of the maximum number."""
        return (
            letter.can_be_sent
            and (self.malformed or not letter.malformed)
            and (not self.reasons or letter.reason in self.reasons)
            and (self.sent_before is None or sent_at <= self.sent_before)
            and (self.sent_after is None or sent_at >= self.sent_after)
        )


@dataclass
class ReasonTally:
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
    sent_at: float
    letter: Letter


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
    read: Callable[[str], Letter]
    choice: Choice
    send: bool
    progress: Callable[[int], None]
    reasons: dict[str, ReasonTally] = field(default_factory=dict)
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
                meant = [held for held in received if self._note(held)]
                if self.send and meant:
                    self._move(meant)
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

    def _held(self, message: dict[str, Any]) -> _Held:
        return _Held(
            Message(message["MessageId"], message["ReceiptHandle"], message["Body"]),
            int(message["Attributes"]["SentTimestamp"]) / 1000,
            self.read(message["Body"]),
        )

    def _note(self, held: _Held) -> bool:
        tally = self.reasons.setdefault(held.letter.reason, ReasonTally())
        tally.found += 1
        tally.oldest = min(tally.oldest, held.sent_at)
        tally.newest = max(tally.newest, held.sent_at)
        meant = not self._full and self.choice.means(held.letter, held.sent_at)
        if meant:
            tally.chosen += 1
            self._chosen += 1
        return meant

    def _move(self, meant: list[_Held]) -> None:
        messages = [held.message for held in meant]
        bodies = [held.letter.body for held in meant if held.letter.body is not None]
        self.intake.send(bodies)
        self.uploads.send([held.letter.event for held in meant if held.letter.event is not None])
        sent = Counter(held.letter.reason for held in meant)
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
        tallies = sorted(self.reasons.items())
        return {
            "found": sum(tally.found for _, tally in tallies),
            "chosen": sum(tally.chosen for _, tally in tallies),
            "sent": sum(tally.sent for _, tally in tallies),
            "undeleted": self.undeleted,
            "complete": self.complete,
            "reasons": {
                reason: {
                    "found": tally.found,
                    "chosen": tally.chosen,
                    "sent": tally.sent,
                    "oldest_age_seconds": max(0, int(now - tally.oldest)),
                    "newest_age_seconds": max(0, int(now - tally.newest)),
                }
                for reason, tally in tallies
            },
        }


def present() -> float:
    """Return the current time in epoch seconds."""
    return time.time()
