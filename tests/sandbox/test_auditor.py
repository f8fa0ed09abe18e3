"""The auditor distinguishes lines of one text file in the ledger, in records and on queues."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from labeling_sandbox.audit.auditor import RECORD_FEATURES, Auditor, Resources
from labeling_sandbox.audit.uploads import Upload

RESOURCES = Resources("ledger", "intake", "dead", "output", "features")
KEPT = "s3://output/results/r/labeled-00000.jsonl"
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
    values = {**dict.fromkeys(RECORD_FEATURES, "x"), "label_json": "s3://output/label.json"}
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
    """A stub of the services that the auditor reads."""

    def __init__(
        self, rows: list[Any], queues: dict[str, list[Any]], kept: list[Any] | None = None
    ) -> None:
        self.rows = rows
        self.kept = kept
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
        if request["Key"] != KEPT.removeprefix("s3://output/") or self.kept is None:
            message = f"nothing is at {request['Key']}"
            raise AssertionError(message)
        body = "".join(json.dumps(label) + "\n" for label in self.kept)
        return {"Body": io.BytesIO(body.encode())}

    def change_message_visibility_batch(self, **_request: Any) -> None:
        """Make a message visible again."""


def violations(
    rows: list[Any],
    records: list[dict[str, str]] | None = None,
    *,
    intake: list[Any] | None = None,
    dead: list[Any] | None = None,
    kept: list[Any] | None = None,
) -> list[str]:
    service = Service(rows, {"intake": intake or [], "dead": dead or []}, kept)
    answers: dict[str, Any] = {"labeling-jobs": [], "records/features": {"offline": records or []}}
    auditor = Auditor(lambda _name: service, lambda path: answers[path], RESOURCES)
    return auditor.audit([FIRST, SECOND], max_attempts=3).violations


STORED = [row(FIRST, "stored"), row(SECOND, "stored")]


def test_a_record_for_each_line_breaks_no_invariant() -> None:
    assert violations(STORED, [record(FIRST), record(SECOND)]) == []


def test_the_record_of_another_line_does_not_count() -> None:
    (found,) = violations(STORED, [record(FIRST)])
    assert "a.txt#L3" in found
    assert "has no record" in found


@pytest.mark.parametrize(("line", "lost"), [(3, False), (1, True), (None, True)])
def test_a_line_that_waits_is_not_lost(line: int | None, lost: bool) -> None:
    waiting = envelope(Upload("uploads", "a.txt", "v1", line))
    found = violations([row(FIRST, "stored")], [record(FIRST)], intake=[waiting])
    assert any("a.txt#L3" in violation and "is lost" in violation for violation in found) is lost


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


UNVERIFIED = {"reason": "verification_failed", "label_uri": KEPT}
LABEL = {"item_id": "3", "labeling_job": "label-1", "line": {}}


def after_a_failed_verification(kept: list[Any] | None = None, **changes: Any) -> list[str]:
    """Return the findings if the second line has a label that is not verified yet."""
    waiting = changes.pop("waiting", [envelope(SECOND)])
    rows = [row(FIRST, "stored"), row(SECOND, "labeled", **{**UNVERIFIED, **changes})]
    return violations(rows, [record(FIRST)], intake=waiting, kept=kept or [LABEL])


def test_a_label_that_waits_for_its_verification_is_kept_and_its_item_is_on_the_queue() -> None:
    assert after_a_failed_verification() == []
    (lost,) = after_a_failed_verification(waiting=[])
    assert "is labeled but is not on the queue" in lost
    (unexplained,) = after_a_failed_verification(reason=None)
    assert "is labeled without a reason" in unexplained
    (other,) = after_a_failed_verification(kept=[{**LABEL, "item_id": "1"}])
    assert "its label is not in" in other
    (none,) = after_a_failed_verification(label_uri=None)
    assert "its label is not in None" in none


@pytest.mark.parametrize("state", ["returned", "dead_lettered"])
def test_no_label_is_kept_of_an_item_that_is_labeled_again_or_never(state: str) -> None:
    rows = [row(FIRST, "stored"), row(SECOND, state, **UNVERIFIED)]
    messages = [envelope(SECOND)]
    found = violations(rows, [record(FIRST)], intake=messages, dead=messages, kept=[LABEL])
    assert any("still names its label" in violation for violation in found)
