"""The redrive of dead letters: StartMessageMoveTask and ListMessageMoveTasks."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.sqs.exceptions import InvalidParameterValue, QueueDoesNotExist
from moto.sqs.models import Message, Queue, SQSBackend

if TYPE_CHECKING:
    from collections.abc import Mapping

# SQS lists the ten most recent tasks of a queue.
_LISTED_TASKS = 10


@dataclass
class MoveTasks:
    """The message move tasks of all queues. A task is done when its start is answered.

    Attributes:
        tasks: The tasks, the latest first.
    """

    tasks: list[dict[str, Any]] = field(default_factory=list)

    def start(self, backend: SQSBackend, parameters: Mapping[str, Any]) -> dict[str, str]:
        """Move every message that is ready on a dead-letter queue.

        Args:
            backend: The queues.
            parameters: The parameters of StartMessageMoveTask.

        Returns:
            The task's handle.

        Raises:
            QueueDoesNotExist: A queue is missing.
            InvalidParameterValue: The source is no queue's dead-letter queue.
        """
        source = _queue(backend, parameters["SourceArn"])
        if not any(queue.dead_letter_queue is source for queue in backend.queues.values()):
            message = "Source queue must be configured as a Dead Letter Queue."
            raise InvalidParameterValue(message)
        destination = parameters.get("DestinationArn")
        total = source.approximate_number_of_messages
        moved, reason = self._move(backend, source, destination)
        task = {
            "TaskHandle": uuid.uuid4().hex,
            "Status": "FAILED" if reason else "COMPLETED",
            "SourceArn": parameters["SourceArn"],
            "ApproximateNumberOfMessagesMoved": moved,
            "ApproximateNumberOfMessagesToMove": total,
            "StartedTimestamp": int(time.time() * 1000),
        }
        task |= {"DestinationArn": destination} if destination else {}
        task |= {"FailureReason": reason} if reason else {}
        self.tasks.insert(0, task)
        return {"TaskHandle": str(task["TaskHandle"])}

    def entries(self, source_arn: str) -> dict[str, list[dict[str, Any]]]:
        """Return the latest tasks of one queue; only a running task shows its handle."""
        shown = [
            {key: value for key, value in task.items() if key != "TaskHandle"}
            for task in self.tasks
            if task["SourceArn"] == source_arn
        ]
        return {"Results": shown[:_LISTED_TASKS]}

    def _move(
        self, backend: SQSBackend, source: Queue, destination: str | None
    ) -> tuple[int, str | None]:
        moved = 0
        for message in source.sandbox_storage.ready():
            target = destination or getattr(message, "sandbox_source", None)
            if target is None:
                # A message that was sent here directly has no source queue.
                return moved, "CouldNotDetermineMessageSource"
            source.sandbox_storage.remove(message)
            _queue(backend, target).add_message(_renewed(message))
            moved += 1
        return moved, None


def _queue(backend: SQSBackend, arn: str) -> Queue:
    queue = backend.queues.get(arn.rsplit(":", 1)[-1])
    if queue is None:
        raise QueueDoesNotExist
    return queue


def _renewed(message: Message) -> Message:
    # SQS gives a redriven message a new id and a new time.
    renewed = Message(str(uuid.uuid4()), message.body, message.system_attributes)
    renewed.message_attributes = message.message_attributes
    renewed.mark_sent()
    return renewed
