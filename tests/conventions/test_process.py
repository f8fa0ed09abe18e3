"""Functions reach the clock, pauses, threads and randomness of their process in one module."""

from __future__ import annotations

import pytest

from tests.conventions import python_rules as rules
from tests.conventions.sources import LAMBDAS, python_files

_MODULES = {"time", "random"}
_CLASSES = {"concurrent.futures.ThreadPoolExecutor", "threading.Thread"}


def process_breaches(source: str) -> list[str]:
    return [
        imported.name
        for imported in rules.imports(source)
        if imported.library in _MODULES or imported.name in _CLASSES
    ]


def test_only_one_module_uses_the_process_directly() -> None:
    users = [
        path.name
        for path in python_files(LAMBDAS)
        if process_breaches(path.read_text(encoding="utf-8"))
    ]
    assert users == ["process.py"]


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "from time import sleep",
        "def f():\n    import random",
        "from concurrent.futures import ThreadPoolExecutor, wait",
        "from threading import Thread",
    ],
)
def test_a_direct_use_is_detected(source: str) -> None:
    assert process_breaches(source)


@pytest.mark.parametrize("source", ["from concurrent.futures import wait", "import threading"])
def test_what_a_simulation_need_not_replace_is_allowed(source: str) -> None:
    assert not process_breaches(source)
