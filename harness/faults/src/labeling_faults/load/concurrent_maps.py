"""The state machine's Map with iterations that overlap in simulated time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labeling_faults.simulated_time.processes import Threads
from labeling_faults.state_machine.interpreter import (
    Delay,
    ExecutionFailedError,
    Interpreter,
    StateError,
)
from labeling_faults.state_machine.paths import Json, Scope, put

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from labeling_faults.simulated_time.processes import ProcessClock
    from labeling_faults.state_machine.interpreter import Pause


@dataclass
class ConcurrentInterpreter(Interpreter):
    """An interpreter whose iterations are processes.

    Attributes:
        clock: The world's clock.
    """

    clock: ProcessClock = field(kw_only=True)

    def _map(
        self, state: dict[str, Any], data: Json, context: dict[str, Json]
    ) -> Generator[Pause, None, Json]:
        # Started and succeeded.
        self._count(2)
        items = Scope(data, context).at(state["ItemsPath"])

        def iterate(index: int, item: Json) -> Json:
            return self._drive(self._iteration(state, data, context, index, item))

        expected = (StateError, ExecutionFailedError)
        with Threads(self.clock, state["MaxConcurrency"], expected) as threads:
            results = list(threads.map(iterate, range(len(items)), items))
        yield from ()
        return put(data, state["ResultPath"], results)

    def _drive(self, branch: Generator[Pause, None, Json]) -> Json:
        while True:
            try:
                pause = next(branch)
            except StopIteration as end:
                return end.value
            # A Map of this machine holds no state that waits for a token.
            self.clock.sleep(pause.seconds if isinstance(pause, Delay) else 0.0)
