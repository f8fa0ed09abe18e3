"""Every crash point: each call of each function is the last call of its process once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labeling_faults.histories.scenarios import SCENARIOS
from labeling_faults.world.fault_points import Death, HappenAt, KillAt, Meanwhile, Recorder

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from labeling_faults.histories.scenario import Scenario


_FOR_LABEL_STUDIO = "advance_label_studio_jobs"

OTHER_COURSE = "the history took another course before the crash"


@dataclass(frozen=True, slots=True)
class CrashPoint:
    """Where and how a process dies, or is disturbed.

    Attributes:
        scenario: Position of the history.
        call: Which call of it.
        step: The function that makes it.
        operations: The operation, after the one before it.
        after_effect: Whether the call still takes effect.
        fault: What happens then.
    """

    scenario: int
    call: int
    step: str
    operations: tuple[str, str]
    after_effect: bool
    fault: Death | Meanwhile

    def __str__(self) -> str:
        """Return the point in words."""
        when = "after" if self.after_effect else "before"
        return f"{SCENARIOS[self.scenario].name!r}, {when} call {self.call}, {self.fault}"


@dataclass
class Crashed:
    """What came of some crash points.

    Attributes:
        points: How many there were.
        operations: Step and operation of every call that was a last one.
        broken: Broken promises with the point that broke them.
    """

    points: int = 0
    operations: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)

    def add(self, other: Crashed) -> None:
        """Add what came of other points."""
        self.points += other.points
        self.operations |= other.operations
        self.broken += other.broken


def recorded(scenario: Scenario) -> Recorder:
    """Play a history without faults and record its calls, until no work is left.

    Raises:
        ValueError: If it breaks a promise by itself.
    """
    recorder = Recorder()
    _, broken = scenario.end_of(recorder)
    if broken:
        message = f"{scenario.name}: {broken[0]}"
        raise ValueError(message)
    return recorder


def crash_points(names: Container[str] | None = None) -> Iterator[CrashPoint]:
    """Yield every crash point of every history.

    Args:
        names: The histories whose points are wanted, all by default.
    """
    for position, scenario in enumerate(SCENARIOS):
        if names is not None and scenario.name not in names:
            continue
        recorder = recorded(scenario)
        before = ""
        for call, (step, operation) in enumerate(recorder.calls):
            operations, before = (before, operation), operation
            for death in _deaths(step):
                yield CrashPoint(position, call, step, operations, after_effect=False, fault=death)
                # A call that is refused has no effect that a process could die after.
                if call in recorder.answered:
                    yield CrashPoint(
                        position, call, step, operations, after_effect=True, fault=death
                    )
            for what in _happenings(step, operation):
                yield CrashPoint(position, call, step, operations, after_effect=False, fault=what)


def _deaths(step: str) -> list[Death]:
    """Return the ways in which a process of a function dies.

    The function for Label Studio belongs to no execution, and no call of it is repeated: the
    schedule calls it again.
    """
    alone = step == _FOR_LABEL_STUDIO
    return [death for death in Death if not (alone and death is Death.EXECUTION_DEAD)]


def _happenings(step: str, operation: str) -> list[Meanwhile]:
    """Return what else can happen at a call."""
    if step != _FOR_LABEL_STUDIO:
        return []
    changes = operation.startswith(("POST ", "DELETE "))
    return [Meanwhile.LATE, Meanwhile.SECOND_CALL] if changes else [Meanwhile.SECOND_CALL]


def _faults_of(point: CrashPoint) -> KillAt | HappenAt:
    if isinstance(point.fault, Death):
        return KillAt(point.call, point.after_effect, point.fault)
    return HappenAt(point.call, point.fault)


def crash(point: CrashPoint) -> Crashed:
    """Let a process die and see what comes of it."""
    # The requests are those of the history without faults, which were checked.
    faults = _faults_of(point)
    _, broken = SCENARIOS[point.scenario].end_of(faults, strict=False)
    if not faults.done:
        broken = [*broken, OTHER_COURSE]
    return Crashed(1, {faults.where}, [f"{point} ({faults.where}): {it}" for it in broken])
