"""plan_results and return_items: every claim comes to one end."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from labeling_lambdas.aws import clients
from labeling_lambdas.aws.run_ledger import RunLedger
from labeling_lambdas.errors import LabelingJobOutputMissingError, OutOfTimeError, RunTakenOverError
from labeling_lambdas.steps import shards
from tests.handlers.faults import CrashError
from tests.handlers.pipeline import Context
from tests.handlers.places import on_both

if TYPE_CHECKING:
    from in_process_aws.calls import Call
    from tests.handlers.pipeline import Pipeline

_SIZES = [0, 1, 10, 11, 50, 60, 1000]


@pytest.mark.parametrize("size", _SIZES)
def test_every_label_is_stored(pipeline: Pipeline, size: int) -> None:
    run, sources = pipeline.seed(size)
    job = pipeline.ended_job(run, [pipeline.labeled(source) for source in sources])
    plan = pipeline.plan(run, job)
    assert plan.pop("folder").startswith("results/")
    assert plan == {"shards": [0] if size else [], "return_shards": 0, "position": 0}
    plan = pipeline.plan(run, job)
    stored = pipeline.store(run, plan)
    assert sum(shard["stored"] for shard in stored) == size
    assert set(pipeline.records()) == {source.uri for source in sources}
    assert set(pipeline.states(sources)) <= {"stored"}


def test_claims_are_returned_in_several_threads(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, sources = pipeline.seed(200)
    job = pipeline.ended_job(run, [pipeline.failed(source) for source in sources])
    plan = pipeline.plan(run, job)
    # Each call waits until another one is under way as well.
    both, see = threading.Barrier(2), pipeline.faults.before

    def wait(call: Call) -> None:
        if call.operation == "SendMessageBatch":
            both.wait(timeout=60)
        see(call)

    monkeypatch.setattr(pipeline.faults, "before", wait)
    pipeline.give_back(run, plan)
    assert {message["item_id"] for message in pipeline.waiting()} == {
        source.item_id for source in sources
    }


@pytest.mark.parametrize("size", _SIZES)
def test_everything_that_is_not_labeled_goes_back_with_attempt_and_reason(
    pipeline: Pipeline, size: int
) -> None:
    run, sources = pipeline.seed(size)
    job = pipeline.ended_job(run, [pipeline.failed(source) for source in sources])
    plan = pipeline.plan(run, job)
    assert plan["shards"] == []
    pipeline.give_back(run, plan)
    waiting = pipeline.waiting()
    assert {message["item_id"] for message in waiting} == {source.item_id for source in sources}
    assert {
        (message["kind"], message["attempts"], message["reason"], message["run_id"])
        for message in waiting
    } <= {("returned", 1, "annotation_failed", run["run_id"])}
    assert set(pipeline.states(sources)) <= {"returned"}


def test_work_is_cut_into_shards(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "SHARD_ITEMS", 10)
    run, sources = pipeline.seed(45)
    lines = [pipeline.labeled(source) for source in sources[:25]] + [pipeline.failed(sources[25])]
    plan = pipeline.plan(run, pipeline.ended_job(run, lines))
    assert (plan["shards"], plan["return_shards"]) == ([0, 1, 2], 2)
    stored = pipeline.store(run, plan)
    assert [shard["stored"] for shard in stored] == [10, 10, 5]
    pipeline.give_back(run, plan, stored)
    assert pipeline.finish(run)["accounting_balanced"] is True
    assert Counter(pipeline.states(sources)) == {"stored": 25, "returned": 20}


@on_both
def test_each_way_to_end(pipeline: Pipeline) -> None:
    run, sources = pipeline.seed(6)
    labeled, failed, expired, bare, lost, odd = sources
    lines: list[object] = [
        "{not json",
        {"item-id": "of-nobody", "digit-label": 0},
        pipeline.labeled(labeled),
        pipeline.labeled(labeled, **{"class-name": "a second line is not believed"}),
        pipeline.failed(failed),
        pipeline.failed(expired, "ClientError: Annotation tasks expired."),
        {"source-ref": bare.uri, "item-id": bare.item_id},
        {**pipeline.labeled(odd), "digit-label": "three"},
    ]
    report = pipeline.settle(run, pipeline.ended_job(run, lines))
    assert report["outcome"] == "succeeded"
    assert report["accounting_balanced"] is True
    reasons = {source.key: pipeline.item(source).get("reason") for source in sources}
    assert reasons == {
        labeled.key: None,
        failed.key: "annotation_failed",
        expired.key: "annotation_expired",
        bare.key: "not_labeled",
        lost.key: "not_labeled",
        odd.key: "unreadable_output",
    }
    assert pipeline.records()[labeled.uri]["label"] == "three"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("Failed", "labeling_job_failed"),
        ("Stopped", "labeling_job_stopped"),
        ("NotCreated", "labeling_job_not_created"),
    ],
)
def test_a_job_that_gave_no_manifest_costs_no_attempt(
    pipeline: Pipeline, status: str, reason: str
) -> None:
    run, sources = pipeline.seed(3)
    plan = pipeline.plan(run, pipeline.ended_job(run, status=status))
    pipeline.give_back(run, plan)
    rows = [pipeline.item(source) for source in sources]
    assert {(row["item_state"], row["attempts"], row["reason"]) for row in rows} == {
        ("returned", 0, reason)
    }


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_a_job_that_ended_before_it_wrote_its_manifest_costs_no_attempt(
    pipeline: Pipeline, status: str
) -> None:
    run, sources = pipeline.seed(3)
    job = pipeline.ended_job(run, status=status)
    job["output_uri"] = f"s3://{pipeline.output}/labeling-jobs/x/manifests/output/output.manifest"
    pipeline.give_back(run, pipeline.plan(run, job))
    assert {pipeline.item(source)["attempts"] for source in sources} == {0}


def test_no_item_is_returned_if_a_completed_job_has_no_manifest(
    pipeline: Pipeline,
) -> None:
    run, sources = pipeline.seed(1)
    job = pipeline.ended_job(run)
    job["output_uri"] = f"s3://{pipeline.output}/labeling-jobs/x/manifests/output/output.manifest"
    with pytest.raises(LabelingJobOutputMissingError, match="or an empty object"):
        pipeline.plan(run, job)
    assert pipeline.states(sources) == ["claimed"]


def test_a_stopped_job_is_harvested_and_only_what_was_reached_costs_an_attempt(
    pipeline: Pipeline,
) -> None:
    run, sources = pipeline.seed(3)
    labeled, failed, bare = sources
    lines = [
        pipeline.labeled(labeled),
        pipeline.failed(failed),
        {"source-ref": bare.uri, "item-id": bare.item_id},
    ]
    report = pipeline.settle(run, pipeline.ended_job(run, lines, "Stopped"))
    assert report["outcome"] == "labeling_job_failed"
    assert pipeline.states(sources) == ["stored", "returned", "returned"]
    assert [pipeline.item(source)["attempts"] for source in sources] == [1, 1, 0]


def test_an_item_whose_object_was_overwritten_meanwhile_is_superseded(
    pipeline: Pipeline,
) -> None:
    run, sources = pipeline.seed(2)
    newer = pipeline.source(sources[0].key, version_id="v2", sequencer="0B")
    pipeline.announce([newer])
    pipeline.poll(execution="two")
    job = pipeline.ended_job(run, [pipeline.labeled(source) for source in sources])
    report = pipeline.settle(run, job)
    assert (report["stored"], report["accounting_balanced"]) == (1, True)
    assert pipeline.report(run)["superseded"] == 1
    assert pipeline.states([*sources, newer]) == ["superseded", "stored", "claimed"]
    assert sources[0].uri not in pipeline.records()


def test_overwritten_objects_are_found_however_many_rows_the_ledger_is_asked_for(
    pipeline: Pipeline,
) -> None:
    # One call reads 100 rows: the three stand in the first and the second of them.
    run, sources = pipeline.seed(130)
    overwritten = [sources[0], sources[99], sources[129]]
    pipeline.announce(
        [pipeline.source(source.key, version_id="v2", sequencer="0B") for source in overwritten]
    )
    pipeline.poll(execution="two")
    job = pipeline.ended_job(run, [pipeline.labeled(source) for source in sources])
    report = pipeline.settle(run, job)
    assert (report["stored"], report["accounting_balanced"]) == (127, True)
    assert pipeline.states(overwritten) == ["superseded"] * 3


def test_the_plan_is_written_once(pipeline: Pipeline) -> None:
    run, sources = pipeline.seed(2)
    plan = pipeline.plan(
        run, pipeline.ended_job(run, [pipeline.labeled(source) for source in sources])
    )
    # Whatever a repeat is told later, what was planned is acted upon.
    assert pipeline.plan(run, pipeline.ended_job(run, status="Failed")) == plan
    assert pipeline.run_row(run)["run_state"] == "settling"


def test_a_planning_that_outlives_its_execution_overwrites_nothing_of_its_successor(
    pipeline: Pipeline,
) -> None:
    run, sources = pipeline.seed(3)
    job = pipeline.ended_job(run, [pipeline.labeled(source) for source in sources])
    plans: list[dict[str, Any]] = []
    begin_settling = RunLedger.begin_settling

    def late(ledger: RunLedger, *arguments: Any) -> Any:
        # While this call was on its way, a repeat has planned with what the workers gave, and
        # stored a part of it. What this one had read was another end of the job.
        pipeline.environment.setattr(RunLedger, "begin_settling", begin_settling)
        plans.append(pipeline.plan(run, job))
        return begin_settling(ledger, *arguments)

    pipeline.environment.setattr(RunLedger, "begin_settling", late)
    plans.append(pipeline.plan(run, pipeline.ended_job(run, status="Failed")))
    successor, zombie = plans
    assert zombie == successor
    # A second zombie dies after its shards and before it can ask the ledger.
    pipeline.put_rows({**pipeline.run_row(run), "run_state": "sealed"})
    pipeline.faults.crash("UpdateItem")
    with pytest.raises(CrashError):
        pipeline.plan(run, pipeline.ended_job(run, [pipeline.labeled(sources[0])]))
    pipeline.faults.forget()
    pipeline.put_rows({**pipeline.run_row(run), "run_state": "settling"})
    pipeline.store(run, successor)
    assert set(pipeline.states(sources)) == {"stored"}


@pytest.mark.parametrize("after", [False, True])
def test_planning_survives_a_crash_at_every_call(pipeline: Pipeline, after: bool) -> None:
    run, sources = pipeline.seed(3)
    lines = [pipeline.labeled(sources[0]), pipeline.failed(sources[1])]
    job = pipeline.ended_job(run, lines)
    crashes = list(pipeline.faults.crashes(lambda _: pipeline.plan(run, job), after=after))
    assert len(crashes) >= 6
    plan = pipeline.plan(run, job)
    assert (plan["shards"], plan["return_shards"]) == ([0], 1)
    assert pipeline.states(sources) == ["claimed"] * 3


def test_a_plan_of_a_stale_execution_is_refused(pipeline: Pipeline) -> None:
    run, _ = pipeline.seed(1)
    with pytest.raises(RunTakenOverError):
        pipeline.plan(run, pipeline.ended_job(run, status="Failed"), execution="stale")


def test_steps_stop_before_their_time_is_over(pipeline: Pipeline) -> None:
    run, sources = pipeline.seed(2)
    job = pipeline.ended_job(run, [pipeline.labeled(sources[0])])
    short = Context(seconds=5)
    with pytest.raises(OutOfTimeError, match="5 s left"):
        pipeline.plan(run, job, context=short)
    plan = pipeline.plan(run, job)
    with pytest.raises(OutOfTimeError):
        pipeline.store(run, plan, context=short)
    assert pipeline.records() == {}
    assert pipeline.states(sources) == ["claimed", "claimed"]


def test_giving_back_goes_on_where_it_stopped(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SHARD_ITEMS", 2)
    run, _ = pipeline.seed(6)
    plan = pipeline.plan(run, pipeline.ended_job(run, status="Failed"))
    assert plan["return_shards"] == 3
    # Each call has time for one list only.
    done = pipeline.give_back(run, plan, context=Context(seconds=10))
    assert done == {
        "folder": plan["folder"],
        "return_shards": 3,
        "position": 3,
        "more": False,
    }
    assert len(pipeline.waiting()) == 6


@pytest.mark.parametrize("after", [False, True])
def test_giving_back_survives_a_crash_at_every_call(pipeline: Pipeline, after: bool) -> None:
    pipeline.configure(MAX_ATTEMPTS="1")
    run, sources = pipeline.seed(3)
    lines = [
        pipeline.failed(sources[0]),
        {"item-id": sources[1].item_id},
        {"item-id": sources[2].item_id},
    ]
    plan = pipeline.plan(run, pipeline.ended_job(run, lines, "Stopped"))
    crashes = list(pipeline.faults.crashes(lambda _: pipeline.give_back(run, plan), after=after))
    assert len(crashes) >= 5
    pipeline.give_back(run, plan)
    assert pipeline.states(sources) == ["dead_lettered", "returned", "returned"]
    # More messages than items are harmless: whoever receives the second one drops it.
    assert {message["item_id"] for message in pipeline.waiting()} == {
        source.item_id for source in sources[1:]
    }
    assert {letter["item_id"] for letter in pipeline.dead_letters()} == {sources[0].item_id}
    assert pipeline.item(sources[0])["delivered"] is True
    assert pipeline.finish(run)["accounting_balanced"] is True
    assert pipeline.poll(execution="two")["claimed"] == 2


def test_the_last_attempt_ends_on_the_dead_letter_queue(pipeline: Pipeline) -> None:
    run, sources = pipeline.seed(11, attempts=2, generation=1)
    plan = pipeline.plan(
        run, pipeline.ended_job(run, [pipeline.failed(source) for source in sources])
    )
    pipeline.give_back(run, plan)
    letters = pipeline.dead_letters()
    assert len(letters) == 11
    assert {
        (letter["reason"], letter["detail"], letter["attempts"], letter["generation"])
        for letter in letters
    } == {("attempts_exhausted", "annotation_failed", 3, 2)}
    assert pipeline.waiting() == []


def test_what_another_run_has_taken_in_the_meantime_is_confirmed(pipeline: Pipeline) -> None:
    run, sources = pipeline.seed(2)
    plan = pipeline.plan(
        run, pipeline.ended_job(run, [pipeline.failed(source) for source in sources])
    )
    pipeline.give_back(run, plan)
    pipeline.poll(execution="two")
    pipeline.give_back(run, plan)
    assert pipeline.file(run, "settled/return-00000.json")["returned"] == {"annotation_failed": 2}
    assert pipeline.states(sources) == ["claimed", "claimed"]


def test_a_queue_that_does_not_take_everything_is_tried_again(pipeline: Pipeline) -> None:
    client = clients.sqs()
    send = client.send_message_batch
    answers: list[Any] = [{"Failed": [{"Id": "1"}, {"Id": "2"}]}]

    def refusing(**request: Any) -> Any:
        if not answers:
            return send(**request)
        answer = answers.pop()
        kept = [entry for entry in request["Entries"] if entry["Id"] == "0"]
        send(**{**request, "Entries": kept})
        return answer

    pipeline.environment.setattr(client, "send_message_batch", refusing)
    run, sources = pipeline.seed(3)
    pipeline.give_back(run, pipeline.plan(run, pipeline.ended_job(run, status="Failed")))
    assert sorted(message["item_id"] for message in pipeline.waiting()) == sorted(
        source.item_id for source in sources
    )
