"""Reading the lines of a labeling job's output manifest.

Shapes: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from labeling_lambdas.domain.reasons import Reason

ITEM_ID_KEY = "item-id"


class UnreadableLineError(Exception):
    """An output line that fits no known shape. The message holds no label."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a labeling job said of an item.

    Attributes:
        name: The label as a name; for lists of labels, the names sorted and joined.
        value: The label attribute together with its metadata, as Ground Truth wrote them.
        confidence: Between 0 and 1, None if the service gave none.
        created_at: When the label was made, ISO-8601 with milliseconds and a literal ``Z``.
    """

    name: str
    value: dict[str, Any]
    confidence: float | None
    created_at: str


@dataclass(frozen=True, slots=True)
class OutputLine:
    """One line of an output manifest.

    Attributes:
        item_id: The item, as the input manifest named it.
        label: The label, or None.
        reason: Why there is no label; None where there is one.
        reached: Whether workers were offered the item.
        line: The whole line.
    """

    item_id: str
    label: Label | None
    reason: Reason | None
    reached: bool
    line: dict[str, Any]


def read_output_line(text: str, *, task_type: str, attribute: str) -> OutputLine:
    """Read one output line.

    A line is labeled if and only if the label attribute is present and its metadata has no
    ``failure-reason``. ``0`` is the first class, so truth of the value says nothing.

    Args:
        text: The line.
        task_type: Name of the task type, which decides the shape of the label.
        attribute: The job's label attribute name.

    Raises:
        UnreadableLineError: If the line is no JSON object, names no item, or its label has a shape
            that the task type does not know.
    """
    line = _object(text)
    item = line.get(ITEM_ID_KEY)
    if not isinstance(item, str):
        message = f"the line has no {ITEM_ID_KEY}"
        raise UnreadableLineError(message)
    metadata = line.get(f"{attribute}-metadata")
    if isinstance(metadata, dict) and "failure-reason" in metadata:
        return OutputLine(item, None, _failure(str(metadata["failure-reason"])), True, line)
    if attribute not in line:
        return OutputLine(item, None, Reason.NOT_LABELED, False, line)
    if not isinstance(metadata, dict):
        message = f"item {item}: the label attribute has no metadata"
        raise UnreadableLineError(message)
    label = _LABEL_READERS[task_type](item, line[attribute], metadata, attribute)
    return OutputLine(item, label, None, True, line)


def item_of(text: str) -> str | None:
    """Return the item that a line names, or None if it names none."""
    try:
        item = _object(text).get(ITEM_ID_KEY)
    except UnreadableLineError:
        return None
    return item if isinstance(item, str) else None


def _object(text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = "the line is not JSON, or nested too deeply"
        raise UnreadableLineError(message) from error
    if not isinstance(line, dict):
        message = "the line is not a JSON object"
        raise UnreadableLineError(message)
    return line


def _failure(text: str) -> Reason:
    # The only failure text seen in AWS's own sample data is
    # "ClientError: Annotation tasks expired. ..."; anything else is a plain failure.
    return Reason.ANNOTATION_EXPIRED if "expired" in text.lower() else Reason.ANNOTATION_FAILED


def _single_class(item: str, value: object, metadata: dict[str, Any], attribute: str) -> Label:
    # The documentation shows the class index as a string, real outputs hold an integer. The name
    # counts, not the index: reordering the labels changes what an index means.
    name = metadata.get("class-name")
    if not isinstance(name, str) or not name:
        message = f"item {item}: the metadata has no class-name"
        raise UnreadableLineError(message)
    if isinstance(value, bool) or not str(value).isdigit():
        message = f"item {item}: the label is not a class index"
        raise UnreadableLineError(message)
    return Label(
        name=name,
        value={attribute: value, f"{attribute}-metadata": metadata},
        confidence=_confidence(metadata.get("confidence")),
        created_at=event_time(item, metadata),
    )


def _confidence(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def event_time(item: str, metadata: dict[str, Any]) -> str:
    """Return a label's creation date in the form Feature Store takes.

    Ground Truth writes UTC without a zone as a rule, with six, three or no fractional digits;
    ``+0000`` and the spelling ``creation_date`` occur too. Feature Store wants
    ``yyyy-MM-ddTHH:mm:ss.SSSZ`` with a literal Z.
    https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-quotas.html

    Raises:
        UnreadableLineError: If there is no date or it cannot be read.
    """
    text = metadata.get("creation-date", metadata.get("creation_date"))
    try:
        moment = datetime.fromisoformat(str(text))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        message = f"item {item}: creation-date is missing or no date"
        raise UnreadableLineError(message) from error
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


_LABEL_READERS = {"image_single_label_classification": _single_class}
