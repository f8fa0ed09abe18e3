"""Histories in which settings change while a labeling job is in progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeling_deployment.deployment import IMAGES, TEXTS
from labeling_faults.configuration import CLASSES
from labeling_faults.world.workforce import HOUR

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_faults.world.world import World

RENAMED = ("zero", *CLASSES[1:])
FEWER = CLASSES[:2]
REORDERED = CLASSES[::-1]
OTHER_JUDGEMENTS = ("Fine", "Bad")
OTHER_FEATURES = ("source-ref",)
REVIEWING = 1.5 * HOUR
#: What waits while the task type is the other one is given up: of the first pictures those whose
#: execution died before it had them all.
OF_ANOTHER_TASK_TYPE = frozenset({"0.png", "1.png", "2.png", "late.png", "last.png", "texts.txt"})


def applied(at: float = 0.5 * HOUR, **changes: object) -> Callable[[World], None]:
    """Return a history in which settings change, and change back, while people work.

    Args:
        at: Seconds after the first schedule: labelers work in the first hour, reviewers in the
            second one.
        changes: New values of the configuration's fields.
    """

    def play(world: World) -> None:
        before = {name: getattr(world.configuration, name) for name in changes}
        for number in range(5):
            world.upload(f"{number}.png")
        world.run(10)
        world.schedule_and_run(at)
        world.apply(**changes)
        world.upload("later.png")
        world.schedule_and_run(4 * HOUR)
        world.upload("last.png")
        world.apply(**before)
        world.schedule_and_run(1.5 * HOUR)
        world.apply(**changes)
        world.schedule_and_run(4 * HOUR)

    return play


def task_type_applied(world: World) -> None:
    """Let the task type change while labelers work."""
    _change_task_type(world, after=0.5 * HOUR)


def task_type_applied_while_verified(world: World) -> None:
    """Let the task type change while reviewers work."""
    _change_task_type(world, after=REVIEWING)


def _change_task_type(world: World, after: float) -> None:
    """Let the task type change, and change back, while people work."""
    for number in range(3):
        world.upload(f"{number}.png")
    world.run(10)
    world.schedule_and_run(after)
    world.upload("late.png")
    world.run(10)
    world.apply(task_type=TEXTS)
    world.upload("texts.txt", b"one\ntwo")
    world.run(60)
    world.schedule_and_run(4 * HOUR)
    world.upload("texts.txt", b"new\none\ntwo\nthree")
    world.run(60)
    world.schedule_and_run(after)
    world.apply(task_type=IMAGES)
    world.upload("last.png")
    world.schedule_and_run(4 * HOUR)
    world.redrive()
    world.apply(task_type=TEXTS)
    world.schedule_and_run(4 * HOUR)
