"""Functions that die in the middle: every call to AWS can be the last one."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from in_process_aws.calls import Answer, Call


_MOST_CALLS = 60


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
    _actions: dict[str, Callable[[], None]] = field(default_factory=dict)
    _seen: Counter[str] = field(default_factory=Counter)
    _dead: bool = False

    def crash(self, operation: str = "", *, call: int = 1, after: bool = False) -> None:
        """Kill the function at its n-th call of an operation, of any if none is named.

        Where several threads call, it may be one of the next calls.

        Nothing that the function would do from then on reaches AWS, not even what it does in a
        ``finally``.
        """
        self.forget()
        self._crash = (operation, call, after)

    def crashes(self, step: Callable[[int], object], *, after: bool) -> Iterator[int]:
        """Kill a step at its first call, its repeat at the second, and so on until one survives.

        Args:
            step: The step; it is told at which of its calls it will die.
            after: Whether that call still takes effect.

        Yields:
            The number of the call, after each death.
        """
        for call in range(1, _MOST_CALLS):
            self.crash(call=call, after=after)
            # What follows from a death, such as a missing answer, may be the error that is seen.
            with contextlib.suppress(CrashError, ClientError):
                step(call)
            crashed = self.crashed
            self.forget()
            if not crashed:
                return
            yield call
        message = f"the step makes more than {_MOST_CALLS} calls"
        raise AssertionError(message)

    def refuse(self, operation: str, code: str, message: str = "refused", times: int = 1) -> None:
        """Answer the next calls of an operation with an error."""
        self._refusals.setdefault(operation, []).extend([(code, message)] * times)

    def forget(self) -> None:
        """Let everything go well from now on, and count again."""
        self._crash = None
        self._dead = False
        self._refusals.clear()
        self._seen.clear()
        self.calls.clear()

    @property
    def crashed(self) -> bool:
        """Whether the function was killed."""
        return self._dead

    def when_answered(self, operation: str, action: Callable[[], None]) -> None:
        """Do something once, when the next call of an operation has been answered."""
        self._actions[operation] = action

    def before(self, call: Call) -> None:
        """See a call that has changed nothing yet."""
        if self._dead:
            raise CrashError
        name = call.operation
        self.calls.append(name)
        self._seen.update([name, ""])
        self._crash_if_due(name, after=False)
        if self._refusals.get(name):
            code, message = self._refusals[name].pop()
            refusal: Any = {
                "Error": {"Code": code, "Message": message},
                "ResponseMetadata": {"HTTPStatusCode": 400, "RetryAttempts": 0},
            }
            raise ClientError(refusal, name)

    def after(self, call: Call, answer: Answer) -> None:
        """See a call that has taken effect."""
        if call.operation == "ReceiveMessage":
            self.handles += [message["ReceiptHandle"] for message in answer.get("Messages", [])]
        action = self._actions.pop(call.operation, None)
        if action is not None:
            action()
        try:
            self._crash_if_due(call.operation, after=True)
        except CrashError:
            if "Body" in answer and hasattr(answer["Body"], "close"):
                # Nobody will read it; the end of a process closes its connection.
                answer["Body"].close()
            raise

    def _crash_if_due(self, name: str, *, after: bool) -> None:
        if self._crash is None or self._crash[2] is not after:
            return
        operation, call, _ = self._crash
        if operation in ("", name) and self._seen[operation] >= call:
            self._dead = True
            raise CrashError
