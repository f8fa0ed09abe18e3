"""One execution environment of a function: AWS's runtime client in a child, and its Runtime API.

The child is ``python -m awslambdaric <handler>``, the program that runs inside the managed Python
runtimes, so the context object, the error documents and the log lines come out as on AWS. The API
is described in the AWS Lambda Developer Guide, "Using the Lambda runtime API".
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import signal
import subprocess
import threading
import time
import uuid
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_NEXT = "/2018-06-01/runtime/invocation/next"
# AWS gives the init phase ten seconds; a machine with two busy cores needs more.
_INIT_SECONDS = 30.0
_KILL_SECONDS = 5.0
_READ_BYTES = 65536


class Ending(Enum):
    """How an invocation ended."""

    RESPONSE = "response"
    ERROR = "error"
    TIMEOUT = "timeout"
    EXIT = "exit"


@dataclass(frozen=True)
class Outcome:
    """The result of one invocation.

    Attributes:
        ending: How it ended; only a response is a success.
        payload: The function's answer or the error document, as JSON.
        lines: What the function wrote, one log event each.
        request_id: The invocation's request id.
        seconds: The time from the hand-over to the function until its answer, in seconds.
    """

    ending: Ending
    payload: bytes
    lines: tuple[str, ...]
    request_id: str
    seconds: float


@dataclass
class _Invocation:
    request_id: str
    body: bytes
    function_arn: str
    timeout: float
    picked: threading.Event


class ExecutionEnvironment:
    """A process that handles one invocation at a time and is reused while it lives.

    Attributes:
        log_stream: The name of the log stream that belongs to it.
    """

    def __init__(
        self,
        python: Path,
        handler: str,
        code: Path,
        variables: Mapping[str, str],
        log_stream: str,
    ) -> None:
        """Start the process; its initialisation runs while the first invocation waits.

        Args:
            python: The interpreter with ``awslambdaric`` and ``boto3``.
            handler: The function's handler, such as ``package.module.function``.
            code: The folder with the unpacked code.
            variables: The whole environment of the child; nothing is inherited.
            log_stream: The name of the log stream.
        """
        self.log_stream = log_stream
        self._inbox: queue.Queue[_Invocation | None] = queue.Queue()
        self._outbox: queue.Queue[tuple[Ending, bytes]] = queue.Queue()
        self._lines: list[str] = []
        self._partial = ""
        self._lines_lock = threading.Lock()
        self._api = _RuntimeApi(self._inbox, self._outbox)
        threading.Thread(
            target=self._api.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        self._output = os.fdopen(reading, "rb")
        self._process = subprocess.Popen(
            [str(python), "-m", "awslambdaric", handler],
            cwd=code,
            env={**variables, "AWS_LAMBDA_RUNTIME_API": self._api.address},
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        os.close(writing)
        self._reader = threading.Thread(target=self._read_output, daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        """Whether the process can take another invocation."""
        return self._process.poll() is None

    def invoke(self, body: bytes, function_arn: str, timeout: float) -> Outcome:
        """Run the function once.

        Args:
            body: The event, as JSON.
            function_arn: The ARN that the context object shows.
            timeout: The function's timeout in seconds; the time of initialisation is not part of
                it.

        Returns:
            What came of it. After a timeout or an exit the environment is dead.
        """
        invocation = _Invocation(str(uuid.uuid4()), body, function_arn, timeout, threading.Event())
        self._inbox.put(invocation)
        self._await_initialisation(invocation)
        started = time.monotonic()
        try:
            ending, payload = self._outbox.get(timeout=timeout)
        except queue.Empty:
            ending, payload = Ending.TIMEOUT, b""
        seconds = time.monotonic() - started
        if ending is Ending.TIMEOUT:
            payload = self._time_out(invocation)
        elif ending is Ending.EXIT:
            payload = self._explain_exit(invocation)
        return Outcome(ending, payload, self._take_lines(), invocation.request_id, seconds)

    def crash(self) -> None:
        """Kill the process with everything it started; the invocation under way fails."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Kill the process with everything it started, and stop its API."""
        self.crash()
        self._process.wait(_KILL_SECONDS)
        self._inbox.put(None)
        self._api.shutdown()
        self._api.server_close()
        self._reader.join(_KILL_SECONDS)

    def _await_initialisation(self, invocation: _Invocation) -> None:
        deadline = time.monotonic() + _INIT_SECONDS
        while time.monotonic() < deadline:
            if invocation.picked.wait(0.02) or not self._outbox.empty():
                return

    def _time_out(self, invocation: _Invocation) -> bytes:
        self.close()
        message = (
            f"RequestId: {invocation.request_id} Error: "
            f"Task timed out after {invocation.timeout:.2f} seconds"
        )
        with self._lines_lock:
            self._lines.append(message)
        return _error_document("Sandbox.Timedout", message)

    def _explain_exit(self, invocation: _Invocation) -> bytes:
        status = self._process.wait(_KILL_SECONDS)
        self.close()
        reason = f"exit status {status}" if status >= 0 else f"signal: {signal.strsignal(-status)}"
        message = f"RequestId: {invocation.request_id} Error: Runtime exited with error: {reason}"
        return _error_document("Runtime.ExitError", message)

    def _read_output(self) -> None:
        while self._drain_output():
            select.select([self._output], [], [])
        with self._lines_lock:
            self._output.close()
        self._outbox.put((Ending.EXIT, b""))

    def _drain_output(self) -> bool:
        """Read the pipe empty; return whether the process may write more."""
        # One lock for the read and the append: output that has left the pipe is in the lines.
        with self._lines_lock:
            while not self._output.closed:
                try:
                    chunk = os.read(self._output.fileno(), _READ_BYTES)
                except BlockingIOError:
                    return True
                self._add_output(chunk.decode("utf-8", errors="replace") or "\n")
                if not chunk:
                    break
        return False

    def _add_output(self, text: str) -> None:
        *complete, self._partial = (self._partial + text).split("\n")
        # The runtime client joins the lines of one log event by carriage returns.
        self._lines += [line.replace("\r", "\n") for line in complete if line.strip()]

    def _take_lines(self) -> tuple[str, ...]:
        # The answer comes by HTTP and the output by a pipe: what was written before the answer is
        # in the pipe by now.
        self._drain_output()
        with self._lines_lock:
            lines, self._lines = tuple(self._lines), []
        return lines


class _RuntimeApi(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self,
        inbox: queue.Queue[_Invocation | None],
        outbox: queue.Queue[tuple[Ending, bytes]],
    ) -> None:
        super().__init__(("127.0.0.1", 0), _RuntimeApiHandler)
        self.inbox = inbox
        self.outbox = outbox

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _RuntimeApiHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes: with Nagle's algorithm each answer waits 40 ms for an
    # acknowledgement.
    disable_nagle_algorithm = True
    server: _RuntimeApi

    def do_GET(self) -> None:
        if self.path != _NEXT:
            self._answer(HTTPStatus.NOT_FOUND)
            return
        invocation = self.server.inbox.get()
        if invocation is None:
            self._answer(HTTPStatus.GONE)
            return
        invocation.picked.set()
        deadline = int((time.time() + invocation.timeout) * 1000)
        self._answer(
            HTTPStatus.OK,
            invocation.body,
            {
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
                "Lambda-Runtime-Trace-Id": _trace_id(),
            },
        )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        ending = Ending.RESPONSE if self.path.endswith("/response") else Ending.ERROR
        self.server.outbox.put((ending, body))
        self._answer(HTTPStatus.ACCEPTED, b"{}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base names it
        """Log nothing: requests of the runtime client are not relevant."""

    def _answer(
        self, status: HTTPStatus, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        with contextlib.suppress(ConnectionError):
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)


def _trace_id() -> str:
    return f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Sampled=0"


def _error_document(error_type: str, message: str) -> bytes:
    return json.dumps({"errorType": error_type, "errorMessage": message}).encode()
