"""SageMaker Ground Truth: labeling jobs whose end and outcome a test determines.

Rules: API reference of CreateLabelingJob, DescribeLabelingJob and StopLabelingJob.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from in_process_aws import validation
from in_process_aws.calls import Answer, Clock, Parameters, RefusalError
from in_process_aws.service import Service, arn

if TYPE_CHECKING:
    from datetime import datetime

    from in_process_aws.s3 import S3

ENDED_STATUSES = frozenset({"Completed", "Failed", "Stopped"})

_NO_COUNTS = {
    "TotalLabeled": 0,
    "HumanLabeled": 0,
    "MachineLabeled": 0,
    "FailedNonRetryableError": 0,
    "Unlabeled": 0,
}


@dataclass
class LabelingJob:
    """A labeling job.

    Attributes:
        name: Its name as it was given.
        request: The members of the request that created it.
        created: When that was.
        status: LabelingJobStatus.
        counters: LabelCounters.
        output_uri: Address of the output manifest that it names; empty before its end.
        failure_reason: Why it failed; empty if it did not.
        modified: When its status changed last.
    """

    name: str
    request: Mapping[str, Any]
    created: datetime
    status: str
    counters: dict[str, int]
    output_uri: str
    failure_reason: str
    modified: datetime

    @property
    def arn(self) -> str:
        """Its ARN, whose name part is in lower case."""
        return arn("sagemaker", f"labeling-job/{self.name.lower()}")

    @property
    def ended(self) -> bool:
        """Whether workers can no longer work on it."""
        return self.status in ENDED_STATUSES

    @property
    def attribute(self) -> str:
        """The label attribute name."""
        return str(self.request["LabelAttributeName"])

    @property
    def manifest_uri(self) -> str:
        """Address of the input manifest."""
        source = self.request["InputConfig"]["DataSource"]["S3DataSource"]
        return str(source["ManifestS3Uri"])

    def event(self) -> dict[str, Any]:
        """Return the event with which EventBridge announces the status."""
        return {
            "version": "0",
            "source": "aws.sagemaker",
            "detail-type": "SageMaker Ground Truth Labeling Job State Change",
            "resources": [self.arn],
            "detail": {"LabelingJobStatus": self.status},
        }


class Jobs(Mapping[str, LabelingJob]):
    """Labeling jobs by name, compared without case."""

    def __init__(self) -> None:
        """Start without jobs."""
        self._jobs: dict[str, LabelingJob] = {}

    def __getitem__(self, name: str) -> LabelingJob:
        return self._jobs[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter([job.name for job in self._jobs.values()])

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, job: LabelingJob) -> None:
        """Add a job."""
        self._jobs[job.name.lower()] = job


class SageMaker(Service):
    """Labeling jobs.

    Attributes:
        jobs: All that were ever created; no name becomes free again.
    """

    name = "sagemaker"

    def __init__(self, clock: Clock, s3: S3) -> None:
        """Start without jobs.

        Args:
            clock: The account's time.
            s3: Where jobs read and write.
        """
        super().__init__(clock)
        self.jobs = Jobs()
        self._s3 = s3
        self.operations = {
            "CreateLabelingJob": self._create,
            "DescribeLabelingJob": self._describe,
            "StopLabelingJob": self._stop,
        }

    def check(self, operation: str, parameters: Parameters) -> None:
        """Refuse a request that breaks a constraint of the model, as SageMaker does."""
        found = validation.breaches(self.name, operation, parameters)
        if found:
            code = "ValidationException"
            raise RefusalError(code, validation.message(found))

    def begin(self, name: str) -> None:
        """Let the workers begin with a job."""
        self._become(self.jobs[name], "InProgress")

    def end(
        self,
        name: str,
        status: str,
        output_lines: Iterable[object] | None = None,
        *,
        failure_reason: str = "",
        addressed: bool = True,
        written: bool = True,
    ) -> LabelingJob:
        """End a job.

        Args:
            name: Its name.
            status: ``Completed``, ``Failed`` or ``Stopped``.
            output_lines: Lines of the output manifest, texts or values to be written as JSON; None
                if it was never written.
            failure_reason: Why it failed.
            addressed: Whether the job names its output; LabelingJobOutput is no required member.
            written: Whether the manifest is there at once; else :meth:`write_output` writes it.

        Raises:
            ValueError: If the status is not one of an end, or the job has ended.
        """
        job = self.jobs[name]
        if status not in ENDED_STATUSES or job.ended:
            message = f"labeling job {name} is {job.status} and cannot become {status}"
            raise ValueError(message)
        if output_lines is not None:
            texts = [line if isinstance(line, str) else json.dumps(line) for line in output_lines]
            if written:
                self.write_output(name, texts)
            job.counters = _counted(texts, job.attribute)
        # Also where nothing was written: a stopped job names an output that may not be there.
        if addressed and (output_lines is not None or status != "Failed"):
            job.output_uri = output_uri(job)
        job.failure_reason = failure_reason
        self._become(job, status)
        return job

    def write_output(self, name: str, texts: Iterable[str]) -> None:
        """Write the output manifest of a job."""
        job = self.jobs[name]
        body = "".join(f"{text}\n" for text in texts).encode()
        self._s3.put_as_service(output_uri(job), body, job.request["OutputConfig"].get("KmsKeyId"))

    def input_lines(self, name: str) -> list[dict[str, Any]]:
        """Return the lines of a job's input manifest.

        Raises:
            KeyError: If there is none.
        """
        bucket, _, key = self.jobs[name].manifest_uri.removeprefix("s3://").partition("/")
        text = self._s3.body(bucket, key).decode()
        return [json.loads(line) for line in text.split("\n") if line.strip()]

    def categories(self, name: str) -> list[str]:
        """Return the categories of a job, in their order."""
        uri = self.jobs[name].request["LabelCategoryConfigS3Uri"]
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return [entry["label"] for entry in json.loads(self._s3.body(bucket, key))["labels"]]

    def _become(self, job: LabelingJob, status: str) -> None:
        with self.lock:
            job.status, job.modified = status, self.moment()

    def _create(self, parameters: Parameters) -> Answer:
        name = parameters["LabelingJobName"]
        with self.lock:
            if name in self.jobs:
                code = "ResourceInUse"
                text = (
                    "Labeling job name must be unique within an AWS account and region, and a"
                    f" labeling job already exists with this name: {name}"
                )
                raise RefusalError(code, text)
            now = self.moment()
            job = LabelingJob(
                name=name,
                request=json.loads(json.dumps(parameters)),
                created=now,
                status="Initializing",
                counters=dict(_NO_COUNTS),
                output_uri="",
                failure_reason="",
                modified=now,
            )
            self.jobs.add(job)
        return {"LabelingJobArn": job.arn}

    def _found(self, parameters: Parameters) -> LabelingJob:
        name = parameters["LabelingJobName"]
        try:
            return self.jobs[name]
        except KeyError:
            code = "ResourceNotFound"
            text = f"Requested resource labeling-job:{name} not found"
            raise RefusalError(code, text) from None

    def _describe(self, parameters: Parameters) -> Answer:
        with self.lock:
            job = self._found(parameters)
            answer: Answer = {
                **job.request,
                "LabelingJobArn": job.arn,
                "LabelingJobStatus": job.status,
                "LabelCounters": dict(job.counters),
                "CreationTime": job.created,
                "LastModifiedTime": job.modified,
                "JobReferenceCode": job.name.lower()[:16],
            }
            if job.failure_reason:
                answer["FailureReason"] = job.failure_reason
            if job.output_uri:
                answer["LabelingJobOutput"] = {"OutputDatasetS3Uri": job.output_uri}
        return answer

    def _stop(self, parameters: Parameters) -> Answer:
        with self.lock:
            job = self._found(parameters)
            if job.ended:
                code = "ValidationException"
                text = f"The labeling job is in status {job.status} and cannot be stopped"
                raise RefusalError(code, text)
            self._become(job, "Stopping")
        return {}


def output_uri(job: LabelingJob) -> str:
    """Return where a job writes its output manifest.

    https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html
    """
    prefix = job.request["OutputConfig"]["S3OutputPath"].rstrip("/")
    return f"{prefix}/{job.name}/manifests/output/output.manifest"


def _counted(texts: Iterable[str], attribute: str) -> dict[str, int]:
    counters = dict(_NO_COUNTS)
    for text in texts:
        try:
            line = json.loads(text)
            failed = "failure-reason" in line.get(f"{attribute}-metadata", {})
        except (ValueError, AttributeError, TypeError):
            # A line that a test has spoiled was a label once.
            counters["TotalLabeled"] += 1
            continue
        if failed:
            counters["FailedNonRetryableError"] += 1
        elif attribute in line:
            counters["TotalLabeled"] += 1
        else:
            counters["Unlabeled"] += 1
    counters["HumanLabeled"] = counters["TotalLabeled"]
    return counters
