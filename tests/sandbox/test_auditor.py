"""The auditor keeps lines of one text file apart, in the ledger, in records and on queues."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labeling_sandbox.auditor import RECORD_FEATURES, Auditor, Resources, Upload

RESOURCES = Resources("ledger", "intake", "dead", "output", "features")
FIRST, SECOND = (Upload("uploads", "a.txt", "v1", line) for line in (1, 3))


def row(upload: Upload, state: str, **changes: Any) -> dict[str, Any]:
    values = {
        "pk": f"ITEM#{upload.line}",
        "item_state": state,
        "bucket": upload.bucket,
        "object_key": upload.key,
        "version_id": upload.version_id,
        "source_line": upload.line,
        **changes,
    }
    return {
        name: {"N": str(value)} if isinstance(value, int) else {"S": value}
        for name, value in values.items()
        if value is not None
    }


def record(upload: Upload, **changes: str) -> dict[str, str]:
    values = dict.fromkeys(RECORD_FEATURES, "x")
    return {
        **values,
        "confidence": "1",
        "source_ref": upload.uri,
        "source_version_id": upload.version_id,
        **changes,
    }


def envelope(upload: Upload, **changes: Any) -> dict[str, Any]:
    item = {
        "bucket": upload.bucket,
        "key": upload.key,
        "version_id": upload.version_id,
        "line": upload.line,
    }
    return {"kind": "text", "item": item, "reason": "not_utf8", **changes}


class Service:
    """Answers as the services that the auditor reads."""

    def __init__(self, rows: list[Any], queues: dict[str, list[Any]]) -> None:
        self.rows = rows
        self.queues = {url: list(bodies) for url, bodies in queues.items()}

    def get_paginator(self, operation: str) -> Service:
        self.operation = operation
        return self

    def paginate(self, **_request: Any) -> list[dict[str, Any]]:
        return [{"Items": self.rows}] if self.operation == "scan" else [{}]

    def receive_message(self, **request: Any) -> dict[str, Any]:
        bodies = self.queues.pop(request["QueueUrl"], [])
        return {
            "Messages": [{"ReceiptHandle": "handle", "Body": json.dumps(body)} for body in bodies]
        }

    def get_object(self, **request: Any) -> dict[str, Any]:
        message = f"nothing is at {request['Key']}"
        raise AssertionError(message)

    def change_message_visibility(self, **_request: Any) -> None:
        """Put a message back."""


def violations(
    rows: list[Any],
    records: list[dict[str, str]] | None = None,
    *,
    intake: list[Any] | None = None,
    dead: list[Any] | None = None,
) -> list[str]:
    service = Service(rows, {"intake": intake or [], "dead": dead or []})
    answers: dict[str, Any] = {"labeling-jobs": [], "records/features": {"offline": records or []}}
    auditor = Auditor(lambda _name: service, lambda path: answers[path], RESOURCES)
    return auditor.audit([FIRST, SECOND], max_attempts=3).violations


STORED = [row(FIRST, "stored"), row(SECOND, "stored")]


def test_each_line_with_its_record_is_in_order() -> None:
    assert violations(STORED, [record(FIRST), record(SECOND)]) == []


def test_the_record_of_another_line_does_not_count() -> None:
    (found,) = violations(STORED, [record(FIRST)])
    assert "a.txt#L3" in found
    assert "has no record" in found


@pytest.mark.parametrize(("line", "lost"), [(3, False), (1, True), (None, True)])
def test_a_line_that_waits_is_not_lost(line: int | None, lost: bool) -> None:
    waiting = envelope(Upload("uploads", "a.txt", "v1", line))
    found = violations([row(FIRST, "stored")], [record(FIRST)], intake=[waiting])
    assert any("a.txt#L3" in it and "is lost" in it for it in found) is lost


@pytest.mark.parametrize(("dead", "complete"), [(SECOND, True), (FIRST, False)])
def test_a_dead_letter_names_its_line(dead: Upload, complete: bool) -> None:
    rows = [row(FIRST, "stored"), row(SECOND, "dead_lettered", reason="not_utf8")]
    found = violations(rows, [record(FIRST)], dead=[envelope(dead)])
    assert (found == []) is complete


@pytest.mark.parametrize(("label", "complete"), [("[]", True), ("refund", False)])
def test_only_an_empty_list_has_no_confidence(label: str, complete: bool) -> None:
    unsure = record(SECOND, label=label)
    del unsure["confidence"]
    found = violations(STORED, [record(FIRST), unsure])
    assert (found == []) is complete
