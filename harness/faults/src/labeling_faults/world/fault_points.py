"""Fault points: the faults of the functions' calls, and their times."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from labeling_faults.label_studio.connection import SERVICE, failure

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from in_process_aws.account import Account
    from in_process_aws.calls import Answer, Call
    from labeling_faults.functions.runtime import Invocation
    from labeling_faults.simulated_time.clock import Clock


#: Seconds that functions wait for Label Studio, and in which it may then still carry out a call.
_WAIT_SECONDS, LATE_SECONDS = 60.0, 110.0


class FaultTarget(Protocol):
    """What faults reach of a world; each is described there."""

    account: Account
    calls: int
    chance: random.Random
    clock: Clock
    invocations: list[Invocation]
    seed: int

    def carry_out_later(self, call: Call, seconds: float) -> None:
        """Let a call of Label Studio take effect later."""

    def advance_label_studio_jobs(self) -> None:
        """Call the function for Label Studio, as its schedule does."""

    def end_current_execution(self) -> None:
        """Abort the execution whose function is running."""

    def outside(self) -> AbstractContextManager[None]:
        """Let the world go on in the middle of a function."""

    def refuse_records(self, entries: Sequence[Mapping[str, Any]]) -> dict[int, tuple[str, str]]:
        """Refuse the records of some objects."""


class Faults(Protocol):
    """Fault points in the functions' calls."""

    def before(self, world: FaultTarget, number: int, call: Call) -> None:
        """Inject a fault before a call takes effect; ``number`` counts the calls."""

    def after(self, world: FaultTarget, number: int, call: Call, answer: Answer) -> None:
        """Inject a fault into the response of a call that has taken effect."""


class NoFaults:
    """No faults."""

    def before(self, world: FaultTarget, number: int, call: Call) -> None:
        """Inject nothing before the call."""

    def after(self, world: FaultTarget, number: int, call: Call, answer: Answer) -> None:
        """Inject nothing into the response."""


class Death(StrEnum):
    """The ways in which a process dies, and what follows."""

    #: The state machine, or Lambda, calls the function again.
    RETRIED = "retried"
    #: The execution dies too; only later schedules run.
    EXECUTION_DEAD = "execution dead"
    #: The call takes so long that Lambda ends the function; it is called again.
    TIMEOUT = "timeout"


@dataclass
class KillAt:
    """The process dies at one call.

    Attributes:
        number: Which call of the history.
        after_effect: Whether the call still takes effect.
        death: What follows.
        done: Whether it has happened.
        where: The step and the operation, once it has.
    """

    number: int
    after_effect: bool
    death: Death
    done: bool = False
    where: str = ""

    def before(self, world: FaultTarget, number: int, call: Call) -> None:
        """Kill the process before the call."""
        if number == self.number and not self.after_effect:
            self._kill(world, call)

    def after(self, world: FaultTarget, number: int, call: Call, answer: Answer) -> None:
        """Kill the process after the call."""
        if number == self.number and self.after_effect:
            self._kill(world, call)

    def _kill(self, world: FaultTarget, call: Call) -> None:
        self.done = True
        invocation = world.invocations[-1]
        self.where = f"{invocation.step} {call.operation}"
        if self.death is Death.EXECUTION_DEAD:
            world.end_current_execution()
        if self.death is Death.TIMEOUT:
            world.clock.move_to(invocation.ends_at)
            invocation.kill("Sandbox.Timedout")
        invocation.kill("Runtime.ExitError")


class Meanwhile(StrEnum):
    """What happens at a call of the function for Label Studio and does not end its process."""

    #: Label Studio carries out the call after the function has stopped waiting for it.
    LATE = "carried out late"
    #: The function is called a second time.
    SECOND_CALL = "second call meanwhile"


@dataclass
class HappenAt:
    """Something happens before one call.

    Attributes:
        number: Which call of the history.
        what: What happens.
        done: Whether it has happened.
        where: The step and the operation, once it has.
    """

    number: int
    what: Meanwhile
    done: bool = False
    where: str = ""

    def before(self, world: FaultTarget, number: int, call: Call) -> None:
        """Let it happen before the call."""
        is_late = self.what is Meanwhile.LATE
        if number != self.number or (is_late and call.service != SERVICE):
            return
        self.done = True
        self.where = f"{world.invocations[-1].step} {call.operation}"
        if is_late:
            carry_out_late(world, call, LATE_SECONDS)
        with world.outside():
            world.advance_label_studio_jobs()

    def after(self, world: FaultTarget, number: int, call: Call, answer: Answer) -> None:
        """Do nothing after the call."""


def carry_out_late(world: FaultTarget, call: Call, seconds: float) -> NoReturn:
    """Let Label Studio carry out a call after the function has stopped waiting for it.

    Args:
        world: Where.
        call: The call.
        seconds: How long after that.

    Raises:
        LabelStudioUnavailableError: Always.
    """
    request = call.parameters["request"]
    world.clock.sleep(_WAIT_SECONDS)
    if request.method != "GET":
        world.carry_out_later(call, seconds)
    raise failure(request, HTTPStatus.GATEWAY_TIMEOUT)


@dataclass
class Recorder:
    """Notes every call of a history.

    Attributes:
        calls: Step and operation of each.
        answered: Which of them were not refused.
    """

    calls: list[tuple[str, str]] = field(default_factory=list)
    answered: set[int] = field(default_factory=set)

    def before(self, world: FaultTarget, number: int, call: Call) -> None:
        """Note the call."""
        self.calls.append((world.invocations[-1].step, call.operation))

    def after(self, world: FaultTarget, number: int, call: Call, answer: Answer) -> None:
        """Note the answer."""
        self.answered.add(number)
