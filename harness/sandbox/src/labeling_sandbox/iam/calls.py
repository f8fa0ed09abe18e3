"""Counts of the AWS calls that the sandbox receives: caller, operation, number and time."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_sandbox.base import control
from labeling_sandbox.iam import authorization, used_grants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


ADMINISTRATOR = "administrator"

# Filled by `note` while the request runs in its own thread.
_current = threading.local()


@dataclass
class CallCount:
    """How often one caller used one operation.

    Attributes:
        count: The number of calls.
        seconds: The time that the server spent on them, in seconds.
    """

    count: int = 0
    seconds: float = 0.0


_counts: dict[tuple[str, str, str], CallCount] = {}
_lock = threading.Lock()


def note(access_key_id: str, service: str, operation: str) -> None:
    """Name the call that the current thread serves; the last name given wins.

    Args:
        access_key_id: The caller's key.
        service: The signing name of the service.
        operation: The API's name of the operation.
    """
    assumed = authorization.role_of(access_key_id)
    role = assumed.role_arn.rsplit("/", 1)[-1] if assumed else ADMINISTRATOR
    _current.call = (role, service, operation)


def count(application: WSGIApplication) -> WSGIApplication:
    """Wrap a WSGI application so that each call it serves is counted."""

    def counted(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        _current.call = None
        started = time.perf_counter()
        try:
            return application(environ, start_response)
        finally:
            _add(time.perf_counter() - started)

    return counted


def entries() -> list[dict[str, Any]]:
    """Return one entry per caller, service and operation, the most frequent first."""
    with _lock:
        entries = [
            {
                "caller": caller,
                "service": service,
                "operation": operation,
                "count": entry.count,
                "seconds": round(entry.seconds, 6),
            }
            for (caller, service, operation), entry in _counts.items()
        ]
    return sorted(entries, key=lambda entry: (-entry["count"], entry["caller"], entry["service"]))


def reset() -> None:
    """Start counting from zero."""
    with _lock:
        _counts.clear()


def install() -> None:
    """Register the control routes for the counts and for the authorisation trace."""
    control.route("calls", "GET", lambda _parameters, _body: {"calls": entries()})
    control.route("calls/reset", "POST", _answer_empty(reset))
    control.route("authorization", "GET", lambda _parameters, _body: _authorization())
    control.route("authorization/reset", "POST", _answer_empty(authorization.reset_trace))


def _answer_empty(action: Callable[[], None]) -> control.Handler:
    def handler(_parameters: object, _body: object) -> control.JsonObject:
        action()
        return {}

    return handler


def _authorization() -> control.JsonObject:
    return {
        "trace": [vars(judgement) for judgement in list(authorization.TRACE)],
        "unmapped": sorted(authorization.UNMAPPED),
        "used": [vars(grant) for grant in used_grants.entries()],
    }


def _add(seconds: float) -> None:
    call = getattr(_current, "call", None)
    if call is None:
        return
    with _lock:
        entry = _counts.setdefault(call, CallCount())
        entry.count += 1
        entry.seconds += seconds
