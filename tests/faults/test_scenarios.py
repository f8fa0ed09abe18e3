"""The catalogue of scenarios in the world of the fault suite; the sandbox must end alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labeling_faults.functions import runtime
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
    assert scenario.run_until_idle() == []


def test_endings_of_other_histories_differ() -> None:
    def ended(fault: str) -> WorldScenario:
        scenario = WorldScenario("compared")
        scenario.upload(2)
        scenario.break_job(fault)
        for _ in range(2):
            scenario.run()
        scenario.audit()
        return scenario

    usual, relabeled = ended("duplicate_event"), ended("job_failed")
    assert usual.endings == ended("duplicate_event").endings
    assert usual.endings != relabeled.endings
    assert usual.endings[-1].records == relabeled.endings[-1].records


def test_catalogue_is_long_enough() -> None:
    assert len({name_of(play) for play in SCENARIOS}) >= 20
