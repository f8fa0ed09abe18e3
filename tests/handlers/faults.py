"""Functions that die in the middle: every call to AWS can be the last one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from labeling_lambdas.aws import clients

if TYPE_CHECKING:
    from collections.abc import Callable

_CLIENTS: tuple[Callable[[], Any], ...] = (
    clients.dynamodb,
    clients.events,
    clients.s3,
    clients.sagemaker,
    clients.feature_store,
    clients.sqs,
    clients.stepfunctions,
)


class CrashError(Exception):
    """The function was killed."""


@dataclass
class Faults:
    """What goes wrong with the calls of the functions of one test.

    Attributes:
        calls: Names of the operations called since the last :meth:`forget`.
        handles: Receipt handles that functions have received.
    """

    calls: list[str] = field(default_factory=list)
    handles: list[str] = field(default_factory=list)
    _crash: tuple[str, int, bool] | None = None
    _refusals: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    _seen: Counter[str] = field(default_factory=Counter)
    _dead: bool = False

    def attach(self) -> None:
        """Listen to every client that the functions use."""
        for client in _CLIENTS:
            events = client().meta.events
            events.register("before-call", self._before)
            events.register("after-call", self._after)

    def detach(self) -> None:
        """Leave the clients as they were; they are kept for the next test."""
        for client in _CLIENTS:
            events = client().meta.events
            events.unregister("before-call", self._before)
            events.unregister("after-call", self._after)

    def crash(self, operation: str = "", *, call: int = 1, after: bool = False) -> None:
        """Kill the function at its n-th call of an operation, of any if none is named.

        Where several threads call, it may be one of the next calls.

        Nothing that the function would do from then on reaches AWS, not even what it does in a
        ``finally``.
        """
        self.forget()
        self._crash = (operation, call, after)

    def refuse(self, operation: str, code: str, message: str = "refused", times: int = 1) -> None:
        """Answer the next calls of an operation with an error."""
        self._refusals.setdefault(operation, []).extend([(code, message)] * times)

    def forget(self) -> None:
        """Let everything go well from now on, and count anew."""
        self._crash = None
        self._dead = False
        self._refusals.clear()
        self._seen.clear()
        self.calls.clear()

    @property
    def crashed(self) -> bool:
        """Whether the function was killed."""
        return self._dead

    def _before(self, model: Any, **_: Any) -> None:
        if self._dead:
            raise CrashError
        self.calls.append(model.name)
        self._seen.update([model.name, ""])
        self._crash_if_due(model.name, after=False)
        if self._refusals.get(model.name):
            code, message = self._refusals[model.name].pop()
            refusal: Any = {
                "Error": {"Code": code, "Message": message},
                "ResponseMetadata": {"HTTPStatusCode": 400, "RetryAttempts": 0},
            }
            raise ClientError(refusal, model.name)

    def _after(self, model: Any, parsed: dict[str, Any], **_: Any) -> None:
        if model.name == "ReceiveMessage":
            self.handles += [message["ReceiptHandle"] for message in parsed.get("Messages", [])]
        try:
            self._crash_if_due(model.name, after=True)
        except CrashError:
            if "Body" in parsed and hasattr(parsed["Body"], "close"):
                # Nobody will read it; the end of a process closes its connection.
                parsed["Body"].close()
            raise

    def _crash_if_due(self, name: str, *, after: bool) -> None:
        if self._crash is None or self._crash[2] is not after:
            return
        operation, call, _ = self._crash
        if operation in ("", name) and self._seen[operation] >= call:
            self._dead = True
            raise CrashError
