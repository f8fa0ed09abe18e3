"""SageMaker Ground Truth: creating, describing and stopping labeling jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from labeling_lambdas.domain.states import ENDED_STATUSES, JobStatus
from labeling_lambdas.errors import (
    LabelingJobNameTakenError,
    LabelingJobRefusedError,
    LabelingJobThrottledError,
)

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import DescribeLabelingJobResponseTypeDef

#: Error codes after which the same request may be accepted later. ResourceLimitExceeded is the
#: quota of concurrent labeling jobs.
_PASSING_CODES = frozenset(
    {"ThrottlingException", "ResourceLimitExceeded", "ServiceUnavailable", "InternalFailure"}
)
_NAME_IN_USE = "ResourceInUse"
_STOPPING = "Stopping"

#: Error of a job that does not exist: ResourceNotFound in the API model; SageMaker's older Describe
#: calls return ValidationException with a message like this.
_ABSENT_CODES = frozenset({"ResourceNotFound", "ResourceNotFoundException"})
_ABSENT_TEXTS = ("not found", "does not exist", "could not find")


class JobDescription(NamedTuple):
    """The part of DescribeLabelingJob that the pipeline uses.

    Attributes:
        name: Name of the job.
        status: Status that Ground Truth reports.
        manifest_uri: Its input manifest.
        output_uri: Its output manifest, if one may exist; empty while the job is in progress.
        counters: LabelCounters.
        failure_reason: Why it failed; empty if it did not.
    """

    name: str
    status: str
    manifest_uri: str
    output_uri: str
    counters: dict[str, int]
    failure_reason: str

    @property
    def ended(self) -> bool:
        """Whether workers can no longer work on the job."""
        return self.status in ENDED_STATUSES

    @property
    def stopping(self) -> bool:
        """Whether a stop was requested and the job has not ended yet."""
        return self.status == _STOPPING

    def belongs_to(self, run_id: str) -> bool:
        """Return whether the job reads a manifest of this run. Its name is not considered."""
        return f"/runs/{run_id}/" in self.manifest_uri

    def result(self) -> dict[str, Any]:
        """Return how the job ended, as the result for the state machine."""
        return {
            "name": self.name,
            "status": self.status,
            "output_uri": self.output_uri,
            "counters": self.counters,
            "failure_reason": self.failure_reason,
        }


def require_own(job: JobDescription | None, name: str, manifest_uri: str) -> None:
    """Check that the job that has a name is the one that was to be created.

    Args:
        job: The job that has the name, None if none has.
        name: The name.
        manifest_uri: Input manifest of the job that was to be created.

    Raises:
        LabelingJobNameTakenError: If it has another manifest.
    """
    if job is None or job.manifest_uri != manifest_uri:
        message = (
            f"labeling job {name} exists with another manifest; names are never freed, so"
            " choose another job_name"
        )
        raise LabelingJobNameTakenError(message)


def without_job(name: str, status: JobStatus) -> dict[str, Any]:
    """Return the result of a job that was never created."""
    return JobDescription(name, status.value, "", "", {}, "").result()


@dataclass(eq=False, repr=False)
class LabelingJobs:
    """The labeling jobs of Ground Truth.

    Attributes:
        client: SageMaker.
    """

    client: SageMakerClient

    def create(self, request: dict[str, Any]) -> bool:
        """Create a job.

        Args:
            request: Parameters of CreateLabelingJob.

        Returns:
            True if the job was created, False if this run had already created it.

        Raises:
            LabelingJobThrottledError: If the same request may be accepted later.
            LabelingJobNameTakenError: If a job with another manifest has the name.
            LabelingJobRefusedError: If the request is rejected permanently.
        """
        name = request["LabelingJobName"]
        try:
            self.client.create_labeling_job(**request)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            text = error.response["Error"]["Message"]
            if code == _NAME_IN_USE:
                manifest_uri = request["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"]
                require_own(self.describe(name), name, manifest_uri)
                return False
            message = f"CreateLabelingJob {name}: {code}: {text}"
            if code in _PASSING_CODES:
                raise LabelingJobThrottledError(message) from error
            raise LabelingJobRefusedError(message) from error
        return True

    def describe(self, name: str) -> JobDescription | None:
        """Return a job, or None if no job has this name."""
        try:
            answer = self.client.describe_labeling_job(LabelingJobName=name)
        except ClientError as error:
            if _absent(error):
                return None
            raise
        status = answer["LabelingJobStatus"]
        source = answer["InputConfig"]["DataSource"].get("S3DataSource", {})
        return JobDescription(
            name=answer["LabelingJobName"],
            status=status,
            manifest_uri=source.get("ManifestS3Uri", ""),
            output_uri=_output_uri(answer) if status in ENDED_STATUSES else "",
            counters=_counters(answer["LabelCounters"]),
            failure_reason=answer.get("FailureReason", ""),
        )

    def stop(self, name: str) -> None:
        """Request that Ground Truth stops a job. The job ends later, with an event."""
        self.client.stop_labeling_job(LabelingJobName=name)


def _output_uri(answer: DescribeLabelingJobResponseTypeDef) -> str:
    """Return where a job's output manifest is.

    LabelingJobOutput is an optional member. If it is absent or empty, the documented location of
    the manifest is used, so that labels that were paid for are not lost because an address is
    missing.
    https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html
    """
    named = answer.get("LabelingJobOutput", {}).get("OutputDatasetS3Uri", "")
    folder = answer["OutputConfig"]["S3OutputPath"].rstrip("/")
    return named or f"{folder}/{answer['LabelingJobName']}/manifests/output/output.manifest"


def _counters(counters: Any) -> dict[str, int]:  # noqa: ANN401 - a TypedDict of integers
    return {name: int(count) for name, count in counters.items()}


def _absent(error: ClientError) -> bool:
    problem = error.response["Error"]
    if problem["Code"] in _ABSENT_CODES:
        return True
    text = problem["Message"].lower()
    return problem["Code"] == "ValidationException" and any(part in text for part in _ABSENT_TEXTS)
