"""An interpreter of the state machine's language: one thread, no real time, every event counted.

An execution is a generator. It yields at each point where other events may happen first: a delay
before a retry, or a state that waits for its token. https://states-language.net/spec.html
"""

from __future__ import annotations

import heapq
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from labeling_faults.state_machine.paths import AbsentPathError, Json, Scope, put

if TYPE_CHECKING:
    from collections.abc import Generator

#: Input, output or result of a state, as UTF-8.
#: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MAX_STATE_BYTES = 256 * 1024

#: Step Functions ends an execution with more.
MAX_EVENTS = 25_000

#: Errors that neither Retry nor Catch can name by States.ALL.
_BEYOND_CATCH = frozenset({"States.DataLimitExceeded", "States.Runtime"})


class StateError(Exception):
    """A state failed with an error that Retry and Catch may name."""

    def __init__(self, error: str, cause: str = "") -> None:
        """Take the error's name and cause."""
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


class ExecutionFailedError(Exception):
    """The execution has come to a state of type Fail."""

    def __init__(self, error: str, cause: str) -> None:
        """Take the error's name and cause."""
        super().__init__(error)
        self.error = error
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Delay:
    """The execution goes on after some seconds."""

    seconds: float


@dataclass(eq=False)
class Waiting:
    """A task that waits for its token.

    Attributes:
        token: The token.
        timeout_seconds: Seconds after which the task fails.
        answer: Output of the answer, JSON text; None while there is none.
        closed: Whether an answer comes too late.
    """

    token: str
    timeout_seconds: float
    answer: str | None = None
    closed: bool = False


Pause = Delay | Waiting
Run = "Generator[Pause, None, Json]"


class Host(Protocol):
    """What an execution needs of the world around it."""

    def invoke(self, function_name: str, payload: Json) -> Json:
        """Call a function; raise :class:`StateError` if it fails."""

    def latency(self) -> float:
        """Return the seconds that one transition takes."""

    def jitter(self, seconds: float) -> float:
        """Return a delay between nothing and these seconds."""

    def timestamp(self) -> str:
        """Return the current time."""

    def new_waiting(self, timeout_seconds: float) -> Waiting:
        """Return a task with a new token."""


@dataclass
class Interpreter:
    """Executes one execution of a definition.

    Attributes:
        definition: The definition, checked.
        host: The world.
        context: Context object: ``Execution`` and ``StateMachine``.
        states: Names of the states entered, in their order.
        events: Number of history events.
    """

    definition: dict[str, Any]
    host: Host
    context: dict[str, Json]
    states: list[str] = field(default_factory=list)
    events: int = 0

    def run(self, state_input: Json) -> Generator[Pause, None, Json]:
        """Execute until the end.

        Returns:
            The execution's output.

        Raises:
            ExecutionFailedError: If it ends in a Fail state.
            StateError: If a state fails and nothing catches it.
        """
        self._count(1)
        output = yield from self._run_states(self.definition, state_input, self.context)
        self._count(1)
        return output

    def _run_states(
        self, machine: dict[str, Any], data: Json, context: dict[str, Json]
    ) -> Generator[Pause, None, Json]:
        name: str | None = machine["StartAt"]
        while name is not None:
            yield Delay(self.host.latency())
            state = machine["States"][name]
            self.states.append(name)
            # Entered, and exited; a Fail state is never left, but fails the execution.
            self._count(2)
            _check_size(data)
            context["State"] = {
                "EnteredTime": self.host.timestamp(),
                "Name": name,
                "RetryCount": 0,
            }
            data, name = yield from self._enter(state, data, context)
            _check_size(data)
        return data

    def _enter(
        self, state: dict[str, Any], data: Json, context: dict[str, Json]
    ) -> Generator[Pause, None, tuple[Json, str | None]]:
        following: str | None = state.get("Next")
        match state["Type"]:
            case "Choice":
                return data, _choose(state, data, context)
            case "Pass":
                return _pass(state, data, context), following
            case "Succeed":
                return data, None
            case "Fail":
                raise ExecutionFailedError(state["Error"], state["Cause"])
            case "Map":
                try:
                    return (yield from self._map(state, data, context)), following
                except StateError as problem:
                    # Iteration and state failed; Step Functions gives up the other iterations.
                    self._count(2)
                    return _caught(state, data, problem)
            case _:
                return (yield from self._task(state, data, context))

    def _task(
        self, state: dict[str, Any], data: Json, context: dict[str, Json]
    ) -> Generator[Pause, None, tuple[Json, str | None]]:
        tries: dict[int, int] = {}
        while True:
            try:
                result = yield from self._try(state, data, context)
                return _placed(state, data, result, context), state.get("Next")
            except StateError as problem:
                self._count(1)
                delay = self._delay_of_repeat(state, problem, tries)
                if delay is None:
                    return _caught(state, data, problem)
            context["State"]["RetryCount"] += 1
            yield Delay(delay)

    def _try(
        self, state: dict[str, Any], data: Json, context: dict[str, Json]
    ) -> Generator[Pause, None, Json]:
        # Scheduled and started.
        self._count(2)
        waits = state["Resource"].endswith(".waitForTaskToken")
        waiting = self.host.new_waiting(state.get("TimeoutSeconds", 99_999_999))
        scoped = {**context, "Task": {"Token": waiting.token}} if waits else context
        try:
            parameters = Scope(data, scoped).fill(state["Parameters"])
        except AbsentPathError as problem:
            raise StateError("States.Runtime", str(problem)) from problem
        _check_size(parameters)
        if not waits:
            payload = self.host.invoke(parameters["FunctionName"], parameters["Payload"])
            _check_size(payload)
            self._count(1)
            return {"ExecutedVersion": "$LATEST", "Payload": payload, "StatusCode": 200}
        return (yield from self._wait(waiting, parameters))

    def _wait(self, waiting: Waiting, parameters: dict[str, Json]) -> Generator[Pause, None, Json]:
        try:
            self.host.invoke(parameters["FunctionName"], parameters["Payload"])
        except StateError:
            # Once the token is answered, the result of the function is ignored.
            if waiting.answer is None:
                waiting.closed = True
                raise
        # Submitted.
        self._count(1)
        while waiting.answer is None and not waiting.closed:
            yield waiting
        if waiting.answer is None:
            raise StateError("States.Timeout")
        waiting.closed = True
        self._count(1)
        return json.loads(waiting.answer)

    def _delay_of_repeat(
        self, state: dict[str, Any], problem: StateError, tries: dict[int, int]
    ) -> float | None:
        for index, retrier in enumerate(state.get("Retry", [])):
            if not _matches(retrier, problem):
                continue
            tried = tries.get(index, 0)
            if tried >= retrier.get("MaxAttempts", 3):
                return None
            tries[index] = tried + 1
            delay = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** tried
            delay = min(delay, retrier.get("MaxDelaySeconds", delay))
            full_jitter = retrier.get("JitterStrategy", "NONE") == "FULL"
            return self.host.jitter(delay) if full_jitter else delay
        return None

    def _map(
        self, state: dict[str, Any], data: Json, context: dict[str, Json]
    ) -> Generator[Pause, None, Json]:
        # Started and succeeded.
        self._count(2)
        items = Scope(data, context).at(state["ItemsPath"])
        results: list[Json] = [None] * len(items)
        waiting = list(reversed(list(enumerate(items))))
        now = 0.0
        under_way: list[tuple[float, int, Generator[Pause, None, Json]]] = []
        while waiting or under_way:
            while waiting and len(under_way) < state["MaxConcurrency"]:
                index, item = waiting.pop()
                branch = self._iteration(state, data, context, index, item)
                heapq.heappush(under_way, (now, index, branch))
            moment, index, branch = heapq.heappop(under_way)
            if moment > now:
                yield Delay(moment - now)
                now = moment
            try:
                pause = next(branch)
            except StopIteration as end:
                results[index] = end.value
            else:
                # A Map of this machine holds no state that waits for a token.
                seconds = pause.seconds if isinstance(pause, Delay) else 0.0
                heapq.heappush(under_way, (now + seconds, index, branch))
        return put(data, state["ResultPath"], results)

    def _iteration(
        self, state: dict[str, Any], data: Json, context: dict[str, Json], index: int, item: Json
    ) -> Generator[Pause, None, Json]:
        # Started and succeeded.
        self._count(2)
        inner = {**context, "Map": {"Item": {"Index": index, "Value": item}}}
        selected = Scope(data, inner).fill(state["ItemSelector"])
        return (yield from self._run_states(state["ItemProcessor"], selected, inner))

    def _count(self, events: int) -> None:
        self.events += events
        if self.events > MAX_EVENTS:
            raise StateError("States.Runtime", f"more than {MAX_EVENTS} history events")


def _pass(state: dict[str, Any], data: Json, context: dict[str, Json]) -> Json:
    scope = Scope(data, context)
    result = scope.fill(state["Parameters"]) if "Parameters" in state else data
    return put(data, state.get("ResultPath", "$"), state.get("Result", result))


def _placed(state: dict[str, Any], data: Json, result: Json, context: dict[str, Json]) -> Json:
    try:
        if "ResultSelector" in state:
            result = Scope(result, context).fill(state["ResultSelector"])
        whole = put(data, state.get("ResultPath", "$"), result)
        return Scope(whole, context).at(state.get("OutputPath", "$"))
    except AbsentPathError as problem:
        raise StateError("States.Runtime", str(problem)) from problem


def _caught(state: dict[str, Any], data: Json, problem: StateError) -> tuple[Json, str]:
    for catcher in state.get("Catch", []):
        if _matches(catcher, problem):
            error = {"Error": problem.error, "Cause": problem.cause}
            return put(data, catcher.get("ResultPath", "$"), error), catcher["Next"]
    raise problem


def _matches(entry: dict[str, Any], problem: StateError) -> bool:
    names = entry["ErrorEquals"]
    if problem.error in names:
        return True
    if problem.error in _BEYOND_CATCH:
        return False
    return "States.ALL" in names or (
        "States.TaskFailed" in names and problem.error != "States.Timeout"
    )


def _choose(state: dict[str, Any], data: Json, context: dict[str, Json]) -> str:
    scope = Scope(data, context)
    for rule in state["Choices"]:
        if _holds(rule, scope):
            chosen: str = rule["Next"]
            return chosen
    if "Default" not in state:
        raise StateError("States.NoChoiceMatched")
    default: str = state["Default"]
    return default


def _holds(rule: dict[str, Any], scope: Scope) -> bool:
    try:
        value = scope.at(rule["Variable"])
    except AbsentPathError as problem:
        if "IsPresent" in rule:
            return not rule["IsPresent"]
        raise StateError("States.Runtime", str(problem)) from problem
    if "IsPresent" in rule:
        return bool(rule["IsPresent"])
    if "BooleanEquals" in rule:
        return isinstance(value, bool) and value == rule["BooleanEquals"]
    if "NumericGreaterThan" in rule:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and value > rule["NumericGreaterThan"]
    return isinstance(value, str) and value == rule["StringEquals"]


def _check_size(data: Json) -> None:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    if len(text) > MAX_STATE_BYTES // 4 and len(text.encode()) > MAX_STATE_BYTES:
        raise StateError("States.DataLimitExceeded", f"{len(text)} characters")
