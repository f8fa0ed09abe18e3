"""Each mark in the table of task types has a test, and each test has a mark."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from labeling_deployment.module import ROOT, TASK_TYPES

TABLE = re.compile(r"^\| `(\w+)` \|(.*)\|$", re.MULTILINE)
_COLLECTION_SECONDS = 600

# The test that each column requires for a marked task type.
TESTS = {
    "template": "tests/plan/test_worker_ui.py::"
    "test_a_template_has_the_element_that_the_service_reads",
    "service": "tests/plan/test_worker_ui.py::"
    "test_a_job_names_either_a_template_or_the_user_interface_of_the_service",
    "categories": "tests/plan/test_worker_ui.py::test_the_categories_hold_the_",
    "request": "tests/plan/test_worker_ui.py::"
    "test_the_request_that_is_made_of_the_settings_is_one_that_boto3_knows",
    "output": "tests/domain/test_labels.py::test_a_recorded_line_has_this_label",
    "reviewed": "tests/plan/test_verification_ui.py::test_reviewers_choose_from_the_categories",
    "verification request": "tests/plan/test_verification.py::"
    "test_the_request_that_is_made_of_the_settings_is_one_that_boto3_knows",
    "record": "tests/handlers/test_task_types.py::test_what_was_recorded_is_stored",
}

# The lines of the first task type are recorded without its name.
UNNAMED = {
    ("output", "image_single_label_classification"): (
        "tests/domain/test_output_lines.py::test_a_labeled_line_has_this_label[labeled_"
    )
}


def rows() -> dict[str, list[str]]:
    text = (ROOT / "docs" / "task-types.md").read_text(encoding="utf-8")
    return {
        name: [cell.strip() for cell in cells.split("|")] for name, cells in TABLE.findall(text)
    }


@pytest.fixture(scope="module")
def collected() -> list[str]:
    names = [*TESTS.values(), *UNNAMED.values()]
    files = sorted({name.partition("::")[0] for name in names})
    # Without the options of this run, which may select tests or distribute them to workers.
    options = ["-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--collect-only", "-q", *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_COLLECTION_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def has_test(collected: list[str], kind: str, task_type: str) -> bool:
    if (kind, task_type) in UNNAMED:
        return any(node.startswith(UNNAMED[kind, task_type]) for node in collected)
    wanted = re.compile(rf"{re.escape(TESTS[kind])}\w*\[{task_type}[\]-]")
    return any(wanted.match(node) for node in collected)


def table() -> dict[str, dict[str, Any]]:
    parsed: dict[str, dict[str, Any]] = json.loads((ROOT / TASK_TYPES).read_text())["task_types"]
    return parsed


def test_the_table_has_a_row_for_each_task_type() -> None:
    assert sorted(rows()) == sorted(table())


@pytest.mark.parametrize("task_type", sorted(rows()))
def test_each_mark_stands_for_a_test(collected: list[str], task_type: str) -> None:
    page, *marks = rows()[task_type]
    workflow = marks.pop(4)
    own = table()[task_type]["verification"]["workflow"] == "custom"
    assert workflow == ("the module" if own else "Ground Truth")
    expected = "template" if page == "template" else "service"
    assert has_test(collected, expected, task_type)
    kinds = (
        "categories",
        "request",
        "output",
        "record",
        "reviewed",
        "verification request",
    )
    for kind, mark in zip(kinds, marks, strict=True):
        assert (mark == "✓") == has_test(collected, kind, task_type), kind
