"""A file of the pipeline that is gone costs no more where S3 does not say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labeling_faults.configuration import Configuration, deployed
from labeling_faults.functions import runtime
from labeling_faults.world.audit import violations_of
from labeling_faults.world.workforce import DAY, HOUR, Work
from labeling_faults.world.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from in_process_aws.calls import Answer, Call
    from labeling_faults.world.fault_points import FaultTarget

_ITEMS = 9


class NoListing:
    """Denies the right to list while it is told to, which hides what is absent from reads too."""

    denies = False

    def before(self, world: FaultTarget, _number: int, call: Call) -> None:
        if self.denies and call.operation == "ListObjectsV2":
            raise world.account.error(call.service, call.operation, "AccessDenied")

    def after(self, world: FaultTarget, number: int, call: Call, answer: Answer) -> None:
        pass


@pytest.fixture(autouse=True)
def functions_in_worlds() -> Iterator[None]:
    with runtime.installed():
        yield


def world_with(**configuration: float) -> World:
    world = World(Configuration(**configuration))  # type: ignore[arg-type]
    for number in range(_ITEMS):
        world.upload(f"{number}.png")
    world.run(10)
    return world


def lose(world: World, part_of_key: str) -> None:
    """Delete every object whose key holds this."""
    objects = world.account.s3.buckets[deployed().buckets["output"]].objects
    lost = [key for key in objects if part_of_key in key]
    assert lost
    for key in lost:
        del objects[key]


def labeled(world: World) -> list[int]:
    """Return how many items each labeling job was given."""
    sagemaker = world.account.sagemaker
    return [
        len(sagemaker.input_lines(job.name))
        for job in sagemaker.jobs.values()
        if job.attribute == deployed().label_attribute
    ]


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("lost", ["/claims/index.json", "/claims/"])
def test_lists_of_claims_that_are_gone_are_made_anew(lost: str, *, hidden: bool) -> None:
    world = world_with()
    world.account.s3.hides_absent = lambda: hidden
    execution = world.schedule()
    world.run(600)
    world.executions.end(execution, "ABORTED")
    lose(world, lost)
    world.schedule_and_run(3 * HOUR)
    assert set(world.states().values()) == {"stored"}
    assert labeled(world) == [_ITEMS]
    assert world.run_until_idle()
    assert violations_of(world) == []


@pytest.mark.parametrize("hidden", [False, True])
def test_a_kept_label_that_is_gone_is_made_anew(*, hidden: bool) -> None:
    world = world_with(sample_percent=100.0)
    world.account.s3.hides_absent = lambda: hidden
    # Nobody reviews, so that the labels wait for the next run.
    world.workforce.review = lambda: Work("Failed")
    world.schedule_and_run(4 * HOUR)
    world.workforce.review = Work
    lose(world, "/labeled-")
    world.schedule_and_run(DAY)
    world.schedule_and_run(DAY)
    assert set(world.states().values()) == {"stored"}
    assert labeled(world) == [_ITEMS, _ITEMS]
    assert world.run_until_idle()


def test_a_missing_right_to_list_leaves_the_run_open_until_it_is_back() -> None:
    faults = NoListing()
    world = world_with()
    world.faults = faults
    world.account.s3.hides_absent = lambda: faults.denies
    execution = world.schedule()
    world.run(600)
    world.executions.end(execution, "ABORTED")
    lose(world, "/claims/index.json")
    faults.denies = True
    world.schedule_and_run(3 * HOUR)
    assert set(world.states().values()) == {"claimed"}
    faults.denies = False
    # What labelers had not begun when the job was stopped comes back, without an attempt spent.
    assert world.run_until_idle()
    assert set(world.states().values()) == {"stored"}
    assert violations_of(world) == []
