"""EventBridge: the events on a bus.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from in_process_aws.calls import Answer, Clock, Parameters, RefusalError, nothing_chosen
from in_process_aws.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

_MAXIMUM_ENTRIES = 10
_MAXIMUM_BYTES = 1024 * 1024


class Events(Service):
    """Event buses.

    Attributes:
        entries: Everything that was put on a bus, in order.
        refused: Of a request's entries, the positions that fail.
    """

    name = "events"

    def __init__(self, clock: Clock) -> None:
        """Start without events.

        Args:
            clock: The account's time.
        """
        super().__init__(clock)
        self.entries: list[Mapping[str, Any]] = []
        self.refused: Callable[[Sequence[Mapping[str, Any]]], Collection[int]] = nothing_chosen
        self.operations = {"PutEvents": self._put}

    def _put(self, parameters: Parameters) -> Answer:
        entries = parameters["Entries"]
        size = sum(
            len(entry.get(name, "").encode())
            for entry in entries
            for name in ("Source", "DetailType", "Detail")
        )
        if not 0 < len(entries) <= _MAXIMUM_ENTRIES or size > _MAXIMUM_BYTES:
            code = "ValidationException"
            raise RefusalError(code, "Entries must be 1 to 10, and less than 1 MB in total.")
        refused = self.refused(entries)
        answers: list[dict[str, str]] = []
        with self.lock:
            for position, entry in enumerate(entries):
                if position in refused:
                    text = "Internal failure"
                    answers.append({"ErrorCode": "InternalFailure", "ErrorMessage": text})
                else:
                    self.entries.append(entry)
                    answers.append({"EventId": self.new_id("event")})
        failed = sum("ErrorCode" in answer for answer in answers)
        return {"FailedEntryCount": failed, "Entries": answers}
