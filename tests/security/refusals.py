"""Which rule of the module refuses each case of ``tests/hcl``.

A case that expects a failure says of which variable, not by which of its rules, so a rule may have
none of its own and could be dropped unseen. Here every case is run without its expectation: the
message that it then fails with names the rule.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from labeling_deployment.module import ROOT
from tests.terraform_module import hcl_tests

SECONDS = 900
_EXPECTATION = re.compile(r"^ *expect_failures = \[.*\]\n", re.MULTILINE)
_CASE = re.compile(r'^run "(?P<name>\w+)" \{\n.*?^\}\n', re.MULTILINE | re.DOTALL)
_RULE = re.compile(
    r"^ +(?:validation|precondition|postcondition) \{\n.*?"
    r'^ +error_message = "(?P<message>[^\n]*)"\n',
    re.MULTILINE | re.DOTALL,
)
_INTERPOLATION = re.compile(r"\$\{.*?\}")


@dataclass(frozen=True)
class Rule:
    """A validation, precondition or postcondition.

    Attributes:
        file: Where it stands, from the root of the checkout.
        message: Its message as it is written.
    """

    file: str
    message: str

    @property
    def name(self) -> str:
        """File and message, for people."""
        return f"{self.file}: {self.message}"

    def said_in(self, text: str) -> bool:
        """Whether a text holds the message, whatever its interpolated parts became."""
        parts = _INTERPOLATION.split(_spaced(self.message.replace('\\"', '"')))
        pattern = ".*?".join(re.escape(part) for part in parts)
        # Of two rules one may say the same of a name that the other's name ends with.
        return re.search(rf"(?<![\w.]){pattern}", _spaced(text)) is not None


def rules() -> list[Rule]:
    """Every rule of the module and its submodules."""
    files = [*ROOT.glob("*.tf"), *ROOT.glob("modules/*/*.tf")]
    return [
        Rule(str(file.relative_to(ROOT)), found["message"])
        for file in sorted(files)
        for found in _RULE.finditer(file.read_text(encoding="utf-8"))
    ]


def refusals() -> dict[str, list[str]]:
    """Run every case that expects a failure without that expectation.

    Returns:
        What each case fails with: its errors, by its name.

    Raises:
        RuntimeError: If Terraform cannot run the cases.
    """
    with (
        tempfile.TemporaryDirectory(prefix="refusals-") as name,
        hcl_tests(Path(name), SECONDS, prepare=_split_all) as tests,
    ):
        told = tests.run("-json", seconds=SECONDS).stdout
    errors: dict[str, list[str]] = defaultdict(list)
    for line in told.splitlines():
        event = json.loads(line)
        if event["type"] == "diagnostic" and "@testrun" in event:
            shown = event["diagnostic"]
            errors[event["@testrun"]].append(f"{shown['summary']} {shown.get('detail', '')}")
    return dict(errors)


def _split_all(folder: Path) -> None:
    for file in list(folder.glob("*.tftest.hcl")):
        _split(file)


def _split(file: Path) -> None:
    """Give each case that expects a failure a file of its own: a failure ends its file's test."""
    text = file.read_text(encoding="utf-8")
    cases = list(_CASE.finditer(text))
    setting = text[: cases[0].start()]
    file.unlink()
    for case in cases:
        if _EXPECTATION.search(case[0]):
            alone = setting + _EXPECTATION.sub("", case[0])
            file.with_name(f"{case['name']}.tftest.hcl").write_text(alone, encoding="utf-8")


def unproven(refused: dict[str, list[str]]) -> list[str]:
    """Return the rules that no case breaks alone: without them every case would still be refused.

    Args:
        refused: What each case fails with.
    """
    known = rules()
    alone = set()
    for errors in refused.values():
        named = {rule for rule in known for error in errors if rule.said_in(error)}
        if len(named) == 1 and len(errors) == 1:
            alone |= named
    return [rule.name for rule in known if rule not in alone]


def _spaced(text: str) -> str:
    """Terraform breaks long messages into lines."""
    return " ".join(text.split())
