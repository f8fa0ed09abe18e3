"""Runs the ``terraform test`` files, which need no account and no Python of ours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from labeling_deployment.module import ROOT
from tests.terraform_module import HCL_TESTS, copy_module_with_tests, run_hcl_tests, variables_text

TEST_FILES = sorted(path.name for path in Path(__file__).parent.glob("*.tftest.hcl"))
SECONDS = 1500


@pytest.fixture(scope="session")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the module in which Terraform is ready to test."""
    folder = copy_module_with_tests(tmp_path_factory.mktemp("hcl"))
    terraform(folder, "init", "-input=false")
    return folder


def terraform(folder: Path, command: str, *options: str) -> str:
    done = run_hcl_tests(folder, command, *options, seconds=SECONDS)
    assert done.returncode == 0, f"terraform {command} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.terraform
@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("name", TEST_FILES)
def test_inputs_are_checked_at_plan(module: Path, name: str) -> None:
    output = terraform(module, "test", f"-filter={HCL_TESTS}/{name}")
    assert re.search(r"Success! [1-9][0-9]* passed, 0 failed\.", output)


def test_every_validation_has_a_case() -> None:
    cases = "".join((ROOT / HCL_TESTS / name).read_text() for name in TEST_FILES)
    validated = {
        block.split('"', maxsplit=1)[0]
        for block in variables_text().split('variable "')[1:]
        if "validation {" in block
    }
    assert validated == set(re.findall(r"expect_failures = \[var\.(\w+)\]", cases))
