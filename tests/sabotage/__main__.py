"""``make sabotage``: every right of a deployed pipeline, taken away one at a time."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from labeling_sandbox.server import Sandbox
from tests.pipeline.deployment import Deployment, deploy
from tests.sabotage import denials, sabotage
from tests.sabotage.removals import all_removals


def main() -> int:
    parser = argparse.ArgumentParser(prog="make sabotage", description=__doc__)
    parser.add_argument("--only", default="", help="a part of the names of removals")
    parser.add_argument("--list", action="store_true", help="only say what would be taken away")
    arguments = parser.parse_args()
    started = time.monotonic()
    with Sandbox(port=0, time_scale=0.01) as sandbox, tempfile.TemporaryDirectory() as folder:
        deployment = deploy(sandbox, Path(folder))
        try:
            missed = _sabotage(deployment, arguments.only, only_list=arguments.list)
        finally:
            deployment.destroy()
    say(f"{time.monotonic() - started:.0f} s in all")
    return 1 if missed else 0


def _sabotage(deployment: Deployment, only: str, *, only_list: bool) -> int:
    removals = [each for each in all_removals(deployment.pipeline) if only in each.name]
    denying = [each for each in denials.denials(deployment.pipeline) if only in each.name]
    say(f"{len(removals)} rights to take away, {len(denying)} denials")
    if only_list:
        for name in [*(each.name for each in removals), *(each.name for each in denying)]:
            say(name)
        return 0
    missed = []
    with denials.prober(deployment.pipeline) as prober:
        for number, statement in enumerate(denying, 1):
            caught, line = denials.check(prober, statement)
            say(f"{number}/{len(denying)} {line}")
            if not caught:
                missed.append(statement.name)
    rehearsals = sabotage.rehearse_all(deployment, say) if removals else []
    for number, removal in enumerate(removals, 1):
        play = sabotage.play_for(removal, rehearsals)
        if play is None:
            missed.append(removal.name)
            say(f"{number}/{len(removals)} MISSED  {removal.name}: no play uses it")
            continue
        outcome = sabotage.sabotage(deployment, removal, play)
        say(f"{number}/{len(removals)} {outcome.line()}")
        if not outcome.caught:
            missed.append(removal.name)
    total = len(removals) + len(denying)
    say(f"sabotage: {total - len(missed)} of {total} removals caught")
    return len(missed)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
