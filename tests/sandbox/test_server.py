"""The server starts, or fails with a one-line message, and can be controlled over HTTP."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from labeling_sandbox.base import control
from labeling_sandbox.server import Sandbox, SandboxError
from tests.sandbox.function_code import create_function

COMMAND = Path(sys.executable).with_name("labeling-sandbox")


def _ask(sandbox: Sandbox, path: str, method: str = "GET", body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{sandbox.endpoint}{path}", data=data, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def _refused(sandbox: Sandbox, path: str, method: str, body: bytes) -> tuple[int, str]:
    request = urllib.request.Request(f"{sandbox.endpoint}{path}", data=body, method=method)
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request, timeout=10)
    with error.value as answer:
        return answer.code, json.loads(answer.read())["error"]


def test_control_route_gets_parameters_and_body(sandbox: Sandbox) -> None:
    control.route(
        "echo/<name>", "POST", lambda parameters, body: {"name": parameters["name"], "body": body}
    )
    answer = _ask(sandbox, "/sandbox/echo/x-1", "POST", {"n": 1})
    assert answer == {"name": "x-1", "body": {"n": 1}}


def test_control_error_and_unknown_route_are_json(sandbox: Sandbox) -> None:
    def refuse(_parameters: object, _body: object) -> object:
        message = "no such thing"
        raise control.ControlError(message, HTTPStatus.CONFLICT)

    control.route("refuse", "POST", refuse)
    assert _refused(sandbox, "/sandbox/refuse", "POST", b"{}") == (409, "no such thing")
    assert _refused(sandbox, "/sandbox/refuse", "POST", b"[1]")[0] == 400
    assert _refused(sandbox, "/sandbox/refuse", "POST", b"{")[0] == 400
    assert _refused(sandbox, "/sandbox/none", "POST", b"{}")[0] == 404


def test_calls_are_counted_by_caller_service_and_operation(sandbox: Sandbox) -> None:
    source = """
import boto3
def handler(event, context):
    for _ in range(3):
        boto3.client("sts").get_caller_identity()
"""
    create_function(sandbox, "counted", source)
    _ask(sandbox, "/sandbox/calls/reset", "POST")
    sandbox.client("lambda").invoke(FunctionName="counted")
    calls = {
        (call["caller"], call["service"], call["operation"]): call
        for call in _ask(sandbox, "/sandbox/calls")["calls"]
    }
    assert calls["counted-role", "sts", "GetCallerIdentity"]["count"] == 3
    assert calls["administrator", "lambda", "Invoke"]["count"] == 1
    assert calls["administrator", "lambda", "Invoke"]["seconds"] > 0


def test_authorization_trace_is_readable_over_http(sandbox: Sandbox) -> None:
    answer = _ask(sandbox, "/sandbox/authorization")
    assert {"trace", "unmapped", "used"} == set(answer)


def test_one_process_holds_one_sandbox(sandbox: Sandbox, runtime_python: Path) -> None:
    with pytest.raises(SandboxError, match="already holds a sandbox"):
        Sandbox(port=0, runtime_python=runtime_python).start()
    assert _ask(sandbox, "/sandbox/calls")


def test_operation_that_is_not_simulated_is_reported_at_once(sandbox: Sandbox) -> None:
    client = sandbox.client("dynamodb")
    with pytest.raises(client.exceptions.ClientError, match="not simulated") as refused:
        client.describe_global_table(GlobalTableName="abc")
    # boto3 retries errors that may be temporary many times.
    assert refused.value.response["ResponseMetadata"]["RetryAttempts"] == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_says_how_to_connect_and_stops_on_a_signal(
    runtime_python: Path, number: signal.Signals
) -> None:
    port = _free_port()
    process = subprocess.Popen(
        [COMMAND, "serve", "--port", str(port), "--runtime-python", str(runtime_python)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    with process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert f"listening on http://127.0.0.1:{port}" in first
        process.send_signal(number)
        rest = process.stdout.read()
        process.wait(20)
    assert process.returncode == 0
    assert f"export AWS_ENDPOINT_URL=http://127.0.0.1:{port}" in rest
    assert "Terraform" in rest


def test_port_in_use_is_one_line_and_exit_status_one(runtime_python: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        result = _serve("--port", str(port), "--runtime-python", str(runtime_python))
    assert result.returncode == 1
    assert result.stderr.strip() == f"error: port {port} on 127.0.0.1 is in use; choose another one"


def test_missing_interpreter_is_one_line_and_exit_status_one(tmp_path: Path) -> None:
    result = _serve("--port", str(_free_port()), "--runtime-python", str(tmp_path / "none"))
    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert "awslambdaric" in result.stderr


def _serve(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "serve", *arguments], capture_output=True, text=True, timeout=30, check=False
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
