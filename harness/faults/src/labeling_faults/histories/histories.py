"""Random histories: sequences of events for the pipeline, generated from a seed."""

from __future__ import annotations

import dataclasses
import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from labeling_deployment.deployment import GROUND_TRUTH, IMAGES, LABEL_STUDIO, TEXTS
from labeling_faults.configuration import CLASSES, JUDGEMENTS, Configuration
from labeling_faults.histories.player import HistoryPlayer, Step
from labeling_faults.world.audit import violations_of
from labeling_faults.world.fault_points import Death
from labeling_faults.world.random_faults import RandomFaults
from labeling_faults.world.workforce import DAY, HOUR
from labeling_faults.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_MINUTE = 60.0
_WAITS = (_MINUTE, 5 * _MINUTE, 7 * _MINUTE, 20 * _MINUTE, HOUR, 5 * HOUR, DAY, 4 * DAY)
_ANNOUNCEMENTS = ([1], [1, 2], [1, 400], [3 * HOUR], [1, DAY], [60, 1])
_SECONDS = (HOUR, 10 * _MINUTE, 14 * HOUR, 3 * DAY, 30 * DAY)
_EVENTS: tuple[list[float], ...] = ([1], [1, 2], [], [2 * HOUR], [1, DAY], [1, 1, 1])
#: Calls from now on within which a process dies or is interrupted; a run makes some seventy.
_FAR = 70
#: Schedules with faults after the last step.
_LAST_SCHEDULES = 2
_SHARE_OF_TEXTS, _SHARE_OF_LABEL_STUDIO = 0.3, 0.25
_EDITS = ("append", "insert", "reverse", "delete", "repeat", "replace", "same")
_JUNK = ("malformed", "schema", "foreign", "extension", "empty", "folder", "deep")
_RATES = {
    "throttled": (0.02, 0.1, 0.3),
    "conflicting": (0.1, 0.5),
    "lost": (0.05, 0.3),
    "unanswered": (0.02, 0.1),
    "partial": (0.1, 0.5),
    "records": (0.01, 0.1, 1.0),
    "slow": (0.1, 0.5),
}
#: What ``terraform apply`` may change.
_SETTINGS: dict[str, tuple[Any, ...]] = {
    "classes": (CLASSES, ("zero", *CLASSES[1:]), CLASSES[:3], CLASSES[::-1]),
    "judgements": (JUDGEMENTS, ("Fine", "Bad")),
    "max_attempts": (1, 2, 3),
    "max_items_per_run": (5, 10_000),
    "sample_percent": (None, 100.0, 40.0),
    "task_type": (IMAGES, TEXTS),
    "title": ("Digits", "Another title"),
    "features": (("site",), ("site", "source"), ("source-ref",), ()),
}
#: What happens only where people label in Label Studio.
_IN_LABEL_STUDIO: tuple[tuple[int, Callable[[Chance], Step]], ...] = (
    (4, lambda it: ["label_studio_down", it.choice((_MINUTE, HOUR, 5 * HOUR, DAY))]),
    (6, lambda it: ["rate", "late", it.choice((0.1, 0.5))]),
    (3, lambda it: ["delete_project", it.randint(0, 9)]),
    (4, lambda it: ["delete_tasks", it.randint(0, 9), it.randint(1, 3)]),
    (4, lambda it: ["copy_tasks", it.randint(0, 9)]),
    (6, lambda it: ["apply", "engine", it.choice((GROUND_TRUTH, LABEL_STUDIO))]),
    (2, lambda it: ["deny", it.choice(("GetSecretValue", "Invoke", "GetObject"))]),
)
_DURING_A_CALL_IN_LABEL_STUDIO: tuple[Step, ...] = (
    ["advance"],
    ["advance"],
    ["advance"],
    ["delete_project", 0],
    ["delete_tasks", 0, 2],
    ["copy_tasks", 0],
    ["apply", "engine", GROUND_TRUTH],
)
_DENIED = ("CreateLabelingJob", "BatchWriteRecord", "PutObject", "SendMessageBatch", "PutEvents")


class Chance(Protocol):
    """The part of ``random.Random`` that decides over a history."""

    def random(self) -> float:
        """Return a number from 0 to 1."""

    def randint(self, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``."""

    def choice(self, options: Sequence[Any]) -> Any:  # noqa: ANN401 - one of the options
        """Return one of the options."""


@dataclass(frozen=True)
class History:
    """A random history.

    Attributes:
        seed: Of what is decided while it goes on.
        configuration: What the user has chosen.
        steps: What happens.
    """

    seed: int
    configuration: Configuration
    steps: tuple[Step, ...]

    def lines(self) -> list[str]:
        """Return the history in words, a line for each step."""
        chosen = dataclasses.asdict(self.configuration)
        defaults = dataclasses.asdict(Configuration())
        changed = {name: value for name, value in chosen.items() if value != defaults[name]}
        steps = [" ".join([step[0], *map(json.dumps, step[1:])]) for step in self.steps]
        return [f"configuration {json.dumps(changed)}, chance {self.seed}", *steps]


def history_of(seed: int) -> History:
    """Return the history of a seed."""
    return new_history(random.Random(seed), seed)


def new_history(chance: Chance, seed: int) -> History:
    """Generate a history."""
    configuration = Configuration(
        engine=LABEL_STUDIO if chance.random() < _SHARE_OF_LABEL_STUDIO else GROUND_TRUTH,
        task_type=TEXTS if chance.random() < _SHARE_OF_TEXTS else IMAGES,
        max_attempts=chance.choice((1, 2, 3)),
        max_items_per_run=chance.choice((10_000, 10_000, 5)),
        batched_records=chance.choice((True, True, False)),
        sample_percent=chance.choice((None, 100.0, 100.0, 40.0)),
        available_seconds=chance.choice((10 * DAY, 10 * DAY, 6 * HOUR)),
        large_runs=chance.choice((False, False, True)),
    )
    steps: list[Step] = [
        ["upload", chance.randint(1, 9), chance.choice(_ANNOUNCEMENTS)],
        ["wait", _MINUTE],
    ]
    in_label_studio = configuration.engine == LABEL_STUDIO
    for _ in range(chance.randint(3, 14)):
        steps.append(_new_step(chance, in_label_studio=in_label_studio))
    return History(seed, configuration, tuple(steps))


def _new_step(chance: Chance, *, in_label_studio: bool) -> Step:
    makers: tuple[tuple[int, Callable[[Chance], Step]], ...] = (
        (16, lambda it: ["run", it.choice(_WAITS)]),
        (4, lambda _: ["schedule"]),
        (4, lambda it: ["wait", it.choice(_WAITS)]),
        (6, lambda it: ["upload", it.randint(1, 6), it.choice(_ANNOUNCEMENTS)]),
        (3, lambda it: ["overwrite", it.randint(0, 9), it.choice(_ANNOUNCEMENTS)]),
        (4, lambda it: ["edit", it.randint(0, 9), it.choice(_EDITS), it.choice(_ANNOUNCEMENTS)]),
        (2, lambda it: ["junk", it.choice(_JUNK)]),
        (5, lambda it: ["work", _new_work(it)]),
        (4, lambda it: ["review", {**_new_work(it), "rejecting": it.choice((0.0, 0.4, 1.0))}]),
        (2, lambda it: ["unlabelable", it.randint(0, 9)]),
        (2, lambda it: ["refuse_record", it.randint(0, 9)]),
        (3, lambda it: ["end", it.randint(0, 3), it.choice(("ABORTED", "TIMED_OUT"))]),
        (10, _new_death),
        (14, lambda it: _new_interruption(it, in_label_studio=in_label_studio)),
        (
            6,
            lambda it: (
                (name := it.choice(sorted(_RATES))) and ["rate", name, it.choice(_RATES[name])]
            ),
        ),
        (3, lambda it: ["rate", "records", it.choice(_RATES["records"])]),
        (2, lambda it: ["deny", it.choice(_DENIED)]),
        (3, lambda _: ["end_faults"]),
        (2, lambda _: ["redrive"]),
        (2, lambda it: ["resume", it.randint(0, 3)]),
        (3, lambda it: ["redeliver", it.randint(0, 9)]),
        (
            6,
            lambda it: (
                (name := it.choice(sorted(_SETTINGS)))
                and ["apply", name, it.choice(_SETTINGS[name])]
            ),
        ),
    )
    if in_label_studio:
        makers += _IN_LABEL_STUDIO
    number = chance.randint(1, sum(weight for weight, _ in makers))
    for weight, make in makers:
        number -= weight
        if number <= 0:
            return make(chance)
    message = "the weights do not add up"
    raise AssertionError(message)


def _new_work(chance: Chance) -> dict[str, Any]:
    return {
        "status": chance.choice(("Completed", "Completed", "Failed", "Stopped")),
        "seconds": chance.choice(_SECONDS),
        "failing": chance.choice((0.0, 0.0, 0.3, 1.0)),
        "expiring": chance.choice((0.0, 0.3)),
        "omitted": chance.choice((0.0, 0.0, 0.2)),
        "events": chance.choice(_EVENTS),
    }


def _new_death(chance: Chance) -> Step:
    return [
        "die",
        chance.randint(0, _FAR),
        chance.choice((False, True)),
        chance.choice(sorted(Death)),
    ]


def _new_interruption(chance: Chance, *, in_label_studio: bool) -> Step:
    happenings: list[Step] = []
    for _ in range(chance.randint(1, 3)):
        happenings.append(
            chance.choice(
                (
                    ["schedule"],
                    ["schedule"],
                    ["wait", chance.choice((1.0, 30.0, 120.0, 320.0, 420.0))],
                    ["end", chance.randint(0, 2), "ABORTED"],
                    ["overwrite", chance.randint(0, 9), [1]],
                    ["edit", chance.randint(0, 9), chance.choice(_EDITS), [1]],
                    ["redeliver", chance.randint(0, 9)],
                    ["resume", chance.randint(0, 2)],
                    ["apply", "classes", chance.choice(_SETTINGS["classes"])],
                    ["apply", "sample_percent", chance.choice((None, 100.0))],
                    ["apply", "task_type", chance.choice((IMAGES, TEXTS))],
                    ["end jobs"],
                    *(_DURING_A_CALL_IN_LABEL_STUDIO if in_label_studio else ()),
                )
            )
        )
    return ["during_call", chance.randint(0, _FAR), chance.choice((False, True)), happenings]


def broken_promises(history: History, *, strict: bool = True) -> list[str]:
    """Perform a history, let all work end, and return the broken promises.

    Args:
        history: The history.
        strict: Whether requests are checked against botocore's models.
    """
    random_faults = RandomFaults(random.Random(history.seed))
    world = World(history.configuration, seed=history.seed, faults=random_faults, strict=strict)
    random_faults.split_batches(world)
    player = HistoryPlayer(world, random_faults)
    for step in history.steps:
        player.do(step)
    # What is to happen some calls from now may happen yet.
    for _ in range(_LAST_SCHEDULES):
        world.schedule_and_run(2 * HOUR)
    rested = world.run_until_idle()
    broken = violations_of(world)
    if not rested:
        broken.append(f"work is left: {world.unfinished_work()}")
    broken += [
        f"I1: {upload.uri} {upload.version_id[:6]} ends {state}"
        for upload, state in world.states().items()
        if state not in ("stored", "superseded", "dead_lettered")
    ]
    return broken
