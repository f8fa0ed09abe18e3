"""Conventions for the repository as a whole."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.conventions.sources import ROOT, is_ours, shown, written_files

# Marks of unfinished work, split so that this file does not match itself.
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|raise NotImplemented" + r"Error)\b")
PINNED = re.compile(r"^[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+$")


def project(folder: str) -> dict[str, Any]:
    text = (ROOT / folder / "pyproject.toml").read_text(encoding="utf-8")
    content: dict[str, Any] = tomllib.loads(text)["project"]
    return content


def requirements(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(PINNED.match(pin) for pin in pins), "each line is name==version and nothing else"
    return dict(pin.lower().split("==") for pin in pins)


def test_the_functions_have_no_dependencies() -> None:
    assert project("lambda_src")["dependencies"] == []


def test_no_work_is_left_for_later() -> None:
    found = [
        f"{shown(path)}: {match[0]}"
        for path in written_files()
        for match in UNFINISHED.finditer(path.read_text(encoding="utf-8"))
    ]
    assert not found


def test_text_files_end_with_one_newline_and_have_unix_line_ends() -> None:
    found = []
    for path in written_files():
        content = path.read_bytes()
        if content and (b"\r" in content or not content.endswith(b"\n")):
            found.append(shown(path))
    assert not found


@pytest.mark.parametrize(
    "name",
    [
        "requirements-dev.txt",
        "requirements-formats.txt",
        "requirements-label-studio.txt",
        "requirements-runtime.txt",
    ],
)
def test_requirements_are_pinned_and_sorted(name: str) -> None:
    names = list(requirements(name))
    assert names == sorted(names)


def test_the_runtime_has_the_boto3_that_the_tests_use() -> None:
    tests = requirements("requirements-dev.txt")
    runtime = requirements("requirements-runtime.txt")
    assert {"awslambdaric", "boto3"} <= set(runtime)
    assert all(tests[name] == version for name, version in runtime.items() if name in tests)


def test_no_lock_file_or_state_is_in_the_module() -> None:
    kept = ["*.tfstate", "*.tfstate.*"]
    found = [path for pattern in kept for path in ROOT.rglob(pattern)]
    assert not [path for path in found if is_ours(path.relative_to(ROOT))]
    assert ".terraform.lock.hcl" in (ROOT / ".gitignore").read_text(encoding="utf-8")


def test_hidden_and_foreign_files_are_left_out() -> None:
    assert not is_ours(Path(".venv/lib/module.py"))
    assert not is_ours(Path("tools/__pycache__/module.py"))
    assert is_ours(Path("tools/module.py"))
