"""Runs whose jobs take the maximum time of Ground Truth: 30 days without other events."""

from __future__ import annotations

import itertools

from labeling_faults.configuration import Configuration
from labeling_faults.simulated_time.clock import START
from labeling_faults.world.audit import violations_of
from labeling_faults.world.workforce import DAY, LONGEST_JOB, Work
from labeling_faults.world.world import World

#: The bar: a history has fewer events than this, plus a constant for each shard and continuation.
BASE_EVENTS = 60
EVENTS_PER_SHARD = 7
_ITEMS = 9
#: Days of each job, and seconds after which its end is heard of.
_JOBS: tuple[tuple[float, tuple[float, ...]], ...] = (
    (0.1, (1.0,)),
    (0.6, ()),
    (7.0, (1.0,)),
    (30.0, (1.0, 1.0)),
    (30.0, ()),
)
#: Items of one shard in the suite's worlds, see ``runtime.SMALL_SIZES``.
_SHARD_ITEMS = 4


def checked() -> tuple[list[str], list[str]]:
    """Run jobs of many lengths, with the schedule going on every day.

    Returns:
        Lines that tell the lengths of the histories, and what was wrong.
    """
    told: list[str] = []
    broken: list[str] = []
    for (days, events), verifies in itertools.product(_JOBS, (False, True)):
        world = World(Configuration(sample_percent=100 if verifies else None))
        work = Work(seconds=min(days * DAY, LONGEST_JOB), events=events)
        world.workforce.plan = world.workforce.review = itertools.repeat(work).__next__
        for number in range(_ITEMS):
            world.upload(f"{number}.png")
        world.run(10)
        execution = world.schedule()
        while execution.running and world.clock.now < START + 70 * DAY:
            world.run(DAY)
            world.schedule()
        shards = -(-_ITEMS // _SHARD_ITEMS)
        most = BASE_EVENTS + EVENTS_PER_SHARD * shards
        count = execution.interpreter.events
        stages = "label and verify" if verifies else "label"
        heard = "ends heard" if events else "ends lost"
        told.append(f"history events, {stages}, {days:g} days each, {heard}: {count} of {most}")
        if count >= most or execution.ending != "SUCCEEDED" or not world.run_until_idle():
            broken.append(f"{told[-1]}, ended {execution.ending}")
        broken += [f"{told[-1]}: {it}" for it in violations_of(world)]
    return told, broken
