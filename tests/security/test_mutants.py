"""The list of breakages fits the module; that each is noticed is what ``make mutants`` shows."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from labeling_deployment.module import ROOT
from tests.security import refusals
from tests.security.mutants import Mutant, UnfitError, environment_of, mutants
from tests.security.refusals import Rule, rules

if TYPE_CHECKING:
    from pathlib import Path


def test_every_breakage_fits_the_module_and_names_a_test() -> None:
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
def test_a_breakage_whose_place_is_gone_or_not_clear_is_an_error(after: str, old: str) -> None:
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


REGION = Rule(
    "variables.tf", "workteam_arn must be of the region ${data.aws_service.sagemaker.region}."
)
LENGTH = Rule("variables.tf", "workteam_arn must have at most 256 characters.")


@pytest.mark.parametrize(
    ("error", "named"),
    [
        ("Invalid value workteam_arn must be of the\nregion eu-west-1.", True),
        ("Invalid value verification.workteam_arn must be of the region eu-west-1.", False),
        ("Invalid value workteam_arn must have at most 256 characters.", False),
    ],
)
def test_a_rule_is_known_by_its_message(error: str, *, named: bool) -> None:
    assert REGION.said_in(error) is named


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
    region = "workteam_arn must be of the region eu-west-1."
    length = "workteam_arn must have at most 256 characters."
    assert refusals.unproven({"far": [region], "far and long": [region, length]}) == [LENGTH.name]
    assert refusals.unproven({"far": [region], "long": [length]}) == []
