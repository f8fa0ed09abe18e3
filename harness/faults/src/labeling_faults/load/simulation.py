"""One day: uploads arrive, runs start on the schedule, workers label, and everything is audited."""

from __future__ import annotations

import bisect
import functools
import gc
import itertools
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_deployment.deployment import IMAGES, MOST_ITEMS_PER_RUN, TEXTS
from labeling_faults.configuration import Configuration
from labeling_faults.functions import runtime
from labeling_faults.load.arrivals import HOUR, Arrivals, Curve
from labeling_faults.load.world import LoadWorld, replacements, threads_of
from labeling_faults.world.audit import violations_of

if TYPE_CHECKING:
    from collections.abc import Callable


#: The day, and how long after it the last item may be stored.
DAY_HOURS, _LONGEST_HOURS = 24.0, 36.0
_SAMPLE_HOURS = 0.25


@dataclass(frozen=True, slots=True)
class Day:
    """A day of uploads.

    Attributes:
        arrivals: The uploads.
        max_items_per_run: The module's setting.
        minutes_between_runs: Of the schedule.
        workers_per_hour: How many items all workers together label in an hour.
    """

    arrivals: Arrivals
    max_items_per_run: int
    minutes_between_runs: float
    workers_per_hour: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a day.

    Attributes:
        day: The day.
        world: The pipeline after it.
        stored_in_day: Items that had a record after 24 hours.
        violations: Promises that were broken; empty if the pipeline did not come to rest.
        seconds: How long the simulation took.
    """

    day: Day
    world: LoadWorld
    stored_in_day: int
    violations: list[str]
    seconds: float


def simulate(day: Day, say: Callable[[str], None] = lambda _line: None) -> Outcome:
    """Let a day pass.

    Args:
        day: The day.
        say: Is told of the progress.
    """
    began = time.monotonic()
    texts = day.arrivals.curve is Curve.FILE
    configuration = Configuration(
        task_type=TEXTS if texts else IMAGES,
        max_items_per_run=day.max_items_per_run,
        large_runs=day.max_items_per_run == MOST_ITEMS_PER_RUN,
    )
    world = LoadWorld(configuration, day.workers_per_hour)
    threads = functools.partial(threads_of, world)
    # Nothing of the world is garbage until it ends, and every collection would look at all of it.
    gc.collect()
    gc.disable()
    try:
        with runtime.installed({}, threads, replacements(world)):
            stored_in_day = _pass(world, day, say)
            # The auditor looks at a pipeline at rest.
            violations = violations_of(world) if world.is_idle() else []
    finally:
        gc.enable()
    return Outcome(day, world, stored_in_day, violations, time.monotonic() - began)


def _pass(world: LoadWorld, day: Day, say: Callable[[str], None]) -> int:
    """Let the day pass until everything is stored; return what was stored after 24 hours."""
    items = day.arrivals.items
    moments = day.arrivals.moments()
    world.event_queue.after(0.0, lambda: _upload(world, day.arrivals, moments))
    world.event_queue.after(0.0, lambda: _start_runs(world, day.minutes_between_runs * 60))
    stored_in_day = 0
    hour = 0.0
    while hour < _LONGEST_HOURS and not (world.stored == items and world.is_idle()):
        hour += _SAMPLE_HOURS
        world.run(_SAMPLE_HOURS * HOUR)
        uploaded = bisect.bisect(moments, hour * HOUR)
        world.note_moment(uploaded)
        if hour <= DAY_HOURS:
            stored_in_day = world.stored
        if hour.is_integer():
            say(f"hour {hour:.0f}: {uploaded:,} uploaded, {world.stored:,} stored")
    return stored_in_day


def _upload(world: LoadWorld, arrivals: Arrivals, moments: list[float]) -> None:
    if arrivals.curve is Curve.FILE:
        lines = (
            f"This is line {number} of the reviews, a short one.\n"
            for number in range(arrivals.items)
        )
        world.upload("reviews.txt", "".join(lines).encode())
        return
    began = world.clock.now
    for second, numbered in itertools.groupby(enumerate(moments), key=lambda it: math.floor(it[1])):
        world.clock.sleep(max(0.0, began + second - world.clock.now))
        coming = list(numbered)
        for number, moment in coming:
            key = f"photos/{number % 100:02d}/image-{number:08d}.jpeg"
            world.upload(key, event_delays=(moment - second,))
        world.quotas.note("event_deliveries", world.clock.now, len(coming))


def _start_runs(world: LoadWorld, seconds: float) -> None:
    while True:
        world.clock.sleep(seconds)
        world.schedule()
