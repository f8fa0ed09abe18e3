"""The messages that arrive on the intake queue and that go to it or to the dead-letter queue.

Two kinds of message arrive: the EventBridge event of an upload, and an envelope. Envelopes come
from ``split_text``, from a run that returns an item, and from an operator who redrives a dead
letter.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from labeling_lambdas.domain.compact_json import compact_json
from labeling_lambdas.domain.envelope_fields import (
    MalformedError,
    count_of,
    label_uri_of,
    run_id_of,
)
from labeling_lambdas.domain.ignored_keys import is_ignored
from labeling_lambdas.domain.items import ClaimedItem, SourceObject, TextContent
from labeling_lambdas.domain.reasons import Reason
from labeling_lambdas.domain.states import Drop

if TYPE_CHECKING:
    from collections.abc import Collection

    from labeling_lambdas.domain.task_types import TaskType

SCHEMA = "labeling-item/1"

#: Kind of the dead letter of a message that names no item. After a redrive, it is read as the
#: original message.
_MALFORMED = "malformed"

#: The reasons why ``split_text`` may send an item without its text.
_REASONS_WITHOUT_TEXT = frozenset(
    {
        Reason.TEXT_TOO_LONG,
        Reason.NOT_UTF8,
        Reason.UNREADABLE_TEXT,
        Reason.MALFORMED_ROW,
        Reason.EMPTY_OBJECT,
    }
)
_MAX_DETAIL = 300


class Origin(StrEnum):
    """The origin of a message: how the item got to the queue."""

    EVENT = "event"
    TEXT = "text"
    RETURNED = "returned"
    DEAD_LETTER = "dead_letter"


class Candidate(NamedTuple):
    """A message that names an item that could be labeled.

    Attributes:
        source: The object version.
        origin: How it came to the queue.
        attempts: Attempts in the message; a number in the ledger takes precedence.
        generation: Dead-letter generation in the message.
        run_id: Run that sent the message; empty for an event.
        content: The text of a text item.
        label_uri: File that holds the item's label, if it was returned to be verified.
        reason: Why it was returned, if it was.
    """

    source: SourceObject
    origin: Origin = Origin.EVENT
    attempts: int = 0
    generation: int = 0
    run_id: str = ""
    content: TextContent | None = None
    label_uri: str = ""
    reason: str = ""


class Rejected(NamedTuple):
    """A message that can never lead to a label.

    Attributes:
        reason: Why.
        detail: Details of the reason, without content of the object.
        source: The object version, None if the message does not name one.
        origin: How the message got to the queue.
        generation: Dead-letter generation in the message.
        content: The text, if the message contains one.
    """

    reason: Reason
    detail: str
    source: SourceObject | None = None
    origin: Origin = Origin.EVENT
    generation: int = 0
    content: TextContent | None = None


class Ignored(NamedTuple):
    """A message that names no item, which is counted and dropped.

    Attributes:
        kind: Why: a folder marker, or a key that is ignored.
    """

    kind: str = Drop.FOLDER_MARKER


def read_message(
    body: str, *, upload_bucket: str, task_type: TaskType, ignored_keys: Collection[str] = ()
) -> Candidate | Rejected | Ignored:
    """Read one message of the intake queue.

    Args:
        body: Body of the SQS message.
        upload_bucket: The only bucket whose objects are labeled.
        task_type: Determines which objects can be labeled.
        ignored_keys: Patterns of keys that are not uploads, in addition to those of operating
            systems.

    Returns:
        The content of the message. An unreadable message is a result, not an exception: one invalid
        message must not stop a batch.
    """
    try:
        message = _decoded(body)
        candidate = _candidate(message)
    except MalformedError as problem:
        return Rejected(Reason.MALFORMED_EVENT, str(problem))
    source = candidate.source
    if source.bucket != upload_bucket:
        detail = f"bucket {source.bucket} is not the upload bucket {upload_bucket}"
        return _rejected(candidate, Reason.FOREIGN_BUCKET, detail)
    ignored = _ignored(candidate, ignored_keys)
    if ignored is not None:
        return ignored
    reason = task_type.reason_to_reject(source)
    if reason is not None:
        detail = f"{task_type.name} cannot label this object of {source.size} bytes"
        return _rejected(candidate, reason, detail)
    if task_type.max_text_characters is None:
        return candidate
    return _read_text(candidate, message, task_type.max_text_characters)


def _ignored(candidate: Candidate, ignored_keys: Collection[str]) -> Ignored | None:
    source = candidate.source
    if source.key.endswith("/") and source.size == 0:
        return Ignored()
    # An item that a run has had is in the ledger, so its key is not checked for ignored patterns.
    is_new = candidate.origin in {Origin.EVENT, Origin.TEXT}
    if is_new and is_ignored(source.key, ignored_keys):
        return Ignored(Drop.IGNORED_KEY)
    return None


def _read_text(
    candidate: Candidate, message: dict[str, Any], max_characters: int
) -> Candidate | Rejected:
    if candidate.content is None:
        return _rejected(candidate, *_why_without_text(message))
    if len(candidate.content.text) > max_characters:
        detail = f"the text has more than {max_characters} characters"
        return _rejected(candidate, Reason.TEXT_TOO_LONG, detail)
    return candidate


def _rejected(candidate: Candidate, reason: Reason, detail: str) -> Rejected:
    return Rejected(
        reason=reason,
        detail=detail,
        source=candidate.source,
        origin=candidate.origin,
        generation=candidate.generation,
        content=candidate.content,
    )


def read_upload(event: dict[str, Any]) -> SourceObject | None:
    """Return the object of an upload event, or None if the event is not an upload event."""
    try:
        return _from_event(event).source
    except (MalformedError, KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def _why_without_text(message: dict[str, Any]) -> tuple[Reason, str]:
    stated = message.get("reason")
    if isinstance(stated, str) and stated in _REASONS_WITHOUT_TEXT:
        return Reason(stated), str(message.get("detail", ""))[:_MAX_DETAIL]
    return Reason.MALFORMED_EVENT, "the message has no text; upload the object again"


def _original_body(body: str) -> str:
    """Return the original message of a dead letter that names no item."""
    try:
        decoded = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(decoded, dict) or decoded.get("schema") != SCHEMA:
        return body
    inner = decoded.get("body")
    return inner if decoded.get("kind") == _MALFORMED and isinstance(inner, str) else body


def _decoded(body: str) -> dict[str, Any]:
    try:
        decoded = json.loads(_original_body(body))
    except (ValueError, RecursionError) as error:
        message = "the body is not JSON, or nested too deeply"
        raise MalformedError(message) from error
    if not isinstance(decoded, dict):
        message = "the body is not a JSON object"
        raise MalformedError(message)
    return decoded


def _candidate(message: dict[str, Any]) -> Candidate:
    try:
        if "schema" in message:
            return _from_envelope(message)
        return _from_event(message)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        problem = f"a field is missing or has the wrong form: {error}"
        raise MalformedError(problem) from error


def _from_envelope(message: dict[str, Any]) -> Candidate:
    if message["schema"] != SCHEMA:
        problem = f"schema {message['schema']!r} is not {SCHEMA!r}"
        raise MalformedError(problem)
    source = SourceObject.from_fields(message["item"])
    content = TextContent.from_fields(message)
    if message["kind"] == Origin.TEXT:
        return Candidate(source, Origin.TEXT, content=content)
    origin = Origin(message["kind"])
    return Candidate(
        source=source,
        origin=origin,
        attempts=count_of(message, "attempts"),
        generation=count_of(message, "generation"),
        run_id=run_id_of(message),
        content=content,
        # A dead letter has no label, and must not expect a row with a label.
        label_uri=label_uri_of(message) if origin is Origin.RETURNED else "",
        reason=str(message.get("reason", ""))[:_MAX_DETAIL],
    )


def _from_event(message: dict[str, Any]) -> Candidate:
    if message.get("source") != "aws.s3" or message.get("detail-type") != "Object Created":
        problem = "the message is neither an S3 Object Created event nor an envelope"
        raise MalformedError(problem)
    detail = message["detail"]
    stored = detail["object"]
    # EventBridge sends the key unencoded. Only S3's own notifications are URL-encoded, so decoding
    # here would change "a+b.png" into the key of another object.
    return Candidate(
        SourceObject.from_fields(
            {
                "bucket": detail["bucket"]["name"],
                "key": stored["key"],
                "version_id": stored["version-id"],
                "etag": stored.get("etag", ""),
                "size": stored["size"],
                "sequencer": stored.get("sequencer", ""),
            }
        )
    )


def text_message(
    source: SourceObject, content: TextContent | None, *, reason: str = "", detail: str = ""
) -> str:
    """Return the message that sends a text item to the intake queue.

    Args:
        source: The line or the file.
        content: Its text; None if it cannot be labeled.
        reason: Why it cannot be labeled.
        detail: Details of the reason.
    """
    return _envelope(
        source,
        content,
        kind=Origin.TEXT,
        attempts=0,
        generation=0,
        reason=reason,
        detail=detail,
        run_id="",
    )


def returned_message(
    item: ClaimedItem, *, run_id: str, attempts: int, reason: str, detail: str
) -> str:
    """Return the message that returns an item to the intake queue.

    It contains the address of the item's label, if any, so that the first expectation of the next
    run is correct.
    """
    label = {"label_uri": item.label_uri} if item.label_uri else {}
    return _envelope(
        item.source,
        item.content,
        kind=Origin.RETURNED,
        attempts=attempts,
        generation=item.generation,
        reason=reason,
        detail=detail,
        run_id=run_id,
        **label,
    )


def dead_letter_message(
    source: SourceObject,
    content: TextContent | None = None,
    *,
    run_id: str,
    attempts: int,
    generation: int,
    reason: str,
    detail: str,
) -> str:
    """Return the message that goes to the dead-letter queue.

    When an operator redrives it, the item starts again, provided that ``generation`` is the one in
    the ledger.
    """
    return _envelope(
        source,
        content,
        kind=Origin.DEAD_LETTER,
        attempts=attempts,
        generation=generation,
        reason=reason,
        detail=detail,
        run_id=run_id,
    )


def _envelope(
    source: SourceObject, content: TextContent | None, *, kind: Origin, **fields: str | int
) -> str:
    envelope = {
        "schema": SCHEMA,
        "kind": kind,
        "item": source.fields(),
        "item_id": source.item_id,
        **fields,
        **(content.fields() if content else {}),
    }
    return _encoded(envelope)


def _encoded(envelope: dict[str, Any]) -> str:
    # SQS rejects these two characters, which an object key or a text may contain.
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    return compact_json(envelope).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")


def malformed_message(body: str, *, message_id: str, detail: str) -> str:
    """Return the dead letter of a message that names no item.

    It contains the original body, even if the message is itself such a dead letter after a redrive.
    """
    envelope = {
        "schema": SCHEMA,
        "kind": _MALFORMED,
        "reason": Reason.MALFORMED_EVENT,
        "detail": detail,
        "message_id": message_id,
        "body": _original_body(body),
    }
    return _encoded(envelope)
