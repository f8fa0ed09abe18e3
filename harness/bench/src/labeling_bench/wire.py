"""An account in a process of its own, and the way to it for the processes of the functions.

So a function's time and memory are its own: nothing of the account is counted, and the threads of
the one do not take turns with the threads of the other.
"""

from __future__ import annotations

import io
import itertools
import os
import pickle
import signal
import tempfile
import threading
import time
from collections import Counter, deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import connection as sockets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from in_process_aws import validation
from in_process_aws.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from in_process_aws.account import Account
    from in_process_aws.calls import Answer, Call, Parameters

#: A body up to this size comes with its answer; a larger one is read as it is wanted, as over HTTP.
_INLINE_BYTES = 64 * 1024


@dataclass
class Latency:
    """An observer that makes every call take its time, and keeps some of them.

    Attributes:
        seconds: What a call takes.
        keep: How many calls are kept for a replay.
        kept: The calls: service, operation and parameters.
    """

    seconds: float
    keep: int = 0
    kept: list[tuple[str, str, Parameters]] = field(default_factory=list)

    def before(self, _call: Call) -> None:
        """Take the time."""
        time.sleep(self.seconds)

    def after(self, call: Call, answer: Answer) -> None:
        """Keep a call, unless it asked a queue for nothing."""
        empty = call.operation == "ReceiveMessage" and "Messages" not in answer
        if len(self.kept) < self.keep and not empty:
            self.kept.append((call.service, call.operation, call.parameters))


def _end_with_standard_input() -> None:
    # It is a pipe of the process that measures, and nothing is written to it: it ends when that
    # process does, whatever ends that one. A copy of the account has the same pipe.
    while os.read(0, 1):
        pass
    os._exit(0)


class AccountServer:
    """Serves an account on a socket until it is told to stop."""

    def __init__(self, account: Account, path: str, latency: Latency) -> None:
        """Prepare to serve.

        Args:
            account: What is served.
            path: The socket.
            latency: The account's observer.
        """
        self._account = account
        self._latency = latency
        self._listener = sockets.Listener(path, "AF_UNIX", backlog=64)
        self._bodies: dict[int, bytes] = {}
        self._numbers = itertools.count()
        self._waiting = threading.Condition()
        self._parties: Counter[int] = Counter()
        account.observer = latency

    def serve(self) -> None:
        """Serve until the process ends: when it is killed, or with the one who measures."""
        threading.Thread(target=_end_with_standard_input, daemon=True).start()
        while True:
            connection = self._listener.accept()
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: sockets.Connection) -> None:
        while True:
            try:
                kind, *rest = connection.recv()
            except (EOFError, OSError):
                return
            connection.send(getattr(self, f"_{kind}")(*rest))

    def _operations(self) -> dict[str, list[str]]:
        return self._account.operations()

    def _call(self, service: str, operation: str, parameters: Parameters) -> tuple[str, Any]:
        try:
            answer = self._account.call(service, operation, parameters)
        except ClientError as error:
            return "error", (error.response, error.operation_name)
        if isinstance(answer.get("Body"), StreamingBody):
            body = answer["Body"].read()
            answer["Body"] = body if len(body) <= _INLINE_BYTES else (self._shelve(body), len(body))
        return "answer", answer

    def _shelve(self, body: bytes) -> int:
        # Not the body's own identity: several threads may read the same object.
        number = next(self._numbers)
        self._bodies[number] = body
        return number

    def _read(self, number: int, start: int, count: int) -> bytes:
        body = self._bodies[number]
        if start + count >= len(body):
            self._bodies.pop(number)
        return body[start : start + count]

    def _wait_for(self, parties: int) -> None:
        """Let several processes begin in the same moment."""
        with self._waiting:
            self._parties[parties] += 1
            wanted = -(-self._parties[parties] // parties) * parties
            self._waiting.notify_all()
            self._waiting.wait_for(lambda: self._parties[parties] >= wanted)

    def _do(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401
        # What prepares an account takes no time and is not kept.
        self._account.observer = None
        try:
            return function(self._account, *arguments)
        finally:
            self._account.observer = self._latency

    def _keep(self, count: int) -> None:
        self._latency.keep, self._latency.kept = count, []

    def _dump(self, path: str) -> int:
        Path(path).write_bytes(pickle.dumps(self._latency.kept))
        return len(self._latency.kept)

    def _fork(self, path: str) -> int:
        # The other threads of this process wait for requests and hold nothing, so the copy is
        # whole.
        child = os.fork()
        if child == 0:
            try:
                AccountServer(self._account, path, Latency(self._latency.seconds)).serve()
            finally:
                os._exit(1)
        return child

    def _pid(self) -> int:
        return os.getpid()


class RemoteAccount:
    """An account in another process, with what a function's process has seen of it.

    Attributes:
        counts: Calls by operation, receives that gave nothing under ``ReceiveMessage (empty)``.
        services: boto3's names of the services.
        at_once: The most calls that were under way at the same time.
        spans: When each call began and ended, by ``time.perf_counter``, and whether it was such a
            receive.
    """

    def __init__(self, path: str) -> None:
        """Connect to an account.

        Args:
            path: The socket.
        """
        self.counts: Counter[str] = Counter()
        self.at_once = 0
        self.spans: list[tuple[float, float, bool]] = []
        self._path = path
        self._under_way = 0
        self._lock = threading.Lock()
        self._idle: deque[sockets.Connection] = deque()
        operations: Mapping[str, list[str]] = self.ask("operations")
        self.services = list(operations)
        self._clients = {name: Client(name, known, self.call) for name, known in operations.items()}

    def client(self, service_name: str, **_options: object) -> Client:
        """Return the client of a service; boto3's options mean nothing."""
        return self._clients[service_name]

    def ask(self, kind: str, *rest: object) -> Any:  # noqa: ANN401 - whatever is asked for
        """Send a request and return what comes back; connections are kept, as boto3's are."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = sockets.Client(self._path, "AF_UNIX")
        connection.send((kind, *rest))
        answer = connection.recv()
        self._idle.append(connection)
        return answer

    def call(self, service: str, operation: str, parameters: Parameters) -> Answer:
        """Carry out one call.

        Raises:
            ClientError: If the service refused it.
        """
        began = time.perf_counter()
        with self._lock:
            self._under_way += 1
            self.at_once = max(self.at_once, self._under_way)
        kind, answer = self.ask("call", service, operation, parameters)
        empty = operation == "ReceiveMessage" and kind == "answer" and "Messages" not in answer
        with self._lock:
            self._under_way -= 1
            self.counts[f"{operation} (empty)" if empty else operation] += 1
            self.spans.append((began, time.perf_counter(), empty))
        if kind == "error":
            response, name = answer
            code = response["Error"]["Code"]
            raise validation.service_exceptions(service).from_code(code)(response, name)
        if operation == "GetObject":
            answer["Body"] = self._stream(answer["Body"])
        result: Answer = answer
        return result

    def _stream(self, body: bytes | tuple[int, int]) -> StreamingBody:
        if isinstance(body, bytes):
            return StreamingBody(io.BytesIO(body), len(body))
        number, length = body
        raw: Any = _RemoteBody(self, number, length)
        return StreamingBody(raw, length)


class _RemoteBody(io.RawIOBase):
    """The body of an answer, read as it is wanted."""

    def __init__(self, account: RemoteAccount, number: int, length: int) -> None:
        super().__init__()
        self._account = account
        self._number = number
        self._left = length
        self._at = 0

    def read(self, size: int | None = -1) -> bytes:
        count = self._left if size is None or size < 0 else min(size, self._left)
        if not count:
            return b""
        body: bytes = self._account.ask("read", self._number, self._at, count)
        self._at += count
        self._left -= count
        return body


class ServedAccount:
    """An account in another process, as the one who measures sees it.

    Attributes:
        path: The socket.
    """

    def __init__(self, path: str, pid: int) -> None:
        """Take charge of a server.

        Args:
            path: Its socket.
            pid: Its process.
        """
        self.path = path
        self._pid = pid
        self._remote = RemoteAccount(path)

    def do(self, function: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
        """Have a function prepare the account, or look at it, in the account's process."""
        return self._remote.ask("do", function, arguments)

    def keep(self, count: int) -> None:
        """Keep the next calls for a replay."""
        self._remote.ask("keep", count)

    def dump(self, path: Path) -> int:
        """Write the calls that were kept to a file; return how many there are."""
        written: int = self._remote.ask("dump", str(path))
        return written

    @contextmanager
    def copy(self) -> Iterator[ServedAccount]:
        """Serve a copy of the account as it is now, to be thrown away."""
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/account"
            copied = ServedAccount.of_child(path, self._remote.ask("fork", path))
            try:
                yield copied
            finally:
                copied.end()

    @classmethod
    def of_child(cls, path: str, pid: int) -> ServedAccount:
        """Take charge of a server that has just been started."""
        for _ in range(1000):
            try:
                return cls(path, pid)
            except (FileNotFoundError, ConnectionRefusedError):
                # It does not listen yet: the file is there a moment before.
                time.sleep(0.01)
        return cls(path, pid)

    def end(self) -> None:
        """End the server, if it has not ended by itself."""
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
