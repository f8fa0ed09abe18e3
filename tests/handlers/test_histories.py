"""Whole runs with crashes in them, checked by the auditor that believes no function."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from labeling_lambdas.steps import draining
from labeling_sandbox.audit.auditor import Auditor, Resources
from labeling_sandbox.audit.uploads import Upload
from tests.domain.examples import labeled_line
from tests.handlers.pipeline import CLASSES
from tests.handlers.places import on_both

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeling_lambdas.domain.items import SourceObject
    from tests.handlers.pipeline import Pipeline


@pytest.fixture(autouse=True)
def one_thread(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    # One thread, so that the n-th call is the same one in every history.
    monkeypatch.setattr(draining, "THREADS", 1)
    monkeypatch.setattr(draining, "PART_MESSAGES", 4)
    pipeline.prepare_ground_truth()


def audit(pipeline: Pipeline, uploads: list[SourceObject]) -> list[str]:
    auditor = Auditor(
        client=pipeline.client,
        control=lambda path: (
            pipeline.jobs() if path == "labeling-jobs" else pipeline.place.records(pipeline.name)
        ),
        resources=Resources(
            ledger_table=pipeline.table,
            intake_queue_url=pipeline.intake_url,
            dead_letter_queue_url=pipeline.dead_letter_url,
            output_bucket=pipeline.output,
            feature_group=pipeline.name,
        ),
    )
    found = auditor.audit(
        [Upload(source.bucket, source.key, source.version_id) for source in uploads], max_attempts=3
    )
    return found.violations


def uploaded(pipeline: Pipeline) -> list[SourceObject]:
    """Upload images, one of them twice, and what cannot be labeled; announce one image twice."""
    images = [pipeline.upload(key) for key in ("a b.png", "x/é+.png", "y/é+.png", "c.png")]
    older = pipeline.upload("twice.png")
    newer = pipeline.upload("twice.png", b"newer")
    newer = pipeline.source("twice.png", version_id=newer.version_id, sequencer="0B")
    invalid = [pipeline.upload("notes.txt"), pipeline.upload("empty.png", b"")]
    uploads = [*images, older, newer, *invalid]
    pipeline.announce([*uploads, images[0]])
    return uploads


@dataclass(frozen=True)
class Workers:
    """Workers who do not complete every item.

    Attributes:
        failing: Share of the items that they fail at.
        expiring: Share of the items that nobody completes in time.
        chance: Decides which.
    """

    failing: float
    expiring: float = 0.0
    chance: random.Random = field(default_factory=lambda: random.Random(0))

    def end_job(self, pipeline: Pipeline, name: str) -> None:
        sagemaker = pipeline.account.sagemaker
        if not sagemaker.jobs[name].ended:
            lines = [self._output(line) for line in sagemaker.input_lines(name)]
            sagemaker.end(name, "Completed", lines)

    def _output(self, line: dict[str, Any]) -> dict[str, Any]:
        share = self.chance.random()
        if share < self.failing:
            metadata = {"failure-reason": "ClientError: The task failed."}
        elif share < self.failing + self.expiring:
            metadata = {"failure-reason": "ClientError: Annotation tasks expired."}
        else:
            number = self.chance.randrange(len(CLASSES))
            return {
                **labeled_line("", **{"class-name": CLASSES[number]}),
                **line,
                "digit-label": number,
            }
        return {**line, "digit-label-metadata": metadata}


def label(
    pipeline: Pipeline, run: dict[str, Any], workers: Workers | None = None, **token: Any
) -> dict[str, Any]:
    """Start the labeling job, let it end and return how it ended."""
    pipeline.start(run, **token)
    name = pipeline.job_name(run)
    if workers is None:
        pipeline.end_job(run)
    else:
        workers.end_job(pipeline, name)
    found = pipeline.client("sagemaker").describe_labeling_job(LabelingJobName=name)
    return {
        "name": found["LabelingJobName"],
        "status": found["LabelingJobStatus"],
        "output_uri": found["LabelingJobOutput"]["OutputDatasetS3Uri"],
        "counters": dict(found["LabelCounters"]),
        "failure_reason": "",
    }


def whole_run(pipeline: Pipeline, execution: str, workers: Workers | None = None) -> str:
    """Do one scheduled run and return its outcome."""
    run = pipeline.poll(execution=execution)
    if not run["claimed"]:
        outcome = "queue_empty"
        if run["received"]:
            outcome = pipeline.finish(run, execution=execution)["outcome"]
        return outcome
    job = label(pipeline, run, workers, execution=execution)
    plan = pipeline.plan(run, job, execution=execution)
    pipeline.give_back(run, plan, pipeline.store(run, plan))
    return str(pipeline.finish(run, execution=execution)["outcome"])


def runs_until_empty(pipeline: Pipeline, workers: Workers | None = None) -> list[str]:
    outcomes: list[str] = []
    while not outcomes or outcomes[-1] != "queue_empty":
        outcomes.append(whole_run(pipeline, f"run-{len(outcomes)}", workers))
        assert len(outcomes) < 10
    return outcomes


@on_both
def test_a_run_without_faults(pipeline: Pipeline) -> None:
    uploads = uploaded(pipeline)
    assert runs_until_empty(pipeline) == ["succeeded", "queue_empty"]
    assert audit(pipeline, uploads) == []
    states = dict(zip(uploads, pipeline.states(uploads), strict=True))
    assert sorted(states.values()) == ["dead_lettered"] * 2 + ["stored"] * 5 + ["superseded"]
    assert {record["label"] for record in pipeline.records().values()} <= set(CLASSES)


@pytest.mark.parametrize("seed", range(3))
def test_runs_with_failing_and_absent_workers_end_with_every_item_settled(
    pipeline: Pipeline, seed: int
) -> None:
    uploads = uploaded(pipeline)
    workers = Workers(failing=0.3, expiring=0.3, chance=random.Random(seed))
    outcomes = runs_until_empty(pipeline, workers)
    assert set(outcomes) <= {"succeeded", "nothing_labeled", "queue_empty"}
    assert audit(pipeline, uploads) == []
    assert set(pipeline.states(uploads)) <= {"stored", "superseded", "dead_lettered"}


def crashed_polls(pipeline: Pipeline, *, after: bool) -> Iterator[list[SourceObject]]:
    """Let a poll die at each of its calls, each time with other uploads, which are yielded."""
    uploads: list[SourceObject] = []

    def poll(call: int) -> None:
        sources = [pipeline.source(f"{call}-{number}.png") for number in range(6)]
        uploads[:] = [pipeline.source(f"{call}.txt"), *sources]
        pipeline.announce([*uploads, sources[0]])
        pipeline.poll_once()

    deaths = 0
    for _ in pipeline.faults.crashes(poll, after=after):
        pipeline.expire_visibility()
        pipeline.expire_leases()
        yield list(uploads)
        close_everything(pipeline)
        deaths += 1
    assert deaths >= 10


@pytest.mark.parametrize("after", [False, True])
def test_a_poll_that_dies_at_any_call_and_is_repeated_loses_nothing(
    pipeline: Pipeline, after: bool
) -> None:
    for uploads in crashed_polls(pipeline, after=after):
        run = pipeline.poll()
        assert run["claimed"] == len(uploads) - 1
        assert pipeline.states(uploads)[0] == "dead_lettered"
        listed = pipeline.file(run, "claims/index.json")
        items = [
            item["item_id"]
            for part in listed["parts"]
            for item in pipeline.file(run, f"claims/{part}.json")["items"]
        ]
        assert sorted(items) == sorted(source.item_id for source in uploads[1:])
        counts = listed["counts"]
        assert counts["received"] == counts["claimed"] + sum(counts["dropped"].values()) + sum(
            counts["invalid"].values()
        )
        assert pipeline.in_flight() == 0
        letters = {letter["item_id"] for letter in pipeline.dead_letters()}
        assert uploads[0].item_id in letters


@pytest.mark.parametrize("after", [False, True])
def test_a_poll_that_dies_at_any_call_and_is_resumed_shares_the_items_with_the_next_run(
    pipeline: Pipeline, after: bool
) -> None:
    for uploads in crashed_polls(pipeline, after=after):
        resumed: dict[str, Any] = {"claimed": 0}
        for run_id in pipeline.open_runs():
            pipeline.recover(execution="by-hand", resume_run=run_id)
            reference = {"run_id": run_id, "resumed": True}
            resumed = pipeline.poll_once(reference, execution="by-hand")
            assert resumed["more"] is False
        rest = pipeline.poll(execution="next")
        assert resumed["claimed"] + rest["claimed"] == len(uploads) - 1
        assert pipeline.states(uploads) == ["dead_lettered"] + ["claimed"] * 6
        assert pipeline.in_flight() == 0


def close_everything(pipeline: Pipeline) -> None:
    """Make room for the next history: the same execution opens a new run."""
    dynamodb, s3 = pipeline.client("dynamodb"), pipeline.client("s3")
    for key in pipeline.rows():
        dynamodb.delete_item(TableName=pipeline.table, Key={"pk": {"S": key}})
    for page in s3.get_paginator("list_objects_v2").paginate(
        Bucket=pipeline.output, Prefix="runs/"
    ):
        for entry in page.get("Contents", []):
            s3.delete_object(Bucket=pipeline.output, Key=entry["Key"])


@pytest.mark.parametrize("step", ["start", "plan", "store", "give_back", "finish"])
@pytest.mark.parametrize("after", [False, True])
def test_a_run_whose_steps_die_and_are_repeated_keeps_every_promise(
    pipeline: Pipeline, step: str, after: bool
) -> None:
    uploads = uploaded(pipeline)
    run = pipeline.poll()
    repeats = {"number": 0}

    def repeated(name: str, call: Any) -> Any:
        if name == step:
            for repeats["number"] in pipeline.faults.crashes(lambda _: call(), after=after):
                pass
        return call()

    workers = Workers(failing=0.5)
    job = repeated("start", lambda: label(pipeline, run, workers, retry_count=repeats["number"]))
    plan = repeated("plan", lambda: pipeline.plan(run, job))
    stored = repeated("store", lambda: pipeline.store(run, plan))
    repeated("give_back", lambda: pipeline.give_back(run, plan, stored))
    finished = repeated("finish", lambda: pipeline.finish(run))
    # The workers are left to chance: where all or none of them failed, one step has nothing to do.
    idle = {"store": not plan["shards"], "give_back": not plan["return_shards"]}.get(step, False)
    assert repeats["number"] >= (0 if idle else 3)
    assert finished["accounting_balanced"] is True
    runs_until_empty(pipeline)
    assert audit(pipeline, uploads) == []
