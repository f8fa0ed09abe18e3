"""The list of mutants fits the module; that each is noticed is what ``make mutants`` shows."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from labeling_deployment.module import ROOT
from tests.security import refusals
from tests.security.mutants import Mutant, UnfitError, environment_of, mutants
from tests.security.refusals import Place, errors, rules, rules_of, split

if TYPE_CHECKING:
    from pathlib import Path


def test_every_mutant_fits_the_module_and_names_a_test() -> None:
    listed = mutants()
    assert len(listed) >= 30
    assert len({each.name for each in listed}) == len(listed)
    for each in listed:
        text = (ROOT / each.file).read_text(encoding="utf-8")
        assert each.broken(text) != text, each.name
        file, _, test = each.test.partition("::")
        source = (ROOT / file).read_text(encoding="utf-8")
        assert f"def {test.partition('[')[0]}(" in source, each.name


@pytest.mark.parametrize(
    ("after", "old"),
    [("gone", "value = 1"), ("", "value = 3"), ("second", "value = 1"), ("value", "= 1")],
)
def test_a_mutant_whose_place_is_gone_or_not_clear_is_an_error(after: str, old: str) -> None:
    mutant = Mutant("name", "file", after, old, "", "tests/x.py::test_x")
    with pytest.raises(UnfitError):
        mutant.broken("first value = 1\nsecond value = 2\n")


def test_the_tests_of_a_copy_read_the_copy(tmp_path: Path) -> None:
    sources = ROOT / "harness/deployment/src"
    shutil.copytree(sources, tmp_path / "harness/deployment/src")
    show_root = "from labeling_deployment.module import ROOT; print(ROOT)"
    shown = subprocess.run(
        [sys.executable, "-c", show_root],
        env=environment_of(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == str(tmp_path)


RULES = """
variable "workteam_arn" {
  validation {
    condition     = local.region
    error_message = "workteam_arn must be of ${join(", ", keys({ a = 1 }))}."
  }

  validation {
    condition = (
      local.length
    )
    error_message = "workteam_arn must have at most 256 characters."
  }
}
"""
REGION, LENGTH = rules_of("variables.tf", RULES)


def test_a_rule_has_the_lines_of_its_block() -> None:
    assert (REGION.lines, LENGTH.lines) == (range(3, 6), range(8, 13))
    assert LENGTH.message == "workteam_arn must have at most 256 characters."
    assert LENGTH.has(Place("variables.tf", 8))
    assert not LENGTH.has(Place("variables.tf", 7))
    assert not LENGTH.has(Place("locals.tf", 8))


VALIDATION = {
    "severity": "error",
    "detail": "Too long.\n\nThis was checked by the validation rule at\nvariables.tf:8,3-13.",
    "range": {"filename": "tests/hcl/long.tftest.hcl", "start": {"line": 30}},
}
POSTCONDITION = {
    "severity": "error",
    "detail": "Another region.",
    "range": {"filename": "deployment.tf", "start": {"line": 5}},
}
NOWHERE = {"severity": "error", "summary": "Failed to load."}


@pytest.mark.parametrize(
    ("diagnostic", "place"),
    [
        (VALIDATION, Place("variables.tf", 8)),
        (POSTCONDITION, Place("deployment.tf", 5)),
        (NOWHERE, Place("", 0)),
    ],
)
def test_an_error_has_the_place_of_its_rule(diagnostic: dict[str, Any], place: Place) -> None:
    warning = {"@testrun": "long", "diagnostic": POSTCONDITION | {"severity": "warning"}}
    elsewhere = {"type": "diagnostic", "diagnostic": POSTCONDITION}
    event = {"@testrun": "long", "diagnostic": diagnostic}
    assert errors([{"type": "test_summary"}, warning, elsewhere, event]) == {"long": [place]}


CASES = """variables {
  name = "digits"
}

run "applies_it" {
  command = apply
}

run "refuses_letters" {
  command = plan

  expect_failures = [var.name]
}

run "accepts_numbers" {
  command = plan
}

run "refuses_words" {
  command = plan

  expect_failures = [var.name]
}
"""


def test_a_case_that_stands_alone_keeps_what_is_applied_before_it() -> None:
    files = split(CASES)
    assert list(files) == ["refuses_letters", "refuses_words"]
    assert re.findall(r'run "(\w+)"', files["refuses_words"]) == ["applies_it", "refuses_words"]
    for text in files.values():
        assert text.startswith("variables {")
        assert "expect_failures" not in text


def test_every_rule_of_the_module_is_found() -> None:
    written = sum(
        len(re.findall(r"^ +(?:validation|precondition|postcondition) \{", text, re.MULTILINE))
        for text in (
            file.read_text(encoding="utf-8")
            for file in [*ROOT.glob("*.tf"), *ROOT.glob("modules/*/*.tf")]
        )
    )
    assert len(rules()) == written > 80
    assert len({rule.name for rule in rules()}) == written


def test_a_rule_that_is_never_the_only_one_is_unproven(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "rules", lambda: [REGION, LENGTH])
    region, length = Place("variables.tf", 3), Place("variables.tf", 8)
    assert refusals.unproven({"far": [region], "far and long": [region, length]}) == [LENGTH.name]
    assert refusals.unproven({"far": [region], "long": [length]}) == []
