"""The catalogue of scenarios in the world of the fault suite; the sandbox must end alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labeling_faults import runtime
from tests.faults.world_scenario import WorldScenario
from tests.scenarios.catalogue import SCENARIOS, VERIFIED, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.scenarios.catalogue import Play


@pytest.fixture(autouse=True)
def functions_in_worlds() -> Iterator[None]:
    with runtime.installed():
        yield


@pytest.mark.parametrize("play", [*SCENARIOS, *VERIFIED], ids=name_of)
def test_scenario_ends_well_in_the_world(play: Play) -> None:
    verifies = play in VERIFIED
    scenario = WorldScenario(name_of(play), sample_percent=100 if verifies else None)
    play(scenario)
    assert scenario.endings
    assert scenario.rest() == []
