"""The README agrees with the code."""

from __future__ import annotations

import json
import re
from typing import Any

from labeling_deployment.module import ROOT
from tests.terraform_module import variables_text

README = (ROOT / "README.md").read_text(encoding="utf-8")


def end_states() -> set[str]:
    text = (ROOT / "statemachine.asl.json.tftpl").read_text(encoding="utf-8")
    # Without the directives the states of every switch are there. The placeholders stand for
    # numbers, lists and parts of strings: any number fits all of them.
    rendered = re.sub(r"\$\{[^}]*\}", "0", re.sub(r"%\{[^}]*\}", "", text))
    states: dict[str, Any] = json.loads(rendered)["States"]
    return {name for name, state in states.items() if state["Type"] in ("Succeed", "Fail")}


def test_the_table_of_outcomes_has_every_end_state() -> None:
    described = set(re.findall(r"^\| `(\w+)` \| (?:SUCCEEDED|FAILED)", README, re.MULTILINE))
    assert described == end_states()


def test_each_input_of_the_prerequisites_exists() -> None:
    variables = set(re.findall(r'^variable "(\w+)"', variables_text(), re.MULTILINE))
    table = README[README.index("## Prerequisites") : README.index("## Cost")]
    named = set(re.findall(r"^\|[^|]*\|[^|]*`(\w+)`", table, re.MULTILINE))
    assert named
    assert named <= variables
