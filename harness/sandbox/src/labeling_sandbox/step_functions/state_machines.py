"""Step Functions: features for machines that call functions, which moto's interpreter lacks.

The corrections are in `executions`, `state_errors`, `task_tokens` and
`state_machine_definitions`; here are the role, the logs and the clock.
"""

from __future__ import annotations

import logging
import sys
import time
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from moto.logs.models import logs_backends
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import (
    WaitFunction,
)
from moto.stepfunctions.parser.asl.eval.event.logging import (
    CloudWatchLoggingConfiguration,
    CloudWatchLoggingSession,
    HistoryLog,
)
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.execution import Execution

from labeling_sandbox.base.moto_seams import JsonValue, replace
from labeling_sandbox.iam.role_clients import Client, client_as
from labeling_sandbox.step_functions import definitions, executions, state_errors, task_tokens
from labeling_sandbox.step_functions.definitions import PRINCIPAL

if TYPE_CHECKING:
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.credentials import (
        StateCredentials,
    )
    from moto.stepfunctions.parser.asl.eval.environment import Environment

    from labeling_sandbox.server import Sandbox

state_machine_arn_of_token = task_tokens.state_machine_arn_of


def install(sandbox: Sandbox) -> None:
    """Put every correction of Step Functions in place."""
    # The interpreter logs each failed task of each test as a separate error.
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)
    executions.install()
    state_errors.install()
    definitions.install()
    task_tokens.install()
    _use_the_machines_role(sandbox)
    _write_execution_logs()
    _scale_waits(sandbox.time_scale)


def _use_the_machines_role(sandbox: Sandbox) -> None:
    def client_for(
        region: str,  # noqa: ARG001 - the sandbox has one region
        service: str,
        state_credentials: StateCredentials | None = None,
    ) -> Client:
        if state_credentials is None:
            return sandbox.client(service)
        client = client_as(sandbox, service, state_credentials.role_arn, PRINCIPAL)
        client.meta.events.register("after-call", _write_datetimes, unique_id="sandbox-datetimes")
        return client

    for module in list(sys.modules.values()):
        name = getattr(module, "__name__", "")
        if name.startswith("moto.stepfunctions.parser") and hasattr(module, "boto_client_for"):
            replace(module, "boto_client_for", client_for)


def _write_datetimes(parsed: dict[str, Any], **_: object) -> None:
    """Turn the dates in an answer into text: state data is JSON."""
    for key, value in parsed.items():
        parsed[key] = _as_json(value)


def _as_json(value: JsonValue) -> JsonValue:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    if isinstance(value, dict):
        return {key: _as_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_json(inner) for inner in value]
    return value


def _write_execution_logs() -> None:
    def start_logging(self: Execution, *args: object, **given: JsonValue) -> None:
        machine = given["state_machine"]
        configuration = CloudWatchLoggingConfiguration.from_logging_configuration(
            machine.arn, {"includeExecutionData": False, **machine.loggingConfiguration}
        )
        if configuration is not None:
            session = CloudWatchLoggingSession(given["exec_arn"], configuration)
            given["cloud_watch_logging_session"] = session
        start_in_moto(self, *args, **given)

    start_in_moto = replace(Execution, "__init__", start_logging)
    replace(CloudWatchLoggingSession, "publish_history_log", _publish)


def _publish(session: CloudWatchLoggingSession, history_log: HistoryLog) -> None:
    configuration = session.configuration
    backend = logs_backends[configuration.log_account_id][configuration.log_region]
    group = backend.groups.get(configuration.log_group_name)
    if group is None:
        return
    stream = configuration.log_stream_name
    if stream not in group.streams:
        backend.create_log_stream(configuration.log_group_name, stream)
    line = {"timestamp": int(time.time() * 1000), "message": to_json_str(history_log)}
    backend.put_log_events(configuration.log_group_name, stream, [line])


def _scale_waits(scale: float) -> None:
    def wait(_function: WaitFunction, env: Environment, wait_seconds: float) -> None:
        deadline = time.monotonic() + wait_seconds * scale
        while env.is_running() and (left := deadline - time.monotonic()) > 0:
            env.program_state_event.wait(left)

    def sleep(seconds: float) -> None:
        time.sleep(seconds * scale)

    replace(WaitFunction, "_wait_interval", wait)
    # The retrier sleeps through the module that it imported.
    retrier_decl.time = SimpleNamespace(sleep=sleep)
