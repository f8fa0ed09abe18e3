"""Runs the ``terraform test`` files, which need no account and no Python of ours."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from labeling_deployment.module import ROOT
from tests.terraform_module import HCL_TESTS, hcl_tests, variables_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.terraform_module import HclTests

TEST_FILES = sorted(path.name for path in Path(__file__).parent.glob("*.tftest.hcl"))
SECONDS = 1500


@pytest.fixture(scope="session")
def tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HclTests]:
    with hcl_tests(tmp_path_factory.mktemp("hcl"), SECONDS) as ready:
        yield ready


@pytest.mark.terraform
@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("name", TEST_FILES)
def test_inputs_are_checked_at_plan(tests: HclTests, name: str) -> None:
    done = tests.run(f"-filter={HCL_TESTS}/{name}", seconds=SECONDS)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert re.search(r"Success! [1-9][0-9]* passed, 0 failed\.", done.stdout)


def test_every_validation_has_a_case() -> None:
    cases = "".join((ROOT / HCL_TESTS / name).read_text() for name in TEST_FILES)
    validated = {
        block.split('"', maxsplit=1)[0]
        for block in variables_text().split('variable "')[1:]
        if "validation {" in block
    }
    assert validated == set(re.findall(r"expect_failures = \[var\.(\w+)\]", cases))
