"""Labeling jobs that people do in Label Studio, described by files in the output bucket.

A job is created and stopped by writing a file, so that both can be repeated, and Label Studio may
be down meanwhile. A function that is called regularly does the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws import clients
from labeling_lambdas.aws.artifacts import Files
from labeling_lambdas.aws.labeling_jobs import JobDescription, require_own
from labeling_lambdas.domain.label_studio.jobs import STOPPING, JobState, StudioJob

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from labeling_lambdas.settings import ArtifactSettings

_JOBS = "labeling-jobs"
#: Holds an empty file for each job that has not ended. No job has this name, because names of jobs
#: have no underscore.
_OPEN = f"{_JOBS}/_open"
_JOB, _STOP, _STATE = "job.json", "stop.json", "state.json"


@dataclass(eq=False, repr=False)
class JobFiles(Files):
    """The files of one job.

    Attributes:
        name: Name of the job.
    """

    name: str

    @property
    def folder(self) -> str:
        """The folder, without a slash at its end."""
        return f"{_JOBS}/{self.name.lower()}"


@dataclass(eq=False, repr=False)
class _OpenJobs(Files):
    """The names of the jobs that have not ended."""

    @property
    def folder(self) -> str:
        """The folder, without a slash at its end."""
        return _OPEN


@dataclass(eq=False, repr=False)
class LabelStudioJobs:
    """The labeling jobs that people do in Label Studio.

    Attributes:
        client: S3.
        bucket: The output bucket.
        kms_key_arn: KMS key for all objects written.
    """

    client: S3Client
    bucket: str
    kms_key_arn: str

    @classmethod
    def of(cls, settings: ArtifactSettings) -> LabelStudioJobs:
        """Return the jobs of the pipeline that a function is configured with."""
        return cls(clients.s3(), settings.output_bucket, settings.kms_key_arn)

    def create(self, request: dict[str, Any]) -> bool:
        """Create a job.

        Args:
            request: The fields of a `StudioJob`.

        Returns:
            True if the job was created, False if this run had already created it.

        Raises:
            LabelingJobNameTakenError: If a job with another manifest has the name.
        """
        job = StudioJob.from_fields(request)
        # First, because a job without it would never be worked on.
        self._open.write_text(job.name.lower(), "")
        written = StudioJob.from_fields(self.files(job.name).write_once(_JOB, job.fields()))
        if written == job:
            return True
        require_own(self.describe(job.name), job.name, job.manifest_uri)
        return False

    def describe(self, name: str) -> JobDescription | None:
        """Return a job, or None if no job has this name."""
        job = self.find(name)
        if job is None:
            return None
        state = self.state(name)
        stopping = not state.ended and self.is_stopped(name)
        return JobDescription(
            name=job.name,
            status=STOPPING if stopping else state.status,
            manifest_uri=job.manifest_uri,
            output_uri=state.output_uri,
            counters=state.counters,
            failure_reason=state.failure_reason,
        )

    def stop(self, name: str) -> None:
        """Request that a job is stopped. It ends later."""
        self.files(name).write(_STOP, {})

    def files(self, name: str) -> JobFiles:
        """Return the files of a job."""
        return JobFiles(self.client, self.bucket, self.kms_key_arn, name)

    def find(self, name: str) -> StudioJob | None:
        """Return what a job is about, or None if no job has this name."""
        fields = self.files(name).read_if_there(_JOB)
        return None if fields is None else StudioJob.from_fields(fields)

    def is_stopped(self, name: str) -> bool:
        """Return whether a stop was requested."""
        return self.files(name).read_if_there(_STOP) is not None

    def state(self, name: str) -> JobState:
        """Return how far a job is."""
        return JobState(**(self.files(name).read_if_there(_STATE) or {}))

    def keep(self, name: str, state: JobState) -> JobState:
        """Write how far a job is, and return it."""
        self.files(name).write(_STATE, state._asdict())
        return state

    def open_names(self) -> list[str]:
        """Return the names of the jobs that have not ended, and perhaps of some that have."""
        return self._open.names("")

    def close(self, name: str) -> None:
        """Take a job that has ended off the list of those that have not."""
        self.client.delete_object(Bucket=self.bucket, Key=f"{_OPEN}/{name.lower()}")

    @property
    def _open(self) -> _OpenJobs:
        return _OpenJobs(self.client, self.bucket, self.kms_key_arn)
