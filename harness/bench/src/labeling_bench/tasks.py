"""What a measured process is told to do, and what it tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_EMPTY = " (empty)"


@dataclass(frozen=True)
class FunctionTask:
    """What a function's process is to do.

    Attributes:
        path: Socket of the account.
        handler: Name of the handler's module.
        environment: The function's environment.
        timeout_seconds: How long a call of the handler may take.
        events: One call of the handler for each.
        parties: How many processes begin in the same moment.
    """

    path: str
    handler: str
    environment: dict[str, str]
    timeout_seconds: float
    events: list[dict[str, Any]]
    parties: int = 1


@dataclass(frozen=True)
class FunctionResult:
    """What a function's process has measured.

    Attributes:
        answers: What the handler returned.
        calls: Calls by operation.
        seconds: Of all calls of the handler, without the time in which it only waits for a queue
            to stay empty.
        idle_seconds: That time.
        cpu_seconds: Processor time.
        at_once: The most calls that were under way at the same time.
        peak_bytes: Most memory of the process.
        start_bytes: Most memory before the first call of the handler, clients included.
        began: Epoch seconds.
        ended: Epoch seconds.
        requests: HTTP requests; none of them is of AWS, whose clients are replaced.
    """

    answers: list[Any]
    calls: dict[str, int]
    seconds: float
    idle_seconds: float
    cpu_seconds: float
    at_once: int
    peak_bytes: int
    start_bytes: int
    began: float
    ended: float
    requests: int = 0

    @property
    def calls_that_count(self) -> int:
        """Calls, without the receives that gave nothing."""
        return sum(count for name, count in self.calls.items() if not name.endswith(_EMPTY))


@dataclass(frozen=True)
class CeilingTask:
    """What a ceiling's process is to do.

    Attributes:
        path: Socket of the account.
        calls: File of the calls.
        threads: How many threads make them.
    """

    path: str
    calls: str
    threads: int
