"""A second interpreter of the Amazon States Language plays the tests of the state machine.

The tests run with a recorder. aws-local-stepfunctions plays each execution again, with the same
definition, input and replies of the functions: it has to call the functions with the same events,
enter the same states, and end with the same error or output. Waits and pauses take no time.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.referees.installation import node_packages, node_version, run
from tools.referees.json_lines import read_lines
from tools.referees.report import ROOT
from tools.referees.verdicts import Disagreement, Judge, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PACKAGE = "aws-local-stepfunctions"
_PROGRAM = Path(__file__).parent / "programs" / "executions.mjs"


def compared(
    executions: Sequence[Mapping[str, Any]], theirs: Sequence[Mapping[str, Any]]
) -> list[Disagreement]:
    """Compare executions of the sandbox with those of the judge.

    Args:
        executions: As they were recorded.
        theirs: The same executions as the judge played them.

    Returns:
        Those that differ.
    """
    found = []
    for number, (our, their) in enumerate(zip(executions, theirs, strict=True)):
        outer = json.loads(our["definition"])["States"]
        one, other = _essence(our, outer), _essence(their, outer)
        # What the judge did not call is what its execution did not come to.
        if one != other or their["uncalled"]:
            said = json.dumps({**other, "cause": their.get("cause"), "not": their["uncalled"]})
            found.append(Disagreement(f"{our['test']}, execution {number}", json.dumps(one), said))
    return found


def _essence(execution: Mapping[str, Any], outer: Mapping[str, Any]) -> dict[str, Any]:
    states = execution["states"]
    return {
        "ending": execution["ending"],
        "output": execution["output"],
        "states": [name for name in states if name in outer],
        # Iterations of a map run at the same time.
        "iterations": sorted(name for name in states if name not in outer),
    }


def _examine(folder: Path) -> Verdict:
    node = node_packages()
    file = folder / "executions.jsonl"
    options = ["-q", "-p", "tools.referees.hooks.executions", "-p", "no:cacheprovider"]
    environment = {"REFEREES_EXECUTIONS": str(file)}
    tests = "tests/statemachine"
    run([sys.executable, "-m", "pytest", *options, tests], cwd=ROOT, environment=environment)
    executions = read_lines(file.read_text(encoding="utf-8"))
    theirs = read_lines(run(["node", str(_PROGRAM), str(file)], cwd=node))
    found = compared(executions, theirs)
    return Verdict(f"{PACKAGE} {node_version(PACKAGE)}", len(executions), tuple(found))


JUDGE = Judge("state-machine", "the executions of tests/statemachine", _examine)
