"""The real functions, called in this process with the clock, clients and threads of a world."""

from __future__ import annotations

import functools
import importlib
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from labeling_faults.configuration import deployed
from labeling_faults.functions import runtime
from labeling_faults.functions.runtime import Invocation, KilledError
from labeling_faults.state_machine.interpreter import StateError
from labeling_lambdas.errors import LabelingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from labeling_faults.functions.runtime import Host
    from labeling_faults.state_machine.executions import Execution
    from labeling_faults.state_machine.paths import Json


@dataclass
class Functions:
    """Calls functions.

    Attributes:
        host: The world.
        surprises: Errors of functions that are neither their own nor a service's.
        calls: Steps that were called, in their order.
        abandoned: Whether the last call to end is not to be repeated.
        ended: Hears of every call that has ended, whatever its result.
    """

    host: Host
    surprises: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    abandoned: bool = False
    ended: Callable[[Invocation], None] = lambda _invocation: None
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def call(self, function: str, event: Json, owner: Execution | None = None) -> Json:
        """Call a function.

        Args:
            function: Its name, its ARN or its step.
            event: What it is given.
            owner: The execution that calls it, None if it is called by an event.

        Raises:
            StateError: If it fails, with the name that Lambda reports.
        """
        step = deployed().step_of(function)
        if step == "start_verification_job" and self.host.environment["VERIFICATION"] == "null":
            raise StateError("Lambda.ResourceNotFoundException", f"Function not found: {function}")
        clock = self.host.clock
        request_id = f"{next(self._numbers):08x}-0000-4000-8000-000000000000"
        invocation = Invocation(
            step, request_id, clock, clock.now + deployed().functions[step].timeout_seconds, owner
        )
        self.calls.append(step)
        self.host.invocations.append(invocation)
        runtime.enter(self.host)
        try:
            result = _handler(step)(event, invocation)
            invocation.check()
        except KilledError as death:
            raise StateError(invocation.killed_by, f"{step} was killed") from death
        except (LabelingError, ClientError) as error:
            raise StateError(type(error).__name__, str(error)) from error
        except Exception as error:
            self.surprises.append(f"{step}: {type(error).__name__}: {error}")
            raise StateError(type(error).__name__, str(error)) from error
        finally:
            self.host.invocations.pop()
            self.abandoned = invocation.abandoned
            self.ended(invocation)
        return result


@functools.cache
def _handler(step: str) -> Callable[[Json, Invocation], Json]:
    handler: Callable[[Json, Invocation], Json] = importlib.import_module(
        f"labeling_lambdas.handlers.{step}"
    ).handler
    return handler
