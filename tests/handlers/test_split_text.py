"""split_text: a message for each text, whatever the file holds, and no double work on a repeat."""

from __future__ import annotations

import json
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from labeling_lambdas.aws import clients
from labeling_lambdas.errors import DeliveryError, OutOfTimeError
from labeling_lambdas.handlers import split_text
from tests.domain.examples import s3_event
from tests.handlers.faults import CrashError
from tests.handlers.pipeline import Context
from tests.handlers.places import on_both

if TYPE_CHECKING:
    from tests.handlers.pipeline import Pipeline

_SIZES = [1, 10, 11, 50, 60, 1000]


@pytest.fixture(autouse=True)
def text_pipeline(pipeline: Pipeline) -> None:
    pipeline.configure(TASK_TYPE="text_single_label_classification")


def lines(count: int) -> bytes:
    return "".join(f"message number {number}\n" for number in range(1, count + 1)).encode()


def by_line(messages: list[Any]) -> dict[int | None, Any]:
    return {message["item"]["line"]: message for message in messages}


@pytest.mark.parametrize("size", _SIZES)
def test_each_line_is_a_message(pipeline: Pipeline, size: int) -> None:
    upload = pipeline.upload("messages.txt", lines(size))
    assert pipeline.split(upload) == {"texts": size, "unusable": {}}
    waiting = by_line(pipeline.waiting())
    assert {line: it["text"] for line, it in waiting.items()} == {
        number: f"message number {number}" for number in range(1, size + 1)
    }
    assert waiting[1] == {
        "schema": "labeling-item/1",
        "kind": "text",
        "item": upload.at_line(1).fields(),
        "item_id": upload.at_line(1).item_id,
        "text": "message number 1",
        "extra": {},
        "attempts": 0,
        "generation": 0,
        "run_id": "",
        "reason": "",
        "detail": "",
    }


@on_both
def test_the_version_of_the_event_is_read(pipeline: Pipeline) -> None:
    older = pipeline.upload("a.txt", b"older")
    pipeline.upload("a.txt", b"newer")
    pipeline.split(older)
    (message,) = pipeline.waiting()
    assert message["text"] == "older"


def test_a_file_may_be_one_item(pipeline: Pipeline) -> None:
    pipeline.configure(TASK_TYPE="text_single_label_classification", TEXT_ITEMS="file")
    pipeline.split(pipeline.upload("a.txt", b"one\r\ntwo\n"))
    (message,) = pipeline.waiting()
    assert (message["item"]["line"], message["text"]) == (None, "one\ntwo\n")


@pytest.mark.parametrize("key", ["a.jsonl", "a.ndjson"])
def test_a_row_brings_its_other_keys(pipeline: Pipeline, key: str) -> None:
    rows = [{"source": "one", "ticket": 7, "$x": 1}, {"source": "two"}]
    body = "\r\n".join(map(json.dumps, rows)).encode()
    assert pipeline.split(pipeline.upload(key, body))["texts"] == 2
    waiting = by_line(pipeline.waiting())
    assert [(waiting[line]["text"], waiting[line]["extra"]) for line in (1, 2)] == [
        ("one", {"ticket": 7}),
        ("two", {}),
    ]


def test_what_cannot_be_used_is_sent_without_its_text(pipeline: Pipeline) -> None:
    body = b"fine\n\n" + b"x" * 20_001 + b"\ncaf\xe9\nfine too"
    assert pipeline.split(pipeline.upload("a.txt", body)) == {
        "texts": 2,
        "unusable": {"text_too_long": 1, "not_utf8": 1},
    }
    waiting = by_line(pipeline.waiting())
    assert {line: it.get("text", it["reason"]) for line, it in waiting.items()} == {
        1: "fine",
        3: "text_too_long",
        4: "not_utf8",
        5: "fine too",
    }


@pytest.mark.parametrize(
    ("key", "body"), [("a.csv", b"x"), ("a.txt", b""), ("folder/", b""), ("a.png", b"x")]
)
def test_a_file_that_cannot_be_split_is_one_message_for_the_poll(
    pipeline: Pipeline, key: str, body: bytes
) -> None:
    upload = pipeline.upload(key, body)
    assert pipeline.split(upload) == {"texts": 0, "unusable": {}}
    (message,) = pipeline.waiting()
    assert message["item"] == upload.fields()
    assert "text" not in message


def test_a_file_that_is_too_large_is_not_even_read(pipeline: Pipeline) -> None:
    pipeline.split(pipeline.source("absent.txt", size=104_857_601))
    (message,) = pipeline.waiting()
    assert message["item"]["size"] == 104_857_601


def test_what_is_no_event_of_an_upload_is_left_to_the_poll(pipeline: Pipeline) -> None:
    split_text.handler({"source": "somebody"}, Context())
    assert pipeline.waiting() == [{"source": "somebody"}]
    pipeline.poll()
    assert [letter["reason"] for letter in pipeline.dead_letters()] == ["malformed_event"]


def test_a_version_that_is_gone_is_an_error(pipeline: Pipeline) -> None:
    pipeline.upload("a.txt", b"x")
    with pytest.raises(clients.s3().exceptions.ClientError):
        pipeline.split(pipeline.source("a.txt", version_id="gone"))
    assert pipeline.waiting() == []


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("call", [1, 3, 9])
def test_a_repeat_after_a_partial_send_makes_no_double_work(
    pipeline: Pipeline, call: int, after: bool
) -> None:
    upload = pipeline.upload("a.txt", lines(95) + b"\xff\n")
    pipeline.faults.crash("SendMessageBatch", call=call, after=after)
    with pytest.raises(CrashError):
        pipeline.split(upload)
    pipeline.faults.forget()
    pipeline.split(upload)
    waiting = pipeline.waiting()
    assert len(waiting) >= 96
    assert len({message["item_id"] for message in waiting}) == 96
    run = pipeline.poll()
    assert run["claimed"] == 95
    assert len(pipeline.dead_letters()) == 1
    # A third delivery of the event is as harmless, when the items are long under way.
    pipeline.split(upload)
    assert pipeline.poll(execution="two")["claimed"] == 0
    assert len(pipeline.dead_letters()) == 1


def test_a_splitter_short_of_time_stops_and_says_so(pipeline: Pipeline) -> None:
    upload = pipeline.upload("a.txt", lines(200))

    class Shrinking(Context):
        def get_remaining_time_in_millis(self) -> int:
            self.seconds -= 10
            return super().get_remaining_time_in_millis()

    with pytest.raises(OutOfTimeError, match="call again"):
        pipeline.split(upload, Shrinking(seconds=100))
    # What was sent stays sent, and the next call sends everything.
    assert 0 < len(pipeline.waiting()) < 200
    pipeline.split(upload)
    assert {message["item"]["line"] for message in pipeline.waiting()} == set(range(1, 201))


def test_a_queue_that_does_not_take_everything_is_an_error(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = {"Failed": [{"Id": "0", "SenderFault": False, "Code": "InternalError"}]}
    monkeypatch.setattr(clients.sqs(), "send_message_batch", lambda **_: refused)
    with pytest.raises(DeliveryError):
        pipeline.split(pipeline.upload("a.txt", b"x"))


def test_a_hundred_thousand_lines(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: Counter[int] = Counter()

    def count(**request: Any) -> dict[str, Any]:
        entries = [json.loads(entry["MessageBody"]) for entry in request["Entries"]]
        assert len(entries) <= 10
        sent.update(entry["item"]["line"] for entry in entries)
        return {}

    upload = pipeline.upload("a.txt", lines(100_000))
    monkeypatch.setattr(clients.sqs(), "send_message_batch", count)
    assert pipeline.split(upload)["texts"] == 100_000
    assert sent == Counter(range(1, 100_001))


def test_large_texts_share_a_request_as_far_as_they_fit(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []

    def measure(**request: Any) -> dict[str, Any]:
        sizes.append(sum(len(entry["MessageBody"].encode()) for entry in request["Entries"]))
        return {}

    upload = pipeline.upload("a.txt", ("🎉" * 20_000 + "\n").encode() * 20)
    monkeypatch.setattr(clients.sqs(), "send_message_batch", measure)
    assert pipeline.split(upload)["texts"] == 20
    assert max(sizes) <= 256 * 1024
    assert len(sizes) == 7


def test_nothing_of_a_text_is_logged_or_written_to_the_ledger(
    pipeline: Pipeline, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    rows = [
        {"source": "the SECRET text", "note": "SECRET too", "SECRET": 1},
        {"SECRET": "no source"},
        {"source": "SECRET" * 4000},
        {"source": "SECRET", "note": "SECRET" * 4000},
        {"source": "SECRET \ud800"},
    ]
    body = "\n".join(map(json.dumps, rows)).encode() + b'\nSECRET \xff\n{"source": "SECRET'
    upload = pipeline.upload("a.jsonl", body)
    pipeline.split(upload)
    run = pipeline.poll()
    assert (run["claimed"], len(pipeline.dead_letters())) == (1, 6)
    source = upload.at_line(1)
    odd = {"item-id": source.item_id, "source": "the SECRET text", "digit-label": ["SECRET"]}
    report = pipeline.settle(run, pipeline.ended_job(run, ["SECRET no JSON", odd]))
    assert report["outcome"] == "nothing_labeled"
    output = capsys.readouterr()
    logged = [str(record.__dict__) for record in caplog.records] + [output.out, output.err]
    assert [text for text in logged if "SECRET" in text] == []
    assert "SECRET" not in str(pipeline.rows())


def test_an_event_is_what_eventbridge_sends(pipeline: Pipeline) -> None:
    upload = pipeline.upload("é +.txt", b"x")
    event = {"id": "1", "time": "2026-01-02T03:04:05Z", "resources": [], **s3_event(upload)}
    assert split_text.handler(event, Context())["texts"] == 1


@pytest.mark.parametrize(
    "key", ["inbox/.DS_Store", "__MACOSX/a.txt", "inbox/._a.txt", "a.draft.txt"]
)
def test_what_is_no_upload_is_counted_by_the_run_and_not_read(pipeline: Pipeline, key: str) -> None:
    pipeline.configure(TASK_TYPE="text_single_label_classification", IGNORED_KEYS='["*.draft.txt"]')
    upload = pipeline.upload(key, b"one\ntwo\n")
    assert pipeline.split(upload) == {"texts": 0, "unusable": {}}
    run = pipeline.poll()
    assert (run["received"], run["claimed"]) == (1, 0)
    (part,) = pipeline.file(run, "claims/index.json")["parts"]
    assert pipeline.file(run, f"claims/{part}.json")["counts"]["dropped"] == {"ignored_key": 1}
    assert pipeline.dead_letters() == []
