from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plan.plans import planned

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_deployment.planned import Planned


@pytest.fixture(scope="session")
def plan() -> Callable[[str], Planned]:
    """Plan a scenario with the real provider, once in the session, however many workers it has."""
    return planned
