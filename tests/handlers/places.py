"""Where the functions of a test call: the AWS in this process, or the sandbox."""

from __future__ import annotations

import functools
import itertools
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from in_process_aws.account import Account
from in_process_aws.calls import Call, RefusalError
from in_process_aws.service import ACCOUNT_ID, arn
from labeling_lambdas.aws import clients
from tests.domain.examples import labeled_line
from tests.in_process_aws import place
from tests.sandbox.resources import control, wait_until

if TYPE_CHECKING:
    from in_process_aws.calls import Observer
    from labeling_sandbox.server import Sandbox

ENDED = ("Completed", "Failed", "Stopped")

#: The functions' clients, each under the name of the service that it calls.
CLIENTS = {
    "dynamodb": "dynamodb",
    "events": "events",
    "s3": "s3",
    "sagemaker": "sagemaker",
    "feature_store": "sagemaker-featurestore-runtime",
    "sqs": "sqs",
    "stepfunctions": "stepfunctions",
}

#: For the one test of each function that shows that the sandbox agrees.
on_both = pytest.mark.parametrize("pipeline", ["account", "sandbox"], indirect=True)
on_the_sandbox = pytest.mark.parametrize("pipeline", ["sandbox"], indirect=True)


class Place(place.Place, Protocol):
    """An AWS with functions that call it, executions that wait, and workers."""

    key_arn: str
    role_arn: str
    machine_arn: str

    def function_clients(self, observer: Observer) -> dict[str, Any]:
        """Return the clients of the functions, whose calls are observed, by their names."""

    def detach(self) -> None:
        """Stop observing the functions."""

    def records(self, group: str) -> dict[str, list[dict[str, str]]]:
        """Return the records of the online store, and those of the offline store."""

    def keep_events(self) -> None:
        """Keep the events that the functions put on the bus from now on."""

    def events(self) -> list[dict[str, Any]]:
        """Return the events that were kept."""

    def jobs(self) -> list[dict[str, Any]]:
        """Return all labeling jobs, each with its items."""

    def begin_job(self, name: str) -> None:
        """Let the workers begin with a labeling job."""

    def end_job(self, name: str) -> None:
        """Let the workers do a labeling job; one that is being stopped or has ended stays so."""

    def begin_execution(self, execution_arn: str) -> str:
        """Start an execution that waits, and return the token that it waits for."""

    def execution_end(self, execution_arn: str) -> tuple[str, Any]:
        """Return an execution's status and output, once it has ended."""

    def stop_execution(self, execution_arn: str) -> None:
        """Let an execution die."""

    def execution_names(self) -> list[str]:
        """Return the names of all executions."""


class SystemClock:
    """The time of this machine, which the functions read too."""

    @property
    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass
class WaitingExecutions:
    """Executions that wait until they are answered or stopped."""

    answers: dict[str, tuple[str, Any]] = field(default_factory=dict)

    def send_task_success(self, token: str, output: str) -> None:
        execution_arn = token.removeprefix("token of ")
        if self.answers.get(execution_arn, ("",))[0] != "RUNNING":
            code = "TaskTimedOut"
            raise RefusalError(code, "The execution does not wait with this token.")
        self.answers[execution_arn] = ("SUCCEEDED", json.loads(output))

    def describe(self, execution_arn: str) -> dict[str, Any]:
        if execution_arn not in self.answers:
            code = "ExecutionDoesNotExist"
            raise RefusalError(code, f"There is no {execution_arn}.")
        return {"executionArn": execution_arn, "status": self.answers[execution_arn][0]}

    def start(self, state_machine_arn: str, name: str, state_input: str) -> str:
        execution_arn = f"{state_machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
        if execution_arn in self.answers:
            code = "ExecutionAlreadyExists"
            raise RefusalError(code, f"{name} exists.")
        self.answers[execution_arn] = ("RUNNING", json.loads(state_input))
        return execution_arn


class AccountPlace(place.AccountPlace):
    """An account in the process, for one test."""

    key_arn = arn("kms", "key/pipeline")
    role_arn = f"arn:aws:iam::{ACCOUNT_ID}:role/ground-truth"
    machine_arn = arn("states", "stateMachine:waiting")

    def __init__(self) -> None:
        super().__init__(Account(SystemClock()))
        self.executions = WaitingExecutions()
        self.account.states.backend = self.executions

    def function_clients(self, observer: Observer) -> dict[str, Any]:
        return {
            name: self.account.observed_client(service, observer)
            for name, service in CLIENTS.items()
        }

    def detach(self) -> None:
        """Leave the clients to the end of the test."""

    def records(self, group: str) -> dict[str, list[dict[str, str]]]:
        found = self.account.features.groups[group]
        return {"online": list(found.newest.values()), "offline": found.history}

    def keep_events(self) -> None:
        """The account keeps every event."""

    def events(self) -> list[dict[str, Any]]:
        return [
            {
                "source": entry["Source"],
                "detail-type": entry["DetailType"],
                "detail": json.loads(entry["Detail"]),
            }
            for entry in self.account.events.entries
        ]

    def jobs(self) -> list[dict[str, Any]]:
        sagemaker = self.account.sagemaker
        return [
            {
                "name": job.name,
                "created": job.created.isoformat(),
                "modified": job.modified.isoformat(),
                "status": job.status,
                "item_ids": [line["item-id"] for line in sagemaker.input_lines(job.name)],
            }
            for job in sagemaker.jobs.values()
        ]

    def begin_job(self, name: str) -> None:
        self.account.sagemaker.begin(name)

    def end_job(self, name: str) -> None:
        sagemaker = self.account.sagemaker
        job = sagemaker.jobs[name]
        if job.ended:
            return
        if job.status == "Stopping":
            sagemaker.end(name, "Stopped")
            return
        label = labeled_line("", **{"class-name": sagemaker.categories(name)[0]})
        given = {"digit-label": 0, "digit-label-metadata": label["digit-label-metadata"]}
        lines = [{**line, **given} for line in sagemaker.input_lines(name)]
        sagemaker.end(name, "Completed", lines)

    def begin_execution(self, execution_arn: str) -> str:
        self.executions.answers[execution_arn] = ("RUNNING", None)
        return f"token of {execution_arn}"

    def execution_end(self, execution_arn: str) -> tuple[str, Any]:
        return self.executions.answers[execution_arn]

    def stop_execution(self, execution_arn: str) -> None:
        self.executions.answers[execution_arn] = ("ABORTED", None)

    def execution_names(self) -> list[str]:
        return [execution_arn.rpartition(":")[2] for execution_arn in self.executions.answers]


class SandboxPlace(place.SandboxPlace):
    """The sandbox, whose workers label what they are given."""

    def __init__(self, sandbox: Sandbox, key_arn: str, role_arn: str, machine_arn: str) -> None:
        super().__init__(sandbox, role_arn)
        self.key_arn, self.role_arn, self.machine_arn = key_arn, role_arn, machine_arn
        self._hooks: list[tuple[Any, str, Any]] = []
        self._events_url = ""

    def client(self, service: str) -> Any:
        """Return an administrator's client; made once, because that takes long."""
        return _client(self.sandbox, service)

    def function_clients(self, observer: Observer) -> dict[str, Any]:
        numbers = itertools.count()

        def before(model: Any, **_: Any) -> None:
            observer.before(Call(next(numbers), "", model.name, {}))

        def after(model: Any, parsed: dict[str, Any], **_: Any) -> None:
            observer.after(Call(next(numbers), "", model.name, {}), parsed)

        made = {name: getattr(clients, name)() for name in CLIENTS}
        for client in made.values():
            events = client.meta.events
            for event, hook in (("before-call", before), ("after-call", after)):
                events.register(event, hook)
                self._hooks.append((events, event, hook))
        return made

    def detach(self) -> None:
        """Leave the functions' clients as they were; they are kept for the next test."""
        for events, event, hook in self._hooks:
            events.unregister(event, hook)
        self._hooks.clear()

    def records(self, group: str) -> dict[str, list[dict[str, str]]]:
        found: dict[str, list[dict[str, str]]] = control(self.sandbox, "GET", f"records/{group}")
        return found

    def keep_events(self) -> None:
        """Route the events of the functions to a queue."""
        sqs, events = self.client("sqs"), self.client("events")
        name = f"events-{uuid.uuid4().hex[:12]}"
        self._events_url = sqs.create_queue(QueueName=name)["QueueUrl"]
        queue = f"arn:aws:sqs:{self.sandbox.region}:{self.sandbox.account}:{name}"
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=self._events_url, Attributes={"Policy": policy})
        pattern = {"source": ["ground-truth-labeling"]}
        events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": queue}])

    def events(self) -> list[dict[str, Any]]:
        answer = self.client("sqs").receive_message(
            QueueUrl=self._events_url, MaxNumberOfMessages=10, WaitTimeSeconds=5
        )
        return [json.loads(message["Body"]) for message in answer["Messages"]]

    def jobs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = control(self.sandbox, "GET", "labeling-jobs")
        return found

    def begin_job(self, name: str) -> None:
        self._wait_for_job(name, "InProgress")

    def end_job(self, name: str) -> None:
        self._wait_for_job(name, *ENDED)

    def _wait_for_job(self, name: str, *statuses: str) -> None:
        sagemaker = self.client("sagemaker")

        def reached() -> bool:
            found = sagemaker.describe_labeling_job(LabelingJobName=name)
            return found["LabelingJobStatus"] in statuses

        wait_until(reached, f"the status of {name}")

    def begin_execution(self, execution_arn: str) -> str:
        sqs, name = self.client("sqs"), execution_arn.rpartition(":")[2]
        queue = sqs.create_queue(QueueName=f"{name}-tokens")["QueueUrl"]
        self.client("stepfunctions").start_execution(
            stateMachineArn=self.machine_arn, name=name, input=json.dumps({"queue": queue})
        )
        messages = wait_until(
            lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), "the token's message"
        )
        token: str = json.loads(messages[0]["Body"])["token"]
        return token

    def execution_end(self, execution_arn: str) -> tuple[str, Any]:
        states = self.client("stepfunctions")

        def ended() -> Any:
            found = states.describe_execution(executionArn=execution_arn)
            return None if found["status"] == "RUNNING" else found

        found = wait_until(ended, "the end of the execution")
        return found["status"], json.loads(found.get("output", "null"))

    def stop_execution(self, execution_arn: str) -> None:
        self.client("stepfunctions").stop_execution(executionArn=execution_arn)

    def execution_names(self) -> list[str]:
        pages = self.client("stepfunctions").get_paginator("list_executions")
        return [
            entry["name"]
            for page in pages.paginate(stateMachineArn=self.machine_arn)
            for entry in page["executions"]
        ]


@functools.cache
def _client(sandbox: Sandbox, service: str) -> Any:
    return sandbox.client(service)
