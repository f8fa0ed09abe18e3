"""A call of a service, and the hooks that observe or disturb it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

Parameters = Mapping[str, Any]
Answer = dict[str, Any]
Operation = Callable[[Parameters], Answer]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an operation.

    Attributes:
        index: Which call of the account this is, from 0.
        service: boto3's name of the service.
        operation: botocore's name of the operation, such as ``PutObject``.
        parameters: What the caller gave. Not to be changed.
    """

    index: int
    service: str
    operation: str
    parameters: Parameters


class Observer(Protocol):
    """Sees every call; what it raises reaches the caller instead of the answer."""

    def before(self, call: Call) -> None:
        """See a call that has changed nothing yet."""
        ...

    def after(self, call: Call, answer: Answer) -> None:
        """See a call that has taken effect and was not refused; the answer may be changed."""
        ...


class Clock(Protocol):
    """The time of an account."""

    @property
    def now(self) -> float:
        """Epoch seconds."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        ...


class ErrorMaker(Protocol):
    """Makes the error with which a service refuses a call."""

    def __call__(
        self, service: str, operation: str, code: str, message: str = "", **members: object
    ) -> ClientError:
        """Return the error, as botocore raises it.

        Args:
            service: boto3's name of the service.
            operation: botocore's name of the operation.
            code: The service's error code.
            message: Its text.
            members: Further members of the error, such as ``CancellationReasons``.
        """
        ...


class RefusalError(Exception):
    """A service's own way to say no; the account makes a ``ClientError`` of it."""

    def __init__(self, code: str, message: str, **members: object) -> None:
        """Refuse a call.

        Args:
            code: The service's error code.
            message: Its text.
            members: Further members of the error.
        """
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.members = members


def nothing_chosen(_candidates: object) -> frozenset[int]:
    """Choose none: nothing goes wrong."""
    return frozenset()
