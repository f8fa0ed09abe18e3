"""Plays a scenario in the sandbox and in the world of the fault suite: both must end alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeling_faults.functions import runtime
from tests.faults.world_scenario import WorldScenario

if TYPE_CHECKING:
    from tests.pipeline.sandbox_scenario import SandboxScenario
    from tests.scenarios.catalogue import Play


def play_in_both_worlds(
    play: Play, scenario: SandboxScenario, *, sample_percent: float | None = None
) -> None:
    """Play a scenario in the sandbox, then in a world that is told of the sandbox's chance."""
    play(scenario)
    with runtime.installed():
        world = WorldScenario(
            scenario.name, scenario.labeled_at_stop, sample_percent=sample_percent
        )
        play(world)
        broken = world.run_until_idle()
    assert broken == []
    assert scenario.endings
    assert scenario.endings == world.endings
