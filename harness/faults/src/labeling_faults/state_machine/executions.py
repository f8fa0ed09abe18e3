"""In-process Step Functions: starting, answering, stopping and describing executions."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labeling_faults.state_machine.interpreter import (
    Delay,
    ExecutionFailedError,
    Interpreter,
    StateError,
    Waiting,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from random import Random

    from labeling_faults.simulated_time.event_queue import EventQueue
    from labeling_faults.state_machine.interpreter import Pause
    from labeling_faults.state_machine.paths import Json

MAX_INPUT_BYTES = 256 * 1024


class StartRefusedError(Exception):
    """StartExecution is refused; the code is its only argument."""


class TokenRefusedError(Exception):
    """SendTaskSuccess is refused; the code is its only argument."""


@dataclass(eq=False)
class Execution:
    """One execution.

    Attributes:
        arn: Its ARN.
        name: Its name.
        state_input: What it was started with.
        started_at: When.
        interpreter: What runs it.
        status: As DescribeExecution gives it.
        error: Name of the error it failed with.
        cause: Cause of that error.
        output: What it gave.
        waiting: The task that waits for its token, if one does.
    """

    arn: str
    name: str
    state_input: Json
    started_at: str
    interpreter: Interpreter
    status: str = "RUNNING"
    error: str = ""
    cause: str = ""
    output: Json = None
    waiting: Waiting | None = None
    busy: bool = False
    steps: Generator[Pause, None, Json] = field(init=False)

    def __post_init__(self) -> None:
        """Begin, without doing a step."""
        self.steps = self.interpreter.run(self.state_input)

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.status == "RUNNING"

    @property
    def ending(self) -> str:
        """Name of the error, or the status."""
        return self.error or self.status


@dataclass
class Executions:
    """Executions of one state machine, and the host of their interpreters.

    Attributes:
        arn: The state machine.
        definition: Its definition.
        event_queue: What happens next.
        chance: Decides latencies.
        function: Calls a function by its name, for an execution.
        succeeded: Hears of every execution that succeeds.
        interpreter: Executes the definition.
        all: Every execution, by ARN.
    """

    arn: str
    definition: dict[str, Any]
    event_queue: EventQueue
    chance: Random
    function: Callable[[str, Json, Execution], Json]
    succeeded: Callable[[Execution], None] = lambda _execution: None
    interpreter: Callable[..., Interpreter] = Interpreter
    all: dict[str, Execution] = field(default_factory=dict)
    _tokens: dict[str, tuple[Execution, Waiting]] = field(default_factory=dict)
    _current: list[Execution] = field(default_factory=list)

    def invoke(self, function_name: str, payload: Json) -> Json:
        """Call a function as Lambda does: JSON in, JSON out."""
        result = self.function(function_name, json.loads(json.dumps(payload)), self._current[-1])
        return json.loads(json.dumps(result))

    def latency(self) -> float:
        """Return the seconds of one transition."""
        return self.chance.uniform(0.01, 0.2)

    def jitter(self, seconds: float) -> float:
        """Return a delay up to these seconds."""
        return self.chance.uniform(0, seconds)

    def timestamp(self) -> str:
        """Return the current time."""
        return self.event_queue.clock.text()

    def new_waiting(self, timeout_seconds: float) -> Waiting:
        """Return a task with a fresh token."""
        waiting = Waiting(f"token-{len(self._tokens):06d}", timeout_seconds)
        self._tokens[waiting.token] = (self._current[-1], waiting)
        return waiting

    @property
    def running(self) -> list[Execution]:
        """Executions that have not ended, oldest first."""
        return [one for one in self.all.values() if one.running]

    def start(self, state_machine_arn: str, name: str, state_input: Json) -> Execution:
        """Start an execution. It enters its first state in a later event.

        Raises:
            StartRefusedError: As StartExecution is refused.
        """
        if state_machine_arn != self.arn:
            raise StartRefusedError("StateMachineDoesNotExist")
        if len(json.dumps(state_input).encode()) > MAX_INPUT_BYTES:
            raise StartRefusedError("InvalidExecutionInput")
        arn = self.arn.replace(":stateMachine:", ":execution:") + f":{name}"
        found = self.all.get(arn)
        if found is not None:
            # The same start again is no second execution, as long as the first one runs.
            if found.running and found.state_input == state_input:
                return found
            raise StartRefusedError("ExecutionAlreadyExists")
        started_at = self.timestamp()
        context = {
            "Execution": {
                "Id": arn,
                "Input": state_input,
                "Name": name,
                "RedriveCount": 0,
                "StartTime": started_at,
            },
            "StateMachine": {"Id": self.arn, "Name": self.arn.rpartition(":")[2]},
        }
        interpreter = self.interpreter(self.definition, self, context)
        execution = Execution(arn, name, state_input, started_at, interpreter)
        self.all[arn] = execution
        self.event_queue.after(0.0, lambda: self._advance(execution))
        return execution

    def answer(self, token: str, output: str) -> None:
        """Answer a waiting task.

        Raises:
            TokenRefusedError: As SendTaskSuccess is refused.
        """
        json.loads(output)
        if token not in self._tokens:
            raise TokenRefusedError("InvalidToken")
        execution, waiting = self._tokens[token]
        if waiting.closed or waiting.answer is not None:
            raise TokenRefusedError("TaskTimedOut")
        if not execution.running:
            raise TokenRefusedError("TaskTimedOut")
        waiting.answer = output
        self.event_queue.after(0.0, lambda: self._resume(execution, waiting))

    def end(self, execution: Execution, status: str, error: str = "", cause: str = "") -> None:
        """End an execution from outside: StopExecution, or a timeout of the whole machine.

        A function that it has called continues to run.
        """
        if execution.running:
            execution.status, execution.error, execution.cause = status, error, cause
            self._close(execution)

    def _close(self, execution: Execution) -> None:
        if execution.waiting is not None:
            execution.waiting.closed = True
            execution.waiting = None

    def _resume(self, execution: Execution, waiting: Waiting) -> None:
        if execution.waiting is waiting:
            self._advance(execution)

    def _time_out(self, execution: Execution, waiting: Waiting) -> None:
        if execution.waiting is waiting and waiting.answer is None:
            waiting.closed = True
            self._advance(execution)

    def _advance(self, execution: Execution) -> None:
        if not execution.running or execution.busy:
            return
        execution.waiting = None
        execution.busy = True
        self._current.append(execution)
        try:
            pause = next(execution.steps)
        except StopIteration as end:
            self._finish(execution, "SUCCEEDED", output=end.value)
        except ExecutionFailedError as end:
            self._finish(execution, "FAILED", end.error, end.cause)
        except StateError as problem:
            self._finish(execution, "FAILED", problem.error, problem.cause)
        else:
            self._pause(execution, pause)
        finally:
            self._current.pop()
            execution.busy = False

    def _finish(
        self,
        execution: Execution,
        status: str,
        error: str = "",
        cause: str = "",
        output: Json = None,
    ) -> None:
        if execution.running:
            execution.output = output
            if status == "SUCCEEDED":
                self.succeeded(execution)
            self.end(execution, status, error, cause)

    def _pause(self, execution: Execution, pause: Pause) -> None:
        if not execution.running:
            return
        if isinstance(pause, Delay):
            self.event_queue.after(pause.seconds, lambda: self._advance(execution))
        elif pause.answer is not None:
            self.event_queue.after(0.0, lambda: self._advance(execution))
        else:
            execution.waiting = pause
            self.event_queue.after(pause.timeout_seconds, lambda: self._time_out(execution, pause))
