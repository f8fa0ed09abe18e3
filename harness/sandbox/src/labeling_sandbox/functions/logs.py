"""Output of invocations in CloudWatch Logs, with the permissions of the function's role."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from moto.utilities.utils import get_partition

from labeling_sandbox.functions.configuration import logging_config
from labeling_sandbox.functions.runtime_environment import Ending, Outcome
from labeling_sandbox.iam import authorization

if TYPE_CHECKING:
    from collections.abc import Iterable

    from moto.awslambda.models import LambdaFunction


def framed(function: LambdaFunction, outcome: Outcome) -> list[str]:
    """Return an invocation's log events, the platform's own before and after the function's."""
    config = logging_config(function)
    before, after = _platform_lines(function, outcome, json_format=config["LogFormat"] == "JSON")
    # Both are INFO events, which a higher system level leaves out.
    if config.get("SystemLogLevel", "INFO") == "WARN":
        before, after = [], []
    return [*before, *outcome.lines, *after]


def write(function: LambdaFunction, stream: str, lines: Iterable[str]) -> None:
    """Put log events into the function's group; without the permission they are lost, as on AWS.

    Args:
        function: The function.
        stream: The name of the environment's log stream.
        lines: One event each.
    """
    group = logging_config(function)["LogGroup"]
    backend = function.logs_backend
    arn = (
        f"arn:{get_partition(function.region)}:logs:{function.region}:{function.account_id}"
        f":log-group:{group}:log-stream:{stream}"
    )
    if group not in backend.groups:
        if not _may(function, "logs:CreateLogGroup", arn):
            return
        backend.ensure_log_group(group)
    if stream not in backend.groups[group].streams:
        if not _may(function, "logs:CreateLogStream", arn):
            return
        backend.ensure_log_stream(group, stream)
    if _may(function, "logs:PutLogEvents", arn):
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines]
        backend.put_log_events(group, stream, events)


def _may(function: LambdaFunction, action: str, arn: str) -> bool:
    if not authorization.enforcing():
        return True
    return authorization.role_allows(function.role, action, arn, {})


def _platform_lines(
    function: LambdaFunction, outcome: Outcome, *, json_format: bool
) -> tuple[list[str], list[str]]:
    milliseconds = round(outcome.seconds * 1000, 2)
    if not json_format:
        return (
            [f"START RequestId: {outcome.request_id} Version: {function.version}"],
            [
                f"END RequestId: {outcome.request_id}",
                (
                    f"REPORT RequestId: {outcome.request_id}\tDuration: {milliseconds} ms\t"
                    f"Memory Size: {function.memory_size} MB"
                ),
            ],
        )
    status = "success" if outcome.ending is Ending.RESPONSE else "error"
    return (
        [_platform_event("platform.start", {"requestId": outcome.request_id})],
        [
            _platform_event(
                "platform.report",
                {
                    "requestId": outcome.request_id,
                    "metrics": {
                        "durationMs": milliseconds,
                        "memorySizeMB": function.memory_size,
                    },
                    "status": status,
                },
            )
        ],
    )


def _platform_event(kind: str, record: dict[str, object]) -> str:
    moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"time": moment, "type": kind, "record": record})
