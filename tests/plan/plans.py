"""Plans of named scenarios, several in one plan."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from labeling_deployment.plans import FIRST_REGION, plan_together
from tests.plan.scenarios import REGIONS, SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labeling_deployment.planned import Planned

#: Scenarios of one plan. More take less time in all, and keep the first test waiting.
SCENARIOS_PER_PLAN = 10


def groups(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the scenarios that are planned together: those of one region, some at a time."""
    by_region: dict[str, list[str]] = {}
    for name in names:
        by_region.setdefault(_region_of(name), []).append(name)
    return [
        tuple(together[start : start + SCENARIOS_PER_PLAN])
        for together in by_region.values()
        for start in range(0, len(together), SCENARIOS_PER_PLAN)
    ]


def planned(scenario: str) -> Planned:
    """Return the plan of a scenario. It is kept from one run to the next."""
    (together,) = [names for names in groups(list(SCENARIOS)) if scenario in names]
    return _planned_together(together)[scenario]


@functools.cache
def _planned_together(names: tuple[str, ...]) -> dict[str, Planned]:
    return plan_together({name: SCENARIOS[name] for name in names}, _region_of(names[0]))


def _region_of(scenario: str) -> str:
    return REGIONS.get(scenario, FIRST_REGION)
