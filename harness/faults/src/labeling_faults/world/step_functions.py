"""The calls of Step Functions that functions make, answered by the simulated executions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_faults.state_machine.executions import StartRefusedError, TokenRefusedError

if TYPE_CHECKING:
    from in_process_aws.account import Account
    from labeling_faults.state_machine.executions import Executions


@dataclass(frozen=True)
class StepFunctions:
    """The backend of an account's Step Functions.

    Attributes:
        account: The account, which makes the errors.
        executions: The executions of the state machine.
    """

    account: Account
    executions: Executions

    def send_task_success(self, token: str, output: str) -> None:
        """Answer a waiting state."""
        try:
            self.executions.answer(token, output)
        except TokenRefusedError as refusal:
            raise self._error("SendTaskSuccess", str(refusal)) from refusal

    def describe(self, arn: str) -> dict[str, Any]:
        """Describe an execution."""
        execution = self.executions.all.get(arn)
        if execution is None:
            raise self._error("DescribeExecution", "ExecutionDoesNotExist")
        return {
            "executionArn": arn,
            "stateMachineArn": self.executions.arn,
            "name": execution.name,
            "status": execution.status,
            "startDate": self.executions.event_queue.clock.moment(),
        }

    def start(self, state_machine_arn: str, name: str, state_input: str) -> str:
        """Start an execution."""
        try:
            return self.executions.start(state_machine_arn, name, json.loads(state_input)).arn
        except StartRefusedError as refusal:
            raise self._error("StartExecution", str(refusal)) from refusal

    def _error(self, operation: str, code: str) -> Exception:
        return self.account.error("stepfunctions", operation, code)
