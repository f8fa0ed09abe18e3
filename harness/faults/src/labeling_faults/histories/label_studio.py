"""Histories for the crash points in which people label in Label Studio."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from labeling_deployment.deployment import LABEL_STUDIO, TEXTS
from labeling_faults.configuration import Configuration
from labeling_faults.histories.scenario import Scenario
from labeling_faults.histories.setting_changes import applied
from labeling_faults.world.workforce import DAY, HOUR, Work

if TYPE_CHECKING:
    from labeling_faults.world.world import World


def _upload(world: World, count: int) -> None:
    for number in range(count):
        world.upload(f"{number}.png")
    world.run(10)


def _several_batches(world: World) -> None:
    _upload(world, 5)
    world.schedule_and_run(2 * HOUR)


def _verified(world: World) -> None:
    world.workforce.plan = lambda: Work(failing=0.3)
    world.workforce.review = lambda: Work(rejecting=0.4)
    _upload(world, 3)
    for _ in range(2):
        world.schedule_and_run(4 * HOUR)


def _expired_and_stopped(world: World) -> None:
    works = itertools.chain([Work(expiring=0.6), Work("Stopped")], itertools.repeat(Work()))
    world.workforce.plan = lambda: next(works)
    _upload(world, 3)
    for _ in range(2):
        world.schedule_and_run(DAY)


def _deleted(world: World) -> None:
    works = itertools.chain([Work("Failed")], itertools.repeat(Work()))
    world.workforce.plan = lambda: next(works)
    _upload(world, 3)
    for _ in range(2):
        world.schedule_and_run(2 * HOUR)


def _texts(world: World) -> None:
    world.upload("texts.txt", b"one\ntwo\nthree")
    world.run(60)
    world.schedule_and_run(0.5 * HOUR)
    world.upload("texts.txt", b"new\none\ntwo\nthree")
    world.run(60)
    for _ in range(2):
        world.schedule_and_run(4 * HOUR)


LABEL_STUDIO_SCENARIOS = (
    Scenario(
        "several batches in Label Studio", _several_batches, Configuration(engine=LABEL_STUDIO)
    ),
    Scenario(
        "verified in Label Studio",
        _verified,
        Configuration(engine=LABEL_STUDIO, sample_percent=100),
    ),
    Scenario(
        "expired and stopped jobs in Label Studio",
        _expired_and_stopped,
        Configuration(engine=LABEL_STUDIO, available_seconds=6 * HOUR),
    ),
    Scenario("project deleted in Label Studio", _deleted, Configuration(engine=LABEL_STUDIO)),
    Scenario("texts in Label Studio", _texts, Configuration(engine=LABEL_STUDIO, task_type=TEXTS)),
    Scenario("engine changed meanwhile", applied(engine=LABEL_STUDIO)),
)
