"""Texts on their way through a run: claimed, labeled, stored, given back and redriven."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from labeling_lambdas.aws import artifacts
from labeling_lambdas.steps import draining, shards
from tests.handlers.faults import CrashError

if TYPE_CHECKING:
    from labeling_lambdas.domain.items import SourceObject
    from tests.handlers.pipeline import Pipeline


@pytest.fixture(autouse=True)
def text_pipeline(pipeline: Pipeline) -> None:
    pipeline.configure(TASK_TYPE="text_single_label_classification")


def manifest(pipeline: Pipeline, run: dict[str, Any]) -> list[dict[str, Any]]:
    pipeline.prepare_ground_truth()
    pipeline.start(run)
    body = pipeline.client("s3").get_object(
        Bucket=pipeline.output, Key=f"runs/{run['run_id']}/manifests/label.manifest"
    )["Body"]
    return [json.loads(line) for line in body.read().decode().splitlines()]


def three_rows(pipeline: Pipeline) -> tuple[dict[str, Any], list[SourceObject]]:
    """Upload, split and claim three rows with texts that could break something."""
    rows = [
        {"source": 'one "quoted"\u2028🎉', "ticket": 1},
        {"source": "two\ttabs\r\nand lines", "ticket": 2},
        {"source": "three", "ticket": 3, "digit-label": 0, "digit-label-metadata": {}},
    ]
    upload = pipeline.upload("a.jsonl", "\n".join(map(json.dumps, rows)).encode())
    pipeline.split(upload)
    run = pipeline.poll()
    assert run["claimed"] == 3
    return run, [upload.at_line(line) for line in (1, 2, 3)]


def labeled(source: SourceObject, text: str, **keys: Any) -> dict[str, Any]:
    return {
        "source": text,
        "item-id": source.item_id,
        "digit-label": 1,
        "digit-label-metadata": {
            "class-name": "refund",
            "confidence": 0.67,
            "type": "groundtruth/text-classification",
            "creation-date": "2026-01-02T03:04:05.678901",
        },
        **keys,
    }


def test_the_manifest_holds_the_texts_and_the_keys_of_their_rows(pipeline: Pipeline) -> None:
    run, sources = three_rows(pipeline)
    lines = {line["item-id"]: line for line in manifest(pipeline, run)}
    assert [lines[source.item_id] for source in sources] == [
        {"source": 'one "quoted"\u2028🎉', "item-id": sources[0].item_id, "ticket": 1},
        {"source": "two\ttabs\r\nand lines", "item-id": sources[1].item_id, "ticket": 2},
        {"source": "three", "item-id": sources[2].item_id, "ticket": 3},
    ]


@pytest.mark.parametrize("block", [5 * 1024 * 1024, 16 * 1024 * 1024])
def test_a_large_manifest_is_written_whole(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(artifacts, "_BLOCK_BYTES", block)
    monkeypatch.setattr(draining, "THREADS", 1)
    texts = [f"{number:03d}" + "🎉" * 19_000 for number in range(150)]
    pipeline.split(pipeline.upload("a.txt", "\n".join(texts).encode()))
    run = pipeline.poll()
    assert run["claimed"] == 150
    # A part of the run's list holds no more large texts than one receive adds to a full one.
    for part in pipeline.file(run, "claims/index.json")["parts"]:
        items = pipeline.file(run, f"claims/{part}.json")["items"]
        assert sum(len(item["text"]) for item in items) <= draining.PART_BYTES + 10 * len(texts[0])
    assert sorted(line["source"] for line in manifest(pipeline, run)) == texts


def test_the_ledger_says_which_line_an_item_is(pipeline: Pipeline) -> None:
    _, sources = three_rows(pipeline)
    rows = [pipeline.item(source) for source in sources]
    assert [row["source_line"] for row in rows] == [1, 2, 3]
    assert {(row["object_key"], row["item_state"]) for row in rows} == {("a.jsonl", "claimed")}


def test_a_label_is_stored_under_the_address_of_its_line(pipeline: Pipeline) -> None:
    pipeline.configure(
        TASK_TYPE="text_single_label_classification",
        EXTRA_FEATURES='{"ticket": {"path": "ticket", "column": false}}',
    )
    run, sources = three_rows(pipeline)
    lines = [labeled(source, "x", ticket=source.line) for source in sources]
    report = pipeline.settle(run, pipeline.ended_job(run, lines))
    assert (report["outcome"], report["stored"]) == ("succeeded", 3)
    records = pipeline.records()
    address = f"s3://{pipeline.uploads}/a.jsonl"
    assert set(records) == {f"{address}#L{line}" for line in (1, 2, 3)}
    found = records[f"{address}#L2"]
    assert (found["label"], found["confidence"]) == ("refund", "0.67")
    assert json.loads(found["extra_json"]) == {"ticket": "2"}


def test_what_is_given_back_carries_its_text_and_can_be_labeled_again(pipeline: Pipeline) -> None:
    pipeline.configure(TASK_TYPE="text_single_label_classification", MAX_ATTEMPTS="2")
    run, sources = three_rows(pipeline)
    first = {line["item-id"]: line["source"] for line in manifest(pipeline, run)}
    pipeline.settle(run, pipeline.ended_job(run, [labeled(sources[0], "x")]))
    waiting = pipeline.waiting()
    assert {message["item_id"]: message["text"] for message in waiting} == {
        source.item_id: first[source.item_id] for source in sources[1:]
    }
    assert [
        message["extra"]["ticket"]
        for message in sorted(waiting, key=lambda message: message["text"])
    ] == [3, 2]

    again = pipeline.poll(execution="two")
    assert again["claimed"] == 2
    plan = pipeline.plan(again, pipeline.ended_job(again, []), execution="two")
    pipeline.give_back(again, plan)
    assert pipeline.finish(again, execution="two")["accounting_balanced"] is True
    letters = pipeline.dead_letters()
    assert {letter["item_id"]: letter["text"] for letter in letters} == {
        source.item_id: first[source.item_id] for source in sources[1:]
    }

    pipeline.redrive()
    last = pipeline.poll(execution="three")
    assert last["claimed"] == 2
    lines = manifest_of(pipeline, last, execution="three")
    assert {line["item-id"]: line["source"] for line in lines} == {
        source.item_id: first[source.item_id] for source in sources[1:]
    }


def manifest_of(pipeline: Pipeline, run: dict[str, Any], *, execution: str) -> list[dict[str, Any]]:
    pipeline.start(run, execution=execution)
    body = pipeline.client("s3").get_object(
        Bucket=pipeline.output, Key=f"runs/{run['run_id']}/manifests/label.manifest"
    )["Body"]
    return [json.loads(line) for line in body.read().decode().splitlines()]


def test_a_plan_holds_no_text(pipeline: Pipeline) -> None:
    run, sources = three_rows(pipeline)
    plan = pipeline.plan(run, pipeline.ended_job(run, [labeled(sources[0], "x")]))
    assert (plan["shards"], plan["return_shards"]) == ([0], 1)
    s3 = pipeline.client("s3")
    for name in ("store", "return"):
        key = f"runs/{run['run_id']}/{plan['folder']}/{name}-00000.jsonl"
        rows = s3.get_object(Bucket=pipeline.output, Key=key)["Body"].read().decode()
        assert "quoted" not in rows
        assert "tabs" not in rows


@pytest.mark.parametrize("operation", ["TransactWriteItems", "PutObject", "DeleteMessageBatch"])
@pytest.mark.parametrize("after", [False, True])
def test_a_poll_that_is_killed_loses_no_text(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, operation: str, after: bool
) -> None:
    monkeypatch.setattr(draining, "THREADS", 1)
    upload = pipeline.upload("a.txt", b"one\ntwo\nthree\n\xff")
    pipeline.split(upload)
    call = 2 if operation == "PutObject" else 1
    pipeline.faults.crash(operation, call=call, after=after)
    with pytest.raises(CrashError):
        pipeline.poll()
    pipeline.faults.forget()
    pipeline.expire_leases()
    pipeline.expire_visibility()
    run = pipeline.poll()
    texts = [line["source"] for line in manifest(pipeline, run)] if run["claimed"] else []
    pipeline.expire_visibility()
    later = pipeline.poll(execution="two")
    texts += [
        item["text"]
        for part in (
            pipeline.file(later, "claims/index.json")["parts"] if later["received"] else []
        )
        for item in pipeline.file(later, f"claims/{part}.json")["items"]
    ]
    assert sorted(texts) == ["one", "three", "two"]
    assert {letter["reason"] for letter in pipeline.dead_letters()} == {"not_utf8"}


def test_a_line_that_cannot_be_labeled_is_a_dead_letter_until_it_is_uploaded_again(
    pipeline: Pipeline,
) -> None:
    upload = pipeline.upload("a.txt", b"fine\ncaf\xe9")
    pipeline.split(upload)
    run = pipeline.poll()
    assert run["claimed"] == 1
    (letter,) = pipeline.dead_letters()
    assert (letter["item"]["line"], letter["reason"], letter["generation"]) == (2, "not_utf8", 1)
    assert letter["detail"] == "byte 4 of the text is not UTF-8"
    pipeline.redrive()
    pipeline.poll(execution="two")
    (letter,) = pipeline.dead_letters()
    assert (letter["reason"], letter["generation"]) == ("not_utf8", 2)

    newer = pipeline.upload("a.txt", "fine\ncafé".encode())
    newer = pipeline.source("a.txt", version_id=newer.version_id, sequencer="0B", size=newer.size)
    pipeline.split(newer)
    assert pipeline.poll(execution="three")["claimed"] == 2
    assert pipeline.states([newer.at_line(1), newer.at_line(2)]) == ["claimed", "claimed"]


@pytest.mark.parametrize(
    ("key", "body", "outcome"),
    [
        ("a.csv", b"x", {"invalid": {"unsupported_extension": 1}}),
        ("a.txt", b"", {"invalid": {"empty_object": 1}}),
        ("a.txt", b"\n \n", {"invalid": {"empty_object": 1}}),
        ("a.jsonl", b"[]", {"invalid": {"malformed_row": 1}}),
        ("folder/", b"", {"dropped": {"folder_marker": 1}}),
    ],
)
def test_a_file_without_a_text_is_accounted_for(
    pipeline: Pipeline, key: str, body: bytes, outcome: dict[str, Any]
) -> None:
    pipeline.split(pipeline.upload(key, body))
    run = pipeline.poll()
    counts = pipeline.file(run, "claims/index.json")["counts"]
    assert counts == {"received": 1, "claimed": 0, "dropped": {}, "invalid": {}, **outcome}


def test_lines_that_cannot_be_read_are_kept_as_they_came(pipeline: Pipeline) -> None:
    pipeline.configure(TASK_TYPE="text_single_label_classification", LABELS='["refund", "praise"]')
    run, sources = three_rows(pipeline)
    stranger = labeled(sources[1], "x")
    stranger["digit-label-metadata"]["class-name"] = "unheard of"
    odd = {**labeled(sources[2], "x"), "digit-label": [1]}
    raw = ["{no JSON", json.dumps(stranger), json.dumps(odd), '{"nobody": 1}']
    lines = [labeled(sources[0], "x"), *raw]
    report = pipeline.settle(run, pipeline.ended_job(run, lines))
    assert (report["outcome"], report["stored"]) == ("succeeded", 1)
    assert pipeline.report(run)["returned"] == {"unreadable_output": 2}
    key = f"runs/{run['run_id']}/unreadable/00000.jsonl"
    kept = pipeline.client("s3").get_object(Bucket=pipeline.output, Key=key)["Body"].read()
    assert kept.decode().splitlines() == raw


def test_a_manifest_with_bytes_that_are_no_text_stops_nothing(pipeline: Pipeline) -> None:
    run, sources = three_rows(pipeline)
    job = pipeline.ended_job(run, [labeled(sources[0], "x")])
    key = job["output_uri"].removeprefix(f"s3://{pipeline.output}/")
    s3 = pipeline.client("s3")
    body = s3.get_object(Bucket=pipeline.output, Key=key)["Body"].read()
    s3.put_object(Bucket=pipeline.output, Key=key, Body=b"\xff\xfe\n" + body)
    assert pipeline.settle(run, job)["stored"] == 1


def test_a_label_too_large_for_a_record_is_kept_in_a_file(pipeline: Pipeline) -> None:
    pipeline.configure(TASK_TYPE="named_entity_recognition")
    run, sources = three_rows(pipeline)

    def spans(source: SourceObject, count: int) -> dict[str, Any]:
        entities = [
            {"label": "Place", "startOffset": start, "endOffset": start + 1}
            for start in range(count)
        ]
        return {
            "source": "x",
            "item-id": source.item_id,
            "digit-label": {"annotations": {"labels": [{"label": "Place"}], "entities": entities}},
            "digit-label-metadata": {
                "entities": [{"confidence": 0.5} for _ in entities],
                "type": "groundtruth/text-span",
                "creation-date": "2026-01-02T03:04:05",
            },
        }

    lines = [spans(sources[0], 8000), spans(sources[1], 2), spans(sources[2], 0)]
    report = pipeline.settle(run, pipeline.ended_job(run, lines))
    assert (report["outcome"], report["stored"]) == ("succeeded", 3)
    large, small, none = (pipeline.records()[source.uri] for source in sources)
    name = f"labels/{sources[0].item_id}.json"
    assert large["label_json"] == f"s3://{pipeline.output}/runs/{run['run_id']}/{name}"
    assert pipeline.file(run, name)["digit-label"] == lines[0]["digit-label"]
    assert (large["label"], large["confidence"]) == ('["Place"]', "0.5")
    assert json.loads(small["label_json"])["digit-label"] == lines[1]["digit-label"]
    assert (none["label"], "confidence" in none) == ("[]", False)


def test_shards_of_large_labels_are_small(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SHARD_CHARACTERS", 1)
    run, sources = three_rows(pipeline)
    lines = [labeled(source, "x") for source in sources]
    plan = pipeline.plan(run, pipeline.ended_job(run, lines))
    assert plan["shards"] == [0, 1, 2]
