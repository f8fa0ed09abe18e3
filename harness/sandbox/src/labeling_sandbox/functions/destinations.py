"""Targets of failed asynchronous invocations: on-failure destination and dead-letter queue."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from labeling_sandbox.functions.configuration import dead_letter_target
from labeling_sandbox.iam import credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.awslambda.models import LambdaFunction

    from labeling_sandbox.server import Sandbox

LOST: list[str] = []
"""Why events of functions were lost, as AsyncEventsDropped and such metrics count them."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Failure:
    """An asynchronous invocation that used up its tries.

    Attributes:
        function: The function.
        event: The event, as JSON.
        error: The last error document, as JSON.
        tries: How often it ran.
        config: The function's event invoke configuration.
    """

    function: LambdaFunction
    event: bytes
    error: bytes
    tries: int
    config: Mapping[str, Any]


def report_failure(sandbox: Sandbox, failure: Failure) -> None:
    """Send a failed invocation on with the function's own role; a queue or a topic can take it.

    Args:
        sandbox: The sandbox, for its clients.
        failure: What failed.
    """
    destination = (
        failure.config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    )
    dead_letter = dead_letter_target(failure.function)
    if not destination and not dead_letter:
        reason = failure.error.decode(errors="replace")
        LOST.append(f"event of {failure.function.function_name} is dropped: {reason}")
    try:
        if destination:
            _send(sandbox, failure.function, destination, json.dumps(_record(failure)))
        if dead_letter:
            _send(sandbox, failure.function, dead_letter, failure.event.decode())
    except (ClientError, PermissionError) as error:
        LOST.append(f"event of {failure.function.function_name} is lost: {error}")
        _log.warning(LOST[-1])


def _record(failure: Failure) -> dict[str, Any]:
    return {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(),
        "requestContext": {
            "functionArn": failure.function.function_arn,
            "condition": "RetriesExhausted",
            "approximateInvokeCount": failure.tries,
        },
        "requestPayload": json.loads(failure.event),
        "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
        "responsePayload": json.loads(failure.error or b"null"),
    }


def _send(sandbox: Sandbox, function: LambdaFunction, target: str, body: str) -> None:
    keys = credentials.assume(function.role, function.function_name, "lambda.amazonaws.com")
    _, _, service, _, account, resource, *_ = target.split(":")
    if service == "sqs":
        url = f"{sandbox.endpoint}/{account}/{resource}"
        sandbox.client("sqs", **keys.for_client()).send_message(QueueUrl=url, MessageBody=body)
    elif service == "sns":
        sandbox.client("sns", **keys.for_client()).publish(TopicArn=target, Message=body)
    else:
        _log.warning("destination %s is not supported", target)
