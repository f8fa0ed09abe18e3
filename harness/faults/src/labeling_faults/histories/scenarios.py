"""Histories for the crash points. Together they reach every step of the pipeline."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

from labeling_deployment.deployment import TEXTS
from labeling_faults.configuration import Configuration
from labeling_faults.histories.label_studio import LABEL_STUDIO_SCENARIOS
from labeling_faults.histories.scenario import Scenario
from labeling_faults.histories.setting_changes import (
    FEWER,
    OF_ANOTHER_TASK_TYPE,
    OTHER_FEATURES,
    OTHER_JUDGEMENTS,
    RENAMED,
    REORDERED,
    REVIEWING,
    applied,
    task_type_applied,
    task_type_applied_while_verified,
)
from labeling_faults.world.workforce import DAY, HOUR, Work

if TYPE_CHECKING:
    from labeling_faults.world.world import World

_INVALID = "unsupported.txt"
_TEXT = b"first text\nsecond text\n\nfourth text\n"


def _usual(world: World) -> None:
    for number in range(5):
        world.upload(f"{number}.png", event_delays=(1, 2) if number == 0 else (1,))
    world.run(10)
    world.schedule()
    world.run(2 * HOUR)


def _parts_and_shards(world: World) -> None:
    for number in range(11):
        world.upload(f"folder {number}/é+.png")
    world.upload("folder/", b"")
    world.upload(_INVALID)
    world.send("this is no event")
    world.send(json.dumps({"schema": "labeling-item/99", "kind": "returned"}))
    world.run(10)
    world.schedule()
    world.run(2 * HOUR)


def _partly_failed(world: World) -> None:
    world.workforce.plan = lambda: Work(failing=0.3, expiring=0.3, omitted=0.1)
    for number in range(7):
        world.upload(f"{number}.png")
    for _ in range(2):
        world.run(10)
        world.schedule()
        world.run(2 * HOUR)


def _dead_letters(world: World) -> None:
    world.workforce.unlabelable = {"unlabelable.png"}
    for key in ("unlabelable.png", "a.png", _INVALID):
        world.upload(key)
    for _ in range(3):
        world.run(10)
        world.schedule()
        world.run(2 * HOUR)
    world.workforce.unlabelable = set()
    world.redrive()
    world.schedule()
    world.run(2 * HOUR)


def _overwrite(world: World) -> None:
    for key in ("twice.png", "a.png", "twice.png"):
        world.upload(key)
    world.run(10)
    world.schedule()
    world.run(600)
    world.upload("a.png", b"newer", event_delays=(1, 500))
    world.run(10)
    world.schedule()
    world.run(3 * HOUR)


def _resumed(world: World) -> None:
    for number in range(3):
        world.upload(f"{number}.png")
    world.run(10)
    world.executions.end(world.schedule_and_run(600), "ABORTED")
    world.upload("later.png")
    world.run(10)
    world.schedule_and_run(3 * HOUR)


def _lost_event(world: World) -> None:
    world.workforce.plan = lambda: Work(events=())
    world.upload("a.png")
    world.run(10)
    world.schedule_and_run(2 * HOUR)
    world.workforce.plan = lambda: Work(events=(1, 1, 3 * HOUR))
    world.upload("b.png")
    world.run(10)
    world.schedule_and_run(4 * HOUR)


def _stopped(world: World) -> None:
    # The state gives up before the job ends; the job is stopped and half of it is harvested.
    world.workforce.plan = lambda: Work(seconds=40 * DAY)
    for number in range(4):
        world.upload(f"{number}.png")
    world.run(10)
    for pause in (HOUR, DAY, 31 * DAY):
        world.schedule_and_run(pause)


def _failed(world: World) -> None:
    works = itertools.chain([Work("Failed"), Work("Stopped")], itertools.repeat(Work()))
    world.workforce.plan = lambda: next(works)
    for number in range(3):
        world.upload(f"{number}.png")
    world.run(10)
    for _ in range(2):
        world.schedule_and_run(2 * HOUR)


def _refused_records(world: World) -> None:
    world.refused_keys.add("1.png")
    for number in range(4):
        world.upload(f"{number}.png")
    world.run(10)
    world.schedule_and_run(2 * HOUR)


def _several_polls(world: World) -> None:
    for number in range(9):
        world.upload(f"{number}.png")
    world.run(10)
    for _ in range(2):
        world.schedule_and_run(2 * HOUR)


def _texts(world: World) -> None:
    world.upload("texts.txt", _TEXT, event_delays=(1, 30))
    world.upload("more.txt", b"fifth text")
    world.run(60)
    world.schedule_and_run(2 * HOUR)


def _text_failures(world: World) -> None:
    world.workforce.plan = lambda: Work(failing=0.6)
    world.upload("texts.txt", _TEXT)
    world.run(60)
    for _ in range(2):
        world.schedule_and_run(2 * HOUR)


def _verified(world: World) -> None:
    for number in range(6):
        world.upload(f"{number}.png")
    world.run(10)
    world.schedule_and_run(4 * HOUR)


def _rejected(world: World) -> None:
    world.workforce.review = lambda: Work(rejecting=0.5)
    world.workforce.plan = lambda: Work(failing=0.2)
    for number in range(6):
        world.upload(f"{number}.png")
    world.run(10)
    for _ in range(2):
        world.schedule_and_run(4 * HOUR)
    world.upload("0.png", b"newer")
    world.schedule_and_run(4 * HOUR)


def _partly_verified(world: World) -> None:
    world.workforce.review = lambda: Work(failing=0.3, expiring=0.2, omitted=0.2)
    for number in range(6):
        world.upload(f"{number}.png")
    world.run(10)
    for _ in range(2):
        world.schedule_and_run(4 * HOUR)


def _reviews_failed(world: World) -> None:
    works = itertools.chain([Work("Failed"), Work("Stopped", events=())], itertools.repeat(Work()))
    world.workforce.review = lambda: next(works)
    for number in range(4):
        world.upload(f"{number}.png")
    world.run(10)
    for _ in range(3):
        world.schedule_and_run(4 * HOUR)


def _reviews_stopped(world: World) -> None:
    world.workforce.review = lambda: Work(seconds=40 * DAY)
    for number in range(4):
        world.upload(f"{number}.png")
    world.run(10)
    for pause in (HOUR, DAY, 31 * DAY):
        world.schedule_and_run(pause)


def _reviews_resumed(world: World) -> None:
    for number in range(3):
        world.upload(f"{number}.png")
    world.run(10)
    # An hour for the labels; the reviewers are at work when the execution ends.
    world.executions.end(world.schedule_and_run(1.5 * HOUR), "ABORTED")
    world.upload("later.png")
    world.run(10)
    world.schedule_and_run(4 * HOUR)


def _reviewed_texts(world: World) -> None:
    world.workforce.review = lambda: Work(rejecting=0.4, failing=0.3)
    world.upload("texts.txt", _TEXT)
    world.run(60)
    for _ in range(2):
        world.schedule_and_run(4 * HOUR)


def _put_lines(world: World, *lines: str, event_delays: tuple[float, ...] = (1,)) -> None:
    world.upload("texts.txt", "\n".join(lines).encode(), event_delays=event_delays)


def _file_grows(world: World) -> None:
    versions = (
        ("one", "two", "two"),
        ("top", "one", "two", "two", "end"),
        ("two", "end", "two", "two", "other"),
        ("two", "end", "two", "two", "other"),
    )
    for lines in versions:
        _put_lines(world, *lines)
        world.run(60)
        world.schedule_and_run(4 * HOUR)


def _file_grows_under_a_job(world: World) -> None:
    world.workforce.plan = lambda: Work(failing=0.3)
    _put_lines(world, "one", "two", "three")
    world.run(60)
    world.schedule()
    world.run(600)
    _put_lines(world, "new", "one", "two", "three", "one", event_delays=(1, 30))
    world.run(60)
    for _ in range(3):
        world.schedule_and_run(4 * HOUR)


def _versions_out_of_order(world: World) -> None:
    _put_lines(world, "one", "two", "three", "four", event_delays=(3 * HOUR,))
    _put_lines(world, "three", "one")
    world.run(60)
    for _ in range(3):
        world.schedule_and_run(2 * HOUR)


def _verified_file_grows(world: World) -> None:
    works = itertools.chain(
        [Work("Failed"), Work(rejecting=0.4, failing=0.3)], itertools.repeat(Work())
    )
    world.workforce.review = lambda: next(works)
    _put_lines(world, "one", "two", "three")
    world.run(60)
    world.schedule()
    world.run(1.5 * HOUR)
    # The reviewers are at work.
    _put_lines(world, "a", "b", "c", "one", "two", "three")
    world.run(60)
    for _ in range(4):
        world.schedule_and_run(4 * HOUR)


_VERIFYING = Configuration(sample_percent=100)
_VERIFIED_TEXTS = Configuration(task_type=TEXTS, sample_percent=100)

SCENARIOS = (
    Scenario("usual", _usual),
    Scenario("parts and shards", _parts_and_shards, dead_letters=frozenset({_INVALID})),
    Scenario("partly failed job", _partly_failed),
    Scenario(
        "dead letters and redrive",
        _dead_letters,
        Configuration(max_attempts=2),
        frozenset({"unlabelable.png", _INVALID}),
    ),
    Scenario("overwritten objects", _overwrite),
    Scenario("resumed run", _resumed),
    Scenario("lost and repeated job events", _lost_event),
    Scenario("job without end", _stopped),
    Scenario("failed and stopped jobs", _failed),
    Scenario("refused records", _refused_records, dead_letters=frozenset({"1.png"})),
    Scenario("records one by one", _usual, Configuration(batched_records=False)),
    Scenario("limited runs", _several_polls, Configuration(max_items_per_run=5)),
    Scenario(
        "several pollers", _several_polls, Configuration(max_items_per_run=5, large_runs=True)
    ),
    Scenario(
        "several pollers, parts and shards",
        _parts_and_shards,
        Configuration(large_runs=True),
        frozenset({_INVALID}),
    ),
    Scenario("texts", _texts, Configuration(task_type=TEXTS)),
    Scenario("failing texts", _text_failures, Configuration(task_type=TEXTS)),
    Scenario("verified", _verified, _VERIFYING),
    Scenario("sample of labels", _verified, Configuration(sample_percent=50)),
    Scenario("rejected labels", _rejected, _VERIFYING),
    Scenario("partly failed verification", _partly_verified, _VERIFYING),
    Scenario("failed and stopped verification", _reviews_failed, _VERIFYING),
    Scenario("verification without end", _reviews_stopped, _VERIFYING),
    Scenario("run resumed while reviewers work", _reviews_resumed, _VERIFYING),
    Scenario("verified texts", _reviewed_texts, _VERIFIED_TEXTS),
    Scenario("a text file grows", _file_grows, Configuration(task_type=TEXTS)),
    Scenario(
        "whole files uploaded again", _file_grows, Configuration(task_type=TEXTS, text_items="file")
    ),
    Scenario(
        "a text file grows under a job", _file_grows_under_a_job, Configuration(task_type=TEXTS)
    ),
    Scenario(
        "versions of texts out of order", _versions_out_of_order, Configuration(task_type=TEXTS)
    ),
    Scenario("a verified text file grows", _verified_file_grows, _VERIFIED_TEXTS),
    Scenario("labels renamed meanwhile", applied(classes=RENAMED)),
    Scenario("labels removed meanwhile", applied(classes=FEWER)),
    Scenario("labels reordered meanwhile", applied(classes=REORDERED)),
    Scenario("task texts changed meanwhile", applied(title="Another title")),
    Scenario("fewer attempts meanwhile", applied(max_attempts=1)),
    Scenario("features changed meanwhile", applied(features=OTHER_FEATURES)),
    Scenario("task type changed meanwhile", task_type_applied, dead_letters=OF_ANOTHER_TASK_TYPE),
    Scenario("labels renamed while verified", applied(REVIEWING, classes=RENAMED), _VERIFYING),
    Scenario(
        "features changed while verified",
        applied(REVIEWING, features=OTHER_FEATURES),
        _VERIFYING,
    ),
    Scenario("task texts changed while verified", applied(REVIEWING, title="Other"), _VERIFYING),
    Scenario("fewer attempts while verified", applied(REVIEWING, max_attempts=1), _VERIFYING),
    Scenario(
        "task type changed while verified",
        task_type_applied_while_verified,
        _VERIFYING,
        OF_ANOTHER_TASK_TYPE,
    ),
    Scenario("labels renamed before verified", applied(classes=RENAMED), _VERIFYING),
    Scenario("categories changed meanwhile", applied(judgements=OTHER_JUDGEMENTS), _VERIFYING),
    Scenario("sample changed meanwhile", applied(sample_percent=30.0), _VERIFYING),
    Scenario("verification turned off meanwhile", applied(sample_percent=None), _VERIFYING),
    Scenario(
        "verification turned off under review", applied(REVIEWING, sample_percent=None), _VERIFYING
    ),
    Scenario("verification turned on meanwhile", applied(sample_percent=100.0)),
    *LABEL_STUDIO_SCENARIOS,
)
