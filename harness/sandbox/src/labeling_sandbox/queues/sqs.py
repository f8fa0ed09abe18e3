"""SQS: fast and thread-safe queues, correct receipt handles, batch rules, redrive.

FIFO queues keep moto's own implementation. Not simulated: short polls that return less than there
is, and the limit of 120,000 messages in flight.
"""

# ruff: noqa: SLF001 - the methods that are replaced are private to moto

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.sqs import models
from moto.sqs.exceptions import (
    BatchEntryIdsNotDistinct,
    EmptyBatchRequest,
    InvalidAttributeValue,
    InvalidBatchEntryId,
    InvalidParameterValue,
    MissingParameter,
    ReceiptHandleIsInvalid,
    SQSException,
    TooManyEntriesInBatchRequest,
)
from moto.sqs.models import Message, Queue, SQSBackend
from moto.sqs.responses import SQSResponse

from in_process_aws.queue_limits import (
    BATCH_ENTRY_ID,
    FORBIDDEN_CHARACTER,
    MAXIMUM_BATCH_BYTES,
    MAXIMUM_BATCH_ENTRIES,
    MAXIMUM_VISIBILITY_SECONDS,
)
from labeling_sandbox.base import control
from labeling_sandbox.queues.redrive import MoveTasks
from labeling_sandbox.queues.storage import QueueStorage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from labeling_sandbox.server import Sandbox

# SetQueueAttributes, API reference.
_ATTRIBUTE_BOUNDS = {
    "DelaySeconds": (0, 900),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, MAXIMUM_VISIBILITY_SECONDS),
}
_BATCHES = {
    "send_message_batch": "Send",
    "delete_message_batch": "Delete",
    "change_message_visibility_batch": "ChangeMessageVisibility",
}


def install(sandbox: Sandbox) -> None:
    """Replace the storage of standard queues and complete the API."""

    def reveal(path: Mapping[str, str], _body: dict[str, Any]) -> dict[str, Any]:
        storage(models.sqs_backends[sandbox.account][sandbox.region].queues[path["name"]]).reveal()
        return {}

    control.route("queues/<name>/reveal", "POST", reveal)
    _keep_storage()
    _complete_attributes()
    _replace_message_operations()
    for name, action in _BATCHES.items():
        setattr(SQSResponse, name, _checked_batch(getattr(SQSResponse, name), action))
    tasks = MoveTasks()
    SQSResponse.start_message_move_task = lambda self: ActionResult(
        tasks.start(self.sqs_backend, self.params)
    )
    SQSResponse.list_message_move_tasks = lambda self: ActionResult(
        tasks.entries(self.params["SourceArn"])
    )


def storage(queue: Queue) -> QueueStorage:
    """Return the message storage of a standard queue."""
    found: QueueStorage = queue.__dict__.setdefault("sandbox_storage", QueueStorage())
    return found


def _keep_storage() -> None:
    def messages(self: Queue) -> Sequence[Message]:
        if _is_fifo(self):
            stored: list[Message] = self.__dict__["_fifo_messages"]
            return stored
        return list(storage(self))

    def set_messages(self: Queue, value: list[Message]) -> None:
        self.__dict__["_fifo_messages"] = value
        storage(self).clear()

    Queue._messages = property(messages, set_messages)
    add = Queue.add_message

    def add_message(self: Queue, message: Message) -> None:
        if _is_fifo(self):
            add(self, message)
        else:
            storage(self).add(message)

    Queue.add_message = add_message
    counts = (
        "approximate_number_of_messages",
        "approximate_number_of_messages_not_visible",
        "approximate_number_of_messages_delayed",
    )
    for position, name in enumerate(counts):
        setattr(Queue, name, _counted(position, getattr(Queue, name)))


def _counted(position: int, stock: property) -> property:
    def count(self: Queue) -> int:
        if _is_fifo(self):
            return int(stock.__get__(self))
        return storage(self).counts()[position]

    return property(count)


def _complete_attributes() -> None:
    Queue.BASE_ATTRIBUTES = [*Queue.BASE_ATTRIBUTES, "RedriveAllowPolicy"]
    Queue.redrive_allow_policy = None
    stock: Callable[[Queue], dict[str, Any]] = Queue.attributes.fget
    set_stock = Queue._set_attributes

    def attributes(self: Queue) -> dict[str, Any]:
        shown = stock(self)
        if shown.get("RedrivePolicy"):
            # SQS answers in compact JSON; Terraform compares the text.
            shown["RedrivePolicy"] = json.dumps(self.redrive_policy, separators=(",", ":"))
        return {key: None if value == "" else value for key, value in shown.items()}

    def set_attributes(self: Queue, changes: dict[str, Any], now: float | None = None) -> None:
        _check_bounds(changes)
        # moto takes a change without a policy for a removal of the policy.
        kept = {} if "Policy" in changes else {"Policy": getattr(self, "policy_text", None)}
        self.policy_text = {**kept, **changes}.get("Policy") or None
        set_stock(self, {**kept, **changes}, now)

    Queue.attributes = property(attributes)
    Queue._set_attributes = set_attributes


def _check_bounds(attributes: Mapping[str, Any]) -> None:
    for name, (low, high) in _ATTRIBUTE_BOUNDS.items():
        if name in attributes and not low <= int(attributes[name]) <= high:
            raise InvalidAttributeValue(name)


def _replace_message_operations() -> None:
    receive_stock, delete_stock = SQSBackend.receive_message, SQSBackend.delete_message
    change_stock = SQSBackend.change_message_visibility

    def receive_message(
        self: SQSBackend,
        queue_name: str,
        count: int,
        wait_seconds_timeout: int,
        visibility_timeout: int,
        message_attribute_names: list[str] | None = None,
    ) -> list[Message]:
        queue = self.get_queue(queue_name)
        arguments = (queue_name, count, wait_seconds_timeout, visibility_timeout)
        if _is_fifo(queue):
            stock: list[Message] = receive_stock(self, *arguments, message_attribute_names)
            return stock
        received = _receive(queue, count, wait_seconds_timeout, visibility_timeout)
        for message in received:
            models._filter_message_attributes(message, message_attribute_names or [])
        return received

    def delete_message(self: SQSBackend, queue_name: str, receipt_handle: str) -> None:
        queue = self.get_queue(queue_name)
        if _is_fifo(queue):
            delete_stock(self, queue_name, receipt_handle)
        elif not storage(queue).delete(receipt_handle):
            raise ReceiptHandleIsInvalid

    def change_message_visibility(
        self: SQSBackend, queue_name: str, receipt_handle: str, visibility_timeout: int
    ) -> None:
        queue = self.get_queue(queue_name)
        if _is_fifo(queue):
            change_stock(self, queue_name, receipt_handle, visibility_timeout)
        else:
            _change_visibility(queue, receipt_handle, int(visibility_timeout))

    SQSBackend.receive_message = receive_message
    SQSBackend.delete_message = delete_message
    SQSBackend.change_message_visibility = change_message_visibility
    SQSBackend._validate_message = _validated(SQSBackend._validate_message)


def _receive(queue: Queue, count: int, wait_seconds: float, visibility: int) -> list[Message]:
    _check_visibility(int(visibility))
    messages, end = storage(queue), time.monotonic() + wait_seconds
    with messages.lock:
        while True:
            received = [
                messages.receive(message, int(visibility)) for message in _deliverable(queue, count)
            ]
            remaining = end - time.monotonic()
            if received or remaining <= 0:
                return received
            messages.wait(remaining)


def _deliverable(queue: Queue, count: int) -> list[Message]:
    messages = storage(queue)
    expired_before = (time.time() - float(queue.message_retention_period)) * 1000
    while True:
        candidates = messages.ready(count)
        expired = [each for each in candidates if float(each.sent_timestamp) <= expired_before]
        exhausted = [
            each for each in candidates if each not in expired and _received_too_often(queue, each)
        ]
        for message in (*expired, *exhausted):
            messages.remove(message)
        for message in exhausted:
            message.sandbox_source = queue.queue_arn
            storage(queue.dead_letter_queue).add(message)
        if not expired and not exhausted:
            return candidates


def _received_too_often(queue: Queue, message: Message) -> bool:
    if queue.dead_letter_queue is None or not queue.redrive_policy:
        return False
    return bool(message.approximate_receive_count >= queue.redrive_policy["maxReceiveCount"])


def _change_visibility(queue: Queue, receipt_handle: str, seconds: int) -> None:
    _check_visibility(seconds)
    changed = storage(queue).change_visibility(receipt_handle, seconds)
    if changed is None:
        raise ReceiptHandleIsInvalid
    if not changed:
        msg = "AWS.SimpleQueueService.MessageNotInflight"
        raise SQSException(msg, "The message is not in flight.")


def _check_visibility(seconds: int) -> None:
    if not 0 <= seconds <= MAXIMUM_VISIBILITY_SECONDS:
        message = f"Value {seconds} for parameter VisibilityTimeout is invalid."
        raise InvalidParameterValue(message)


def _validated(stock: Callable[..., None]) -> Callable[..., None]:
    def validate(
        self: SQSBackend, queue: Queue, message_body: str, *rest: object, **more: object
    ) -> None:
        if not message_body:
            parameter = "MessageBody"
            raise MissingParameter(parameter)
        if FORBIDDEN_CHARACTER.search(message_body):
            message = "Invalid characters found. Valid characters are those of XML 1.0."
            msg = "InvalidMessageContents"
            raise SQSException(msg, message)
        # moto counts characters, SQS counts bytes.
        limit = int(queue.maximum_message_size)
        if len(message_body.encode()) > limit:
            message = (
                "One or more parameters are invalid. "
                f"Reason: Message must be shorter than {limit} bytes."
            )
            raise InvalidParameterValue(message)
        stock(self, queue, message_body, *rest, **more)

    return validate


def _checked_batch(
    stock: Callable[[SQSResponse], ActionResult], action: str
) -> Callable[[SQSResponse], ActionResult]:
    def checked(self: SQSResponse) -> ActionResult:
        _check_batch(self.params.get("Entries") or [], action)
        return stock(self)

    return checked


def _check_batch(entries: Sequence[Mapping[str, Any]], action: str) -> None:
    if not entries:
        raise EmptyBatchRequest(action)
    if len(entries) > MAXIMUM_BATCH_ENTRIES:
        raise TooManyEntriesInBatchRequest(len(entries))
    seen: set[str] = set()
    for entry in entries:
        identifier = str(entry["Id"])
        if not BATCH_ENTRY_ID.fullmatch(identifier):
            raise InvalidBatchEntryId
        if identifier in seen:
            raise BatchEntryIdsNotDistinct(identifier)
        seen.add(identifier)
    size = sum(_entry_bytes(entry) for entry in entries)
    if size > MAXIMUM_BATCH_BYTES:
        message = (
            f"Batch requests cannot be longer than {MAXIMUM_BATCH_BYTES} bytes. "
            f"You have sent {size} bytes."
        )
        msg = "AWS.SimpleQueueService.BatchRequestTooLong"
        raise SQSException(msg, message)


def _entry_bytes(entry: Mapping[str, Any]) -> int:
    size = len(str(entry.get("MessageBody", "")).encode())
    for name, attribute in (entry.get("MessageAttributes") or {}).items():
        value = attribute.get("StringValue") or attribute.get("BinaryValue") or ""
        raw = value if isinstance(value, bytes) else str(value).encode()
        size += len(name.encode()) + len(str(attribute["DataType"]).encode()) + len(raw)
    return size


def _is_fifo(queue: Queue) -> bool:
    return bool(queue.__dict__.get("fifo_queue"))
