"""People label in the Label Studio of a world, and the function that works on jobs is called."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from labeling_deployment.deployment import GROUND_TRUTH, LABEL_STUDIO
from labeling_faults.configuration import Configuration, deployed
from labeling_faults.functions import runtime
from labeling_faults.histories import crashes, histories
from labeling_faults.histories.label_studio import LABEL_STUDIO_SCENARIOS
from labeling_faults.label_studio.connection import failure
from labeling_faults.world.audit import violations_of
from labeling_faults.world.fault_points import Death, Meanwhile
from labeling_faults.world.random_faults import RandomFaults
from labeling_faults.world.workforce import DAY, HOUR, Work
from labeling_faults.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from in_process_aws.calls import Answer, Call
    from labeling_faults.label_studio.contents import Project
    from labeling_faults.world.fault_points import FaultTarget

_ADVANCE = "advance_label_studio_jobs"
_IMPORT = "POST /api/projects/{}/import"


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


def projects(world: World) -> list[Project]:
    """Return the projects of the pipeline; another one has some too."""
    titles = {job.name for job in world.jobs.in_label_studio()}
    return [it for it in world.studio.contents.projects.values() if it.title in titles]


def test_the_start_of_a_job_calls_the_function_that_imports_its_tasks() -> None:
    world = begun(3, Work())
    (project,) = projects(world)
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
        if (step, operation) == (_ADVANCE, _IMPORT)
    }
    assert len(imports) == 3
    points = [it for it in crashes.crash_points({scenario.name}) if it.call in imports]
    assert {(it.after_effect, it.fault) for it in points} == {
        *itertools.product((False, True), (Death.RETRIED, Death.TIMEOUT)),
        *itertools.product((False,), Meanwhile),
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
    (project,) = projects(world)
    assert project.tasks == []
    world.workforce.plan = Work
    assert set(ended(world).values()) == {2}


def test_a_project_that_somebody_deletes_is_not_made_again() -> None:
    world = begun(2, Work("Failed", seconds=HOUR))
    world.run(2 * HOUR)
    assert not projects(world)
    world.workforce.plan = Work
    ended(world)
    assert len(projects(world)) == 1
    assert [job.status for job in world.jobs.in_label_studio()] == ["Failed", "Completed"]


@dataclass
class OnCall:
    """Something happens at every call of one kind, except at those that it makes itself.

    Attributes:
        operation: The calls.
        before_effect: What happens before they take effect.
        after_effect: What happens after it.
        times: How often something has happened.
        busy: Whether it is happening.
    """

    operation: str
    before_effect: Callable[[World, Call], None] | None = None
    after_effect: Callable[[World, Call], None] | None = None
    times: int = 0
    busy: bool = False

    def before(self, world: FaultTarget, _number: int, call: Call) -> None:
        self._happen(self.before_effect, world, call)

    def after(self, world: FaultTarget, _number: int, call: Call, _answer: Answer) -> None:
        self._happen(self.after_effect, world, call)

    def _happen(
        self, act: Callable[[World, Call], None] | None, world: FaultTarget, call: Call
    ) -> None:
        named = call.operation == self.operation or str(call.parameters.get("Key")).endswith(
            self.operation
        )
        if act is None or self.busy or not named:
            return
        assert isinstance(world, World)
        self.times, self.busy = self.times + 1, True
        try:
            act(world, call)
        finally:
            self.busy = False


def played(faults: OnCall) -> World:
    """Return a world in which a run with five items has had two days, with faults."""
    world = World(Configuration(engine=LABEL_STUDIO), faults=faults)
    for number in range(5):
        world.upload(f"{number}.png")
    world.run(10)
    world.schedule_and_run(2 * DAY)
    assert faults.times
    return world


def test_an_import_that_is_carried_out_late_is_not_made_twice() -> None:
    def late(world: World, call: Call) -> None:
        if faults.times < 4:
            world.carry_out_later(call, 100)
            raise failure(call.parameters["request"], HTTPStatus.GATEWAY_TIMEOUT)

    faults = OnCall(_IMPORT, before_effect=late)
    assert set(ended(played(faults)).values()) == {1}


def test_a_second_call_meanwhile_imports_nothing() -> None:
    def call_again(world: World, _call: Call) -> None:
        with world.outside():
            world.studio.calls.call()

    assert set(ended(played(OnCall(_IMPORT, before_effect=call_again))).values()) == {1}


def test_a_job_whose_answers_are_collected_does_not_need_its_project_any_more() -> None:
    def delete(world: World, _call: Call) -> None:
        if faults.times == 1:
            (project,) = world.studio.team.begun()
            world.studio.team.delete_project(project)
            world.invocations[-1].kill("Runtime.ExitError")

    faults = OnCall("output.manifest", after_effect=delete)
    world = played(faults)
    assert [job.status for job in world.jobs.in_label_studio()] == ["Completed"]
    assert set(ended(world).values()) == {1}


def test_verdicts_that_are_given_while_a_stopped_job_is_collected_count() -> None:
    def answer(world: World, _call: Call) -> None:
        if any('"ending":"Stopped"' in str(body) for body in bodies(world)):
            world.studio.team.finish_all()

    def bodies(world: World) -> list[bytes]:
        files = world.account.s3.buckets[deployed().buckets["output"]].objects
        return [versions[-1].body for key, versions in files.items() if "-verify/state" in key]

    faults = OnCall("/state.json", after_effect=answer)
    world = World(Configuration(engine=LABEL_STUDIO, sample_percent=100.0), faults=faults)
    world.workforce.review = lambda: Work("Stopped", seconds=6 * HOUR)
    world.upload("0.png")
    world.run(10)
    world.schedule_and_run(DAY)
    assert set(world.states().values()) == {"stored"}
    ended(world)


def test_a_label_studio_that_is_down_for_hours_costs_nothing_but_time() -> None:
    faults = RandomFaults(random.Random(0))
    world = World(Configuration(engine=LABEL_STUDIO), faults=faults)
    faults.label_studio_down_until = world.clock.now + 9 * HOUR
    world.upload("0.png")
    world.run(10)
    world.schedule_and_run(8 * HOUR)
    assert world.functions.calls.count(_ADVANCE) > 3
    assert not world.studio.team.begun()
    assert set(ended(world).values()) == {1}


def test_tasks_that_somebody_deletes_and_adds_change_no_other_answers() -> None:
    world = begun(5, Work())
    (project,) = world.studio.team.begun()
    deleted = world.studio.contents.projects[project].tasks[1].number
    world.studio.team.delete_tasks(project, lambda task: task.number == deleted)
    world.studio.team.copy_tasks(project)
    assert sorted(ended(world).values()) == [1, 1, 1, 1, 2]
    assert len(list(world.jobs.in_label_studio())) == 2


def test_a_history_in_label_studio_switches_the_engine_while_runs_are_open() -> None:
    steps = [
        step
        for history in map(histories.history_of, range(300))
        if history.configuration.engine == LABEL_STUDIO
        for step in history.steps
    ]
    names = {step[0] for step in steps}
    assert {"label_studio_down", "delete_project", "delete_tasks", "copy_tasks"} <= names
    engines = [step[2] for step in steps if step[:2] == ["apply", "engine"]]
    assert set(engines) == {GROUND_TRUTH, LABEL_STUDIO}


def test_an_open_run_ends_with_the_engine_that_it_began_with() -> None:
    world = begun(2, Work(seconds=3 * HOUR))
    world.apply(engine=GROUND_TRUTH)
    world.upload("later.png")
    world.run(10)
    world.schedule_and_run(DAY)
    assert set(ended(world).values()) == {1}
    assert len(list(world.jobs.in_label_studio())) == 1
    assert len(world.account.sagemaker.jobs) == 1
