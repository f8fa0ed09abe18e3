"""The use of the quotas second by second: what is refused, and the highest use of each."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labeling_faults.load.limits import limits

if TYPE_CHECKING:
    from in_process_aws.calls import Call
    from labeling_faults.load.limits import Quota

#: A write in a transaction takes two units, a consistent read one.
#: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
TRANSACTION_UNITS = 2

#: An on-demand table takes twice the highest use of the time before.
_GROWTH, _GROWTH_SECONDS = 2, 30 * 60

#: Rows that one item has; all others are taken for one row, which is more than there is.
_ROWS_OF_ITEMS = ("ITEM#", "KEY#", "TEXT#")

_COUNTED = {
    "BatchWriteRecord": "batch_writes",
    "PutRecord": "record_writes",
    "StartExecution": "execution_starts",
}
_READS = frozenset({"GetObject", "HeadObject"})


@dataclass
class Use:
    """The use of one quota.

    Attributes:
        quota: The quota.
        highest: Most that was used in a second.
        refused: Calls that were refused.
        second: The current second.
        used: What was used in it.
        grown: The limit that a quota that grows has reached.
    """

    quota: Quota
    highest: float = 0
    refused: int = 0
    second: int = 0
    used: float = 0
    grown: float = 0
    _peaks: list[tuple[int, float]] = field(default_factory=list)

    def room(self, second: int, units: float) -> bool:
        """Return whether a call fits into a second."""
        self._begin(second)
        return self.used + units <= max(self.quota.value, self.grown) or not self.used

    def take(self, second: int, units: float) -> None:
        """Note what a call uses."""
        self._begin(second)
        self.used += units
        self.highest = max(self.highest, self.used)

    def _begin(self, second: int) -> None:
        if second == self.second:
            return
        if self.quota.growth and self.used:
            self._peaks.append((self.second, self.used))
            self._grow(second)
        self.second, self.used = second, 0

    def _grow(self, second: int) -> None:
        # What was used half an hour ago is what the table has grown to; it does not shrink here.
        while self._peaks and self._peaks[0][0] <= second - _GROWTH_SECONDS:
            self.grown = max(self.grown, _GROWTH * self._peaks.pop(0)[1])


@dataclass
class QuotaUse:
    """The use of all quotas that are counted by second.

    Attributes:
        uses: By name.
    """

    uses: dict[str, Use] = field(
        default_factory=lambda: {name: Use(quota) for name, quota in limits().quotas.items()}
    )

    def refusal(self, call: Call, now: float) -> str:
        """Take a call into account; return the name of the quota that refuses it, or nothing."""
        second = math.floor(now)
        needed = _units(call)
        shared = sum(not key.startswith(_ROWS_OF_ITEMS) for key in written_rows(call))
        if shared:
            needed["row_writes"] = units_of_rows(call, shared)
        for name, units in needed.items():
            if not self.uses[name].room(second, units):
                self.uses[name].refused += 1
                return name
        for name, units in needed.items():
            self.uses[name].take(second, units)
        return ""

    def note(self, name: str, now: float, units: float = 1) -> None:
        """Take into account what is counted and not refused."""
        self.uses[name].take(math.floor(now), units)

    def reach(self, name: str, value: float) -> None:
        """Note the size that something has reached."""
        self.uses[name].highest = max(self.uses[name].highest, value)


def _units(call: Call) -> dict[str, float]:
    """Return what a call uses of the quotas."""
    if call.service == "dynamodb":
        return _ledger_units(call)
    if call.service == "s3":
        return {"object_reads" if call.operation in _READS else "object_writes": 1}
    counted = _COUNTED.get(call.operation)
    return {counted: 1} if counted else {}


def _ledger_units(call: Call) -> dict[str, float]:
    if call.operation == "BatchGetItem":
        return {"ledger_reads": read_rows(call)}
    rows = written_rows(call)
    if not rows:
        return {"ledger_reads": 1}
    return {"ledger_writes": units_of_rows(call, len(rows))}


def units_of_rows(call: Call, rows: int) -> int:
    """Return the units with which a call writes rows of at most a kibibyte."""
    return rows * (TRANSACTION_UNITS if call.operation == "TransactWriteItems" else 1)


def read_rows(call: Call) -> int:
    """Return how many rows a BatchGetItem reads."""
    return sum(len(table["Keys"]) for table in call.parameters["RequestItems"].values())


def written_rows(call: Call) -> list[str]:
    """Return the keys of the ledger's rows that a call writes."""
    if call.service != "dynamodb":
        return []
    if call.operation == "TransactWriteItems":
        actions = [next(iter(it.values())) for it in call.parameters["TransactItems"]]
    elif call.operation in {"UpdateItem", "DeleteItem"}:
        actions = [call.parameters]
    else:
        return []
    return [action["Key"]["pk"]["S"] for action in actions if "Key" in action]
