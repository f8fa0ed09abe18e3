"""The sandbox: moto's server with every seam installed, on 127.0.0.1."""

from __future__ import annotations

import errno
import gc
import importlib
import json
import logging
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

import boto3
from botocore.config import Config
from moto.core.config import default_user_config
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

from labeling_sandbox.base import control, parallel_requests, repeated_requests
from labeling_sandbox.iam import authorization, calls, simulation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from flask import Flask

HOST = "127.0.0.1"
DEFAULT_PORT = 5600
ADMINISTRATOR_KEY = "test"

SEAMS: tuple[str, ...] = (
    "permissions.enforcement",
    "functions.invocations",
    "stores.dynamodb",
    "queues.sqs",
    "stores.s3",
    "ground_truth.labeling_api",
    "ground_truth.page_preview",
    "ground_truth.work_teams",
    "ground_truth.workforce",
    "stores.feature_store",
    "stores.offline_store",
    "step_functions.state_machines",
    "events.delivery",
    "events.scheduler",
)
"""The modules of this package that change moto, in the order in which they are installed."""

_STOP_SECONDS = 10.0
_INTERPRETER_CHECK_SECONDS = 30.0
_installed: list[Sandbox] = []


class Seam(Protocol):
    """A module that changes one part of moto."""

    def install(self, sandbox: Sandbox, /) -> None:
        """Change moto; called once."""


class SandboxError(Exception):
    """The sandbox cannot start; the message is one line for the person who started it."""


class Sandbox:
    """One local AWS. moto's state is global, so a process holds one sandbox in its life.

    Attributes:
        port: The port on 127.0.0.1.
        region: The region of the clients and of every resource.
        account: The account id that every request belongs to.
        runtime_python: The interpreter that runs the functions, with only ``awslambdaric`` and
            ``boto3`` installed.
        time_scale: Factor on the waits of the simulators and of state machines; 0.01 turns a
            minute into 0.6 seconds.
        enforce_iam: Whether credentials of an assumed role are held to its policies.
        endpoint: The URL that AWS clients are pointed at.
    """

    def __init__(
        self,
        port: int = DEFAULT_PORT,
        region: str = "us-east-1",
        account: str = "123456789012",
        runtime_python: Path | None = None,
        time_scale: float = 1.0,
        enforce_iam: bool = True,
    ) -> None:
        """Choose the settings; nothing starts yet.

        Args:
            port: The port to listen on; 0 takes a free one.
            region: The AWS region to stand for.
            account: The account id to stand for.
            runtime_python: The interpreter for the functions. None looks at
                ``LABELING_SANDBOX_PYTHON``, then takes the interpreter of this process.
            time_scale: Factor on simulated waits.
            enforce_iam: Hold assumed roles to their policies.
        """
        self.port = port or _free_port()
        self.region = region
        self.account = account
        self.runtime_python = runtime_python or _default_runtime_python()
        self.time_scale = time_scale
        self.enforce_iam = enforce_iam
        self.endpoint = f"http://{HOST}:{self.port}"
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None
        self._seams: list[Seam] = []
        self._session: Any = boto3.session.Session()
        self._session_lock = threading.Lock()
        self._clients: dict[str, Any] = {}

    def start(self) -> Self:
        """Install the seams and listen.

        Returns:
            This sandbox, listening.

        Raises:
            SandboxError: The port is in use, the functions' interpreter is unusable, or this
                process had another sandbox.
        """
        if _installed and _installed != [self]:
            message = "this process already holds a sandbox; start another one in its own process"
            raise SandboxError(message)
        _check_port(self.port)
        _check_interpreter(self.runtime_python)
        if not _installed:
            self._configure_moto()
            self._install_seams()
            _installed.append(self)
            # moto's modules live as long as the process. Else each full collection, which making
            # a client sets off, looks at them again: 0.2 seconds each time.
            gc.freeze()
        self._listen()
        return self

    def stop(self) -> None:
        """Stop every seam that holds threads or processes, then the server; again does nothing."""
        for seam in reversed(self._seams):
            stop = getattr(seam, "stop", None)
            if stop is not None:
                stop()
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(_STOP_SECONDS)
        self._server = self._thread = None

    def __enter__(self) -> Self:
        """Start, for use as a context manager."""
        return self.start()

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop, also after an exception."""
        self.stop()

    def client(self, service: str, **options: Any) -> Any:  # noqa: ANN401 - boto3 makes the type
        """Return a boto3 client with the administrator's credentials, the same one each time.

        A client with options of its own is made anew; making one takes longer than ten calls.

        Args:
            service: boto3's name of the service, such as ``stepfunctions``.
            **options: Further arguments of ``boto3.client``; credentials given here replace the
                administrator's.

        Returns:
            A client of this sandbox.
        """
        arguments: dict[str, Any] = {
            "endpoint_url": self.endpoint,
            "region_name": self.region,
            "aws_access_key_id": ADMINISTRATOR_KEY,
            "aws_secret_access_key": ADMINISTRATOR_KEY,
            # botocore would put "sync-" before the host of StartSyncExecution and TestState.
            "config": Config(inject_host_prefix=False, max_pool_connections=50),
        }
        # A session loads each service's model once, but makes clients in one thread at a time.
        with self._session_lock:
            if options:
                return self._session.client(service, **{**arguments, **options})
            if service not in self._clients:
                self._clients[service] = self._session.client(service, **arguments)
            return self._clients[service]

    def environment(self) -> dict[str, str]:
        """Return the variables that point Terraform, boto3 and the AWS CLI at this sandbox."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ADMINISTRATOR_KEY,
            "AWS_SECRET_ACCESS_KEY": ADMINISTRATOR_KEY,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _configure_moto(self) -> None:
        os.environ["MOTO_PORT"] = str(self.port)
        os.environ["MOTO_ACCOUNT_ID"] = self.account
        default_user_config["stepfunctions"] = {"execute_state_machine": True}
        logging.getLogger("werkzeug").setLevel(logging.ERROR)

    def _install_seams(self) -> None:
        authorization.configure(self.account, self.region, enforcing=self.enforce_iam)
        parallel_requests.install()
        calls.install()
        simulation.install()
        for name in SEAMS:
            seam: Seam = importlib.import_module(f"labeling_sandbox.{name}")
            seam.install(self)
            self._seams.append(seam)

    def _listen(self) -> None:
        moto = _Dispatcher(create_backend_app)
        application = repeated_requests.answer_again(
            parallel_requests.one_at_a_time(calls.count(moto))
        )

        def dispatch(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if environ["PATH_INFO"].startswith(control.PREFIX):
                return control.answer(environ, start_response)
            try:
                return application(environ, start_response)
            except NotImplementedError as error:
                return _refuse(error, start_response)

        self._server = make_server(
            HOST, self.port, dispatch, threaded=True, request_handler=MotoRequestHandler
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="sandbox-server", daemon=True
        )
        self._thread.start()


class _Dispatcher(DomainDispatcherApplication):  # type: ignore[misc] # moto has no types
    """moto's choice of a service by the host name, made once for each name.

    moto lists the folder of its package and tries the patterns of all services for each request.
    """

    def __init__(self, create_app: Callable[[Any], Flask]) -> None:
        super().__init__(create_app)
        self._backends: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:  # noqa: ANN401 - moto's type
        """Return the name of the service."""
        if host not in self._backends:
            self._backends[host] = super().get_backend_for_host(host)
        return self._backends[host]


def _refuse(error: NotImplementedError, start_response: StartResponse) -> list[bytes]:
    # Clients repeat a 500 for minutes; a 501 they report at once.
    body = json.dumps({"__type": "NotImplemented", "message": f"not simulated: {error}"}).encode()
    start_response(
        "501 Not Implemented",
        [("Content-Type", "application/x-amz-json-1.1"), ("Content-Length", str(len(body)))],
    )
    return [body]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        # The server sets this too: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                message = f"port {port} on {HOST} is in use; choose another one"
            else:
                message = f"cannot listen on {HOST}:{port}: {error.strerror}"
            raise SandboxError(message) from error


def _default_runtime_python() -> Path:
    named = os.environ.get("LABELING_SANDBOX_PYTHON")
    if named:
        return Path(named)
    # The environment with nothing but the runtime client and boto3, beside the one with the tools:
    # a package that was forgotten in the functions' zip fails there as it does on AWS.
    runtime = Path(sys.prefix).parent / ".venv-runtime" / "bin" / "python"
    return runtime if runtime.exists() else Path(sys.executable)


def _check_interpreter(python: Path) -> None:
    command = [str(python), "-c", "import awslambdaric, boto3"]
    advice = "needs a Python with awslambdaric and boto3 to run the functions"
    try:
        result = subprocess.run(
            command, capture_output=True, timeout=_INTERPRETER_CHECK_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"cannot run {python}: {error}; the sandbox {advice}"
        raise SandboxError(message) from error
    if result.returncode:
        reason = result.stderr.decode(errors="replace").strip().splitlines()[-1:]
        message = f"{python} is not usable ({''.join(reason)}); the sandbox {advice}"
        raise SandboxError(message)
