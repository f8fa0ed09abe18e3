"""One started sandbox for all tests of a process; moto's state is global, so names are fresh."""

from __future__ import annotations

import functools
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

import botocore.session
import pytest
from botocore.loaders import create_loader

from labeling_lambdas.aws import clients, feature_store, queues
from labeling_sandbox.server import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

_RUNTIME_PYTHON = Path(__file__).resolve().parents[1] / ".venv-runtime" / "bin" / "python"


@pytest.fixture(scope="session", autouse=True)
def _service_models_are_read_once() -> Iterator[None]:
    """Let all sessions share what botocore reads from its files, which takes longer than calls."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", functools.cache(create_loader))
        yield


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


@pytest.fixture(scope="session")
def _functions_clients() -> Iterator[None]:
    """Keep the functions' clients from test to test, and leave none behind."""
    clients.forget()
    yield
    clients.forget()


@pytest.fixture
def _functions_here(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Let the functions be called in this process, without waiting."""
    # What is logged is formatted too, as the Lambda runtime does at this level.
    caplog.set_level(logging.INFO, "labeling_lambdas")
    # An empty queue is known at once here; on AWS a long poll asks all of its servers.
    monkeypatch.setattr(queues, "LONG_POLL_SECONDS", 0)
    monkeypatch.setattr(queues, "_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(feature_store, "_BASE_DELAY_SECONDS", 0.001)


@pytest.fixture
def _functions_in_sandbox(
    sandbox: Sandbox,
    _functions_clients: None,
    _functions_here: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Let the functions that are called in this process have the sandbox for AWS."""
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
