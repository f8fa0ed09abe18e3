"""Remove one permission after the other: an error must name it, and nothing may be lost."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_sandbox.iam.used_grants import Grant
from tests.sabotage.plays import PLAYS
from tests.sabotage.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.pipeline.deployment import Deployment
    from tests.sabotage.plays import Play
    from tests.sabotage.removals import Removal

# A play whose workers were too quick for it shows nothing, so another that uses the permission is
# played, or the same again; a permission that nobody needs shows nothing twice.
_PERFORMANCES = 2
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Rehearsal:
    """A play with every permission in place.

    Attributes:
        play: The play.
        seconds: How long it took.
        used: The grants that it used.
    """

    play: Play
    seconds: float
    used: frozenset[Grant]

    def line(self) -> str:
        """One line for the reader."""
        return (
            f"rehearsed {self.seconds:5.1f} s  {self.play.name}: {len(self.used)} permissions used"
        )


@dataclass(frozen=True)
class Outcome:
    """What became of one removal.

    Attributes:
        removal: What was taken away.
        play: What was played without it.
        seconds: How long it took, until everything was stored.
        said: Where the loss was named; None where it was not noticed.
        fault: What was wrong afterwards, "" if everything was stored.
    """

    removal: Removal
    play: str
    seconds: float
    said: str | None
    fault: str = ""

    @property
    def caught(self) -> bool:
        """Whether it was named, and cost nothing."""
        return bool(self.said) and not self.fault

    def line(self) -> str:
        """One line for the reader."""
        verdict = "caught" if self.caught else "MISSED"
        told = self.fault or self.said or "nobody named it"
        return f"{verdict} {self.seconds:5.1f} s  {self.removal.name}  [{self.play}]  {told}"


def rehearse(deployment: Deployment, play: Play) -> Rehearsal:
    """Play with every permission in place and note which it uses.

    Raises:
        AssertionError: If something is lost although nothing is missing.
    """
    retire_functions(deployment)
    started = time.monotonic()
    stage = _stage(deployment, play, "rehearsal")
    stage.perform()
    used = frozenset(Grant(**each) for each in stage.evidence.control("authorization")["used"])
    seconds = time.monotonic() - started
    assert not stage.evidence.errors, f"{play.name}: {stage.evidence.errors}"
    stage.settle()
    return Rehearsal(play, seconds, used)


def rehearse_until_used(
    deployment: Deployment, wanted: Iterable[Grant], told: Callable[[str], None]
) -> list[Rehearsal]:
    """Rehearse plays until each grant has been used, or all were played."""
    missing, done = set(wanted), []
    for play in PLAYS:
        done.append(rehearse(deployment, play))
        told(done[-1].line())
        missing -= done[-1].used
        if not missing:
            break
    return done


def one_of_each_role(
    removals: Sequence[Removal], rehearsals: Sequence[Rehearsal]
) -> list[tuple[Removal, list[Play]]]:
    """Choose one permission of each role, rather what it alone does than what many do."""
    chosen: dict[str, tuple[Removal, list[Play]]] = {}
    for removal in sorted(removals, key=_commonness):
        plays = plays_for(removal, rehearsals)
        if removal.statement.place.service == "iam" and plays:
            chosen.setdefault(removal.owner, (removal, plays))
    return list(chosen.values())


def _commonness(removal: Removal) -> tuple[bool, bool, str]:
    usual = removal.statement.sid in ("Artifacts", "Key", "Ledger", "Log")
    return not removal.action, usual, removal.name


def plays_for(removal: Removal, rehearsals: Sequence[Rehearsal]) -> list[Play]:
    """The plays that used what is taken away; the shorter plays come first."""
    return [each.play for each in rehearsals if each.used & set(removal.grants)]


def sabotage(deployment: Deployment, removal: Removal, plays: Sequence[Play]) -> Outcome:
    """Remove one permission, play, restore it, and run until everything is stored."""
    started, said, fault = time.monotonic(), None, ""
    play = plays[0]
    try:
        if removal.delegates:
            # Alone it must be enough: else the loss of the others would be what is noticed.
            with removal.alone(deployment.pipeline):
                _undisturbed(deployment, play)
        for play in itertools.islice(itertools.cycle(plays), _PERFORMANCES):
            said, fault = _without(deployment, removal, play)
            if said:
                break
    except AssertionError as error:
        fault = str(error)
    return Outcome(removal, play.name, time.monotonic() - started, said, fault)


def _undisturbed(deployment: Deployment, play: Play) -> None:
    stage = _stage(deployment, play, "alone")
    stage.perform()
    assert not stage.evidence.errors, f"alone it is not enough: {stage.evidence.errors}"
    stage.settle()


def _without(deployment: Deployment, removal: Removal, play: Play) -> tuple[str | None, str]:
    """Play without a permission; return where that was named, or else what went wrong."""
    if removal.needs_new_environments:
        retire_functions(deployment, removal.owner)
    stage = _stage(deployment, play, "without", removal)
    with removal.taken(deployment.pipeline):
        said = stage.perform()
    if removal.needs_new_environments:
        retire_functions(deployment, removal.owner)
    stage.settle()
    return said, "" if said else "; ".join(stage.evidence.errors)[:300]


def retire_functions(deployment: Deployment, role: str = "") -> None:
    """End the environments of a role's functions, or of all, so that the next calls begin anew."""
    for arn in dict(deployment.pipeline.outputs["function_arns"]).values():
        name = str(arn).rpartition(":")[2]
        if not role or role.startswith(name):
            deployment.pipeline.control(f"functions/{name}/retire", {})


def _stage(deployment: Deployment, play: Play, kind: str, removal: Removal | None = None) -> Stage:
    name = f"{kind}-{next(_numbers)}-{play.name}"
    if removal is None:
        return Stage(deployment, play, name)
    return Stage(deployment, play, name, removal.proof)
