"""Lines of a labeling job's output manifest, in the format of Ground Truth.

Sources: "Output data" in the SageMaker developer guide for labeled objects, and the test data of
AWS's sample pipelines for failed and expired ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Line = dict[str, Any]
LabelValue = Any

MOMENT = "%Y-%m-%dT%H:%M:%S.%f"
"""How moments are written: UTC without a zone."""

EXPIRED_REASON = (
    "ClientError: Annotation tasks expired. The data object was declined by enough workers, "
    "or its tasks were not worked on in the available time."
)


def labeled(
    line: Mapping[str, Any],
    attribute: str,
    value: LabelValue,
    details: Mapping[str, Any],
    job_name: str,
    created: datetime,
) -> Line:
    """Return the line of an object that has a label.

    Args:
        line: The input line; its other keys are handed through.
        attribute: The label attribute name.
        value: The label, such as a class index.
        details: What the task type adds to the metadata: ``type`` and, for example, ``class-name``.
        job_name: The labeling job.
        created: When the label was consolidated, in UTC.

    Returns:
        The output line.
    """
    metadata = {
        **details,
        "job-name": f"labeling-job/{job_name.lower()}",
        "human-annotated": "yes",
        "creation-date": created.strftime(MOMENT),
    }
    return {**line, attribute: value, f"{attribute}-metadata": metadata}


def failed(line: Mapping[str, Any], attribute: str, reason: str, retry_count: int = 1) -> Line:
    """Return the line of an object without a label: its metadata has neither date nor job name.

    Args:
        line: The input line.
        attribute: The label attribute name.
        reason: The failure reason, which starts with the kind of error.
        retry_count: How often the service has tried again.

    Returns:
        The output line.
    """
    metadata = {"retry-count": retry_count, "failure-reason": reason, "human-annotated": "true"}
    without_label = {key: kept for key, kept in line.items() if key != attribute}
    return {**without_label, f"{attribute}-metadata": metadata}


def unreached(line: Mapping[str, Any]) -> Line:
    """Return the line of an object that a stopped job did not come to: the input line as it was."""
    return dict(line)
