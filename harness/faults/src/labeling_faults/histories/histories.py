"""Random histories: sequences of events for the pipeline, generated from a seed."""

from __future__ import annotations

import dataclasses
import json
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from labeling_deployment.deployment import IMAGES, TEXTS
from labeling_faults.configuration import CLASSES, JUDGEMENTS, Configuration
from labeling_faults.world.audit import violations_of
from labeling_faults.world.fault_points import Death
from labeling_faults.world.random_faults import Interruption, RandomFaults, Rates
from labeling_faults.world.workforce import DAY, HOUR, Work
from labeling_faults.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labeling_faults.state_machine.executions import Execution

#: A step: its name and its arguments, all of JSON.
Step = list[Any]

_MINUTE = 60.0
_WAITS = (_MINUTE, 5 * _MINUTE, 7 * _MINUTE, 20 * _MINUTE, HOUR, 5 * HOUR, DAY, 4 * DAY)
_ANNOUNCEMENTS = ([1], [1, 2], [1, 400], [3 * HOUR], [1, DAY], [60, 1])
_SECONDS = (HOUR, 10 * _MINUTE, 14 * HOUR, 3 * DAY, 30 * DAY)
_EVENTS: tuple[list[float], ...] = ([1], [1, 2], [], [2 * HOUR], [1, DAY], [1, 1, 1])
#: Calls from now on within which a process dies or is interrupted; a run makes some seventy.
_FAR = 70
#: Schedules with faults after the last step.
_LAST_SCHEDULES = 2
_SHARE_OF_TEXTS = 0.3
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
        task_type=TEXTS if chance.random() < _SHARE_OF_TEXTS else IMAGES,
        max_attempts=chance.choice((1, 2, 3)),
        max_items_per_run=chance.choice((10_000, 10_000, 5)),
        batched_records=chance.choice((True, True, False)),
        sample_percent=chance.choice((None, 100.0, 100.0, 40.0)),
    )
    steps: list[Step] = [
        ["upload", chance.randint(1, 9), chance.choice(_ANNOUNCEMENTS)],
        ["wait", _MINUTE],
    ]
    for _ in range(chance.randint(3, 14)):
        steps.append(_new_step(chance))
    return History(seed, configuration, tuple(steps))


def _new_step(chance: Chance) -> Step:
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
        (14, _new_interruption),
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


def _new_interruption(chance: Chance) -> Step:
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
                )
            )
        )
    return ["during_call", chance.randint(0, _FAR), chance.choice((False, True)), happenings]


@dataclass
class HistoryPlayer:
    """Performs the steps of a history.

    Attributes:
        world: Where.
        random_faults: What goes wrong.
        keys: Keys that were uploaded, in order.
        lines: By key the lines of the newest version.
    """

    world: World
    random_faults: RandomFaults
    keys: list[str] = field(default_factory=list)
    lines: dict[str, list[str]] = field(default_factory=dict)

    def do(self, step: Step) -> None:
        """Perform one step."""
        name, *arguments = step
        getattr(self, "_" + name.replace(" ", "_"))(*arguments)

    def _upload(self, count: int, announced: list[float]) -> None:
        for _ in range(count):
            number = len(self.keys)
            suffix = "txt" if self.world.configuration.splits else "png"
            self.keys.append(f"x y/{number:03d}+é.{suffix}")
            self._put(self.keys[-1], announced)

    def _put(self, key: str, announced: list[float]) -> None:
        self._put_lines(key, [f"{key} {self.world.clock.now}", "second line"], announced)

    def _put_lines(self, key: str, lines: list[str], announced: list[float]) -> None:
        self.lines[key] = lines
        body = "".join(f"{line}\n" for line in lines).encode()
        self.world.upload(key, body, announced=tuple(announced))

    def _edit(self, which: int, kind: str, announced: list[float]) -> None:
        """Upload a version of a file in which most of the lines are those of the last one."""
        if not self.keys:
            return
        key = self._key(which)
        lines, new = self.lines[key], f"new at {self.world.clock.now}"
        edited = {
            "append": [*lines, new],
            "insert": [new, *lines],
            "reverse": lines[::-1],
            "delete": lines[1:] or lines,
            "repeat": [*lines, lines[0]],
            "replace": [new, *lines[1:]],
            "same": lines,
        }
        self._put_lines(key, edited[kind], announced)

    def _key(self, which: int) -> str:
        return self.keys[which % len(self.keys)] if self.keys else "absent.png"

    def _overwrite(self, which: int, announced: list[float]) -> None:
        if self.keys:
            self._put(self._key(which), announced)

    def _junk(self, kind: str) -> None:
        world = self.world
        if kind == "malformed":
            world.send("no JSON")
        elif kind == "schema":
            world.send(json.dumps({"schema": "labeling-item/99", "kind": "returned"}))
        elif kind == "deep":
            world.send("[" * 5000)
        elif kind == "foreign":
            world.send(json.dumps(_foreign_event()))
        elif kind == "extension":
            world.upload("what.xyz")
        elif kind == "empty":
            world.upload("empty.png", b"")
        else:
            world.upload("folder/", b"")

    def _schedule(self) -> None:
        self.world.schedule()

    def _run(self, seconds: float) -> None:
        self.world.schedule()
        self._wait(seconds)

    def _wait(self, seconds: float) -> None:
        # The schedule does not sleep: messages would expire.
        while seconds > DAY:
            self.world.schedule_and_run(DAY)
            seconds -= DAY
        self.world.run(seconds)

    def _work(self, plan: dict[str, Any]) -> None:
        work = Work(**{**plan, "events": tuple(plan["events"])})
        self.world.workforce.plan = lambda: work

    def _review(self, plan: dict[str, Any]) -> None:
        work = Work(**{**plan, "events": tuple(plan["events"])})
        self.world.workforce.review = lambda: work

    def _unlabelable(self, which: int) -> None:
        self.world.workforce.unlabelable.add(self._key(which).rpartition("/")[2])

    def _refuse_record(self, which: int) -> None:
        self.world.refused_keys.add(self._key(which))

    def _end(self, which: int, status: str) -> None:
        running = self.world.executions.running
        if running:
            self.world.executions.end(running[which % len(running)], status)

    def _end_jobs(self) -> None:
        self.world.workforce.end_all()

    def _die(self, offset: int, after: bool, death: str) -> None:
        self.random_faults.kill(self.world, offset, after_effect=after, death=Death(death))

    def _during_call(self, offset: int, after: bool, steps: list[Step]) -> None:
        def happens() -> None:
            for step in steps:
                self.do(step)

        number = self.world.calls + offset
        self.random_faults.interruptions.append(Interruption(number, after, happens))

    def _rate(self, name: str, share: float) -> None:
        setattr(self.random_faults.rates, name, share)

    def _deny(self, operation: str) -> None:
        self.random_faults.denied.add(operation)

    def _end_faults(self) -> None:
        self.random_faults.rates = Rates()
        self.random_faults.denied.clear()

    def _redrive(self) -> None:
        self.world.redrive()

    def _resume(self, which: int) -> Execution | None:
        open_runs = self.world.open_runs()
        if not open_runs:
            return None
        return self.world.schedule({"resume_run": open_runs[which % len(open_runs)]})

    def _apply(self, name: str, value: object) -> None:
        self.world.apply(**{name: value})

    def _redeliver(self, which: int) -> None:
        self.world.redeliver(which)


def _foreign_event() -> dict[str, Any]:
    stored = {"key": "a.png", "size": 1, "etag": "e", "version-id": "v", "sequencer": "0A"}
    detail = {"bucket": {"name": "another-bucket"}, "object": stored}
    return {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}


def broken_promises(history: History) -> list[str]:
    """Perform a history, let all work end, and return the broken promises."""
    random_faults = RandomFaults(random.Random(history.seed))
    world = World(history.configuration, seed=history.seed, faults=random_faults)
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
