from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.plan.plans import offline_plans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.plan.planned import Planned


@pytest.fixture(scope="session")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Planned]]:
    """Plan a scenario with the real provider, once in the session, however many workers it has."""
    shared = _shared_by_workers(tmp_path_factory)
    with offline_plans(tmp_path_factory.mktemp("plan"), shared) as planned:
        yield planned


def _shared_by_workers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    own = tmp_path_factory.getbasetemp()
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "plans"
    shared.mkdir(exist_ok=True)
    return shared
