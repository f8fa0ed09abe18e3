"""The rendered workflow in the sandbox, with scripted functions as its steps."""

from __future__ import annotations

import io
import json
import time
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.statemachine.script import Acts, Call, Event, Script, ScriptServer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from labeling_sandbox.server import Sandbox

STEPS = (
    "finish_run",
    "plan_results",
    "poll_queue",
    "recover_runs",
    "return_items",
    "start_labeling_job",
    "stop_job",
    "update_feature_store",
)
VERIFYING_STEPS = (*STEPS, "start_verification_job")
_FUNCTION = Path(__file__).with_name("scripted_function.py")
_SECONDS_FOR_AN_EXECUTION = 30
_SECONDS_BETWEEN_LOOKS = 0.02


@dataclass(frozen=True)
class Ended:
    """An execution that has ended.

    Attributes:
        described: What DescribeExecution says.
        history: All events.
        calls: The functions' calls, in their order.
    """

    described: dict[str, Any]
    history: list[dict[str, Any]]
    calls: list[Call]

    @property
    def ending(self) -> str:
        """The name of the error, or SUCCEEDED."""
        return str(self.described.get("error") or self.described["status"])

    @property
    def arn(self) -> str:
        """The execution's ARN."""
        return str(self.described["executionArn"])

    @property
    def output(self) -> Any:
        """What the execution gave."""
        return json.loads(self.described["output"])

    @cached_property
    def states(self) -> list[str]:
        """The states that were entered, in their order."""
        entered = [event.get("stateEnteredEventDetails") for event in self.history]
        return [details["name"] for details in entered if details]

    @cached_property
    def steps(self) -> list[str]:
        """The steps whose functions were called, in the order of the calls."""
        return [call.step for call in self.calls]

    def events_for(self, step: str) -> list[Event]:
        """Return what a step's function was given, call by call."""
        return [call.event for call in self.calls if call.step == step]

    def event_for(self, step: str) -> Event:
        """Return what a step's function was given in its only call."""
        (event,) = self.events_for(step)
        return event


@dataclass(frozen=True)
class Workflow:
    """State machines of the rendered definition, all with the same functions.

    Attributes:
        sandbox: Where they are.
        server: The script of the functions.
        role_arn: The state machines' role.
    """

    sandbox: Sandbox
    server: ScriptServer
    role_arn: str

    @cached_property
    def client(self) -> Any:
        """Step Functions."""
        return self.sandbox.client("stepfunctions")

    def create(self, name: str, definition: str) -> str:
        """Create a state machine and return its ARN."""
        created = self.client.create_state_machine(
            name=name, definition=definition, roleArn=self.role_arn
        )
        return str(created["stateMachineArn"])

    def run(self, state_machine_arn: str, script: Script, state_input: Mapping[str, Any]) -> Ended:
        """Execute by a script until the end."""
        self.server.script = script
        started = self.client.start_execution(
            stateMachineArn=state_machine_arn, input=json.dumps(state_input)
        )
        arn = str(started["executionArn"])
        return Ended(self._end_of(arn), self._history_of(arn), script.calls)

    def answer(self, token: str, result: Any) -> None:
        """Answer a waiting state."""
        self.client.send_task_success(taskToken=token, output=json.dumps(result))

    def refusal_of(self, token: str) -> str | None:
        """Try a token; return the error code with which it was refused."""
        try:
            self.answer(token, {})
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return None

    def _end_of(self, execution_arn: str) -> dict[str, Any]:
        deadline = time.monotonic() + _SECONDS_FOR_AN_EXECUTION
        while time.monotonic() < deadline:
            described: dict[str, Any] = self.client.describe_execution(executionArn=execution_arn)
            if described["status"] != "RUNNING":
                return described
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        self.client.stop_execution(executionArn=execution_arn)
        entered = [
            event["stateEnteredEventDetails"]["name"]
            for event in self._history_of(execution_arn)
            if "stateEnteredEventDetails" in event
        ]
        message = f"no end within {_SECONDS_FOR_AN_EXECUTION} s; entered were {entered}"
        raise AssertionError(message)

    def _history_of(self, execution_arn: str) -> list[dict[str, Any]]:
        pages = self.client.get_paginator("get_execution_history").paginate(
            executionArn=execution_arn
        )
        return [event for page in pages for event in page["events"]]


@dataclass(frozen=True)
class Runner:
    """Runs one state machine.

    Attributes:
        workflow: What it belongs to.
        state_machine_arn: The state machine.
    """

    workflow: Workflow
    state_machine_arn: str

    def __call__(self, acts: Acts, state_input: Mapping[str, Any] | None = None) -> Ended:
        """Execute with functions that act so, until the end; a new run by default."""
        return self.workflow.run(self.state_machine_arn, Script(acts), state_input or {})


def deploy(sandbox: Sandbox, server: ScriptServer, name_of: Callable[[str], str]) -> Workflow:
    """Create a scripted function for each step, and the role that may call them.

    Args:
        sandbox: Where.
        server: Answers the functions.
        name_of: The name of a step's function.
    """
    role = _role(sandbox, "step", "lambda", ["logs:*"])
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.write(_FUNCTION, _FUNCTION.name)
    for step in VERIFYING_STEPS:
        sandbox.client("lambda").create_function(
            FunctionName=name_of(step),
            Runtime="python3.13",
            Role=role,
            Handler="scripted_function.handler",
            Code={"ZipFile": package.getvalue()},
            Timeout=30,
            Environment={"Variables": {"SCRIPT_URL": server.url, "STEP": step}},
        )
    return Workflow(
        sandbox, server, _role(sandbox, "workflow", "states", ["lambda:InvokeFunction"])
    )


def _role(sandbox: Sandbox, name: str, service: str, actions: list[str]) -> str:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    permission = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    iam = sandbox.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))["Role"]
    iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=_policy(permission))
    return str(role["Arn"])


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
