"""People label in the Label Studio of a world, and the function that works on jobs is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labeling_deployment.deployment import GROUND_TRUTH, LABEL_STUDIO
from labeling_faults.configuration import Configuration
from labeling_faults.functions import runtime
from labeling_faults.histories import crashes
from labeling_faults.histories.label_studio import LABEL_STUDIO_SCENARIOS
from labeling_faults.world.audit import violations_of
from labeling_faults.world.fault_points import Death
from labeling_faults.world.workforce import DAY, HOUR, Work
from labeling_faults.world.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

_ADVANCE = "advance_label_studio_jobs"


@pytest.fixture(autouse=True)
def functions_in_worlds() -> Iterator[None]:
    with runtime.installed():
        yield


def begun(count: int, work: Work, **settings: object) -> World:
    """Return a world in which a run has just started its job."""
    world = World(Configuration(engine=LABEL_STUDIO, **settings))  # type: ignore[arg-type]
    world.workforce.plan = lambda: work
    for number in range(count):
        world.upload(f"{number}.png")
    world.run(10)
    world.schedule_and_run(120)
    return world


def ended(world: World) -> dict[str, int]:
    """Let all work end; return the attempts that each item has had, by its key."""
    assert world.run_until_idle()
    assert violations_of(world) == []
    assert set(world.states().values()) == {"stored"}
    rows = (row for key, row in world.ledger.items() if key.startswith("ITEM#"))
    return {row["object_key"]: int(row["attempts"]) for row in rows}


def test_the_start_of_a_job_calls_the_function_that_imports_its_tasks() -> None:
    world = begun(3, Work())
    (project,) = world.studio.contents.projects.values()
    assert world.functions.calls.count(_ADVANCE) >= 1
    assert sorted(task.data["image"].rpartition("/")[2] for task in project.tasks) == [
        "0.png",
        "1.png",
        "2.png",
    ]
    assert set(ended(world).values()) == {1}


def test_calls_of_label_studio_are_crash_points_before_and_after_their_effect() -> None:
    (scenario,) = (it for it in LABEL_STUDIO_SCENARIOS if "batches" in it.name)
    recorder = crashes.recorded(scenario)
    imports = {
        number
        for number, (step, operation) in enumerate(recorder.calls)
        if (step, operation) == (_ADVANCE, "POST /api/projects/{}/import")
    }
    assert len(imports) == 3
    points = [it for it in crashes.crash_points({scenario.name}) if it.call in imports]
    assert {(it.after_effect, it.death) for it in points} == {
        (after, death) for after in (False, True) for death in (Death.RETRIED, Death.TIMEOUT)
    }
    assert [broken for point in points for broken in crashes.crash(point).broken] == []


def test_an_answer_that_gives_no_label_uses_an_attempt() -> None:
    world = begun(4, Work(failing=1.0))
    world.run(2 * HOUR)
    world.workforce.plan = Work
    assert set(ended(world).values()) == {2}


def test_what_everybody_declines_returns_when_the_time_for_it_has_passed() -> None:
    world = begun(2, Work(expiring=1.0), available_seconds=6 * HOUR)
    world.run(5 * HOUR)
    assert world.jobs.open_in_label_studio()
    world.run(DAY)
    assert not world.jobs.open_in_label_studio()
    (project,) = world.studio.contents.projects.values()
    assert project.tasks == []
    world.workforce.plan = Work
    assert set(ended(world).values()) == {2}


def test_a_project_that_somebody_deletes_is_not_made_again() -> None:
    world = begun(2, Work("Failed", seconds=HOUR))
    world.run(2 * HOUR)
    assert not world.studio.contents.projects
    world.workforce.plan = Work
    ended(world)
    assert len(world.studio.contents.projects) == 1
    assert [job.status for job in world.jobs.in_label_studio()] == ["Failed", "Completed"]


def test_an_open_run_ends_with_the_engine_that_it_began_with() -> None:
    world = begun(2, Work(seconds=3 * HOUR))
    world.apply(engine=GROUND_TRUTH)
    world.upload("later.png")
    world.run(10)
    world.schedule_and_run(DAY)
    assert set(ended(world).values()) == {1}
    assert len(list(world.jobs.in_label_studio())) == 1
    assert len(world.account.sagemaker.jobs) == 1
