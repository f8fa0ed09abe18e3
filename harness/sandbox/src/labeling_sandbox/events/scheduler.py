"""EventBridge Scheduler: validation of expressions at creation, and schedules that fire."""

from __future__ import annotations

import functools
import threading
import uuid
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.scheduler.exceptions import ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend, Schedule, scheduler_backends
from moto.scheduler.responses import EventBridgeSchedulerResponse

from labeling_sandbox.base import background, control
from labeling_sandbox.base.moto_seams import replace
from labeling_sandbox.events import schedule_expressions
from labeling_sandbox.events.delivery import Undelivered, report_undelivered
from labeling_sandbox.iam import authorization
from labeling_sandbox.iam.role_clients import client_as

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labeling_sandbox.server import Sandbox

PRINCIPAL = "scheduler.amazonaws.com"

_TICK_SECONDS = 0.5
_stopped = threading.Event()


class InvocationError(Exception):
    """A schedule could not invoke its target; the message says which permission is missing."""


def fire(sandbox: Sandbox, schedule: Schedule) -> str:
    """Invoke a schedule's target now, with the credentials of the target's role.

    Args:
        sandbox: The sandbox.
        schedule: moto's schedule.

    Returns:
        The ARN of the execution it started, or the id of the message it sent.

    Raises:
        InvocationError: The role is not trusting or not allowed; the invocation is in the
            dead-letter queue, if any.
    """
    started = datetime.now(UTC)
    try:
        return _invoke(sandbox, schedule, started)
    except (PermissionError, ClientError) as error:
        buried = _bury(sandbox, schedule, error, started)
        report_undelivered(Undelivered(schedule.name, schedule.target["Arn"], str(error), buried))
        raise InvocationError(str(error)) from error


def find(sandbox: Sandbox, name: str, group: str = "default") -> Schedule | None:
    """Return the schedule of that name, or None."""
    groups = scheduler_backends[sandbox.account][sandbox.region].schedule_groups
    found = groups.get(group)
    return None if found is None else found.schedules.get(name)


def install(sandbox: Sandbox) -> None:
    """Check expressions, start the clock and register ``POST /sandbox/schedules/<name>/fire``."""

    def create(self: EventBridgeSchedulerBackend, **request: object) -> object:
        _check(request)
        return create_unchecked(self, **request)

    def update(self: EventBridgeSchedulerBackend, **request: object) -> object:
        _check(request)
        return update_unchecked(self, **request)

    def create_for(self: EventBridgeSchedulerResponse) -> str:
        _check_role(self)
        return str(create_in_moto(self))

    def update_for(self: EventBridgeSchedulerResponse) -> str:
        _check_role(self)
        return str(update_in_moto(self))

    def fire_on_request(path: Mapping[str, str], body: dict[str, Any]) -> dict[str, str]:
        schedule = find(sandbox, path["name"], str(body.get("group", "default")))
        if schedule is None:
            message = f"there is no schedule {path['name']}"
            raise control.ControlError(message, HTTPStatus.NOT_FOUND)
        try:
            return {"execution_arn": fire(sandbox, schedule)}
        except InvocationError as error:
            raise control.ControlError(str(error), HTTPStatus.CONFLICT) from error

    create_unchecked = replace(EventBridgeSchedulerBackend, "create_schedule", create)
    update_unchecked = replace(EventBridgeSchedulerBackend, "update_schedule", update)
    create_in_moto = replace(EventBridgeSchedulerResponse, "create_schedule", create_for)
    update_in_moto = replace(EventBridgeSchedulerResponse, "update_schedule", update_for)
    control.route("schedules/<name>/fire", "POST", fire_on_request)
    _stopped.clear()
    background.start("scheduler", lambda: _tick(sandbox))


def stop() -> None:
    """Stop the clock."""
    _stopped.set()


def _check_role(response: EventBridgeSchedulerResponse) -> None:
    role_arn = response._get_param("Target").get("RoleArn")  # noqa: SLF001 - what moto has read
    if role_arn:
        authorization.check_may_pass(response, role_arn, PRINCIPAL)


def _check(request: Mapping[str, Any]) -> None:
    zone = request.get("schedule_expression_timezone") or "UTC"
    try:
        schedule_expressions.parse(request["schedule_expression"], zone)
    except ValueError as error:
        raise ValidationException(str(error)) from error
    target = request["target"]
    if ":states:" in target["Arn"] and not target.get("RoleArn"):
        message = "Provided target is invalid: a target needs a RoleArn."
        raise ValidationException(message)


def _invoke(sandbox: Sandbox, schedule: Schedule, scheduled: datetime) -> str:
    target = schedule.target
    client_name = target["Arn"].split(":")[2].replace("states", "stepfunctions")
    client = client_as(sandbox, client_name, target["RoleArn"], PRINCIPAL, _context(schedule))
    execution_id = str(uuid.uuid4())
    body = _with_context(target.get("Input") or "{}", schedule, scheduled, execution_id)
    if client_name == "stepfunctions":
        started = client.start_execution(
            stateMachineArn=target["Arn"], name=execution_id, input=body
        )
        return str(started["executionArn"])
    if client_name == "lambda":
        client.invoke(FunctionName=target["Arn"], InvocationType="Event", Payload=body.encode())
        return execution_id
    sent = client.send_message(QueueUrl=_queue_url(sandbox, target["Arn"]), MessageBody=body)
    return str(sent["MessageId"])


def _with_context(text: str, schedule: Schedule, scheduled: datetime, execution_id: str) -> str:
    attributes = {
        "schedule-arn": schedule.arn,
        "scheduled-time": scheduled.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "execution-id": execution_id,
        "attempt-number": "1",
    }
    for name, value in attributes.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text


def _context(schedule: Schedule) -> dict[str, str]:
    # "Confused deputy prevention" in the Scheduler user guide: aws:SourceArn is the schedule
    # group, not the schedule.
    account = schedule.arn.split(":")[4]
    group_arn = schedule.arn.replace(":schedule/", ":schedule-group/").rsplit("/", 1)[0]
    return {"aws:SourceArn": group_arn, "aws:SourceAccount": account}


def _bury(sandbox: Sandbox, schedule: Schedule, error: Exception, scheduled: datetime) -> bool:
    queue_arn = (schedule.target.get("DeadLetterConfig") or {}).get("Arn")
    if not queue_arn:
        return False
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else "AccessDenied"
    attributes = {
        "ERROR_CODE": code,
        "ERROR_MESSAGE": str(error),
        "SCHEDULED_TIME": scheduled.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "RETRY_ATTEMPTS": "0",
        "SCHEDULE_ARN": schedule.arn,
        "TARGET_ARN": schedule.target["Arn"],
    }
    try:
        # Scheduler writes to the dead-letter queue as the target's role, so the role needs
        # sqs:SendMessage.
        client = client_as(
            sandbox, "sqs", schedule.target["RoleArn"], PRINCIPAL, _context(schedule)
        )
        client.send_message(
            QueueUrl=_queue_url(sandbox, queue_arn),
            MessageBody=schedule.target.get("Input") or "{}",
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
            },
        )
    except (PermissionError, ClientError) as refusal:
        report_undelivered(Undelivered(schedule.name, queue_arn, str(refusal), False))
        return False
    return True


def _queue_url(sandbox: Sandbox, queue_arn: str) -> str:
    _, _, _, _, account, name = queue_arn.split(":")
    return f"{sandbox.endpoint}/{account}/{name}"


def _tick(sandbox: Sandbox) -> None:
    last = datetime.now(UTC)
    while not _stopped.wait(_TICK_SECONDS):
        now = datetime.now(UTC)
        for schedule in _due(sandbox, last, now):
            background.start(
                f"schedule {schedule.name}", functools.partial(_fire_quietly, sandbox, schedule)
            )
        last = now


def _due(sandbox: Sandbox, last: datetime, now: datetime) -> list[Schedule]:
    groups = list(scheduler_backends[sandbox.account][sandbox.region].schedule_groups.values())
    return [
        schedule
        for group in groups
        for schedule in list(group.schedules.values())
        if schedule.state == "ENABLED" and _fires(schedule, last, now)
    ]


def _fires(schedule: Schedule, last: datetime, now: datetime) -> bool:
    expression = schedule_expressions.parse(
        schedule.schedule_expression, schedule.schedule_expression_timezone or "UTC"
    )
    created = datetime.fromtimestamp(schedule.creation_date, UTC)
    return expression.fires_between(max(last, created), now, created)


def _fire_quietly(sandbox: Sandbox, schedule: Schedule) -> None:
    try:
        fire(sandbox, schedule)
    except InvocationError:
        # Already in the dead-letter queue and in the list of undelivered invocations.
        return
