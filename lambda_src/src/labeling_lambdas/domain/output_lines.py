"""Reading the lines of a labeling job's output manifest.

https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from labeling_lambdas.domain.labels import Label, UnreadableLineError, named, read_label
from labeling_lambdas.domain.manifest_keys import ITEM_ID_KEY
from labeling_lambdas.domain.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

_FAILURES = frozenset({"failure-reason", "failure_reason"})


class OutputLine(NamedTuple):
    """One line of an output manifest.

    Attributes:
        item_id: The item, as the input manifest named it.
        label: The label, or None.
        reason: Why there is no label; None if there is one.
        reached: Whether the item was offered to workers.
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
    ``failure-reason``. ``0`` is the first class and ``[]`` is an answer, so a falsy value can be a
    label.

    Args:
        text: The line.
        task_type: Name of the task type, which determines the format of the label.
        attribute: The job's label attribute name.
        labels: The labels that workers could choose; None if unknown.

    Raises:
        UnreadableLineError: If the line is not a JSON object, names no item, or its label does not
            have a format of the task type.
    """
    line = read_object(text)
    item = line.get(ITEM_ID_KEY)
    if not isinstance(item, str):
        message = f"the line has no {ITEM_ID_KEY}"
        raise UnreadableLineError(message)
    failure = failure_of(line, attribute)
    if failure is not None:
        reason = Reason.ANNOTATION_EXPIRED if expired(failure) else Reason.ANNOTATION_FAILED
        return OutputLine(item, None, reason, True, line)
    if attribute not in line:
        return OutputLine(item, None, Reason.NOT_LABELED, False, line)
    label = read_label(item, line, task_type=task_type, attribute=attribute, labels=labels)
    return OutputLine(item, label, None, True, line)


def item_of(text: str) -> str | None:
    """Return the item that a line names, or None if it names none."""
    try:
        item = read_object(text).get(ITEM_ID_KEY)
    except UnreadableLineError:
        return None
    return item if isinstance(item, str) else None


def read_object(text: str) -> dict[str, Any]:
    """Parse a line as a JSON object.

    Raises:
        UnreadableLineError: If it is not a JSON object.
    """
    try:
        line = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = "the line is not JSON, or nested too deeply"
        raise UnreadableLineError(message) from error
    if not isinstance(line, dict):
        message = "the line is not a JSON object"
        raise UnreadableLineError(message)
    return line


def failure_of(line: Mapping[str, Any], attribute: str) -> str | None:
    """Return why workers gave no answer for a line, or None if the line reports no failure."""
    metadata = line.get(f"{attribute}-metadata")
    if isinstance(metadata, dict) and not _FAILURES.isdisjoint(metadata):
        return str(named(metadata, "failure-reason"))
    return None


def expired(failure: str) -> bool:
    """Return whether a line failed because no worker accepted its task in time."""
    # The only failure text in AWS's sample data is "ClientError: Annotation tasks expired. ...";
    # every other text is an ordinary failure.
    return "expired" in failure.lower()
