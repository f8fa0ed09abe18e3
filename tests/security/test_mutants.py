"""The list of breakages fits the module; that each is noticed is what ``make mutants`` shows."""

from __future__ import annotations

import pytest

from tests.security.mutants import Mutant, UnfitError, mutants
from tests.terraform_module import ROOT


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
