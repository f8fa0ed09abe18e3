"""Fixtures that several tests of the sandbox share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.resources import control

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeling_sandbox.server import Sandbox


@pytest.fixture
def default_ground_truth(sandbox: Sandbox) -> Iterator[None]:
    """Reset Ground Truth before and after a test: no faults, and workers without answers."""
    _reset(sandbox)
    yield
    _reset(sandbox)


def _reset(sandbox: Sandbox) -> None:
    for route in ("workforce", "labeling-jobs/faults"):
        control(sandbox, "POST", route, {"reset": True})
