"""One started sandbox for all tests of a process; moto's state is global, so names are fresh."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from labeling_sandbox.server import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

_RUNTIME_PYTHON = Path(__file__).resolve().parents[1] / ".venv-runtime" / "bin" / "python"


@pytest.fixture(scope="session")
def runtime_python() -> Path:
    """The interpreter for functions: the environment's choice, else the runtime venv."""
    named = os.environ.get("LABELING_SANDBOX_PYTHON")
    return Path(named) if named else _RUNTIME_PYTHON


@pytest.fixture(scope="session")
def sandbox(runtime_python: Path) -> Iterator[Sandbox]:
    """A started sandbox on a free port, with IAM enforced and waits a hundred times shorter."""
    with Sandbox(port=0, runtime_python=runtime_python, time_scale=0.01) as started:
        yield started
