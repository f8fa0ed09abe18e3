"""Executions of state machines: their names, their end, and their context object."""

from __future__ import annotations

import threading
import time
import uuid
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.component.state import state as state_module
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.program_state import (
    ProgramEnded,
    ProgramError,
    ProgramStopped,
    ProgramTimedOut,
)
from moto.stepfunctions.parser.backend import execution_worker
from moto.stepfunctions.parser.backend.execution import (
    BaseExecutionWorkerCommunication,
    Execution,
)
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import (
    StepFunctionsParserBackend,
    stepfunctions_parser_backends,
)
from moto.stepfunctions.responses import StepFunctionResponse

from labeling_sandbox.base import control
from labeling_sandbox.base.background import FailureBoundary
from labeling_sandbox.base.moto_seams import add_operations, parameter, replace
from labeling_sandbox.step_functions import task_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.stepfunctions.parser.asl.eval.evaluation_details import ExecutionDetails

_MAX_INPUT_BYTES = 256 * 1024
_START_SECONDS = 5.0
# What an execution's key encrypts, and an answer without the key leaves out.
_ENCRYPTED_MEMBERS = ("cause", "error", "input", "inputDetails", "output", "outputDetails")
_start_lock = threading.Lock()


class ExecutionRefusal(ServiceException):  # type: ignore[misc] # moto has no types
    """An execution that cannot be started; the code is given where it is raised."""


def install() -> None:
    """Put the corrections in place."""
    _correct_start()
    _correct_end()
    _correct_context()
    describe_in_moto = StepFunctionResponse.describe_execution

    def describe(response: StepFunctionResponse) -> ActionResult:
        answer = describe_in_moto(response)
        execution = _execution(response)
        if execution.stop_date is not None and execution.status != ExecutionStatus.RUNNING.value:
            answer.result["stopDate"] = execution.stop_date
        if parameter(response, "includedData") == "METADATA_ONLY":
            for encrypted in _ENCRYPTED_MEMBERS:
                answer.result.pop(encrypted, None)
        return answer

    history = StepFunctionResponse.get_execution_history

    def show_history(response: StepFunctionResponse) -> ActionResult:
        answer = history(response)
        if parameter(response, "reverseOrder"):
            events = list(reversed(answer.result["events"]))
            return ActionResult({**answer.result, "events": events})
        return answer

    add_operations(
        StepFunctionResponse,
        {
            "describe_execution": describe,
            "get_execution_history": show_history,
            "stop_execution": _stop_execution,
        },
    )
    control.route("executions/time-out", "POST", _time_out)


def _execution(response: StepFunctionResponse) -> Execution:
    arn = parameter(response, "executionArn")
    return response.stepfunction_backend.describe_execution(arn)


def _correct_start() -> None:
    def start(
        self: StepFunctionsParserBackend,
        state_machine_arn: str,
        name: str | None = None,
        execution_input: str | None = None,
        trace_header: str | None = None,
    ) -> Execution:
        # moto calls every execution without a name "None".
        name = name or str(uuid.uuid4())
        self._validate_name(name)
        if execution_input and len(execution_input.encode()) > _MAX_INPUT_BYTES:
            code = "InvalidExecutionInput"
            message = f"Invalid Execution Input: longer than {_MAX_INPUT_BYTES} bytes"
            raise ExecutionRefusal(code, message)
        # Two starts of one name at the same time: exactly one makes the execution.
        with _start_lock:
            arn = _machine_of(self, state_machine_arn)
            return start_in_moto(self, arn, name, execution_input, trace_header)

    start_in_moto = replace(StepFunctionsParserBackend, "start_execution", start)


def _machine_of(backend: StepFunctionsParserBackend, arn: str) -> str:
    """Resolve the ARN of a version or alias; both run the machine's current definition here."""
    base, _, qualifier = arn.rpartition(":")
    for machine in backend.state_machines:
        known = {*machine.aliases, *(str(number) for number in machine.versions)}
        if machine.arn == base and qualifier in known:
            return base
    return arn


def _correct_end() -> None:
    def run(self: ExecutionWorker) -> None:
        execution = self._execution_communication.execution

        def fail(error: Exception) -> None:
            execution.error, execution.cause = "States.Runtime", str(error)
            _end(execution, ExecutionStatus.FAILED)

        # moto leaves an execution RUNNING when its thread dies outside of a state.
        with FailureBoundary(f"execution {execution.exec_arn}", fail):
            run_in_moto(self)

    def set_error(self: Environment, error: dict[str, Any]) -> None:
        # The states of an execution that has ended fail on their way out; its end stays the same.
        if not isinstance(self._program_state, ProgramStopped | ProgramTimedOut):
            set_error_in_moto(self, error)

    run_in_moto = replace(ExecutionWorker, "_execution_logic", run)
    set_error_in_moto = replace(Environment, "set_error", set_error)
    replace(BaseExecutionWorkerCommunication, "_reflect_execution_status", _reflect_end)


def _reflect_end(communication: BaseExecutionWorkerCommunication) -> None:
    execution = communication.execution
    if execution.exec_status is not ExecutionStatus.RUNNING:
        return
    state = execution.exec_worker.env.program_state()
    if isinstance(state, ProgramEnded):
        execution.output = execution.exec_worker.env.states.get_input()
        _end(execution, ExecutionStatus.SUCCEEDED)
    elif isinstance(state, ProgramError):
        failure = state.error or {}
        execution.error, execution.cause = failure.get("error"), failure.get("cause")
        _end(execution, ExecutionStatus.FAILED)
    elif isinstance(state, ProgramTimedOut):
        execution.error = "States.Timeout"
        _end(execution, ExecutionStatus.TIMED_OUT)
    elif isinstance(state, ProgramStopped):
        _end(execution, ExecutionStatus.ABORTED)
    else:
        message = f"the execution ended in the state {type(state).__name__}"
        raise TypeError(message)


def _end(execution: Execution, status: ExecutionStatus) -> None:
    # The status is set last, so that a reader of the status also finds the output and the date.
    execution.stop_date = datetime.now(UTC)
    execution.exec_status = status
    task_tokens.close_all_of(execution.exec_arn)


def _stop_execution(response: StepFunctionResponse) -> ActionResult:
    execution = _execution(response)
    if execution.exec_status is ExecutionStatus.RUNNING:
        _abort(execution, parameter(response, "error"), parameter(response, "cause"))
    return ActionResult({"stopDate": execution.stop_date})


def _abort(execution: Execution, error: str | None, cause: str | None) -> None:
    environment = _environment(execution)
    environment.set_stop(stop_date=datetime.now(UTC), error=error, cause=cause)
    if isinstance(environment.program_state(), ProgramStopped):
        execution.error, execution.cause = error, cause
        _end(execution, ExecutionStatus.ABORTED)


def _time_out(_path: Mapping[str, str], body: control.JsonObject) -> dict[str, str]:
    """End an execution, or its states that wait for a token, as when their time is over.

    Timers are not scaled, so a test would have to guess how long the states before it take.
    """
    arn, what = str(body.get("execution_arn")), body.get("what", "execution")
    account, region = arn.split(":")[4], arn.split(":")[3]
    backend = stepfunctions_parser_backends[account][region]
    execution = backend.describe_execution(arn)
    if execution.exec_status is not ExecutionStatus.RUNNING:
        message = f"the execution {arn} has ended"
        raise control.ControlError(message, HTTPStatus.CONFLICT)
    if what == "waiting states":
        task_tokens.close_all_of(arn)
    else:
        _environment(execution).set_timed_out()
        execution.error = "States.Timeout"
        _end(execution, ExecutionStatus.TIMED_OUT)
    return {"timed_out": what}


def _environment(execution: Execution) -> Environment:
    """Wait for the environment that the execution's thread makes when it starts."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        environment = execution.exec_worker.env
        if environment is not None and environment.is_running():
            return environment
        if execution.exec_status is not ExecutionStatus.RUNNING:
            return environment
        time.sleep(0.005)
    message = f"the execution {execution.exec_arn} has not started within {_START_SECONDS} s"
    raise TimeoutError(message)


def _correct_context() -> None:
    def details(self: Execution) -> ExecutionDetails:
        found = details_in_moto(self)
        found.start_time = _timestamp(self.start_date)
        return found

    def state_data(**data: str) -> dict[str, Any]:
        entered = _timestamp(datetime.fromisoformat(data["EnteredTime"]))
        return {**data, "EnteredTime": entered, "RetryCount": 0}

    def execution_data(**data: object) -> dict[str, object]:
        return {**data, "RedriveCount": 0}

    def inner_frame(
        _class: type[Environment], env: Environment, *args: object, **more: object
    ) -> Environment:
        frame = inner_frame_in_moto(env, *args, **more)
        outer = env.states.context_object.context_object_data
        if "Map" in outer:
            frame.states.context_object.context_object_data["Map"] = outer["Map"]
        return frame

    details_in_moto = replace(Execution, "get_start_execution_details", details)
    replace(state_module, "StateData", state_data)
    replace(execution_worker, "ExecutionData", execution_data)
    inner_frame_in_moto = replace(
        Environment,
        "as_inner_frame_of",
        classmethod(inner_frame),  # type: ignore[arg-type]
    )


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
