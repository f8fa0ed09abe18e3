"""Moving messages from the dead-letter queue back to where they are worked on."""

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

    from labelctl.announcing import UploadSender
    from labelctl.connection import Client
    from labelctl.letters import Letter

#: Seconds that a message is out of sight while the queue is looked through. If labelctl is killed,
#: what it held comes back after them by itself.
HOLD_SECONDS = 600

#: Empty receives in a row after which the queue counts as looked through: one alone may have
#: overlooked a message.
_EMPTY_RECEIVES = 2


#: Messages that were deleted by a call that did not come back, or whose hold has ended.
_GONE_CODES = frozenset(
    {
        "AWS.SimpleQueueService.MessageNotInflight",
        "MessageNotInflight",
        "ReceiptHandleIsInvalid",
    }
)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which messages are meant.

    Attributes:
        reasons: Any of these; all if empty.
        sent_before: Epoch seconds; None for no bound.
        sent_after: Epoch seconds; None for no bound.
        most: At most so many; None for no bound.
        malformed: Whether messages that name no item are meant too.
    """

    reasons: frozenset[str] = frozenset()
    sent_before: float | None = None
    sent_after: float | None = None
    most: int | None = None
    malformed: bool = False

    def means(self, letter: Letter, sent_at: float) -> bool:
        """Return whether a message is meant, however many were before it."""
        return (
            letter.can_be_sent
            and (self.malformed or not letter.malformed)
            and (not self.reasons or letter.reason in self.reasons)
            and (self.sent_before is None or sent_at <= self.sent_before)
            and (self.sent_after is None or sent_at >= self.sent_after)
        )


@dataclass
class ReasonTally:
    """Messages of one reason.

    Attributes:
        found: Seen on the queue.
        chosen: Of these, those that are meant.
        sent: Of these, those that were sent.
        oldest: Epoch seconds at which the oldest was put on the queue.
        newest: The same of the newest.
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
        url: The queue that is looked through.
        intake: Where envelopes go.
        uploads: Sends events of uploads.
        read: Reads a message.
        choice: Which messages are meant.
        send: Whether they are sent; else they are counted only.
        progress: Told of the messages seen from time to time.
        reasons: What was found, by reason.
        undeleted: Messages that were sent and could not be deleted: they are on both queues.
        complete: Whether the queue was looked through to its end.
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
        """Look through the queue; send what is meant, and show the rest again.

        A message is sent before it is deleted: one that is on both queues is harmless, because the
        ledger knows each dead letter by its generation, but one that is on neither is lost.
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
            # Standard queues deliver more than once, and a long look outlasts the hold.
            fresh = [held for held in received if held.message.message_id not in self._seen]
            moved = [held.message for held in received if held.message.message_id in self._moved]
            Queue(self.client, self.url).delete(moved)
            # By message, because only its latest handle is of use.
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
        # Not before: whatever goes wrong until here, they are shown again.
        for message in messages:
            del self._left[message.message_id]
            self._moved.add(message.message_id)

    def _show_again(self) -> None:
        left = list(self._left.values())
        for start in range(0, len(left), BATCH_MESSAGES):
            batch = left[start : start + BATCH_MESSAGES]
            try:
                # A message that is refused here comes back by itself when the hold ends.
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
        """Return what was found as JSON-ready fields."""
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
    """Return the present moment in epoch seconds."""
    return time.time()
