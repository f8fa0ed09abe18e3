"""Runs with verification until the queue is empty, with deaths in them.

What labelers and reviewers say is made up here, so that the rules can be checked against it.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from labeling_lambdas.steps import draining
from tests.domain.examples import reviewed_line
from tests.handlers.faults import CrashError

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_lambdas.domain.items import SourceObject
    from tests.handlers.pipeline import Pipeline

_MAX_ATTEMPTS = 3
_MOST_RUNS = 40


@pytest.fixture(autouse=True)
def verified(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "PART_MESSAGES", 4)
    pipeline.prepare_ground_truth()
    pipeline.verify()


@dataclass
class History:
    """Runs of a pipeline whose people and whose functions are unreliable.

    Attributes:
        pipeline: The pipeline.
        chance: Decides over everything.
        by_id: The uploads.
        labeled: Items with a label that no reviewer has rejected.
        attempts: Labeling jobs that had an item and gave nothing that reviewers accepted.
        accepted: Items whose label was accepted.
    """

    pipeline: Pipeline
    chance: random.Random
    by_id: dict[str, SourceObject] = field(default_factory=dict)
    labeled: set[str] = field(default_factory=set)
    attempts: Counter[str] = field(default_factory=Counter)
    accepted: set[str] = field(default_factory=set)

    def step(self, call: Callable[[int], Any]) -> Any:
        """Do a step that may die a few times before it succeeds."""
        for repeat in range(self.chance.choice([0, 0, 1, 2])):
            self.pipeline.faults.crash(
                call=self.chance.randint(1, 12), after=self.chance.random() < 0.5
            )
            try:
                call(repeat)
            except CrashError:
                continue
            finally:
                self.pipeline.faults.forget()
                self.pipeline.expire_visibility()
                self.pipeline.expire_leases()
        return call(9)

    def run(self, execution: str) -> str:
        """Do one scheduled run and return its outcome."""
        pipeline = self.pipeline
        run = self.step(lambda _: pipeline.poll(execution=execution))
        if not run["claimed"]:
            return "queue_empty"
        self.step(lambda repeat: pipeline.start(run, execution=execution, retry_count=repeat))
        job = pipeline.job_result(run, "label") or self.label(run)
        self.step(
            lambda repeat: pipeline.start_verification(
                run, job, execution=execution, retry_count=repeat
            )
        )
        verification = pipeline.job_result(run, "verify") or self.review(run)
        plan = self.step(lambda _: pipeline.plan(run, job, verification, execution=execution))
        stored = self.step(lambda _: pipeline.store(run, plan))
        self.step(lambda _: pipeline.give_back(run, plan, stored))
        answer = self.step(lambda _: pipeline.finish(run, execution=execution))
        assert answer["accounting_balanced"] is True
        return str(answer["outcome"])

    def label(self, run: dict[str, Any]) -> dict[str, Any]:
        items = [line["item-id"] for line in self.pipeline.manifest(run, "label")]
        assert items, "a job without items was created"
        assert self.labeled.isdisjoint(items), "an item that has a label was given to labelers"
        status = self.chance.choice(["Completed"] * 6 + ["Failed", "Stopped"])
        if status == "Failed":
            return self.pipeline.ended_job(run, None, status)
        lines = []
        for item in items:
            said = self.chance.random()
            if said < 0.7:
                self.labeled.add(item)
                lines.append(self.pipeline.labeled(self.by_id[item]))
            elif said < 0.85 or status == "Completed":
                self.attempts[item] += 1
                lines.append(self.pipeline.failed(self.by_id[item]))
        return self.pipeline.ended_job(run, lines, status)

    def review(self, run: dict[str, Any]) -> dict[str, Any]:
        shown = self.pipeline.manifest(run, "verify")
        assert shown, "a job without items was created"
        assert {line["item-id"] for line in shown} <= self.labeled - self.accepted
        status = self.chance.choice(["Completed"] * 5 + ["Failed", "Stopped"])
        if status == "Failed":
            return self.pipeline.ended_job(run, None, status, stage="verify")
        lines = []
        for line in shown:
            said = self.chance.random()
            item = line["item-id"]
            if said < 0.5:
                self.accepted.add(item)
                lines.append(reviewed_line(line))
            elif said < 0.8:
                self.labeled.remove(item)
                self.attempts[item] += 1
                lines.append(reviewed_line(line, "Unclear", "why"))
            elif said < 0.9:
                failure = {"failure-reason": "ClientError: Annotation tasks expired."}
                lines.append({**line, "digit-verification-metadata": failure})
        return self.pipeline.ended_job(run, lines, status, stage="verify")


@pytest.mark.parametrize("seed", range(3))
def test_every_item_ends_as_labelers_and_reviewers_said(pipeline: Pipeline, seed: int) -> None:
    sources = pipeline.sources(6)
    pipeline.announce(sources)
    history = History(pipeline, random.Random(seed), {source.item_id: source for source in sources})
    for number in range(_MOST_RUNS):
        if history.run(f"run-{number}") == "queue_empty":
            break
    else:
        pytest.fail("the runs do not end")
    assert pipeline.waiting() == []
    assert pipeline.in_flight() == 0
    assert pipeline.open_runs() == set()
    letters = {letter["item_id"]: letter for letter in pipeline.dead_letters()}
    records = pipeline.records()
    for item, source in history.by_id.items():
        row = pipeline.item(source)
        if item in history.accepted:
            assert row["item_state"] == "stored"
            assert records[source.uri]["status"] == "VERIFIED"
            assert row["attempts"] == history.attempts[item] + 1
        else:
            assert (row["item_state"], row["reason"]) == ("dead_lettered", "attempts_exhausted")
            assert letters[item]["detail"] == row["detail"]
            assert row["attempts"] == history.attempts[item] == _MAX_ATTEMPTS
        assert row["attempts"] <= _MAX_ATTEMPTS
    assert records.keys() == {history.by_id[item].uri for item in history.accepted}
