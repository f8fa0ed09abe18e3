"""Executions of a state machine that waits, as the functions find them alive or dead."""

from __future__ import annotations

import json
from typing import Any

from tests.handlers.stage import Stage
from tests.sandbox.resources import wait_until


class Executions(Stage):
    """A stage on which executions are started, asked and killed."""

    def execution(self, name: str = "one") -> str:
        return self.machine_arn.replace(":stateMachine:", ":execution:") + f":{self.name}-{name}"

    def begin_execution(self, name: str = "one") -> str:
        """Start an execution that waits, and return the token that it waits for."""
        sqs = self.client("sqs")
        queue = sqs.create_queue(QueueName=f"{self.name}-{name}-tokens")["QueueUrl"]
        self.client("stepfunctions").start_execution(
            stateMachineArn=self.machine_arn,
            name=f"{self.name}-{name}",
            input=json.dumps({"queue": queue}),
        )
        messages = wait_until(
            lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), "the token's message"
        )
        token: str = json.loads(messages[0]["Body"])["token"]
        return token

    def execution_status(self, execution_arn: str) -> tuple[str, Any]:
        """Return an execution's status and its output."""
        answer = self.client("stepfunctions").describe_execution(executionArn=execution_arn)
        return answer["status"], json.loads(answer.get("output", "null"))

    def executions(self) -> list[str]:
        """Return the names of the executions that were started to resume a run."""
        runs = {key.partition("#")[2] for key in self.rows() if key.startswith("RUN#")}
        return [name for name in self._execution_names() if name.rpartition("-r")[0] in runs]

    def kill_execution(self, name: str = "one") -> None:
        self.client("stepfunctions").stop_execution(executionArn=self.execution(name))

    def _own_executions(self) -> list[str]:
        return [name for name in self._execution_names() if name.startswith(self.name)]

    def _execution_names(self) -> list[str]:
        pages = self.client("stepfunctions").get_paginator("list_executions")
        return [
            entry["name"]
            for page in pages.paginate(stateMachineArn=self.machine_arn)
            for entry in page["executions"]
        ]
