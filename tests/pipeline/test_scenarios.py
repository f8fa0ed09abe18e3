"""The catalogue of scenarios with the deployed pipeline; the fault suite's world must end alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.pipeline.comparison import play_in_both_worlds
from tests.scenarios.catalogue import SCENARIOS, name_of

if TYPE_CHECKING:
    from tests.pipeline.sandbox_scenario import SandboxScenario
    from tests.scenarios.catalogue import Play


@pytest.mark.parametrize("play", SCENARIOS, ids=name_of)
def test_scenario_ends_as_in_the_world(play: Play, scenario: SandboxScenario) -> None:
    play_in_both_worlds(play, scenario)
