"""Delivery of one event to one target, with the permission checks that EventBridge makes."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.awslambda.models import lambda_backends
from moto.sqs.models import sqs_backends

from labeling_sandbox.functions import invocations
from labeling_sandbox.iam import authorization
from labeling_sandbox.iam.role_clients import client_as

if TYPE_CHECKING:
    from labeling_sandbox.server import Sandbox

EVENTS_PRINCIPAL = "events.amazonaws.com"

Target = Mapping[str, Any]

# AWS's pages disagree about what a key's policy sees: "Key management" of the SQS guide names the
# rule, the CDK asks for the account, and EventBridge's own example asks for nothing. Tests choose.
_SEEN_BY_KEYS = ("aws:SourceAccount", "aws:SourceArn")
_seen_by_keys: list[str] = [*_SEEN_BY_KEYS]


class DeliveryError(Exception):
    """A rejection of an event by a target.

    Attributes:
        code: The error code that goes to the dead-letter queue.
        retryable: Whether the service would try again before it gives up.
    """

    def __init__(self, message: str, code: str, *, retryable: bool = False) -> None:
        """Describe the refusal.

        Args:
            message: What is missing.
            code: An error code such as ``NO_PERMISSIONS``.
            retryable: Whether a later attempt can succeed.
        """
        super().__init__(message)
        self.code = code
        self.retryable = retryable


@dataclass(frozen=True)
class Source:
    """The rule of EventBridge that delivers.

    Attributes:
        arn: The rule's ARN, which targets' policies name in ``aws:SourceArn``.
        account: The account of the rule.
    """

    arn: str
    account: str

    @property
    def context(self) -> dict[str, str]:
        """The condition keys that the policy of a queue or a role sees; a function's sees fewer."""
        return {"aws:SourceArn": self.arn, "aws:SourceAccount": self.account}

    @property
    def key_context(self) -> dict[str, str]:
        """The condition keys that the policy of an encrypted queue's key sees."""
        return {name: value for name, value in self.context.items() if name in _seen_by_keys}


def show_keys(names: Collection[str] | None) -> list[str]:
    """Choose the condition keys that the policy of an encrypted queue's key sees.

    Args:
        names: Of ``aws:SourceAccount`` and ``aws:SourceArn`` those that it sees; None for both.

    Returns:
        The keys that it sees from now on.
    """
    _seen_by_keys[:] = [name for name in _SEEN_BY_KEYS if names is None or name in names]
    return list(_seen_by_keys)


def deliver(sandbox: Sandbox, target: Target, body: str, source: Source) -> str | None:
    """Deliver an event to a rule's target.

    Args:
        sandbox: The sandbox.
        target: The target as PutTargets stored it.
        body: The JSON text that the target gets.
        source: The rule.

    Returns:
        The ARN of the execution for a state machine, else None.

    Raises:
        DeliveryError: The target does not exist, or a policy refuses the event.
    """
    service = target["Arn"].split(":")[2]
    if service == "sqs":
        send_to_queue(target["Arn"], body, source, {}, _message_group(target))
    elif service == "lambda":
        _invoke_function(sandbox, target["Arn"], body, source)
    elif service == "states":
        return _start_execution(sandbox, target, body, source)
    else:
        message = (
            f"the sandbox delivers to queues, functions and state machines, not to {target['Arn']}"
        )
        raise DeliveryError(message, "UNSUPPORTED_TARGET")
    return None


def send_to_queue(
    queue_arn: str,
    body: str,
    source: Source,
    attributes: Mapping[str, str],
    group_id: str | None = None,
) -> None:
    """Send a message as EventBridge, where the queue's policy and its key's policy allow it.

    Args:
        queue_arn: The queue.
        body: The message.
        source: The rule that sends.
        attributes: String message attributes.
        group_id: The message group of a FIFO queue.

    Raises:
        DeliveryError: The queue is missing or a policy refuses the message.
    """
    _, _, _, region, account, name = queue_arn.split(":")
    queue = sqs_backends[account][region].queues.get(name)
    if queue is None:
        message = f"the queue {queue_arn} does not exist"
        raise DeliveryError(message, "RESOURCE_NOT_FOUND")
    if not authorization.service_allowed(
        queue.policy, EVENTS_PRINCIPAL, "sqs:SendMessage", queue_arn, source.context
    ):
        message = (
            f"the policy of {queue_arn} does not let {EVENTS_PRINCIPAL} sqs:SendMessage "
            f"for {source.arn}"
        )
        raise DeliveryError(message, "NO_PERMISSIONS")
    key = queue.kms_master_key_id
    if key and not authorization.service_may_use_key(
        key,
        region,
        account,
        EVENTS_PRINCIPAL,
        ("kms:GenerateDataKey", "kms:Decrypt"),
        source.key_context,
    ):
        message = (
            f"the policy of the key {key} does not let {EVENTS_PRINCIPAL} kms:GenerateDataKey and "
            f"kms:Decrypt for {queue_arn}"
        )
        raise DeliveryError(message, "NO_PERMISSIONS")
    sqs_backends[account][region].send_message(
        name,
        body,
        message_attributes={
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
        group_id=group_id,
    )


def _invoke_function(sandbox: Sandbox, function_arn: str, body: str, source: Source) -> None:
    _, _, _, region, account, _, name, *_ = function_arn.split(":")
    existing = lambda_backends[account][region].list_functions()
    if name not in [function.function_name for function in existing]:
        message = f"the function {function_arn} does not exist"
        raise DeliveryError(message, "RESOURCE_NOT_FOUND")
    if not invocations.permits(function_arn, EVENTS_PRINCIPAL, source.arn):
        message = (
            f"the policy of {function_arn} does not let {EVENTS_PRINCIPAL} lambda:InvokeFunction "
            f"for {source.arn}"
        )
        raise DeliveryError(message, "NO_PERMISSIONS")
    try:
        sandbox.client("lambda").invoke(
            FunctionName=function_arn, InvocationType="Event", Payload=body.encode()
        )
    except ClientError as error:
        raise _refusal(error) from error


def _start_execution(sandbox: Sandbox, target: Target, body: str, source: Source) -> str:
    role_arn = target.get("RoleArn")
    if not role_arn:
        message = "a state machine target needs a RoleArn"
        raise DeliveryError(message, "NO_PERMISSIONS")
    try:
        client = client_as(sandbox, "stepfunctions", role_arn, EVENTS_PRINCIPAL, source.context)
        started = client.start_execution(
            stateMachineArn=target["Arn"], name=str(uuid.uuid4()), input=body
        )
    except PermissionError as error:
        raise DeliveryError(str(error), "NO_PERMISSIONS") from error
    except ClientError as error:
        raise _refusal(error) from error
    return str(started["executionArn"])


def _refusal(error: ClientError) -> DeliveryError:
    code = error.response["Error"]["Code"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    throttled = "Throttl" in code or "TooManyRequests" in code
    fault = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return DeliveryError(str(error), code, retryable=throttled or fault)


def _message_group(target: Target) -> str | None:
    group: str | None = (target.get("SqsParameters") or {}).get("MessageGroupId")
    return group
