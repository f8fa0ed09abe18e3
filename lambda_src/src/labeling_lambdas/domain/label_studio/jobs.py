"""A labeling job that people do in Label Studio, and how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from labeling_lambdas.domain.states import ENDED_STATUSES, JobStatus
from labeling_lambdas.domain.verification_settings import Verification

if TYPE_CHECKING:
    from collections.abc import Mapping

#: LabelingJobStatus of DescribeLabelingJob.
INITIALIZING = "Initializing"
IN_PROGRESS = "InProgress"
STOPPING = "Stopping"


class StudioJob(NamedTuple):
    """What a job is about. It does not change once the job is created.

    Attributes:
        name: Name of the job.
        manifest_uri: Its input manifest.
        created_at: When it was created, in epoch seconds.
        available_seconds: How long people can answer.
        task_type: Name of the task type.
        attribute: Label attribute name of the labeling job.
        labels: The classes, in order.
        instructions: What people read.
        people: How many people each object is shown to.
        verification: How labels are judged; None for a labeling job.
    """

    name: str
    manifest_uri: str
    created_at: float
    available_seconds: int
    task_type: str
    attribute: str
    labels: tuple[str, ...]
    instructions: str
    people: int
    verification: Verification | None = None

    @property
    def result_attribute(self) -> str:
        """Key of the label, or of the verdict, in an output line."""
        return self.attribute if self.verification is None else self.verification.attribute

    def fields(self) -> dict[str, Any]:
        """Return the job as JSON-ready fields."""
        verification = None if self.verification is None else self.verification.fields()
        return {**self._asdict(), "verification": verification}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> StudioJob:
        """Read what :meth:`fields` wrote."""
        given = fields["verification"]
        verification = None if given is None else Verification.from_fields(given)
        labels = tuple(fields["labels"])
        return cls(**{**fields, "labels": labels, "verification": verification})

    def expired(self, now: float) -> bool:
        """Return whether people cannot answer any more."""
        return now >= self.created_at + self.available_seconds


class JobState(NamedTuple):
    """How far a job is.

    Attributes:
        status: LabelingJobStatus of DescribeLabelingJob.
        project: Number of its project in Label Studio; 0 if it has none yet.
        url: Address of this Label Studio.
        project_created_at: When the project was created, in epoch seconds. Another Label Studio has
            other projects with the same numbers, and members of a project may change its title.
        imported: Lines of the manifest that are known to be tasks of the project.
        last_imported: Number of the last of these tasks.
        ending: The status with which it ends, from when no more answers are waited for; else empty.
        expired: Whether it ends because its time has passed.
        lines: Lines of the output that are written to parts.
        labeled: How many of these have a label, or a verdict.
        last_collected: Number of the last task that was read for these lines; 0 if none was.
        collected: Whether it is the last one of the project.
        parts: Number of parts.
        total: Lines of the manifest.
        finished: Objects that as many people as wanted have answered; once the output is written,
            those that have a label in it, or a verdict.
        output_uri: Its output manifest; empty while the job is in progress.
        failure_reason: Why it failed; empty if it did not.
    """

    status: str = INITIALIZING
    project: int = 0
    url: str = ""
    project_created_at: float = 0.0
    imported: int = 0
    last_imported: int = 0
    ending: str = ""
    expired: bool = False
    lines: int = 0
    labeled: int = 0
    last_collected: int = 0
    collected: bool = False
    parts: int = 0
    total: int = 0
    finished: int = 0
    output_uri: str = ""
    failure_reason: str = ""

    @property
    def ended(self) -> bool:
        """Whether people can no longer work on the job, and its output is written."""
        return self.status in ENDED_STATUSES

    def failed(self, reason: str) -> JobState:
        """Return the state of a job that fails without an output."""
        return self._replace(status=JobStatus.FAILED, failure_reason=reason)

    @property
    def counters(self) -> dict[str, int]:
        """LabelCounters of DescribeLabelingJob."""
        return {
            "TotalLabeled": self.finished,
            "HumanLabeled": self.finished,
            "MachineLabeled": 0,
            "FailedNonRetryableError": 0,
            "Unlabeled": max(0, self.total - self.finished),
        }
