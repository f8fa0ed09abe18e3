"""Step Functions: answering waiting states, describing executions and starting them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

#: Error codes for a state that no longer waits because a retry or another execution has taken over.
_STALE_CODES = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})

_ALIVE = frozenset({"RUNNING", "PENDING_REDRIVE"})


@dataclass(eq=False, repr=False)
class Executions:
    """Executions of the state machine.

    Attributes:
        client: Step Functions.
    """

    client: SFNClient

    def answer(self, task_token: str, result: dict[str, Any]) -> bool:
        """Answer a waiting state.

        Returns:
            Whether the state was still waiting. A stale token is normal.
        """
        try:
            self.client.send_task_success(taskToken=task_token, output=json.dumps(result))
        except ClientError as error:
            if error.response["Error"]["Code"] in _STALE_CODES:
                return False
            raise
        return True

    def alive(self, execution_arn: str) -> bool:
        """Return whether an execution is running. An execution that was never started is not.

        The call requests metadata only: input and output would need permission to use the state
        machine's KMS key.
        https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html
        """
        try:
            answer = self.client.describe_execution(
                executionArn=execution_arn, includedData="METADATA_ONLY"
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
                return False
            raise
        return answer["status"] in _ALIVE

    def start(self, state_machine_arn: str, name: str, state_input: dict[str, Any]) -> None:
        """Start an execution, unless an execution with this name exists."""
        try:
            self.client.start_execution(
                stateMachineArn=state_machine_arn, name=name, input=json.dumps(state_input)
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
                raise


def execution_arn(state_machine_arn: str, name: str) -> str:
    """Return the ARN of the execution with this name.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
    """
    return state_machine_arn.replace(":stateMachine:", ":execution:", 1) + f":{name}"
