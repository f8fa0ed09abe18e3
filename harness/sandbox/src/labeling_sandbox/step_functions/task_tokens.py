"""Task tokens of ``.waitForTaskToken`` states: one for each attempt, answered at most once.

moto issues one token for all attempts of a state, does not close it, and searches for it in running
executions only, so that a late answer has an unknown token there.
"""

from __future__ import annotations

import json
import secrets
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from moto.core.exceptions import ServiceException
from moto.core.responses import EmptyResult
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_callback as callback_service,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import (
    ResourceCondition,
)
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackEndpoint,
    CallbackOutcome,
    CallbackOutcomeFailure,
    CallbackOutcomeSuccess,
)
from moto.stepfunctions.responses import StepFunctionResponse

from labeling_sandbox.base.moto_seams import add_operations, parameter, replace

if TYPE_CHECKING:
    from moto.stepfunctions.parser.asl.eval.environment import Environment

_MAX_OUTPUT_BYTES = 256 * 1024
_TOKEN_BYTES = (
    192  # Real tokens are several hundred characters long; callers must not assume short ones.
)


class TaskRefusal(ServiceException):  # type: ignore[misc] # moto has no types
    """An answer to a task that Step Functions does not take; its code is given when raised."""


@dataclass
class _Issued:
    state_machine_arn: str
    execution_arn: str
    endpoint: CallbackEndpoint
    waiting: bool = True


_issued: dict[str, _Issued] = {}
_lock = threading.Lock()


def state_machine_arn_of(token: str) -> str | None:
    """Return the state machine that a token belongs to, or None for a token that was never issued.

    ``states:SendTaskSuccess`` is authorised on the state machine, which the request does not name.

    Args:
        token: A task token, answered or not.
    """
    issued = _issued.get(token)
    return None if issued is None else issued.state_machine_arn


def close_all_of(execution_arn: str) -> None:
    """Close the tokens of an execution. The states that wait for them end with States.Timeout.

    Args:
        execution_arn: The execution.
    """
    with _lock:
        open_tokens = [
            issued
            for issued in _issued.values()
            if issued.execution_arn == execution_arn and issued.waiting
        ]
        for issued in open_tokens:
            issued.waiting = False
    for issued in open_tokens:
        issued.endpoint.interrupt_all()


def install() -> None:
    """Give each attempt its own token and answer tokens from the register of this module."""

    def evaluate(self: callback_service.StateTaskServiceCallback, env: Environment) -> None:
        if not _waits_for_token(self):
            evaluate_in_moto(self, env)
            return
        self._assert_integration_pattern_is_supported()
        token = _issue(env)
        try:
            evaluate_in_moto(self, env)
        finally:
            _close(token)
            env.states.context_object.context_object_data.pop("Task", None)

    def evaluate_body(self: callback_service.StateTaskServiceCallback, env: Environment) -> None:
        super(callback_service.StateTaskServiceCallback, self)._eval_body(env)

    evaluate_in_moto = replace(
        callback_service.StateTaskServiceCallback, "_evaluate_with_timeout", evaluate
    )
    replace(callback_service.StateTaskServiceCallback, "_eval_body", evaluate_body)
    add_operations(
        StepFunctionResponse,
        {
            "send_task_success": _send_task_success,
            "send_task_failure": _send_task_failure,
            "send_task_heartbeat": _send_task_heartbeat,
        },
    )


def _waits_for_token(task: callback_service.StateTaskServiceCallback) -> bool:
    supported = task._supported_integration_patterns  # noqa: SLF001 - moto's own test
    return task.resource.condition is not None and ResourceCondition.WaitForTaskToken in supported


def _issue(env: Environment) -> str:
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    context = env.states.context_object.context_object_data
    context["Task"] = {"Token": token}
    endpoint = env.callback_pool_manager.add(token)
    with _lock:
        _issued[token] = _Issued(
            context["StateMachine"]["Id"], context["Execution"]["Id"], endpoint
        )
    return token


def _close(token: str) -> None:
    with _lock:
        _issued[token].waiting = False


def _answer(token: str, outcome: CallbackOutcome) -> None:
    with _lock:
        issued = _find(token)
        issued.waiting = False
    issued.endpoint.notify(outcome)


def _find(token: str) -> _Issued:
    issued = _issued.get(token)
    if issued is None:
        _refuse("InvalidToken", "Invalid Token: 'Invalid token'")
    if not issued.waiting:
        _refuse("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
    return issued


def _refuse(code: str, message: str) -> NoReturn:
    raise TaskRefusal(code, message)


def _send_task_success(response: StepFunctionResponse) -> EmptyResult:
    token = parameter(response, "taskToken")
    output = parameter(response, "output")
    try:
        json.loads(output)
    except ValueError:
        _refuse("InvalidOutput", "Invalid Output: 'The output is not valid JSON'")
    if len(output.encode()) > _MAX_OUTPUT_BYTES:
        _refuse("InvalidOutput", f"Invalid Output: 'longer than {_MAX_OUTPUT_BYTES} bytes'")
    _answer(token, CallbackOutcomeSuccess(callback_id=token, output=output))
    return EmptyResult()


def _send_task_failure(response: StepFunctionResponse) -> EmptyResult:
    token = parameter(response, "taskToken")
    error = parameter(response, "error")
    cause = parameter(response, "cause")
    _answer(token, CallbackOutcomeFailure(callback_id=token, error=error, cause=cause))
    return EmptyResult()


def _send_task_heartbeat(response: StepFunctionResponse) -> EmptyResult:
    token = parameter(response, "taskToken")
    with _lock:
        issued = _find(token)
    issued.endpoint.notify_heartbeat()
    return EmptyResult()
