"""A standard SQS queue and its messages."""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field

from in_process_aws.calls import RefusalError
from in_process_aws.queue_limits import MAXIMUM_BATCH_BYTES


@dataclass(slots=True)
class StoredMessage:
    """A message on a queue.

    Attributes:
        message_id: SQS's name of it.
        body: Text.
        sent_at: Epoch seconds.
        visible_at: From when on it can be received.
        receives: How often it was received.
        first_received_at: Epoch seconds of the first receive.
        handle: Receipt handle of the last receive; empty before the first.
        hiding: Which hiding holds; entries of earlier ones mean nothing.
        deleted: Whether it is gone.
    """

    message_id: str
    body: str
    sent_at: float
    visible_at: float
    receives: int = 0
    first_received_at: float = 0.0
    handle: str = ""
    hiding: int = 0
    deleted: bool = False


@dataclass
class StoredQueue:
    """A queue.

    Attributes:
        name: Its name.
        visibility_seconds: How long a received message stays hidden unless a call says otherwise.
        retention_seconds: After which a message is gone.
        maximum_message_bytes: Of one message.
        dead_letters: Queue of messages that were received too often, and how often that is.
    """

    name: str
    visibility_seconds: float = 30
    retention_seconds: float = 345_600
    maximum_message_bytes: int = MAXIMUM_BATCH_BYTES
    dead_letters: tuple[str, int] | None = None
    _ready: deque[StoredMessage] = field(default_factory=deque)
    _hidden: list[tuple[float, int, StoredMessage]] = field(default_factory=list)
    _by_handle: dict[str, StoredMessage] = field(default_factory=dict)
    _hidings: int = 0

    def add(self, message: StoredMessage, now: float) -> None:
        """Put a message on the queue."""
        if message.visible_at <= now:
            self._ready.append(message)
        else:
            self.hide(message, message.visible_at)

    def hide(self, message: StoredMessage, until: float) -> None:
        """Let a message be received from a given time on."""
        self._hidings += 1
        message.visible_at, message.hiding = until, self._hidings
        heapq.heappush(self._hidden, (until, self._hidings, message))

    def come_back(self, now: float) -> None:
        """Make visible what was hidden until now."""
        while self._hidden and self._hidden[0][0] <= now:
            _, hiding, message = heapq.heappop(self._hidden)
            if not message.deleted and message.hiding == hiding:
                self._ready.append(message)

    def next_return(self) -> float | None:
        """Return when the next hidden message can be received."""
        return min(
            (until for until, hiding, it in self._hidden if not it.deleted and it.hiding == hiding),
            default=None,
        )

    def take(self) -> StoredMessage | None:
        """Return the next message that can be received, without saying that it was."""
        while self._ready:
            message = self._ready.popleft()
            if not message.deleted:
                return message
        return None

    def put_back(self, message: StoredMessage) -> None:
        """Leave a message that was taken where it was."""
        self._ready.appendleft(message)

    def receive(self, message: StoredMessage, until: float, now: float) -> str:
        """Note a receive and return its handle."""
        message.receives += 1
        message.first_received_at = message.first_received_at or now
        self.hide(message, until)
        message.handle = f"{message.message_id}#{message.hiding}"
        self._by_handle[message.handle] = message
        return message.handle

    def of_handle(self, handle: str) -> StoredMessage:
        """Return the message of a receipt handle, a stale one included."""
        message = self._by_handle.get(handle)
        if message is None:
            code = "ReceiptHandleIsInvalid"
            text = f'The input receipt handle "{handle}" is not a valid receipt handle.'
            raise RefusalError(code, text)
        return message

    def messages(self) -> list[StoredMessage]:
        """Return everything on the queue, hidden messages included."""
        hidden = [it for _, hiding, it in self._hidden if it.hiding == hiding]
        return [message for message in (*self._ready, *hidden) if not message.deleted]

    def copy_of(self, message_id: str, now: float) -> StoredMessage:
        """Return a second delivery of a message, regardless of the first."""
        known = {
            message.message_id: message for message in (*self.messages(), *self._by_handle.values())
        }
        message = known[message_id]
        copied = StoredMessage(message_id, message.body, message.sent_at, now)
        copied.receives = message.receives
        return copied

    def in_flight(self, now: float) -> int:
        """Return how many messages were received and neither deleted nor came back."""
        return sum(message.visible_at > now and message.receives > 0 for message in self.messages())
