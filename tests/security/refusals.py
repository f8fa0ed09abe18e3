"""Which rule of the module refuses each case of ``tests/hcl``.

A case that expects a failure says of which variable or resource, not by which of its rules, so a
rule may have none of its own and could be dropped unseen. Here every case is run without its
expectation: the error that it then fails with has the place of the rule.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from labeling_deployment.module import ROOT
from tests.terraform_module import hcl_tests

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SECONDS = 900
_EXPECTATION = re.compile(r"^ *expect_failures = \[.*\]\n", re.MULTILINE)
_CASE = re.compile(r'^run "(?P<name>\w+)" \{\n.*?^\}\n', re.MULTILINE | re.DOTALL)
_RULE = re.compile(
    r"^ +(?:validation|precondition|postcondition) \{\n.*?"
    r'^ +error_message = "(?P<message>[^\n]*)"\n',
    re.MULTILINE | re.DOTALL,
)
_VALIDATION = re.compile(r"checked by the validation rule at (?P<file>\S+):(?P<line>\d+),")


class Place(NamedTuple):
    """A line of the module: its file, from the root of the checkout, and its number."""

    file: str
    line: int


@dataclass(frozen=True)
class Rule:
    """A validation, precondition or postcondition.

    Attributes:
        file: Where it stands, from the root of the checkout.
        lines: Its lines, from that of its kind to that of its message.
        message: Its message as it is written.
    """

    file: str
    lines: range
    message: str

    @property
    def name(self) -> str:
        """Place and message, for people."""
        return f"{self.file}:{self.lines[0]}: {self.message}"

    def has(self, place: Place) -> bool:
        """Whether a place is one of its lines."""
        return place.file == self.file and place.line in self.lines


def rules() -> list[Rule]:
    """Every rule of the module and its submodules."""
    files = [*ROOT.glob("*.tf"), *ROOT.glob("modules/*/*.tf")]
    return [
        rule
        for file in sorted(files)
        for rule in rules_of(str(file.relative_to(ROOT)), file.read_text(encoding="utf-8"))
    ]


def rules_of(file: str, text: str) -> Iterator[Rule]:
    """Every rule in the text of one file."""
    for found in _RULE.finditer(text):
        first = text.count("\n", 0, found.start()) + 1
        yield Rule(file, range(first, first + found[0].count("\n")), found["message"])


def refusals() -> dict[str, list[Place]]:
    """Run every case that expects a failure without that expectation.

    Returns:
        Where the errors are that each case fails with, by the case's name.

    Raises:
        RuntimeError: If Terraform cannot run the cases.
    """
    with (
        tempfile.TemporaryDirectory(prefix="refusals-") as name,
        hcl_tests(Path(name), SECONDS, prepare=_split_all) as tests,
    ):
        told = tests.run("-json", seconds=SECONDS).stdout
    return errors(json.loads(line) for line in told.splitlines())


def errors(events: Iterable[dict[str, Any]]) -> dict[str, list[Place]]:
    """Return where the errors of each case are.

    Args:
        events: What ``terraform test -json`` prints.
    """
    places: dict[str, list[Place]] = defaultdict(list)
    for event in events:
        shown = event.get("diagnostic", {})
        if shown.get("severity") == "error" and "@testrun" in event:
            places[event["@testrun"]].append(_place(shown))
    return dict(places)


def _place(diagnostic: dict[str, Any]) -> Place:
    # The range of a validation's error is where the case sets the variable.
    validation = _VALIDATION.search(" ".join(diagnostic.get("detail", "").split()))
    if validation:
        return Place(validation["file"], int(validation["line"]))
    where = diagnostic.get("range", {"filename": "", "start": {"line": 0}})
    return Place(where["filename"], where["start"]["line"])


def _split_all(folder: Path) -> None:
    for file in list(folder.glob("*.tftest.hcl")):
        text = file.read_text(encoding="utf-8")
        file.unlink()
        for name, alone in split(text).items():
            file.with_name(f"{name}.tftest.hcl").write_text(alone, encoding="utf-8")


def split(text: str) -> dict[str, str]:
    """Give each case that expects a failure a file of its own: a failure ends its file's test.

    What is applied before a case is applied before it there too. The case loses its expectation.

    Args:
        text: A file of cases.

    Returns:
        The text of each file, by the name of its case.
    """
    cases = list(_CASE.finditer(text))
    before, files = text[: cases[0].start()], {}
    for case in cases:
        if _EXPECTATION.search(case[0]):
            files[case["name"]] = before + _EXPECTATION.sub("", case[0])
        elif "command = apply" in case[0]:
            before += case[0]
    return files


def unproven(refused: dict[str, list[Place]]) -> list[str]:
    """Return the rules that no case breaks alone: without them every case would still be refused.

    Args:
        refused: Where the errors are that each case fails with.
    """
    alone = [places[0] for places in refused.values() if len(places) == 1]
    return [rule.name for rule in rules() if not any(rule.has(place) for place in alone)]
