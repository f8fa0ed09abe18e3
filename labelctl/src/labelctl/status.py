"""The status of a pipeline: its queues, its open runs and their labeling jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from labeling_lambdas.aws.job_ledger import JobLedger
from labeling_lambdas.aws.labeling_jobs import LabelingJobs
from labeling_lambdas.aws.run_ledger import RunLedger
from labeling_lambdas.domain import identity
from labeling_lambdas.domain.engines import Engine
from labeling_lambdas.domain.outcomes import PROBE_AFTER_FAILED_JOBS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelctl.connection import Connection
    from labelctl.pipeline import Pipeline
    from labeling_lambdas.aws.labeling_jobs import JobDescription
    from labeling_lambdas.aws.run_ledger import Run

_STAGES = ("label", "verify")

#: SQS publishes a queue's age every minute, with a delay of some minutes.
_AGE_PERIOD_SECONDS = 60
_AGE_WINDOW = timedelta(minutes=15)

_NOT_STARTED = "NOT_STARTED"
_IN_PROGRESS = "InProgress"


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """One queue.

    Attributes:
        waiting: Messages that can be received.
        in_flight: Messages that were received and not yet deleted.
        oldest_age_seconds: Age of the oldest message; None if it was not requested or is unknown.
    """

    waiting: int
    in_flight: int
    oldest_age_seconds: int | None = None

    def fields(self) -> dict[str, Any]:
        """Return the queue as JSON-ready fields."""
        return {
            "waiting": self.waiting,
            "in_flight": self.in_flight,
            "oldest_age_seconds": self.oldest_age_seconds,
        }


@dataclass(frozen=True, slots=True)
class JobStatus:
    """One labeling job of an open run.

    Attributes:
        stage: ``label`` or ``verify``.
        name: Name of the job.
        status: Status from Ground Truth; ``NotCreated`` if the job does not exist. In Label Studio
            that of the ledger, and ``InProgress`` until the job has ended.
        counters: Ground Truth's counters of objects; in Label Studio empty until the job has ended.
        failure_reason: Why it failed; empty if it did not.
    """

    stage: str
    name: str
    status: str
    counters: dict[str, int]
    failure_reason: str = ""

    @property
    def done(self) -> int:
        """Objects that workers have completed, including those that failed."""
        failed = self.counters.get("FailedNonRetryableError", 0)
        return self.counters.get("TotalLabeled", 0) + failed

    @property
    def objects(self) -> int:
        """Objects of the job that Ground Truth has counted so far."""
        return self.done + self.counters.get("Unlabeled", 0)

    def fields(self) -> dict[str, Any]:
        """Return the job as JSON-ready fields."""
        return {
            "stage": self.stage,
            "name": self.name,
            "status": self.status,
            "objects": self.objects,
            "done": self.done,
            "counters": self.counters,
            "failure_reason": self.failure_reason,
        }


@dataclass(frozen=True, slots=True)
class RunStatus:
    """One open run.

    Attributes:
        run: The ledger's row of it.
        execution_status: Status of the execution that works on it; ``NOT_STARTED`` if it does not
            exist.
        age_seconds: Seconds since it was opened.
        jobs: Its labeling jobs.
    """

    run: Run
    execution_status: str
    age_seconds: int
    jobs: list[JobStatus]

    def fields(self) -> dict[str, Any]:
        """Return the run as JSON-ready fields."""
        return {
            "run_id": self.run.run_id,
            "state": self.run.state.value,
            "execution_arn": self.run.execution_arn,
            "execution_status": self.execution_status,
            "generation": self.run.generation,
            "opened_at": self.run.opened_at,
            "age_seconds": self.age_seconds,
            "claimed": self.run.counts.get("claimed"),
            "jobs": [job.fields() for job in self.jobs],
        }


@dataclass(frozen=True, slots=True)
class Status:
    """The status of a pipeline at one point in time.

    Attributes:
        pipeline: Name of the pipeline.
        queues: Its queues by use.
        runs: Its open runs, the oldest first.
        failed_jobs_in_a_row: Consecutive runs whose job was rejected or failed as a whole.
    """

    pipeline: str
    queues: dict[str, QueueStatus]
    runs: list[RunStatus] = field(default_factory=list)
    failed_jobs_in_a_row: int = 0

    @property
    def probe_mode(self) -> bool:
        """Whether the next run claims a single item."""
        return self.failed_jobs_in_a_row >= PROBE_AFTER_FAILED_JOBS

    def fields(self) -> dict[str, Any]:
        """Return everything as JSON-ready fields."""
        return {
            "schema": "labelctl-status/1",
            "pipeline": self.pipeline,
            "queues": {use: queue.fields() for use, queue in self.queues.items()},
            "failed_jobs_in_a_row": self.failed_jobs_in_a_row,
            "probe_mode": self.probe_mode,
            "runs": [run.fields() for run in self.runs],
        }


@dataclass(frozen=True, slots=True)
class StatusReader:
    """A reader of a pipeline's status.

    Attributes:
        connection: The connection to AWS.
        pipeline: The pipeline.
        now: The current time.
    """

    connection: Connection
    pipeline: Pipeline
    now: datetime

    def status(self, *, ages: bool) -> Status:
        """Return the status of the pipeline.

        Args:
            ages: Whether to request the queues' ages from CloudWatch.
        """
        runs = RunLedger(self.connection.client("dynamodb"), self.pipeline.ledger_table)
        return Status(
            self.pipeline.name,
            self._queues(ages=ages),
            list(self._open_runs(runs)),
            runs.failed_jobs_in_a_row(),
        )

    def _queues(self, *, ages: bool) -> dict[str, QueueStatus]:
        urls = {
            "intake": self.pipeline.intake_url,
            "dead_letter": self.pipeline.dead_letter_url,
            "undelivered": self.pipeline.undelivered_url,
        }
        oldest = self._oldest_ages(urls) if ages else {}
        return {use: self._queue(url, oldest.get(use)) for use, url in urls.items()}

    def _queue(self, url: str, age: int | None) -> QueueStatus:
        answer = self.connection.client("sqs").get_queue_attributes(
            QueueUrl=url,
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
            ],
        )
        counts = answer["Attributes"]
        return QueueStatus(
            int(counts["ApproximateNumberOfMessages"]),
            int(counts["ApproximateNumberOfMessagesNotVisible"]),
            age,
        )

    def _oldest_ages(self, urls: dict[str, str]) -> dict[str, int]:
        answer = self.connection.client("cloudwatch").get_metric_data(
            MetricDataQueries=[
                {
                    "Id": use,
                    "MetricStat": {
                        "Metric": {
                            "Namespace": "AWS/SQS",
                            "MetricName": "ApproximateAgeOfOldestMessage",
                            "Dimensions": [{"Name": "QueueName", "Value": url.rpartition("/")[2]}],
                        },
                        "Period": _AGE_PERIOD_SECONDS,
                        "Stat": "Maximum",
                    },
                }
                for use, url in urls.items()
            ],
            StartTime=self.now - _AGE_WINDOW,
            EndTime=self.now,
            ScanBy="TimestampDescending",
        )
        return {
            result["Id"]: int(result["Values"][0])
            for result in answer["MetricDataResults"]
            if result["Values"]
        }

    def _open_runs(self, runs: RunLedger) -> Iterator[RunStatus]:
        for run_id in runs.open_runs():
            run = runs.find(run_id)
            # None if the run was closed between the two reads and its row has expired, which takes
            # long.
            if run is not None:
                opened = datetime.fromisoformat(run.opened_at)
                yield RunStatus(
                    run,
                    self._execution_status(run.execution_arn),
                    int((self.now - opened).total_seconds()),
                    list(self._jobs(run_id)),
                )

    def _execution_status(self, execution_arn: str) -> str:
        try:
            # Input and output would need permission to use the state machine's KMS key.
            answer = self.connection.client("stepfunctions").describe_execution(
                executionArn=execution_arn, includedData="METADATA_ONLY"
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionDoesNotExist":
                raise
            return _NOT_STARTED
        return str(answer["status"])

    def _jobs(self, run_id: str) -> Iterator[JobStatus]:
        ledger = JobLedger(self.connection.client("dynamodb"), self.pipeline.ledger_table)
        jobs = LabelingJobs(self.connection.client("sagemaker"))
        for stage in _STAGES:
            name = identity.labeling_job_name(self.pipeline.name, run_id, stage)
            # A job is in the ledger before it exists.
            row = ledger.find(name)
            if row is None:
                continue
            if row.engine == Engine.LABEL_STUDIO:
                # Ground Truth does not have it, and only administrators may read its files.
                yield _recorded_status(stage, name, row.result)
            else:
                yield _job_status(stage, name, jobs.describe(name))


def _recorded_status(stage: str, name: str, result: dict[str, Any] | None) -> JobStatus:
    if result is None:
        return JobStatus(stage, name, _IN_PROGRESS, {})
    return JobStatus(stage, name, result["status"], result["counters"], result["failure_reason"])


def _job_status(stage: str, name: str, job: JobDescription | None) -> JobStatus:
    if job is None:
        return JobStatus(stage, name, "NotCreated", {})
    return JobStatus(stage, name, job.status, job.counters, job.failure_reason)


def present() -> datetime:
    """Return the current time."""
    return datetime.now(UTC)
