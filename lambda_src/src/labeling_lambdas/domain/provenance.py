"""The origin of a label, and whether reviewers accepted it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class RecordStatus(StrEnum):
    """The quality of a label, as far as it was verified."""

    LABELED = "LABELED"
    VERIFIED = "VERIFIED"
    UNVERIFIED = "UNVERIFIED"


class Provenance(NamedTuple):
    """The origin of a label.

    Attributes:
        labeling_job: Name of the labeling job.
        task_type: Name of its task type.
        label_schema: Version of its labels and template.
        status: ``LABELED`` without verification; otherwise whether reviewers accepted the label.
        verification_job: Name of the verification job, if they accepted it.
    """

    labeling_job: str
    task_type: str
    label_schema: str
    status: RecordStatus = RecordStatus.LABELED
    verification_job: str = ""
