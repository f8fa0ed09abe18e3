"""The API of Step Functions, on top of executions that are passed in.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html
"""

from __future__ import annotations

import json
import re
from typing import Any, Protocol

from in_process_aws.calls import Answer, Clock, Parameters, RefusalError
from in_process_aws.service import Service

_EXECUTION = re.compile(r"arn:[^:]+:states:[^:]+:\d{12}:execution:[^:]+:[^:]+")
_MAXIMUM_OUTPUT_BYTES = 256 * 1024


class ExecutionsBackend(Protocol):
    """Runs executions. What it refuses it refuses by ``RefusalError`` or ``account.error(...)``."""

    def send_task_success(self, token: str, output: str) -> None:
        """Answer the state that waits with a token.

        Codes: ``TaskTimedOut``, ``TaskDoesNotExist``, ``InvalidToken``.
        """
        ...

    def describe(self, arn: str) -> dict[str, Any]:
        """Return the answer of DescribeExecution.

        Code: ``ExecutionDoesNotExist``.
        """
        ...

    def start(self, state_machine_arn: str, name: str, state_input: str) -> str:
        """Start an execution and return its ARN.

        Code: ``ExecutionAlreadyExists``, unless it runs and has the same input.
        """
        ...


class States(Service):
    """Executions.

    Attributes:
        backend: Runs them.
        key_refused: Whether the state machine is encrypted with a key that the callers may not use.
    """

    name = "stepfunctions"

    def __init__(self, clock: Clock) -> None:
        """Start without anybody who runs executions.

        Args:
            clock: The account's time.
        """
        super().__init__(clock)
        self.backend: ExecutionsBackend | None = None
        self.key_refused = False
        self.operations = {
            "DescribeExecution": self._describe,
            "SendTaskSuccess": self._send_task_success,
            "StartExecution": self._start,
        }

    def _running(self) -> ExecutionsBackend:
        if self.backend is None:
            message = "the account's executions have no backend: set account.states.backend"
            raise RuntimeError(message)
        return self.backend

    def _send_task_success(self, parameters: Parameters) -> Answer:
        output = parameters["output"]
        _check_json(output, "InvalidOutput")
        self._running().send_task_success(parameters["taskToken"], output)
        return {}

    def _describe(self, parameters: Parameters) -> Answer:
        # https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html
        if self.key_refused and parameters.get("includedData") != "METADATA_ONLY":
            raise RefusalError("KmsAccessDeniedException", "The caller may not decrypt")
        execution = parameters["executionArn"]
        if not _EXECUTION.fullmatch(execution):
            raise RefusalError("InvalidArn", f"Invalid Arn: {execution}")
        return dict(self._running().describe(execution))

    def _start(self, parameters: Parameters) -> Answer:
        state_input = parameters.get("input", "{}")
        _check_json(state_input, "InvalidExecutionInput")
        name = parameters.get("name") or self.new_id("execution")
        arn = self._running().start(parameters["stateMachineArn"], name, state_input)
        return {"executionArn": arn, "startDate": self.moment()}


def _check_json(text: str, code: str) -> None:
    try:
        json.loads(text)
    except ValueError:
        raise RefusalError(code, "The text is not valid JSON") from None
    if len(text.encode()) > _MAXIMUM_OUTPUT_BYTES:
        raise RefusalError(code, "The text is longer than 256 KiB")
