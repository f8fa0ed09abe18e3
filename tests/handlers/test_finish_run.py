"""finish_run: the outcome, the report, the metrics, the event, and what stays open."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from labeling_lambdas.errors import RunTakenOverError
from tests.handlers.places import on_both

if TYPE_CHECKING:
    from tests.handlers.pipeline import Pipeline


def failed_jobs(pipeline: Pipeline) -> int:
    return int(pipeline.rows().get("PIPELINE", {}).get("failed_jobs_in_a_row", 0))


def metrics_of(printed: str) -> dict[str, Any]:
    (line,) = [line for line in printed.splitlines() if '"_aws"' in line]
    found: dict[str, Any] = json.loads(line)
    return found


@on_both
def test_a_run_that_labeled_something_succeeds(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.place.keep_events()
    run, sources = pipeline.seed(4)
    lines = [pipeline.labeled(source) for source in sources[:3]]
    job = {**pipeline.ended_job(run, lines), "counters": {"TotalLabeled": 3, "Unlabeled": 1}}
    answer = pipeline.settle(run, job)
    assert answer == {
        "run_id": run["run_id"],
        "outcome": "succeeded",
        "received": 4,
        "claimed": 4,
        "stored": 3,
        "accounting_balanced": True,
    }
    report = pipeline.report(run)
    assert report["returned"] == {"not_labeled": 1}
    assert report["labeling_job"]["name"] == pipeline.job_name(run)
    assert report["execution_arn"] == pipeline.execution()
    assert report["opened_at"] < report["closed_at"]
    row = pipeline.run_row(run)
    assert (row["run_state"], row["outcome"]) == ("closed", "succeeded")
    assert row["expires_at"] > 0
    assert pipeline.open_runs() == set()
    metrics = metrics_of(capsys.readouterr().out)
    names = {metric["Name"] for metric in metrics["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert {name: metrics[name] for name in names} == {
        "ItemsReceived": 4,
        "ItemsClaimed": 4,
        "ItemsStored": 3,
        "ItemsReturned": 1,
        "ItemsDeadLettered": 0,
        "ItemsRejected": 0,
        "ObjectsLabeled": 3,
        "ObjectsVerified": 0,
        "AccountingMismatch": 0,
        "ProbeMode": 0,
    }
    assert metrics["Pipeline"] == pipeline.name
    (event,) = [
        event for event in pipeline.place.events() if event["detail"]["run_id"] == run["run_id"]
    ]
    assert event["detail-type"] == "Labeling Run Completed"
    assert event["detail"]["outcome"] == "succeeded"
    assert event["detail"]["report_uri"] == (
        f"s3://{pipeline.output}/runs/{run['run_id']}/report.json"
    )


def test_a_run_without_a_label_is_named(pipeline: Pipeline) -> None:
    run, sources = pipeline.seed(2)
    job = pipeline.ended_job(run, [pipeline.failed(source) for source in sources])
    assert pipeline.settle(run, job)["outcome"] == "nothing_labeled"
    assert failed_jobs(pipeline) == 0


@pytest.mark.parametrize("status", ["NotCreated", "Failed", "Stopped"])
def test_a_job_that_failed_is_named_and_counted_once(pipeline: Pipeline, status: str) -> None:
    run, _ = pipeline.seed(2)
    answer = pipeline.settle(run, pipeline.ended_job(run, status=status))
    assert (answer["outcome"], answer["accounting_balanced"]) == ("labeling_job_failed", True)
    counted = 0 if status == "Stopped" else 1
    assert failed_jobs(pipeline) == counted
    assert pipeline.finish(run)["outcome"] == "labeling_job_failed"
    assert failed_jobs(pipeline) == counted


def test_the_third_failed_job_turns_the_probe_mode_on_and_a_label_off_again(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.announce(pipeline.sources(2))
    run: dict[str, Any] = {}
    for number in range(4):
        execution = f"run-{number}"
        run = pipeline.poll(execution=execution)
        assert run["claimed"] == (2 if number < 3 else 1)
        if number < 3:
            plan = pipeline.plan(
                run, pipeline.ended_job(run, status="NotCreated"), execution=execution
            )
            pipeline.give_back(run, plan)
            capsys.readouterr()
            pipeline.finish(run, execution=execution)
            assert metrics_of(capsys.readouterr().out)["ProbeMode"] == int(number == 2)
    lines = [pipeline.labeled(source) for source in pipeline.sources(2)]
    plan = pipeline.plan(run, pipeline.ended_job(run, lines), execution="run-3")
    pipeline.store(run, plan)
    assert pipeline.finish(run, execution="run-3")["outcome"] == "succeeded"
    assert failed_jobs(pipeline) == 0


def test_a_run_with_nothing_to_label_is_one_of_an_empty_queue(pipeline: Pipeline) -> None:
    pipeline.announce([pipeline.source("a.txt"), pipeline.source("folder/", size=0)])
    run = pipeline.poll()
    assert pipeline.finish(run)["outcome"] == "queue_empty"
    assert pipeline.report(run)["invalid"] == {"unsupported_extension": 1}
    assert pipeline.open_runs() == set()


def test_a_run_without_a_plan_stays_open(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    run = pipeline.claim(2)
    assert pipeline.finish(run)["outcome"] == "left_open"
    assert pipeline.open_runs() == {run["run_id"]}
    assert metrics_of(capsys.readouterr().out)["AccountingMismatch"] == 0


@pytest.mark.parametrize("missing", ["store", "return", "rejected"])
def test_a_run_with_an_unsettled_list_stays_open_until_it_is_settled(
    pipeline: Pipeline, missing: str
) -> None:
    pipeline.configure(EXTRA_FEATURES='{"unheard_of": {"path": "poison", "column": true}}')
    run, sources = pipeline.seed(4)
    lines = [pipeline.labeled(source) for source in sources[:3]]
    lines[2]["poison"] = "x"
    plan = pipeline.plan(run, pipeline.ended_job(run, lines))
    if missing != "store":
        stored = pipeline.store(run, plan)
        pipeline.give_back(run, plan, [] if missing == "rejected" else stored)
        if missing == "return":
            pipeline.client("s3").delete_object(
                Bucket=pipeline.output, Key=f"runs/{run['run_id']}/settled/return-00000.json"
            )
    assert pipeline.finish(run)["outcome"] == "left_open"
    assert pipeline.run_row(run)["run_state"] == "settling"
    pipeline.give_back(run, plan, pipeline.store(run, plan))
    answer = pipeline.finish(run)
    assert (answer["outcome"], answer["accounting_balanced"]) == ("succeeded", True)
    assert pipeline.report(run)["dead_lettered"] == {"record_rejected": 1}


def test_a_shard_that_could_not_be_stored_leaves_the_run_open(pipeline: Pipeline) -> None:
    run, sources = pipeline.seed(2)
    plan = pipeline.plan(run, pipeline.ended_job(run, [pipeline.labeled(sources[0])]))
    pipeline.give_back(run, plan, [{"shard": 0, "stored": 0, "rejected": 0}])
    assert pipeline.states(sources) == ["claimed", "returned"]
    assert pipeline.finish(run)["outcome"] == "left_open"


def test_a_mismatch_closes_the_run_and_is_published(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    run, sources = pipeline.seed(2)
    plan = pipeline.plan(
        run, pipeline.ended_job(run, [pipeline.labeled(source) for source in sources])
    )
    pipeline.store(run, plan)
    settled = pipeline.file(run, "settled/store-00000.json")
    pipeline.write_file(run, "settled/store-00000.json", {**settled, "stored": 1})
    answer = pipeline.finish(run)
    assert (answer["outcome"], answer["accounting_balanced"]) == ("accounting_mismatch", False)
    assert metrics_of(capsys.readouterr().out)["AccountingMismatch"] == 1
    assert pipeline.run_row(run)["run_state"] == "closed"


def test_a_repeat_gives_the_same_outcome(pipeline: Pipeline) -> None:
    run, sources = pipeline.seed(2)
    first = pipeline.settle(
        run, pipeline.ended_job(run, [pipeline.labeled(source) for source in sources])
    )
    assert pipeline.finish(run) == first


@pytest.mark.parametrize("after", [False, True])
def test_finishing_survives_a_crash_at_every_call(pipeline: Pipeline, after: bool) -> None:
    run, sources = pipeline.seed(2)
    plan = pipeline.plan(run, pipeline.ended_job(run, status="Failed"))
    pipeline.give_back(run, plan)
    crashes = list(pipeline.faults.crashes(lambda _: pipeline.finish(run), after=after))
    assert len(crashes) >= 6
    assert pipeline.finish(run)["outcome"] == "labeling_job_failed"
    assert failed_jobs(pipeline) == 1
    assert pipeline.open_runs() == set()
    assert pipeline.states(sources) == ["returned", "returned"]


def test_a_stale_execution_finishes_nothing(pipeline: Pipeline) -> None:
    run, _ = pipeline.seed(1)
    with pytest.raises(RunTakenOverError):
        pipeline.finish(run, execution="stale")
