"""The sandbox's own HTTP routes, under ``/sandbox/`` on the same port as the AWS APIs.

Other processes (tests, the demo) use them to control the simulators and to read the results. Bodies
and responses are JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PREFIX = "/sandbox/"

JsonObject = dict[str, Any]
Handler = Callable[[Mapping[str, str], JsonObject], object]

_PARAMETER = re.compile(r"<(\w+)>")
_routes: list[tuple[str, re.Pattern[str], Handler]] = []


class ControlError(Exception):
    """A control request that failed; the client gets the message and the status.

    Attributes:
        status: The HTTP status of the answer.
    """

    def __init__(self, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        """Keep the message and the status for the client.

        Args:
            message: One line for the client.
            status: The HTTP status of the answer.
        """
        super().__init__(message)
        self.status = status


def route(path: str, method: str, handler: Handler) -> None:
    """Add a control route; a later registration of the same path and method replaces the earlier.

    Args:
        path: A path below `PREFIX`, with parameters in angle brackets: ``schedules/<name>/fire``.
            A leading ``/sandbox/`` is accepted and ignored.
        method: The HTTP method, such as ``GET``.
        handler: Called with the path parameters and the parsed body ({} when empty); its result is
            sent as JSON. It may raise `ControlError`.
    """
    pattern = _compile(path.removeprefix(PREFIX))
    _routes[:] = [entry for entry in _routes if entry[:2] != (method, pattern)]
    _routes.append((method, pattern, handler))


def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Serve one control request (a WSGI application)."""
    try:
        status, result = HTTPStatus.OK, _dispatch(environ)
    except ControlError as error:
        status, result = error.status, {"error": str(error)}
    body = json.dumps(result, default=str).encode()
    start_response(
        f"{status.value} {status.phrase}",
        [("Content-Type", "application/json"), ("Content-Length", str(len(body)))],
    )
    return [body]


def _dispatch(environ: WSGIEnvironment) -> object:
    path, method = environ["PATH_INFO"].removeprefix(PREFIX), environ["REQUEST_METHOD"]
    for known_method, pattern, handler in _routes:
        match = pattern.fullmatch(path)
        if match and known_method == method:
            return handler(match.groupdict(), _body(environ))
    message = f"no control route {method} {PREFIX}{path}"
    raise ControlError(message, HTTPStatus.NOT_FOUND)


def _body(environ: WSGIEnvironment) -> JsonObject:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    text = environ["wsgi.input"].read(length) if length else b""
    if not text:
        return {}
    try:
        parsed = json.loads(text)
    except ValueError as error:
        message = f"the body is not JSON: {error}"
        raise ControlError(message) from error
    if not isinstance(parsed, dict):
        message = "the body is not a JSON object"
        raise ControlError(message)
    return parsed


def _compile(path: str) -> re.Pattern[str]:
    parts = _PARAMETER.split(path)
    return re.compile(
        "".join(
            f"(?P<{part}>[^/]+)" if index % 2 else re.escape(part)
            for index, part in enumerate(parts)
        )
    )
