"""Every body on the intake queue leads to one verdict, and what is sent there can be read."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from labeling_lambdas.domain.items import ClaimedItem
from labeling_lambdas.domain.messages import (
    Candidate,
    Ignored,
    Origin,
    Rejected,
    dead_letter_message,
    malformed_message,
    read_message,
    returned_message,
)
from labeling_lambdas.domain.reasons import Reason
from labeling_lambdas.domain.task_types import task_type
from tests.domain.examples import CLAIMS, TASK_TYPE, UPLOADS, s3_event, source

_IMAGES = task_type(TASK_TYPE)

#: Characters that SendMessage takes.
#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_SENDABLE = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


def verdict(body: str) -> Candidate | Rejected | Ignored:
    read = read_message(body, upload_bucket=UPLOADS, task_type=_IMAGES)
    assert isinstance(read, Candidate | Rejected | Ignored)
    named = None if isinstance(read, Ignored) else read.source
    if named is not None:
        # Everything the ledger and the lists need of an item can be computed and written.
        assert named.item_id
        assert named.key_id
        json.dumps(named.fields(), ensure_ascii=False).encode()
        assert _SENDABLE.fullmatch(
            dead_letter_message(named, run_id="r", attempts=0, generation=1, reason="x", detail="y")
        )
    return read


def event_with(path: str, value: object) -> str:
    """Return an upload's event with one field replaced."""
    event = s3_event(source())
    *parents, last = path.split(".")
    target = event
    for name in parents:
        target = target[name]
    target[last] = value
    return json.dumps(event)


@given(st.text())
@example("")
@example("null")
@example("[" * 100_000)
@example('{"schema":' * 100_000)
@example('{"schema": "labeling-item/1"}')
def test_any_body_is_classified_without_an_exception(body: str) -> None:
    assert isinstance(verdict(body), Rejected)


@given(_JSON)
def test_any_json_body_is_classified(body: object) -> None:
    assert isinstance(verdict(json.dumps(body)), Rejected)


_FIELDS = (
    "source",
    "detail-type",
    "detail",
    "detail.bucket",
    "detail.bucket.name",
    "detail.object",
    "detail.object.key",
    "detail.object.size",
    "detail.object.version-id",
    "detail.object.etag",
    "detail.object.sequencer",
)


@given(st.sampled_from(_FIELDS), _JSON)
@example("detail.object.size", float("inf"))
@example("detail.object.size", float("nan"))
@example("detail.object.size", -1)
@example("detail.object.key", "\ud800.png")
@example("detail.object.key", "\uffff.png")
@example("detail.object.key", "k" * 200_000 + ".png")
@example("detail.object.version-id", "")
@example("detail.object.version-id", None)
def test_an_event_with_any_field_replaced_is_classified(field: str, value: object) -> None:
    verdict(event_with(field, value))


_ENVELOPE_FIELDS = ("schema", "kind", "item", "attempts", "generation", "run_id", "label_uri")


@given(st.sampled_from(_ENVELOPE_FIELDS), _JSON)
@example("attempts", float("inf"))
@example("attempts", 10**60)
@example("attempts", -1)
@example("generation", 10**60)
@example("run_id", "\ud800")
@example("kind", "malformed")
@example("label_uri", "\ud800")
@example("label_uri", "s3://" + "k" * 5000)
def test_an_envelope_with_any_field_replaced_is_classified(field: str, value: object) -> None:
    text = returned_message(
        ClaimedItem(source()), run_id="r", attempts=1, reason="not_labeled", detail=""
    )
    read = verdict(json.dumps({**json.loads(text), field: value}))
    if isinstance(read, Candidate):
        # What DynamoDB takes as a number, and nothing that would buy attempts.
        assert 0 <= read.attempts < 2**31
        assert 0 <= read.generation < 2**31
        read.run_id.encode()
        assert len(read.label_uri.encode()) < 5000


@pytest.mark.parametrize(
    "key",
    ["a b.png", "a+b.png", "a%20b.png", "é ñ.JPG", 'q"u\\o.jpeg', "x/y/ä\t.png", "\u3000.png"],
)
def test_a_key_is_not_decoded(key: str) -> None:
    read = verdict(json.dumps(s3_event(source(key))))
    assert isinstance(read, Candidate)
    assert read.source == source(key)
    assert read.origin is Origin.EVENT


@given(CLAIMS, st.integers(0, 9))
def test_a_returned_item_is_read_as_it_was_sent(claim: ClaimedItem, attempts: int) -> None:
    text = returned_message(
        claim, run_id="run", attempts=attempts, reason="not_labeled", detail="é"
    )
    assert _SENDABLE.fullmatch(text)
    read = read_message(text, upload_bucket=UPLOADS, task_type=_IMAGES)
    if isinstance(read, Candidate):
        assert read == Candidate(claim.source, Origin.RETURNED, attempts, claim.generation, "run")
    else:
        assert isinstance(read, Rejected)
        assert read.reason in (Reason.UNSUPPORTED_EXTENSION, Reason.UNSUPPORTED_KEY)


@given(CLAIMS, st.integers(1, 9))
def test_a_dead_letter_moved_back_is_read_with_its_generation(
    claim: ClaimedItem, generation: int
) -> None:
    text = dead_letter_message(
        claim.source, run_id="run", attempts=3, generation=generation, reason="r", detail=""
    )
    read = read_message(text, upload_bucket=UPLOADS, task_type=_IMAGES)
    assert isinstance(read, Candidate | Rejected)
    assert (read.source, read.origin, read.generation) == (
        claim.source,
        Origin.DEAD_LETTER,
        generation,
    )


def test_an_envelope_names_the_item_its_reason_and_its_run() -> None:
    item = ClaimedItem(source("é.png"))
    text = returned_message(item, run_id="run", attempts=2, reason="not_labeled", detail="why")
    assert json.loads(text) == {
        "schema": "labeling-item/1",
        "kind": "returned",
        "item": item.source.fields(),
        "item_id": item.item_id,
        "attempts": 2,
        "generation": 0,
        "reason": "not_labeled",
        "detail": "why",
        "run_id": "run",
    }
    # Escapes would make six bytes of each accent; a message has 256 KiB.
    assert "é" in text


def test_a_malformed_message_keeps_its_text() -> None:
    text = malformed_message("{not json", message_id="m", detail="d")
    assert json.loads(text) | {"detail": ""} == {
        "schema": "labeling-item/1",
        "kind": "malformed",
        "reason": "malformed_event",
        "detail": "",
        "message_id": "m",
        "body": "{not json",
    }


def test_a_malformed_message_does_not_grow_when_it_is_redriven_repeatedly() -> None:
    text = original = malformed_message("{not json", message_id="m", detail="d")
    for _ in range(5):
        assert verdict(text) == verdict("{not json")
        text = malformed_message(text, message_id="m", detail="d")
    assert text == original


def test_a_redriven_malformed_message_is_read_if_it_is_readable_now() -> None:
    event = json.dumps(s3_event(source()))
    text = malformed_message(event, message_id="m", detail="d")
    assert verdict(text) == Candidate(source())


@pytest.mark.parametrize("label_uri", ["", "s3://b/runs/r/results/x/labeled-00000.jsonl"])
def test_a_returned_label_is_named_and_read_again(label_uri: str) -> None:
    item = ClaimedItem(source(), attempts=1, label_uri=label_uri)
    text = returned_message(item, run_id="r", attempts=1, reason="verification_failed", detail="")
    assert ("label_uri" in json.loads(text)) == bool(label_uri)
    read = verdict(text)
    assert isinstance(read, Candidate)
    assert read.label_uri == label_uri


def test_a_dead_letter_never_names_a_label() -> None:
    text = dead_letter_message(
        source(), run_id="r", attempts=3, generation=1, reason="x", detail=""
    )
    read = verdict(json.dumps({**json.loads(text), "label_uri": "s3://b/label"}))
    assert isinstance(read, Candidate)
    assert read.label_uri == ""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bucket": "elsewhere"}, Reason.FOREIGN_BUCKET),
        ({"key": "a.txt"}, Reason.UNSUPPORTED_EXTENSION),
        ({"key": "png"}, Reason.UNSUPPORTED_EXTENSION),
        ({"key": "folder.png/readme"}, Reason.UNSUPPORTED_EXTENSION),
        ({"key": "x/y/ä\n.png"}, Reason.UNSUPPORTED_KEY),
        ({"key": "\u2028.png"}, Reason.UNSUPPORTED_KEY),
        ({"size": 0}, Reason.EMPTY_OBJECT),
        ({"size": 40 * 1024 * 1024 + 1}, Reason.IMAGE_TOO_LARGE),
    ],
)
def test_an_object_that_cannot_be_labeled_is_rejected_with_its_reason(
    changes: dict[str, Any], reason: Reason
) -> None:
    upload = source(**changes)
    read = verdict(json.dumps(s3_event(upload)))
    assert isinstance(read, Rejected)
    assert (read.reason, read.source) == (reason, upload)
    assert read.detail


def test_the_largest_image_is_a_candidate() -> None:
    upload = source(size=40 * 1024 * 1024)
    assert isinstance(verdict(json.dumps(s3_event(upload))), Candidate)


def test_a_folder_marker_is_ignored() -> None:
    upload = source("images/", size=0)
    assert verdict(json.dumps(s3_event(upload))) == Ignored("folder_marker")


def test_the_problem_of_a_message_names_the_field() -> None:
    event = s3_event(source())
    del event["detail"]["object"]["version-id"]
    read = verdict(json.dumps(event))
    assert isinstance(read, Rejected)
    assert read.reason is Reason.MALFORMED_EVENT
    assert "version-id" in read.detail
