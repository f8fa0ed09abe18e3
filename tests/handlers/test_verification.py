"""Verification: what reviewers are shown, and what becomes of each item after it."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from labeling_lambdas.errors import LabelingJobRefusedError
from labeling_lambdas.steps import draining, shards
from tests.domain.examples import custom_review, reviewed_line
from tests.handlers.faults import CrashError
from tests.handlers.places import on_both

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_lambdas.domain.items import SourceObject
    from tests.handlers.pipeline import Pipeline

_SIZES = [0, 1, 10, 11, 50, 60, 1000]


@pytest.fixture(autouse=True)
def verified(pipeline: Pipeline) -> None:
    pipeline.prepare_ground_truth()
    pipeline.verify()


def reviewed(
    pipeline: Pipeline, run: dict[str, Any], lines: list[Any], status: str = "Completed"
) -> dict[str, Any]:
    return pipeline.ended_job(run, lines, status, stage="verify")


def without_output(
    pipeline: Pipeline, run: dict[str, Any], status: str, stage: str = "verify"
) -> dict[str, Any]:
    return pipeline.ended_job(run, None, status, stage=stage)


def not_reviewed(line: dict[str, Any], failure: str = "ClientError: x") -> dict[str, Any]:
    return {**line, "digit-verification-metadata": {"failure-reason": failure}}


def kept_run(pipeline: Pipeline, count: int, status: str = "Failed") -> list[SourceObject]:
    """Do a run whose items are labeled, and whose verification job ends without a verdict."""
    run, sources = pipeline.seed(count)
    job = pipeline.ended_job(run, [pipeline.labeled(source) for source in sources])
    pipeline.settle(run, job, without_output(pipeline, run, status))
    assert set(pipeline.states(sources)) <= {"labeled"}
    return sources


@pytest.mark.parametrize("size", _SIZES)
def test_what_reviewers_accept_is_stored_as_verified(pipeline: Pipeline, size: int) -> None:
    run, sources = pipeline.seed(size)
    lines = [pipeline.labeled(source) for source in sources]
    verification = reviewed(pipeline, run, [reviewed_line(line) for line in lines])
    answer = pipeline.settle(run, pipeline.ended_job(run, lines), verification)
    assert (answer["stored"], answer["accounting_balanced"]) == (size, True)
    assert set(pipeline.states(sources)) <= {"stored"}
    records = pipeline.records().values()
    assert len(records) == size
    assert {
        (record["status"], record["verification_job"], record["labeling_job"]) for record in records
    } <= {("VERIFIED", pipeline.job_name(run, "verify"), pipeline.job_name(run))}
    report = pipeline.report(run)
    assert (report["verified"], report["unverified"], report["rejected"]) == (size, 0, {})
    if size:
        assert report["verification_job"]["name"] == pipeline.job_name(run, "verify")


@pytest.mark.parametrize("shape", [reviewed_line, custom_review])
@pytest.mark.parametrize("size", [1, 11, 60])
def test_what_reviewers_reject_goes_back_to_labelers_with_what_they_said(
    pipeline: Pipeline,
    caplog: pytest.LogCaptureFixture,
    shape: Callable[..., Any],
    size: int,
) -> None:
    run, sources = pipeline.seed(size)
    lines = [pipeline.labeled(source) for source in sources]
    secret = "the secret comment"
    rejections = [shape(line, "Wrong label", secret) for line in lines]
    answer = pipeline.settle(
        run, pipeline.ended_job(run, lines), reviewed(pipeline, run, rejections)
    )
    assert answer["outcome"] == "succeeded"
    rows = [pipeline.item(source) for source in sources]
    assert {(row["item_state"], row["attempts"], row["reason"], row["detail"]) for row in rows} == {
        ("returned", 1, "verification_rejected", f"Wrong label; {secret}")
    }
    assert not any("label_uri" in row for row in rows)
    waiting = pipeline.waiting()
    assert {(message["reason"], message["detail"], message["attempts"]) for message in waiting} == {
        ("verification_rejected", f"Wrong label; {secret}", 1)
    }
    report = pipeline.report(run)
    assert report["rejected"] == {"Wrong label": size}
    assert report["returned"] == {"verification_rejected": size}
    assert report["rejections"] == [
        {"item_id": source.item_id, "class": "Wrong label", "comments": [secret]}
        for source in sources
    ]
    assert pipeline.lines(f"{report['rejections_uri']}00000.jsonl") == report["rejections"]
    logged = [{**vars(record), "text": record.getMessage()} for record in caplog.records]
    assert "claims returned" in {entry["text"] for entry in logged}
    assert secret not in str(logged)
    assert "Wrong label" not in str(logged)
    # Only a reviewer's rejection sends an item to labelers again.
    again = pipeline.poll(execution="two")
    assert pipeline.start(again, execution="two")["result"] == "created"
    assert len(pipeline.manifest(again, "label")) == size


def test_the_last_rejection_ends_on_the_dead_letter_queue_with_the_reasons(
    pipeline: Pipeline,
) -> None:
    run, (source,) = pipeline.seed(1, attempts=2)
    line = pipeline.labeled(source)
    comment = "é" * 3000
    verification = reviewed(pipeline, run, [reviewed_line(line, "Unclear", comment)])
    pipeline.settle(run, pipeline.ended_job(run, [line]), verification)
    (letter,) = pipeline.dead_letters()
    assert (letter["reason"], letter["attempts"]) == ("attempts_exhausted", 3)
    assert letter["detail"] == f"verification_rejected: Unclear; {comment}"[:1000]
    row = pipeline.item(source)
    assert (row["item_state"], row["reason"]) == ("dead_lettered", "attempts_exhausted")
    assert row["detail"] == letter["detail"]
    assert pipeline.report(run)["rejected"] == {"Unclear": 1}


def test_the_report_names_the_first_hundred_rejections_and_where_all_are(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SHARD_ITEMS", 120)
    run, sources = pipeline.seed(150)
    lines = [pipeline.labeled(source) for source in sources]
    rejections = [reviewed_line(line, "Unclear", "x" * 100) for line in lines]
    pipeline.settle(run, pipeline.ended_job(run, lines), reviewed(pipeline, run, rejections))
    report = pipeline.report(run)
    assert (len(report["rejections"]), report["rejected"]) == (100, {"Unclear": 150})
    uri = report["rejections_uri"]
    found = [pipeline.lines(f"{uri}{number:05d}.jsonl") for number in range(2)]
    assert [len(part) for part in found] == [120, 30]


def test_each_way_to_end_a_verification(pipeline: Pipeline) -> None:
    run, sources = pipeline.seed(9, attempts=1)
    accepted, rejected, expired, failed, bare, lost, odd, unlabeled, unread = sources
    lines = {source: pipeline.labeled(source) for source in sources}
    lines[unlabeled] = pipeline.failed(unlabeled)
    job = pipeline.ended_job(run, list(lines.values()))
    verification = reviewed(
        pipeline,
        run,
        [
            "{not json",
            {"item-id": "of-nobody", "digit-verification": 0},
            reviewed_line(lines[accepted], index="0"),
            reviewed_line(lines[accepted], "Wrong label", "a second line is not believed"),
            reviewed_line(lines[rejected], index=1),
            not_reviewed(lines[expired], "ClientError: Annotation tasks expired."),
            not_reviewed(lines[failed]),
            lines[bare],
            {**reviewed_line(lines[odd]), "digit-verification-metadata": {"class-name": "?"}},
            {**reviewed_line(lines[unread], index=0), "digit-verification": []},
        ],
    )
    answer = pipeline.settle(run, job, verification)
    assert (answer["outcome"], answer["accounting_balanced"]) == ("succeeded", True)
    rows = {source: pipeline.item(source) for source in sources}
    found = {
        source: (row["item_state"], row["attempts"], row.get("reason"))
        for source, row in rows.items()
    }
    assert found == {
        accepted: ("stored", 2, None),
        rejected: ("returned", 2, "verification_rejected"),
        expired: ("labeled", 1, "verification_expired"),
        failed: ("labeled", 1, "verification_failed"),
        bare: ("labeled", 1, "verification_failed"),
        lost: ("labeled", 1, "verification_failed"),
        odd: ("labeled", 1, "verification_failed"),
        unlabeled: ("returned", 2, "annotation_failed"),
        unread: ("labeled", 1, "verification_failed"),
    }
    report = pipeline.report(run)
    assert report["labeled"] == 6
    # The label is kept as it was written, with what the next run needs to know of it.
    (uri,) = {row["label_uri"] for row in rows.values() if "label_uri" in row}
    assert uri.startswith(f"s3://{pipeline.output}/runs/{run['run_id']}/results/")
    kept = {row["item_id"]: row for row in pipeline.lines(uri)}
    assert kept.keys() == {source.item_id for source in (expired, failed, bare, lost, odd, unread)}
    assert json.loads(kept[lost.item_id]["line"]) == lines[lost]
    assert kept[lost.item_id]["labeling_job"] == pipeline.job_name(run)
    messages = {message["item_id"]: message for message in pipeline.waiting()}
    assert {key for key, it in messages.items() if it.get("label_uri") == uri} == kept.keys()
    assert "label_uri" not in messages[rejected.item_id]


@pytest.mark.parametrize(
    ("status", "reason", "counted"),
    [
        ("Failed", "verification_job_failed", 1),
        ("Stopped", "verification_job_stopped", 0),
        ("NotCreated", "verification_job_not_created", 1),
    ],
)
def test_a_verification_job_that_fails_as_a_whole_costs_no_label_and_no_attempt(
    pipeline: Pipeline, status: str, reason: str, counted: int
) -> None:
    run, sources = pipeline.seed(3)
    job = pipeline.ended_job(run, [pipeline.labeled(source) for source in sources])
    answer = pipeline.settle(run, job, without_output(pipeline, run, status))
    assert (answer["outcome"], answer["accounting_balanced"]) == ("verification_job_failed", True)
    rows = [pipeline.item(source) for source in sources]
    assert {(row["item_state"], row["attempts"], row["reason"]) for row in rows} == {
        ("labeled", 0, reason)
    }
    pipelines_row = pipeline.rows().get("PIPELINE", {})
    assert int(pipelines_row.get("failed_jobs_in_a_row", 0)) == counted


def test_a_stopped_verification_job_is_harvested(pipeline: Pipeline) -> None:
    run, sources = pipeline.seed(3)
    lines = [pipeline.labeled(source) for source in sources]
    verification = reviewed(
        pipeline,
        run,
        [reviewed_line(lines[0]), reviewed_line(lines[1], "Unclear"), lines[2]],
        "Stopped",
    )
    answer = pipeline.settle(run, pipeline.ended_job(run, lines), verification)
    assert answer["outcome"] == "verification_job_failed"
    assert pipeline.states(sources) == ["stored", "returned", "labeled"]


def test_what_a_stopped_labeling_job_gave_is_verified(pipeline: Pipeline) -> None:
    run, sources = pipeline.seed(2)
    line = pipeline.labeled(sources[0])
    job = pipeline.ended_job(run, [line], "Stopped")
    assert pipeline.start_verification(run, job)["result"] == "created"
    assert [line["item-id"] for line in pipeline.manifest(run, "verify")] == [sources[0].item_id]
    answer = pipeline.settle(run, job, reviewed(pipeline, run, [reviewed_line(line)]))
    assert answer["outcome"] == "labeling_job_failed"
    assert pipeline.states(sources) == ["stored", "returned"]


@pytest.mark.parametrize("status", ["Failed", "Stopped", "NotCreated"])
def test_kept_labels_are_verified_by_the_next_run_and_never_given_again(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    # One thread, so that there is one part.
    monkeypatch.setattr(draining, "THREADS", 1)
    sources = kept_run(pipeline, 3, status)
    fresh = pipeline.source("fresh.png")
    pipeline.announce([fresh])
    pipeline.faults.forget()
    run = pipeline.poll(execution="two")
    assert run["claimed"] == 4
    # One transaction opens the run. The messages let the first guess be right, so one more claims.
    assert Counter(pipeline.faults.calls)["TransactWriteItems"] == 2
    assert pipeline.start(run, execution="two")["result"] == "created"
    assert [line["item-id"] for line in pipeline.manifest(run, "label")] == [fresh.item_id]
    new_line = pipeline.labeled(fresh)
    job = pipeline.ended_job(run, [new_line])
    assert pipeline.start_verification(run, job, execution="two")["result"] == "created"
    lines = pipeline.manifest(run, "verify")
    assert {line["item-id"] for line in lines} == {source.item_id for source in [*sources, fresh]}
    assert {line["source-ref"]: line for line in lines}[sources[0].uri] == pipeline.labeled(
        sources[0]
    )
    verification = reviewed(pipeline, run, [reviewed_line(line) for line in lines])
    answer = pipeline.settle(run, job, verification, execution="two")
    assert (answer["outcome"], answer["stored"]) == ("succeeded", 4)
    assert {pipeline.item(source)["attempts"] for source in sources} == {1}
    assert not any("label_uri" in pipeline.item(source) for source in sources)
    records = pipeline.records()
    earlier = {records[source.uri]["labeling_job"] for source in sources}
    assert earlier != {pipeline.job_name(run)}
    assert records[fresh.uri]["labeling_job"] == pipeline.job_name(run)


def test_a_run_of_kept_labels_alone_has_no_labeling_job(pipeline: Pipeline) -> None:
    sources = kept_run(pipeline, 2)
    run = pipeline.poll(execution="two")
    token = pipeline.begin_execution("two")
    assert pipeline.start(run, execution="two", task_token=token)["result"] == "answered"
    job = pipeline.job_result(run, "label")
    assert job is not None
    assert (job["status"], job["output_uri"]) == ("Skipped", "")
    # A repeat is answered in the same way.
    again = pipeline.start(run, execution="two", retry_count=1)
    assert again["result"] == "stale"
    pipeline.start_verification(run, job, execution="two")
    lines = pipeline.manifest(run, "verify")
    assert len(lines) == 2
    verification = reviewed(pipeline, run, [reviewed_line(line) for line in lines])
    answer = pipeline.settle(run, job, verification, execution="two")
    assert (answer["outcome"], answer["stored"]) == ("succeeded", 2)
    assert pipeline.states(sources) == ["stored", "stored"]


def test_a_label_is_kept_through_one_failure_after_the_other(pipeline: Pipeline) -> None:
    sources = kept_run(pipeline, 2)
    uris = {pipeline.item(source)["label_uri"] for source in sources}
    for execution in ("two", "three"):
        run = pipeline.poll(execution=execution)
        job = without_output(pipeline, run, "Skipped", "label")
        pipeline.settle(run, job, without_output(pipeline, run, "Failed"), execution=execution)
        rows = [pipeline.item(source) for source in sources]
        assert {(row["item_state"], row["attempts"]) for row in rows} == {("labeled", 0)}
        assert {row["label_uri"] for row in rows} == uris
    # Three in a row: the next run is a probe.
    assert pipeline.poll(execution="four")["claimed"] == 1


def test_a_kept_label_that_is_rejected_is_labeled_again(pipeline: Pipeline) -> None:
    (source,) = kept_run(pipeline, 1)
    run = pipeline.poll(execution="two")
    job = without_output(pipeline, run, "Skipped", "label")
    pipeline.start_verification(run, job, execution="two")
    rejections = [reviewed_line(line, "Unclear") for line in pipeline.manifest(run, "verify")]
    pipeline.settle(run, job, reviewed(pipeline, run, rejections), execution="two")
    row = pipeline.item(source)
    assert (row["item_state"], row["attempts"], "label_uri" in row) == ("returned", 1, False)
    run = pipeline.poll(execution="three")
    pipeline.start(run, execution="three")
    assert len(pipeline.manifest(run, "label")) == 1


def test_a_kept_label_whose_object_was_overwritten_is_superseded(pipeline: Pipeline) -> None:
    (source,) = kept_run(pipeline, 1)
    newer = pipeline.source(source.key, version_id="v2", sequencer="0B")
    pipeline.announce([newer])
    run = pipeline.poll(execution="two")
    job = pipeline.ended_job(run, [pipeline.labeled(newer)])
    pipeline.start_verification(run, job, execution="two")
    (line,) = pipeline.manifest(run, "verify")
    assert line["item-id"] == newer.item_id
    verification = reviewed(pipeline, run, [reviewed_line(line)])
    answer = pipeline.settle(run, job, verification, execution="two")
    assert answer["accounting_balanced"] is True
    assert pipeline.states([source, newer]) == ["superseded", "stored"]
    # It was paid for, so the row goes on to name it.
    assert pipeline.item(source)["label_uri"]


def test_a_kept_label_is_stored_as_it_is_where_verification_was_turned_off(
    pipeline: Pipeline,
) -> None:
    sources = kept_run(pipeline, 2)
    pipeline.configure(LABEL_SCHEMA="sha256:later", LABELS='["none", "of", "these"]')
    run = pipeline.poll(execution="two")
    token = pipeline.begin_execution("two")
    assert pipeline.start(run, execution="two", task_token=token)["result"] == "answered"
    job = pipeline.job_result(run, "label")
    assert job is not None
    answer = pipeline.settle(run, job, execution="two")
    assert (answer["outcome"], answer["stored"]) == ("succeeded", 2)
    assert pipeline.states(sources) == ["stored", "stored"]
    record = pipeline.records()[sources[0].uri]
    assert (record["status"], "verification_job" in record) == ("LABELED", False)
    # It says of the label what was true when it was given.
    assert record["label_schema"] == "sha256:0123456789abcdef"
    assert record["labeling_job"] != pipeline.job_name(run)
    assert pipeline.report(run)["verification_job"] is None


def test_a_kept_label_that_is_gone_is_labeled_again(pipeline: Pipeline) -> None:
    gone, found = kept_run(pipeline, 2)
    (uri,) = {pipeline.item(source)["label_uri"] for source in (gone, found)}
    key = uri.removeprefix(f"s3://{pipeline.output}/")
    rows = [row for row in pipeline.lines(uri) if row["item_id"] != gone.item_id]
    pipeline.client("s3").put_object(
        Bucket=pipeline.output, Key=key, Body="".join(json.dumps(row) + "\n" for row in rows)
    )
    run = pipeline.poll(execution="two")
    job = without_output(pipeline, run, "Skipped", "label")
    pipeline.start_verification(run, job, execution="two")
    lines = pipeline.manifest(run, "verify")
    assert [line["item-id"] for line in lines] == [found.item_id]
    verification = reviewed(pipeline, run, [reviewed_line(line) for line in lines])
    pipeline.settle(run, job, verification, execution="two")
    assert pipeline.states([gone, found]) == ["returned", "stored"]
    row = pipeline.item(gone)
    assert (row["reason"], row["attempts"], "label_uri" in row) == ("label_lost", 0, False)


@on_both
def test_only_labeled_lines_are_shown_to_reviewers(pipeline: Pipeline) -> None:
    run, sources = pipeline.seed(5)
    labeled, failed, bare, odd, _lost = sources
    lines: list[Any] = [
        {**pipeline.labeled(labeled), "ticket": "é 7"},
        pipeline.failed(failed),
        {"item-id": bare.item_id, "source-ref": bare.uri},
        {**pipeline.labeled(odd), "digit-label": "three"},
        {"item-id": "of-nobody", "digit-label": 0},
        "{not json",
    ]
    assert pipeline.start_verification(run, pipeline.ended_job(run, lines))["result"] == "created"
    assert pipeline.manifest(run, "verify") == [lines[0]]
    described = pipeline.client("sagemaker").describe_labeling_job(
        LabelingJobName=pipeline.job_name(run, "verify")
    )
    assert described["LabelAttributeName"] == "digit-verification"
    assert described["LabelCategoryConfigS3Uri"].endswith("/manifests/categories.json")


@pytest.mark.parametrize("lines", [[], ["failed"]])
def test_where_nothing_is_to_be_verified_there_is_no_job(
    pipeline: Pipeline, lines: list[str]
) -> None:
    run, sources = pipeline.seed(1)
    job = pipeline.ended_job(run, [pipeline.failed(sources[0])] if lines else [])
    pipeline.faults.forget()
    token = pipeline.begin_execution()
    assert pipeline.start_verification(run, job, task_token=token)["result"] == "answered"
    assert "CreateLabelingJob" not in pipeline.faults.calls
    verification = pipeline.job_result(run, "verify")
    assert verification is not None
    assert verification["status"] == "Skipped"
    assert pipeline.settle(run, job, verification)["outcome"] == "nothing_labeled"


@pytest.mark.parametrize("percent", [0, 30, 100])
def test_a_sample_is_verified_and_the_rest_is_stored_as_unverified(
    pipeline: Pipeline, percent: int
) -> None:
    pipeline.verify(sample_percent=percent)
    run, sources = pipeline.seed(60)
    chosen = {
        source.item_id for source in sources if int(source.item_id[:8], 16) < percent / 100 * 2**32
    }
    job = pipeline.ended_job(run, [pipeline.labeled(source) for source in sources])
    pipeline.start_verification(run, job)
    verification = pipeline.job_result(run, "verify")
    if percent:
        lines = pipeline.manifest(run, "verify")
        assert {line["item-id"] for line in lines} == chosen
        verification = reviewed(pipeline, run, [reviewed_line(line) for line in lines])
    answer = pipeline.settle(run, job, verification)
    assert (answer["stored"], answer["outcome"]) == (60, "succeeded")
    statuses = Counter(record["status"] for record in pipeline.records().values())
    assert statuses == Counter({"VERIFIED": len(chosen), "UNVERIFIED": 60 - len(chosen)})
    report = pipeline.report(run)
    assert (report["verified"], report["unverified"]) == (len(chosen), 60 - len(chosen))


def test_a_line_that_is_too_long_for_a_manifest_is_stored_as_unverified(
    pipeline: Pipeline,
) -> None:
    run, sources = pipeline.seed(3)
    lines = [pipeline.labeled(source) for source in sources]
    lines[0]["note"] = "x" * 20_001
    lines[1] |= {f"note-{number}": "x" * 20_000 for number in range(5)}
    job = pipeline.ended_job(run, lines)
    pipeline.start_verification(run, job)
    (shown,) = pipeline.manifest(run, "verify")
    verification = reviewed(pipeline, run, [reviewed_line(shown)])
    assert pipeline.settle(run, job, verification)["stored"] == 3
    records = pipeline.records()
    found = [records[source.uri]["status"] for source in sources]
    assert found == ["UNVERIFIED", "UNVERIFIED", "VERIFIED"]


def test_an_execution_that_began_without_verification_stores_its_labels(
    pipeline: Pipeline,
) -> None:
    run, sources = pipeline.seed(1)
    pipeline.settle(run, pipeline.ended_job(run, [pipeline.labeled(sources[0])]))
    assert pipeline.records()[sources[0].uri]["status"] == "LABELED"


def test_a_limit_that_was_lowered_is_not_exceeded(pipeline: Pipeline) -> None:
    pipeline.environment.setenv("MAX_ATTEMPTS", "2")
    run, sources = pipeline.seed(4, attempts=5)
    stored, rejected, failed, kept = sources
    lines = [pipeline.labeled(source) for source in (stored, rejected, kept)]
    job = pipeline.ended_job(run, [*lines, pipeline.failed(failed)])
    reviews = [reviewed_line(lines[0]), reviewed_line(lines[1], "Unclear")]
    pipeline.settle(run, job, reviewed(pipeline, run, reviews))
    assert pipeline.states(sources) == ["stored", "dead_lettered", "dead_lettered", "labeled"]
    assert [pipeline.item(source)["attempts"] for source in sources] == [2, 2, 2, 1]
    assert pipeline.records()[stored.uri]["attempts"] == "2"


@pytest.mark.parametrize("after", [False, True])
def test_starting_a_verification_survives_a_crash_at_every_call(
    pipeline: Pipeline, after: bool
) -> None:
    kept_run(pipeline, 1)
    pipeline.announce([pipeline.source("fresh.png")])
    run = pipeline.poll(execution="two")
    job = pipeline.ended_job(run, [pipeline.labeled(pipeline.source("fresh.png"))])

    def start(call: int) -> None:
        pipeline.start_verification(run, job, execution="two", retry_count=call)

    assert len(list(pipeline.faults.crashes(start, after=after))) >= 6
    assert len(pipeline.manifest(run, "verify")) == 2


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", ["plan", "store", "give_back", "finish"])
def test_settling_a_verified_run_survives_a_crash_at_every_call(
    pipeline: Pipeline, after: bool, step: str
) -> None:
    run, sources = pipeline.seed(4)
    lines = [pipeline.labeled(source) for source in sources[:3]]
    reviews = [reviewed_line(lines[0]), reviewed_line(lines[1], "Unclear", "no")]
    job = pipeline.ended_job(run, lines)
    verification = reviewed(pipeline, run, reviews)

    def repeated(name: str, call: Any) -> Any:
        if name == step:
            assert list(pipeline.faults.crashes(lambda _: call(), after=after))
        return call()

    plan = repeated("plan", lambda: pipeline.plan(run, job, verification))
    stored = repeated("store", lambda: pipeline.store(run, plan))
    repeated("give_back", lambda: pipeline.give_back(run, plan, stored))
    answer = repeated("finish", lambda: pipeline.finish(run))
    assert (answer["outcome"], answer["accounting_balanced"]) == ("succeeded", True)
    assert pipeline.states(sources) == ["stored", "returned", "labeled", "returned"]
    assert {message["item_id"] for message in pipeline.waiting()} == {
        source.item_id for source in sources[1:]
    }
    report = pipeline.report(run)
    assert (report["verified"], report["labeled"], report["rejected"]) == (1, 1, {"Unclear": 1})


def test_a_poll_that_dies_keeps_the_labels_of_what_it_claimed(pipeline: Pipeline) -> None:
    sources = kept_run(pipeline, 2)
    uris = {pipeline.item(source)["label_uri"] for source in sources}
    pipeline.faults.crash("TransactWriteItems", call=2, after=True)
    with pytest.raises(CrashError):
        pipeline.poll_once(execution="two")
    pipeline.faults.forget()
    pipeline.expire_leases()
    pipeline.expire_visibility()
    run = pipeline.poll(execution="two")
    assert run["claimed"] == 2
    index = pipeline.file(run, "claims/index.json")
    items = [
        item
        for part in index["parts"]
        for item in pipeline.file(run, f"claims/{part}.json")["items"]
    ]
    assert {item["label_uri"] for item in items} == uris
    assert len(items) == 2


def test_an_item_that_can_no_longer_be_labeled_does_not_vanish_with_its_label(
    pipeline: Pipeline,
) -> None:
    (source,) = kept_run(pipeline, 1)
    pipeline.configure(TASK_TYPE="text_single_label_classification")
    pipeline.poll_once(execution="two")
    (letter,) = pipeline.dead_letters()
    assert letter["item_id"] == source.item_id
    row = pipeline.item(source)
    assert (row["item_state"], "label_uri" in row) == ("dead_lettered", False)


def test_no_verification_job_is_created_for_a_run_that_is_settled(pipeline: Pipeline) -> None:
    run, sources = pipeline.seed(1)
    job = pipeline.ended_job(run, [pipeline.labeled(sources[0])])
    pipeline.plan(run, job, without_output(pipeline, run, "NotCreated"))
    with pytest.raises(LabelingJobRefusedError, match="sealed run only"):
        pipeline.start_verification(run, job)


def test_a_verification_job_that_was_never_started_is_answered_by_stop(pipeline: Pipeline) -> None:
    run, _ = pipeline.seed(1)
    token = pipeline.begin_execution()
    assert pipeline.stop(run, stage="verify", task_token=token)["result"] == "answered"
    found = pipeline.job_result(run, "verify")
    assert found is not None
    assert (found["name"], found["status"]) == (pipeline.job_name(run, "verify"), "NotCreated")
