"""Lambda, with real execution of the uploaded code, without Docker.

The seam is ``LambdaFunction.invoke``, where the API, the Step Functions interpreter and event
source mappings all end. Not simulated: the memory limit, the size of ``/tmp``, layers, response
streaming and container images.
"""

from __future__ import annotations

import base64
import io
import json
import shutil
import tempfile
import threading
import time
import uuid
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import LambdaBackend, LambdaFunction, lambda_backends

from labeling_sandbox.base import control
from labeling_sandbox.functions import configuration, logs
from labeling_sandbox.functions.destinations import LOST, Failure, report_failure
from labeling_sandbox.functions.runtime_environment import Ending, ExecutionEnvironment, Outcome
from labeling_sandbox.iam import authorization, credentials
from labeling_sandbox.iam.denial import ServiceRefusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labeling_sandbox.server import Sandbox

_SERVICE = "lambda.amazonaws.com"
# Lambda waits one and two minutes before the second and third try of an asynchronous invocation.
_RETRY_SECONDS = (0.5, 1.0)
_LOG_RESULT_BYTES = 4096
# "My rule ran but my Lambda function wasn't invoked": EventBridge sends no account to a function's
# policy. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html
_WITHOUT_SOURCE_ACCOUNT = frozenset({"events.amazonaws.com"})

PoolKey = tuple[str, ...]


@dataclass
class _Fleet:
    """The execution environments of all functions."""

    sandbox: Sandbox
    code_root: Path
    idle: dict[PoolKey, list[ExecutionEnvironment]] = field(default_factory=dict)
    busy: dict[str, set[ExecutionEnvironment]] = field(default_factory=dict)
    asynchronous: set[threading.Thread] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)
    stopping: threading.Event = field(default_factory=threading.Event)


_fleets: list[_Fleet] = []


def permits(function_arn: str, service: str, source_arn: str) -> bool:
    """Tell whether a function's resource policy lets a service invoke it.

    Args:
        function_arn: The function.
        service: The service principal, such as ``events.amazonaws.com``.
        source_arn: What the service acts for, such as the ARN of a rule.

    Returns:
        True when a statement allows it, or when IAM is not enforced; False also when there is no
        such function.
    """
    _, _, _, region, account, _, name, *_ = function_arn.split(":")
    functions = lambda_backends[account][region].list_functions()
    function = next((entry for entry in functions if entry.function_name == name), None)
    if function is None:
        return False
    policy = {"Version": "2012-10-17", "Statement": list(function.policy.statements)}
    context = {"aws:SourceArn": source_arn}
    if service not in _WITHOUT_SOURCE_ACCOUNT:
        context["aws:SourceAccount"] = account
    return authorization.service_allowed(
        policy, service, "lambda:InvokeFunction", function_arn, context
    )


def install(sandbox: Sandbox) -> None:
    """Run functions in child processes, and keep the configuration that moto drops."""
    _fleets[:] = [_Fleet(sandbox, Path(tempfile.mkdtemp(prefix="labeling-sandbox-code-")))]
    configuration.install()
    LambdaFunction.invoke = _invoke
    delete = LambdaBackend.delete_function

    def delete_function(
        self: LambdaBackend, function_name: str, qualifier: str | None = None
    ) -> None:
        delete(self, function_name, qualifier)
        _retire(function_name.rsplit(":", 1)[-1])

    LambdaBackend.delete_function = delete_function
    control.route("functions/<name>/crash", "POST", _crash)
    control.route("functions/lost-events", "GET", lambda _path, _body: list(LOST))
    control.route("functions/<name>/retire", "POST", _retire_on_request)


def _crash(path: Mapping[str, str], _body: dict[str, Any]) -> dict[str, int]:
    """Kill every process that works on an invocation, as running out of memory does."""
    fleet = _fleets[0]
    with fleet.lock:
        running = list(fleet.busy.get(path["name"], ()))
    for environment in running:
        environment.crash()
    return {"crashed": len(running)}


def stop() -> None:
    """Kill every child process and remove the unpacked code."""
    for fleet in _fleets:
        fleet.stopping.set()
        with fleet.lock:
            environments = [entry for pool in fleet.idle.values() for entry in pool]
            environments += [entry for running in fleet.busy.values() for entry in running]
            fleet.idle.clear()
        for environment in environments:
            environment.close()
        shutil.rmtree(fleet.code_root, ignore_errors=True)


def _invoke(
    self: LambdaFunction,
    body: str | bytes,
    request_headers: Mapping[str, str],
    response_headers: dict[str, str],
) -> bytes:
    event = (body.encode() if isinstance(body, str) else body) or b"{}"
    _check_json(event)
    headers = {name.lower(): value for name, value in dict(request_headers).items()}
    kind = headers.get("x-amz-invocation-type", "RequestResponse")
    if kind == "DryRun":
        return b""
    if kind == "Event":
        _start_asynchronously(self, event)
        return b""
    outcome, lines = _run(self, event)
    if outcome.ending is not Ending.RESPONSE:
        response_headers["x-amz-function-error"] = "Unhandled"
    tail = "\n".join(lines).encode()[-_LOG_RESULT_BYTES:]
    response_headers["x-amz-log-result"] = base64.b64encode(tail).decode()
    response_headers["x-amz-executed-version"] = str(self.version)
    return outcome.payload


def drain(deadline_seconds: float) -> bool:
    """Wait until no asynchronous invocation runs or waits for its next try.

    Args:
        deadline_seconds: How long to wait at most.

    Returns:
        True when there is none, False when the deadline came first.
    """
    ends = time.monotonic() + deadline_seconds
    for fleet in _fleets:
        with fleet.lock:
            fleet.asynchronous = {thread for thread in fleet.asynchronous if thread.is_alive()}
            running = list(fleet.asynchronous)
        for thread in running:
            thread.join(max(0.0, ends - time.monotonic()))
        if any(thread.is_alive() for thread in running):
            return False
    return True


def _start_asynchronously(function: LambdaFunction, event: bytes) -> None:
    fleet = _fleets[0]
    thread = threading.Thread(target=_run_with_retries, args=(function, event), daemon=True)
    with fleet.lock:
        fleet.asynchronous = {other for other in fleet.asynchronous if other.is_alive()}
        thread.start()
        fleet.asynchronous.add(thread)


def _run_with_retries(function: LambdaFunction, event: bytes) -> None:
    config: dict[str, Any] = next((entry.config for entry in function.event_invoke_config), {})
    retries = int(config.get("MaximumRetryAttempts", len(_RETRY_SECONDS)))
    reason = b""
    for attempt in range(retries + 1):
        if attempt and _fleets[0].stopping.wait(_RETRY_SECONDS[attempt - 1]):
            return
        try:
            outcome, _ = _run(function, event)
        except ServiceRefusal as refusal:
            refused = {"errorType": refusal.error_code, "errorMessage": str(refusal)}
            reason = json.dumps(refused).encode()
            continue
        if outcome.ending is Ending.RESPONSE:
            return
        reason = outcome.payload
    failure = Failure(function, event, reason, retries + 1, config)
    report_failure(_fleets[0].sandbox, failure)


def _run(function: LambdaFunction, event: bytes) -> tuple[Outcome, list[str]]:
    fleet = _fleets[0]
    environment = _take(fleet, function)
    running = fleet.busy[function.function_name]
    try:
        outcome = environment.invoke(event, function.function_arn, float(function.timeout))
    finally:
        with fleet.lock:
            running.discard(environment)
            reusable = environment.alive and not fleet.stopping.is_set()
            if reusable:
                fleet.idle.setdefault(_pool_key(function), []).append(environment)
    if not reusable:
        environment.close()
    lines = logs.framed(function, outcome)
    logs.write(function, environment.log_stream, lines)
    return outcome, lines


def _take(fleet: _Fleet, function: LambdaFunction) -> ExecutionEnvironment:
    key = _pool_key(function)
    with fleet.lock:
        running = fleet.busy.setdefault(function.function_name, set())
        limit = function.reserved_concurrency
        if limit is not None and len(running) >= int(limit):
            code = "TooManyRequestsException"
            msg = "lambda"
            raise ServiceRefusal(msg, code, "Rate Exceeded.")
        outdated = _pop_outdated(fleet, key)
        pool = fleet.idle.get(key, [])
        environment = pool.pop() if pool else None
        if environment is not None and environment.alive:
            running.add(environment)
    for entry in outdated:
        entry.close()
    if environment is not None and environment.alive:
        return environment
    environment = _start(fleet, function)
    with fleet.lock:
        running.add(environment)
    return environment


def _pop_outdated(fleet: _Fleet, key: PoolKey) -> list[ExecutionEnvironment]:
    outdated = [other for other in fleet.idle if other[0] == key[0] and other != key]
    return [environment for other in outdated for environment in fleet.idle.pop(other)]


def _retire_on_request(path: Mapping[str, str], _body: dict[str, Any]) -> dict[str, Any]:
    """End the environments that wait for an invocation, as Lambda does after some idle time."""
    _retire(path["name"])
    return {}


def _retire(function_name: str) -> None:
    fleet = _fleets[0]
    with fleet.lock:
        keys = [key for key in fleet.idle if key[0] == function_name]
        environments = [entry for key in keys for entry in fleet.idle.pop(key)]
    for environment in environments:
        environment.close()


def _pool_key(function: LambdaFunction) -> PoolKey:
    # Any change of code or configuration starts new environments, as on AWS.
    return (
        str(function.function_name),
        str(function.version),
        str(function.code_sha_256),
        str(function.handler),
        str(function.memory_size),
        str(function.role),
        json.dumps(configuration.logging_config(function), sort_keys=True),
        json.dumps(function.environment_vars, sort_keys=True),
    )


def _start(fleet: _Fleet, function: LambdaFunction) -> ExecutionEnvironment:
    stream = f"{datetime.now(UTC):%Y/%m/%d}/[{function.version}]{uuid.uuid4().hex}"
    code = _unpack(fleet, function)
    return ExecutionEnvironment(
        fleet.sandbox.runtime_python,
        function.handler,
        code,
        _variables(fleet.sandbox, function, code, stream),
        stream,
    )


def _unpack(fleet: _Fleet, function: LambdaFunction) -> Path:
    digest: str = function.code_digest
    folder = fleet.code_root / digest.replace("/", "_")
    with fleet.lock:
        if not folder.exists():
            with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as archive:
                archive.extractall(folder)
    return folder


def _variables(
    sandbox: Sandbox, function: LambdaFunction, code: Path, stream: str
) -> dict[str, str]:
    context = {"aws:SourceArn": function.function_arn, "aws:SourceAccount": function.account_id}
    try:
        keys = credentials.assume(function.role, function.function_name, _SERVICE, context)
    except PermissionError as error:
        msg = "lambda"
        raise ServiceRefusal(msg, "AccessDeniedException", str(error)) from error
    config = configuration.logging_config(function)
    return {
        "LANG": "en_US.UTF-8",
        "LAMBDA_TASK_ROOT": str(code),
        "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(code),
        "TZ": ":UTC",
        **{name: str(value) for name, value in function.environment_vars.items()},
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ENDPOINT_URL": sandbox.endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": config["LogFormat"].upper(),
        "AWS_LAMBDA_LOG_GROUP_NAME": config["LogGroup"],
        "AWS_LAMBDA_LOG_LEVEL": config.get("ApplicationLogLevel", ""),
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_REGION": function.region,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
        "AWS_SESSION_TOKEN": keys.session_token,
        "_HANDLER": function.handler,
    }


def _check_json(event: bytes) -> None:
    try:
        json.loads(event)
    except ValueError as error:
        message = f"Could not parse request body into json: {error}"
        msg = "lambda"
        raise ServiceRefusal(msg, "InvalidRequestContentException", message) from error
