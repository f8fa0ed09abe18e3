"""SQS: standard queues, with everything that at-least-once delivery allows.

Rules: API reference of SQS, "Amazon SQS message quotas" and "visibility timeout" in the developer
guide. Not simulated: the limit of 120,000 messages in flight.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from in_process_aws.calls import Answer, Clock, Parameters, RefusalError, nothing_chosen
from in_process_aws.queue_limits import (
    BATCH_ENTRY_ID,
    FORBIDDEN_CHARACTER,
    MAXIMUM_BATCH_BYTES,
    MAXIMUM_BATCH_ENTRIES,
    MAXIMUM_VISIBILITY_SECONDS,
)
from in_process_aws.queues import StoredMessage, StoredQueue
from in_process_aws.service import ACCOUNT_ID, REGION, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

_MAXIMUM_WAIT_SECONDS = 20
_LEGACY = "AWS.SimpleQueueService."


class SQS(Service):
    """Queues.

    Attributes:
        queues: By URL.
        handed_over: Of so many messages that a receive could give, how many it gives.
        refused: Of a batch's entries, the positions that fail.
        wait: Waits up to some seconds for a message on a queue.
    """

    name = "sqs"

    def __init__(self, clock: Clock) -> None:
        """Start without queues.

        Args:
            clock: The account's time.
        """
        super().__init__(clock)
        self.queues: dict[str, StoredQueue] = {}
        self.handed_over: Callable[[int], int] = _all_of
        self.refused: Callable[[Sequence[Mapping[str, Any]]], Collection[int]] = nothing_chosen
        self.wait: Callable[[StoredQueue, float], None] = self._wait
        self.operations = {
            "ChangeMessageVisibility": self._change_visibility,
            "ChangeMessageVisibilityBatch": self._batch(self._change_visibility),
            "DeleteMessage": self._delete,
            "DeleteMessageBatch": self._batch(self._delete),
            "GetQueueAttributes": self._attributes,
            "GetQueueUrl": self._url,
            "PurgeQueue": self._purge,
            "ReceiveMessage": self._receive,
            "SendMessage": self._send,
            "SendMessageBatch": self._batch(self._send),
        }

    def create_queue(self, name: str, **attributes: Any) -> str:  # noqa: ANN401 - as the class says
        """Create a queue and return its URL.

        Args:
            name: Its name.
            attributes: As of :class:`StoredQueue`.
        """
        url = _url_of(name)
        self.queues[url] = StoredQueue(name, **attributes)
        return url

    def end_faults(self) -> None:
        """Let every call go well from now on."""
        self.handed_over, self.refused = _all_of, nothing_chosen

    def duplicate(self, url: str, message_id: str) -> None:
        """Deliver a message once more in any state, which at-least-once delivery allows."""
        with self.lock:
            queue = self.queues[url]
            queue.add(queue.copy_of(message_id, self.clock.now), self.clock.now)

    def _queue(self, parameters: Parameters) -> StoredQueue:
        queue = self.queues.get(parameters["QueueUrl"])
        if queue is None:
            code = f"{_LEGACY}NonExistentQueue"
            raise RefusalError(code, "The specified queue does not exist.")
        return queue

    def _batch(self, one: Callable[[Parameters], Answer]) -> Callable[[Parameters], Answer]:
        def batch(parameters: Parameters) -> Answer:
            self._queue(parameters)
            entries = parameters["Entries"]
            _check_batch(entries)
            refused = self.refused(entries)
            answer: Answer = {"Successful": []}
            for position, entry in enumerate(entries):
                try:
                    _refuse_if(position in refused)
                    result = one({"QueueUrl": parameters["QueueUrl"], **entry})
                except RefusalError as refusal:
                    answer.setdefault("Failed", []).append(
                        {
                            "Id": entry["Id"],
                            "SenderFault": refusal.code != "InternalError",
                            "Code": refusal.code,
                            "Message": refusal.message,
                        }
                    )
                else:
                    answer["Successful"].append({"Id": entry["Id"], **result})
            return answer

        return batch

    def _send(self, parameters: Parameters) -> Answer:
        queue, body = self._queue(parameters), parameters["MessageBody"]
        if not body or FORBIDDEN_CHARACTER.search(body):
            code = "InvalidMessageContents" if body else "MissingParameter"
            raise RefusalError(code, "The message is empty or has characters that are not allowed.")
        if len(body.encode()) > queue.maximum_message_bytes:
            code = "InvalidParameterValue"
            text = (
                "One or more parameters are invalid. Reason: Message must be shorter than"
                f" {queue.maximum_message_bytes} bytes."
            )
            raise RefusalError(code, text)
        with self.lock:
            now = self.clock.now
            visible_at = now + parameters.get("DelaySeconds", 0)
            message = StoredMessage(self.new_id("message"), body, now, visible_at)
            queue.add(message, now)
        return {"MessageId": message.message_id, "MD5OfMessageBody": _md5(body)}

    def _receive(self, parameters: Parameters) -> Answer:
        queue = self._queue(parameters)
        count = parameters.get("MaxNumberOfMessages", 1)
        wait = parameters.get("WaitTimeSeconds", 0)
        _check_range("MaxNumberOfMessages", count, 1, MAXIMUM_BATCH_ENTRIES)
        _check_range("WaitTimeSeconds", wait, 0, _MAXIMUM_WAIT_SECONDS)
        visibility = parameters.get("VisibilityTimeout", queue.visibility_seconds)
        _check_range("VisibilityTimeout", visibility, 0, MAXIMUM_VISIBILITY_SECONDS)
        received = self._take(queue, count, visibility)
        if not received and wait:
            self.wait(queue, wait)
            received = self._take(queue, count, visibility)
        if not received:
            return {}
        wanted = {
            *parameters.get("AttributeNames", ()),
            *parameters.get("MessageSystemAttributeNames", ()),
        }
        return {"Messages": [_shown(message, handle, wanted) for message, handle in received]}

    def _wait(self, queue: StoredQueue, seconds: float) -> None:
        with self.lock:
            back = queue.next_return()
        most = seconds if back is None else min(seconds, back - self.clock.now)
        self.clock.sleep(max(0.0, most))

    def _take(
        self, queue: StoredQueue, count: int, visibility: float
    ) -> list[tuple[StoredMessage, str]]:
        with self.lock:
            now = self.clock.now
            queue.come_back(now)
            ready: list[StoredMessage] = []
            while len(ready) < count:
                message = queue.take()
                if message is None:
                    break
                if self._stays(queue, message, now):
                    ready.append(message)
            given = self.handed_over(len(ready)) if ready else 0
            for message in reversed(ready[given:]):
                queue.put_back(message)
            until = now + visibility
            return [(message, queue.receive(message, until, now)) for message in ready[:given]]

    def _stays(self, queue: StoredQueue, message: StoredMessage, now: float) -> bool:
        if message.sent_at + queue.retention_seconds <= now:
            message.deleted = True
            return False
        if queue.dead_letters is not None and message.receives >= queue.dead_letters[1]:
            message.deleted = True
            moved = StoredMessage(message.message_id, message.body, message.sent_at, now)
            self.queues[_url_of(queue.dead_letters[0])].add(moved, now)
            return False
        return True

    def _delete(self, parameters: Parameters) -> Answer:
        with self.lock:
            queue = self._queue(parameters)
            message = queue.of_handle(parameters["ReceiptHandle"])
            # The handle of an earlier receive is taken, and nothing happens.
            if message.handle == parameters["ReceiptHandle"]:
                message.deleted = True
        return {}

    def _change_visibility(self, parameters: Parameters) -> Answer:
        seconds = parameters["VisibilityTimeout"]
        _check_range("VisibilityTimeout", seconds, 0, MAXIMUM_VISIBILITY_SECONDS)
        with self.lock:
            queue, now = self._queue(parameters), self.clock.now
            queue.come_back(now)
            handle = parameters["ReceiptHandle"]
            message = queue.of_handle(handle)
            if message.deleted or message.handle != handle or message.visible_at <= now:
                code = f"{_LEGACY}MessageNotInflight"
                raise RefusalError(code, "The message referred to is not in flight.")
            queue.hide(message, now + seconds)
        return {}

    def _attributes(self, parameters: Parameters) -> Answer:
        with self.lock:
            queue, now = self._queue(parameters), self.clock.now
            queue.come_back(now)
            messages, in_flight = queue.messages(), queue.in_flight(now)
            delayed = sum(message.visible_at > now and not message.receives for message in messages)
        whole = {
            "ApproximateNumberOfMessages": len(messages) - in_flight - delayed,
            "ApproximateNumberOfMessagesNotVisible": in_flight,
            "ApproximateNumberOfMessagesDelayed": delayed,
            "VisibilityTimeout": int(queue.visibility_seconds),
            "MessageRetentionPeriod": int(queue.retention_seconds),
        }
        wanted = parameters.get("AttributeNames", ())
        shown = {
            name: str(value) for name, value in whole.items() if name in wanted or "All" in wanted
        }
        return {"Attributes": shown} if shown else {}

    def _url(self, parameters: Parameters) -> Answer:
        url = _url_of(parameters["QueueName"])
        self._queue({"QueueUrl": url})
        return {"QueueUrl": url}

    def _purge(self, parameters: Parameters) -> Answer:
        with self.lock:
            for message in self._queue(parameters).messages():
                message.deleted = True
        return {}


def _refuse_if(told: bool) -> None:
    if told:
        code = "InternalError"
        raise RefusalError(code, "We encountered an internal error. Please try again.")


def _all_of(available: int) -> int:
    return available


def _url_of(name: str) -> str:
    return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT_ID}/{name}"


def _check_batch(entries: Sequence[Mapping[str, Any]]) -> None:
    if not entries:
        code = f"{_LEGACY}EmptyBatchRequest"
        raise RefusalError(code, "There should be at least one entry in the request.")
    if len(entries) > MAXIMUM_BATCH_ENTRIES:
        code = f"{_LEGACY}TooManyEntriesInBatchRequest"
        text = f"Maximum number of entries per request are 10. You have sent {len(entries)}."
        raise RefusalError(code, text)
    identifiers = [entry["Id"] for entry in entries]
    if not all(BATCH_ENTRY_ID.fullmatch(identifier) for identifier in identifiers):
        code = f"{_LEGACY}InvalidBatchEntryId"
        raise RefusalError(code, "A batch entry id can only contain alphanumeric characters, - _")
    if len(set(identifiers)) < len(identifiers):
        code = f"{_LEGACY}BatchEntryIdsNotDistinct"
        raise RefusalError(code, "Two or more batch entries have the same Id.")
    size = sum(len(entry.get("MessageBody", "").encode()) for entry in entries)
    if size > MAXIMUM_BATCH_BYTES:
        code = f"{_LEGACY}BatchRequestTooLong"
        text = f"Batch requests cannot be longer than {MAXIMUM_BATCH_BYTES} bytes: {size}."
        raise RefusalError(code, text)


def _check_range(name: str, value: float, low: int, high: int) -> None:
    if not low <= value <= high:
        code = "InvalidParameterValue"
        text = f"Value {value} for parameter {name} is invalid. Reason: must be {low} to {high}."
        raise RefusalError(code, text)


def _shown(message: StoredMessage, handle: str, wanted: Collection[str]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "MessageId": message.message_id,
        "ReceiptHandle": handle,
        "MD5OfBody": _md5(message.body),
        "Body": message.body,
    }
    whole = {
        "ApproximateReceiveCount": str(message.receives),
        "SentTimestamp": str(int(message.sent_at * 1000)),
        "ApproximateFirstReceiveTimestamp": str(int(message.first_received_at * 1000)),
    }
    attributes = {name: it for name, it in whole.items() if name in wanted or "All" in wanted}
    return {**shown, "Attributes": attributes} if attributes else shown


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
