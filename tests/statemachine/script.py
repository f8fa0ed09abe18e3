"""What the steps do in one test: the script, and the server that the functions ask."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Event = dict[str, Any]

_SECONDS_FOR_STOPPING = 10
_SECONDS_TO_WAIT_WITH_A_LATE_ANSWER = 0.2


@dataclass(frozen=True)
class Returns:
    """The function returns a value. To a state that waits for its token this is no answer."""

    value: Any = None


@dataclass(frozen=True)
class Raises:
    """The function fails with an error of this name."""

    error: str
    message: str = "as the script says"


@dataclass(frozen=True)
class Answers:
    """The state's token is answered: while the function runs, or some time after it returned."""

    value: Any
    when: Literal["meanwhile", "later"] = "meanwhile"


Reply = Returns | Raises | Answers
Act = Reply | Callable[[Event], Reply]
Acts = Mapping[str, Act | Sequence[Act]]
AnswerToken = Callable[[str, Any], None]


@dataclass(frozen=True)
class Call:
    """One call of a function."""

    step: str
    event: Event


@dataclass
class Script:
    """Replies of each step, call by call; the last one is for all further calls.

    Attributes:
        acts: Replies by step.
        calls: The calls so far.
    """

    acts: Acts
    calls: list[Call] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reply(self, step: str, event: Event) -> Reply:
        """Note a call and return what its function is to do."""
        with self._lock:
            earlier = Counter(call.step for call in self.calls)[step]
            self.calls.append(Call(step, event))
        acts = self.acts[step]
        act = acts[min(earlier, len(acts) - 1)] if isinstance(acts, Sequence) else acts
        return act(event) if callable(act) else act


class ScriptServer(ThreadingHTTPServer):
    """Answers the functions by the script of the current test.

    Attributes:
        script: The script.
        answer_token: Answers a waiting state.
    """

    daemon_threads = True
    script: Script
    answer_token: AnswerToken

    @property
    def url(self) -> str:
        """Where functions send their calls."""
        return f"http://127.0.0.1:{self.server_port}"

    def play(self, step: str, event: Event) -> dict[str, Any]:
        """Return what a function is told."""
        reply = self.script.reply(step, event)
        if isinstance(reply, Raises):
            return {"error": reply.error, "message": reply.message}
        if isinstance(reply, Returns):
            return {"result": reply.value}
        arguments = (event["task_token"], reply.value)
        if reply.when == "meanwhile":
            self.answer_token(*arguments)
        else:
            timer = threading.Timer(
                _SECONDS_TO_WAIT_WITH_A_LATE_ANSWER, self.answer_token, arguments
            )
            timer.daemon = True
            timer.start()
        return {"result": "not seen by the state machine"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptServer

    def do_POST(self) -> None:
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        payload = json.dumps(self.server.play(self.path.strip("/"), event)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: pytest shows what matters."""


@contextmanager
def script_server() -> Iterator[ScriptServer]:
    """Serve on a free local port."""
    server = ScriptServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=_SECONDS_FOR_STOPPING)
