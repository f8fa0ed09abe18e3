"""Reading the lines of a labeling job's output manifest.

https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from labeling_lambdas.domain.labels import Label, UnreadableLineError, named, read_label
from labeling_lambdas.domain.reasons import Reason

ITEM_ID_KEY = "item-id"

_FAILURES = frozenset({"failure-reason", "failure_reason"})


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


def read_output_line(
    text: str, *, task_type: str, attribute: str, labels: frozenset[str] | None = None
) -> OutputLine:
    """Read one output line.

    A line is labeled if and only if the label attribute is present and its metadata has no
    ``failure-reason``. ``0`` is the first class and ``[]`` an answer, so truth of the value says
    nothing.

    Args:
        text: The line.
        task_type: Name of the task type, which decides the shape of the label.
        attribute: The job's label attribute name.
        labels: The labels that workers could choose; None if they are not known.

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
    if isinstance(metadata, dict) and not _FAILURES.isdisjoint(metadata):
        return OutputLine(item, None, _failure(str(named(metadata, "failure-reason"))), True, line)
    if attribute not in line:
        return OutputLine(item, None, Reason.NOT_LABELED, False, line)
    label = read_label(item, line, task_type=task_type, attribute=attribute, labels=labels)
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
