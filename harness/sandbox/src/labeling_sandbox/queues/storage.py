"""The messages of one standard queue, with constant work per message.

moto keeps a list and scans it several times per send, receive and delete, without a lock around
the receive.
"""

from __future__ import annotations

import copy
import heapq
import itertools
import threading
import time
from typing import TYPE_CHECKING

from moto.sqs.utils import generate_receipt_handle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moto.sqs.models import Message

_MILLISECONDS = 1000


class QueueStorage:
    """Messages that are ready, hidden by a receive, or delayed.

    A receipt handle belongs to one receive. Only the handle of the latest receive acts on the
    message; an older one is accepted and changes nothing, as the SQS API reference says of
    DeleteMessage.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.lock = threading.Condition(threading.RLock())
        self._messages: dict[str, Message] = {}
        self._ready: dict[str, None] = {}
        self._hidden: list[tuple[float, int, str]] = []
        self._hidden_until: dict[str, float] = {}
        self._delayed: set[str] = set()
        self._holders: dict[str, str] = {}
        self._issued: set[str] = set()
        self._order = itertools.count()

    def __len__(self) -> int:
        """Return the number of messages in all states."""
        return len(self._messages)

    def __iter__(self) -> Iterator[Message]:
        """Iterate over a snapshot of all messages in the order in which they were sent."""
        with self.lock:
            return iter(list(self._messages.values()))

    def add(self, message: Message) -> None:
        """Add a message; it is ready unless its ``delayed_until`` lies ahead."""
        with self.lock:
            self._messages[message.id] = message
            if message.delayed_until > _now():
                self._delayed.add(message.id)
                self._hide(message.id, message.delayed_until)
            else:
                self._ready[message.id] = None
            self.lock.notify_all()

    def counts(self) -> tuple[int, int, int]:
        """Return how many messages are ready, in flight and delayed."""
        with self.lock:
            self._wake()
            hidden = len(self._hidden_until) - len(self._delayed)
            return len(self._ready), hidden, len(self._delayed)

    def ready(self, limit: int | None = None) -> list[Message]:
        """Return the messages that a receive could take now, the longest-waiting first.

        Args:
            limit: The most to return; None returns all.
        """
        with self.lock:
            self._wake()
            return [
                self._messages[identifier] for identifier in itertools.islice(self._ready, limit)
            ]

    def receive(self, message: Message, visibility_seconds: int) -> Message:
        """Hand a ready message to a consumer.

        Args:
            message: One of `ready`.
            visibility_seconds: How long it stays hidden; 0 leaves it ready, behind the others.

        Returns:
            A copy that holds the receipt handle.
        """
        with self.lock:
            now = _now()
            message.approximate_receive_count += 1
            message.approximate_first_receive_timestamp = (
                message.approximate_first_receive_timestamp or int(now)
            )
            self._holders.pop(message.receipt_handle or "", None)
            message.receipt_handle = generate_receipt_handle()
            self._holders[message.receipt_handle] = message.id
            self._issued.add(message.receipt_handle)
            del self._ready[message.id]
            if visibility_seconds:
                self._hide(message.id, now + visibility_seconds * _MILLISECONDS)
            else:
                self._ready[message.id] = None
            received = copy.copy(message)
            received.message_attributes = dict(message.message_attributes)
            return received

    def remove(self, message: Message) -> None:
        """Remove a message, regardless of its state."""
        with self.lock:
            self._remove(message.id)

    def delete(self, receipt_handle: str) -> bool:
        """Delete the message that a receipt handle stands for.

        Returns:
            False when the queue never issued this handle; True also when the handle is stale and
            nothing is deleted.
        """
        with self.lock:
            identifier = self._holders.get(receipt_handle)
            if identifier is not None:
                self._remove(identifier)
            return receipt_handle in self._issued

    def change_visibility(self, receipt_handle: str, seconds: int) -> bool | None:
        """Hide a message for a new time from now on.

        Returns:
            True when done, False when the message is not in flight under this handle, None when
            the queue never issued it.
        """
        with self.lock:
            if receipt_handle not in self._issued:
                return None
            self._wake()
            identifier = self._holders.get(receipt_handle)
            if identifier is None or identifier not in self._hidden_until:
                return False
            if seconds:
                self._hide(identifier, _now() + seconds * _MILLISECONDS)
            else:
                del self._hidden_until[identifier]
                self._ready[identifier] = None
            self.lock.notify_all()
            return True

    def reveal(self) -> None:
        """Make every message ready that a receive has hidden, as if its time had passed."""
        with self.lock:
            for identifier in set(self._hidden_until) - self._delayed:
                del self._hidden_until[identifier]
                self._ready[identifier] = None
            self.lock.notify_all()

    def clear(self) -> None:
        """Remove every message; issued handles stay known."""
        with self.lock:
            for identifier in list(self._messages):
                self._remove(identifier)

    def wait(self, seconds: float) -> None:
        """Wait until a message may be ready, at most the given seconds. The lock must be held."""
        until_next = (self._hidden[0][0] - _now()) / _MILLISECONDS if self._hidden else seconds
        self.lock.wait(max(0.001, min(seconds, until_next)))

    def _hide(self, identifier: str, until: float) -> None:
        self._hidden_until[identifier] = until
        heapq.heappush(self._hidden, (until, next(self._order), identifier))

    def _wake(self) -> None:
        now = _now()
        while self._hidden and self._hidden[0][0] <= now:
            until, _, identifier = heapq.heappop(self._hidden)
            # An entry is outdated when the message was deleted or hidden again.
            if self._hidden_until.get(identifier) == until:
                del self._hidden_until[identifier]
                self._delayed.discard(identifier)
                self._ready[identifier] = None

    def _remove(self, identifier: str) -> Message:
        message = self._messages.pop(identifier)
        self._ready.pop(identifier, None)
        self._hidden_until.pop(identifier, None)
        self._delayed.discard(identifier)
        self._holders.pop(message.receipt_handle or "", None)
        return message


def _now() -> float:
    return time.time() * _MILLISECONDS
