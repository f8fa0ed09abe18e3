"""A bug that the suite puts into the pipeline, in memory and for one check only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from labeling_lambdas.errors import LabelingError

Function = Callable[..., Any]

#: What the broken functions hand on without looking at it.
Thing = Any


def always(value: object) -> Callable[[Function], Function]:
    """Return what makes a function that returns a value, whatever it is given."""
    return lambda _right: lambda *_arguments, **_more: value


class SeededBugCrashError(BaseException):
    """A seeded bug that crashes instead of breaking a promise. No function can catch it.

    The functions fail safely after a crash, so a suite that counted it would prove nothing.
    """


@dataclass(frozen=True)
class SeededBug:
    """A seeded bug.

    Attributes:
        invariant: The invariant that it breaks.
        name: What is wrong.
        step: The function whose calls become crash points first.
        owner: Class or module of the function.
        attribute: Name of the function.
        make: Makes the broken function from the right one.
    """

    invariant: str
    name: str
    step: str
    owner: object
    attribute: str
    make: Callable[[Function], Function]

    @contextmanager
    def seeded(self) -> Iterator[None]:
        """Put the bug in place.

        Raises:
            SeededBugCrashError: If the broken function raises an error of its own.
        """
        right = getattr(self.owner, self.attribute)
        setattr(self.owner, self.attribute, self._checked(self.make(right)))
        try:
            yield
        finally:
            setattr(self.owner, self.attribute, right)

    def _checked(self, broken: Function) -> Function:
        def call(*arguments: Thing, **named: Thing) -> Thing:
            try:
                return broken(*arguments, **named)
            except (LabelingError, ClientError):
                raise
            except Exception as error:
                message = f"{self.invariant} {self.name}: {type(error).__name__}: {error}"
                raise SeededBugCrashError(message) from error

        return call
