"""``make sabotage``: every permission of a deployed pipeline, removed one at a time."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labeling_sandbox.server import Sandbox
from tests.pipeline.deployment import VERIFICATION, Deployment, deploy
from tests.sabotage import denials, sabotage
from tests.sabotage.deployed_grants import pipeline_name
from tests.sabotage.plays import PLAYS, TEXT_PLAYS, Play
from tests.sabotage.removals import all_removals

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.sabotage.deployed_grants import DeployedStatement
    from tests.sabotage.removals import Removal

#: What splits texts exists only where texts are labeled: a second pipeline, of which only that is
#: looked at which the first does not have.
TEXT_EXAMPLE = "text_single_label_classification"


@dataclass
class Tally:
    """What was taken away so far.

    Attributes:
        only: A part of the names of what is taken away.
        known: What was met already, without the pipeline's name.
        total: How many were taken away.
        missed: What nobody missed.
    """

    only: str
    known: set[str] = field(default_factory=set)
    total: int = 0
    missed: list[str] = field(default_factory=list)

    def new(self, name: str, deployment: Deployment) -> bool:
        """Whether something is asked for and was not met in another pipeline."""
        general = name.replace(pipeline_name(deployment.pipeline), "<pipeline>")
        is_new = general not in self.known
        self.known.add(general)
        return is_new and self.only in name

    def count(self, name: str, line: str, *, caught: bool) -> None:
        """Note and tell what became of one."""
        self.total += 1
        if not caught:
            self.missed.append(name)
        say(f"{self.total} {line}")


def main() -> int:
    """Deploy, take away, tell."""
    parser = argparse.ArgumentParser(prog="make sabotage", description=__doc__)
    parser.add_argument("--only", default="", help="a part of the names of what is taken away")
    parser.add_argument("--list", action="store_true", help="only say what would be taken away")
    arguments = parser.parse_args()
    started, tally = time.monotonic(), Tally(arguments.only)
    with Sandbox(port=0, time_scale=0.01) as sandbox:
        pipelines: tuple[tuple[str, dict[str, Any], tuple[Play, ...]], ...] = (
            ("minimal", {"verification": VERIFICATION}, PLAYS),
            (TEXT_EXAMPLE, {}, TEXT_PLAYS),
        )
        for example, variables, plays in pipelines:
            with _deployed(sandbox, example, variables) as deployment:
                _sabotage(deployment, plays, tally, only_list=arguments.list)
    for name in tally.missed:
        say(f"MISSED {name}")
    caught, seconds = tally.total - len(tally.missed), time.monotonic() - started
    say(f"sabotage: {caught} of {tally.total} caught, {seconds:.0f} s")
    return 1 if tally.missed else 0


@contextmanager
def _deployed(sandbox: Sandbox, example: str, variables: dict[str, Any]) -> Iterator[Deployment]:
    with tempfile.TemporaryDirectory() as folder:
        deployment = deploy(sandbox, Path(folder), example, **variables)
        try:
            yield deployment
        finally:
            deployment.destroy()


def _sabotage(
    deployment: Deployment, plays: Sequence[Play], tally: Tally, *, only_list: bool
) -> None:
    pipeline = deployment.pipeline
    denying = [each for each in denials.denials(pipeline) if tally.new(each.name, deployment)]
    removals = [each for each in all_removals(pipeline) if tally.new(each.name, deployment)]
    say(f"{pipeline_name(pipeline)}: {len(removals)} permissions, {len(denying)} denials")
    if only_list:
        for name in [*(each.name for each in removals), *(each.name for each in denying)]:
            say(name)
        return
    _probe(deployment, denying, tally)
    _take_away(deployment, removals, plays, tally)


def _probe(deployment: Deployment, denying: list[DeployedStatement], tally: Tally) -> None:
    with denials.prober(deployment.pipeline) as prober:
        for statement in denying:
            caught, line = denials.check(prober, statement)
            tally.count(statement.name, line, caught=caught)


def _take_away(
    deployment: Deployment, removals: list[Removal], repertoire: Sequence[Play], tally: Tally
) -> None:
    rehearsals: list[sabotage.Rehearsal] = []
    unrehearsed = list(repertoire)
    for removal in removals:
        while not (plays := sabotage.plays_for(removal, rehearsals)) and unrehearsed:
            rehearsals.append(sabotage.rehearse(deployment, unrehearsed.pop(0)))
            say(rehearsals[-1].line())
        if not plays:
            line = f"MISSED  {removal.name}: no play uses it"
            tally.count(removal.name, line, caught=False)
            continue
        outcome = sabotage.sabotage(deployment, removal, plays)
        tally.count(removal.name, outcome.line(), caught=outcome.caught)


def say(line: str) -> None:
    """Print at once: whoever waits some minutes wants to see that it goes on."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
