"""What is seen while a day passes: calls, units that are paid for, and the calls of functions."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from labeling_faults.load.quota_use import read_rows, units_of_rows, written_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from in_process_aws.calls import Answer, Call
    from labeling_faults.functions.runtime import Invocation

_UNIT_BYTES = 1024


class Moment(NamedTuple):
    """The state of the pipeline at a moment.

    Attributes:
        hour: Hours since the day began.
        uploaded: Items that have been uploaded.
        waiting: Messages on the intake queue.
        oldest_hours: Age of the oldest of them.
        open_runs: Runs that the ledger holds open.
        labeling: Labeling jobs under way.
        stored: Items that have a record.
    """

    hour: float
    uploaded: int
    waiting: int
    oldest_hours: float
    open_runs: int
    labeling: int
    stored: int


@dataclass
class FunctionUse:
    """The calls of one function.

    Attributes:
        calls: How many.
        seconds: How long they took together.
        longest: The longest.
        killed: How many Lambda ended.
    """

    calls: int = 0
    seconds: float = 0
    longest: float = 0
    killed: int = 0


@dataclass
class Measurements:
    """What is seen.

    Attributes:
        calls: Calls by function, service and operation.
        empty_receives: Receives that found nothing.
        units: What is paid for, by kind.
        functions: By step.
        moments: The state from time to time.
        in_flight: Messages that were received and are neither deleted nor visible again.
        most_in_flight: The most of them.
    """

    calls: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    empty_receives: int = 0
    units: Counter[str] = field(default_factory=Counter)
    functions: defaultdict[str, FunctionUse] = field(
        default_factory=lambda: defaultdict(FunctionUse)
    )
    moments: list[Moment] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0

    def called(self, step: str, call: Call, answer: Answer) -> None:
        """Note a call that was not refused."""
        self.calls[step, call.service, call.operation] += 1
        match call.service:
            case "sqs":
                self.units["queue_requests"] += 1
                self._messages(call, answer)
            case "dynamodb":
                self._rows(call)
            case "s3":
                reads = call.operation in {"GetObject", "HeadObject"}
                self.units["object_reads" if reads else "object_writes"] += 1
            case "sagemaker-featurestore-runtime":
                self._records(call)

    def ended(self, invocation: Invocation, started_at: float) -> None:
        """Note the end of a call of a function."""
        seen = self.functions[invocation.step]
        seconds = invocation.clock.now - started_at
        seen.calls += 1
        seen.seconds += seconds
        seen.longest = max(seen.longest, seconds)
        seen.killed += bool(invocation.killed_by)

    def _messages(self, call: Call, answer: Answer) -> None:
        if call.operation == "ReceiveMessage":
            self.in_flight += len(answer.get("Messages", ()))
            self.empty_receives += not answer.get("Messages")
        elif call.operation == "DeleteMessageBatch":
            self.in_flight -= len(answer["Successful"])
        self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def _rows(self, call: Call) -> None:
        written = len(written_rows(call))
        self.units["row_writes"] += units_of_rows(call, written)
        if not written:
            self.units["row_reads"] += read_rows(call) if call.operation == "BatchGetItem" else 1

    def _records(self, call: Call) -> None:
        for entry in call.parameters.get("Entries", [call.parameters]):
            if "Record" in entry:
                self.units["record_writes"] += math.ceil(_bytes(entry["Record"]) / _UNIT_BYTES)


def _bytes(record: list[Mapping[str, str]]) -> int:
    return sum(len(it["FeatureName"]) + len(it["ValueAsString"]) for it in record)
