"""Requests that a client repeats because it did not get the answer.

On a busy machine a connection to the sandbox can break after its request was carried out. The AWS
SDKs then send the request again, and a call that creates something would be told that it exists.
They number the attempts of a call, so the answer can be given again.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Answers that are kept. A client repeats a request within seconds.
_KEPT: Final = 1000
_FIRST: Final = "attempt=1"


class _Answer(NamedTuple):
    status: str
    headers: list[tuple[str, str]]
    body: bytes


def answer_again(application: WSGIApplication) -> WSGIApplication:
    """Wrap a WSGI application so that a call that succeeded is carried out once."""
    answers: OrderedDict[str, _Answer] = OrderedDict()
    lock = threading.Lock()

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call = environ.get("HTTP_AMZ_SDK_INVOCATION_ID")
        if call is None or environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            return application(environ, start_response)
        if not str(environ.get("HTTP_AMZ_SDK_REQUEST", _FIRST)).startswith(_FIRST):
            with lock:
                known = answers.get(call)
            if known is not None:
                start_response(known.status, known.headers)
                return [known.body]
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def note(status: str, headers: list[tuple[str, str]], *_: object) -> object:
            begun[:] = [(status, headers)]
            return start_response(status, headers)

        chunks = application(environ, note)  # type: ignore[arg-type]
        try:
            body = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        status, headers = begun[0]
        if status.startswith("2"):
            with lock:
                answers[call] = _Answer(status, headers, body)
                while len(answers) > _KEPT:
                    answers.popitem(last=False)
        return [body]

    return serve
