"""Schedules start executions with their role; what fails goes to the dead-letter queue."""

from __future__ import annotations

import json
import urllib.error
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from labeling_sandbox.iam import credentials
from tests.sandbox.resources import control, make_role, put_policy, wait_until

if TYPE_CHECKING:
    from labeling_sandbox.server import Sandbox


@pytest.fixture(scope="module")
def machine(sandbox: Sandbox) -> str:
    role = make_role(sandbox, "scheduled-machine", "states.amazonaws.com")
    definition = {"StartAt": "Only", "States": {"Only": {"Type": "Pass", "End": True}}}
    made = sandbox.client("stepfunctions").create_state_machine(
        name="scheduled", roleArn=role, definition=json.dumps(definition)
    )
    return str(made["stateMachineArn"])


@pytest.fixture(scope="module")
def role(sandbox: Sandbox) -> str:
    group = f"arn:aws:scheduler:{sandbox.region}:{sandbox.account}:schedule-group/default"
    return make_role(
        sandbox,
        "scheduler-role",
        "scheduler.amazonaws.com",
        condition={"ArnLike": {"aws:SourceArn": group}},
    )


def make_schedule(
    sandbox: Sandbox, name: str, target: dict[str, Any], expression: str = "rate(1 hour)"
) -> None:
    sandbox.client("scheduler").create_schedule(
        Name=name,
        ScheduleExpression=expression,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=target,
    )


def test_a_schedule_fires_on_request(sandbox: Sandbox, machine: str, role: str) -> None:
    target = {"Arn": machine, "RoleArn": role, "Input": '{"from": "<aws.scheduler.schedule-arn>"}'}
    make_schedule(sandbox, "on-request", target)
    execution = control(sandbox, "POST", "schedules/on-request/fire")["execution_arn"]
    described = sandbox.client("stepfunctions").describe_execution(executionArn=execution)
    assert described["stateMachineArn"] == machine
    assert json.loads(described["input"])["from"].endswith(":schedule/default/on-request")


def test_a_schedule_fires_by_itself(sandbox: Sandbox, machine: str, role: str) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=2)
    target = {"Arn": machine, "RoleArn": role, "Input": '{"by": "the clock"}'}
    make_schedule(sandbox, "by-itself", target, f"at({soon:%Y-%m-%dT%H:%M:%S})")
    client = sandbox.client("stepfunctions")

    def started() -> bool:
        listed = client.list_executions(stateMachineArn=machine)["executions"]
        inputs = [
            client.describe_execution(executionArn=entry["executionArn"])["input"]
            for entry in listed
        ]
        return '{"by": "the clock"}' in inputs

    wait_until(started, "the scheduled execution")


def test_a_missing_permission_is_in_the_dead_letter_queue(sandbox: Sandbox, machine: str) -> None:
    queue = sandbox.client("sqs").create_queue(QueueName="schedule-dead-letters")["QueueUrl"]
    queue_arn = f"arn:aws:sqs:{sandbox.region}:{sandbox.account}:schedule-dead-letters"
    send = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue_arn}
    role = make_role(sandbox, "scheduler-powerless", "scheduler.amazonaws.com", send)
    target = {
        "Arn": machine,
        "RoleArn": role,
        "Input": "{}",
        "DeadLetterConfig": {"Arn": queue_arn},
    }
    make_schedule(sandbox, "powerless", target)
    with pytest.raises(urllib.error.HTTPError) as refused:
        control(sandbox, "POST", "schedules/powerless/fire")
    assert "states:StartExecution" in refused.value.read().decode()
    messages = sandbox.client("sqs").receive_message(QueueUrl=queue, MessageAttributeNames=["All"])
    attributes = messages["Messages"][0]["MessageAttributes"]
    assert attributes["TARGET_ARN"]["StringValue"] == machine
    assert "AccessDenied" in attributes["ERROR_CODE"]["StringValue"]
    failures = control(sandbox, "GET", "undelivered")
    assert any(entry["source"] == "powerless" and entry["dead_lettered"] for entry in failures)
    put_policy(
        sandbox,
        "scheduler-powerless",
        {"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine},
    )
    assert control(sandbox, "POST", "schedules/powerless/fire")["execution_arn"]


def test_a_role_that_does_not_trust_the_schedule_is_refused(sandbox: Sandbox, machine: str) -> None:
    other = f"arn:aws:scheduler:{sandbox.region}:{sandbox.account}:schedule-group/other"
    role = make_role(
        sandbox,
        "scheduler-untrusting",
        "scheduler.amazonaws.com",
        condition={"ArnLike": {"aws:SourceArn": other}},
    )
    make_schedule(sandbox, "untrusted", {"Arn": machine, "RoleArn": role})
    with pytest.raises(urllib.error.HTTPError) as refused:
        control(sandbox, "POST", "schedules/untrusted/fire")
    assert "cannot be assumed by scheduler.amazonaws.com" in refused.value.read().decode()


def test_an_invalid_expression_is_refused_at_creation(
    sandbox: Sandbox, machine: str, role: str
) -> None:
    with pytest.raises(ClientError) as refused:
        make_schedule(sandbox, "bad", {"Arn": machine, "RoleArn": role}, "cron(0 9 * * * *)")
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_an_unknown_schedule_cannot_fire(sandbox: Sandbox) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        control(sandbox, "POST", "schedules/none/fire")
    assert refused.value.code == 404
    refused.value.close()


@pytest.mark.parametrize("operation", ["create_schedule", "update_schedule"])
def test_the_role_of_a_schedule_must_be_passed(
    sandbox: Sandbox, machine: str, role: str, operation: str
) -> None:
    name = f"passed-{operation.replace('_', '-')}"
    target = {"Arn": machine, "RoleArn": role}
    if operation == "update_schedule":
        make_schedule(sandbox, name, target)
    caller = make_role(sandbox, f"{name}-caller", "ec2.amazonaws.com")
    allowed = {"Effect": "Allow", "Action": "scheduler:*", "Resource": "*"}
    passing = {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": role,
        "Condition": {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
    }
    held = credentials.assume(caller, "operator").for_client()
    client: Any = sandbox.client("scheduler", **held)

    def call() -> None:
        getattr(client, operation)(
            Name=name,
            ScheduleExpression="rate(2 hours)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target=target,
        )

    put_policy(sandbox, caller.rpartition("/")[2], allowed)
    with pytest.raises(ClientError, match="iam:PassRole"):
        call()
    put_policy(sandbox, caller.rpartition("/")[2], allowed, passing)
    call()
    found = sandbox.client("scheduler").get_schedule(Name=name)
    assert found["ScheduleExpression"] == "rate(2 hours)"


def test_a_permission_names_one_schedule(sandbox: Sandbox, machine: str, role: str) -> None:
    target = {"Arn": machine, "RoleArn": role}
    for name in ("permitted", "not-permitted"):
        make_schedule(sandbox, name, target)
    arn = f"arn:aws:scheduler:{sandbox.region}:{sandbox.account}:schedule/default/permitted"
    caller = make_role(
        sandbox,
        "reads-a-schedule",
        "ec2.amazonaws.com",
        {"Effect": "Allow", "Action": "scheduler:GetSchedule", "Resource": arn},
    )
    held = credentials.assume(caller, "operator").for_client()
    client: Any = sandbox.client("scheduler", **held)
    assert client.get_schedule(Name="permitted")["Arn"] == arn
    with pytest.raises(ClientError, match=r"scheduler:GetSchedule on resource: .*/not-permitted"):
        client.get_schedule(Name="not-permitted")
