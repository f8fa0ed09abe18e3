"""Stop open runs: their labeling jobs, or the executions that work on them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labelctl.error_messages import LabelctlError
from labelctl.status import StatusReader, present
from labeling_lambdas.aws.job_ledger import JobLedger
from labeling_lambdas.aws.label_studio_jobs import LabelStudioJobs
from labeling_lambdas.aws.labeling_jobs import LabelingJobs
from labeling_lambdas.domain.engines import Engine
from labeling_lambdas.domain.states import ENDED_STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from labelctl.connection import Connection
    from labelctl.doctor.deployed import Deployed
    from labelctl.pipeline import Pipeline
    from labelctl.status import JobStatus, RunStatus

_RUNNING = frozenset({"RUNNING", "PENDING_REDRIVE"})
_STOPPING = "Stopping"
_NOT_CREATED = "NotCreated"
_WAIT_SECONDS = 2.0


@dataclass(slots=True)
class StoppedRun:
    """What was done with an open run.

    Attributes:
        run_id: The run.
        execution_arn: The execution that works on it.
        job: Name of the labeling job that people work on; empty if there is none.
        job_stopped: Whether a stop of it was requested.
        execution_stopped: Whether the execution was stopped.
        ended: Whether what was waited for has ended; None if nothing was waited for.
    """

    run_id: str
    execution_arn: str
    job: str = ""
    job_stopped: bool = False
    execution_stopped: bool = False
    ended: bool | None = None

    def fields(self) -> dict[str, Any]:
        """Return the run as JSON-ready fields."""
        return {
            "run_id": self.run_id,
            "execution_arn": self.execution_arn,
            "labeling_job": self.job or None,
            "labeling_job_stopped": self.job_stopped,
            "execution_stopped": self.execution_stopped,
            "ended": self.ended,
        }


@dataclass(slots=True)
class Stop:
    """A stop of a pipeline's open runs.

    Attributes:
        connection: The connection to AWS.
        pipeline: The pipeline.
        deployed: What the module has deployed.
        jobs: Whether to stop their labeling jobs.
        executions: Whether to stop the executions that work on them.
        wait_seconds: How long to wait for their ends; 0 for not at all.
        progress: Called with what is waited for.
        runs: What was done with each run so far.
    """

    connection: Connection
    pipeline: Pipeline
    deployed: Deployed
    jobs: bool
    executions: bool
    wait_seconds: float
    progress: Callable[[str], None]
    runs: list[StoppedRun] = field(default_factory=list)

    @property
    def completed(self) -> bool:
        """Whether everything that was waited for has ended."""
        return all(run.ended is not False for run in self.runs)

    def stop(self, chosen: Sequence[str]) -> None:
        """Stop the open runs.

        Args:
            chosen: Identities of the runs to stop; empty for all.

        Raises:
            LabelctlError: If one of them is not open. Then nothing is stopped.
        """
        for run in self._open(chosen):
            found = StoppedRun(run.run.run_id, run.run.execution_arn)
            self.runs.append(found)
            job = _in_progress(run.jobs)
            if job is not None:
                found.job = job.name
            if self.jobs and job is not None:
                self._stop_job(job)
                found.job_stopped = True
            if self.executions and run.execution_status in _RUNNING:
                self.connection.client("stepfunctions").stop_execution(
                    executionArn=found.execution_arn, cause="stopped with labelctl stop"
                )
                found.execution_stopped = True
        if self.wait_seconds:
            self._wait()

    def _open(self, chosen: Sequence[str]) -> list[RunStatus]:
        runs = self._read()
        missing = sorted(set(chosen) - {run.run.run_id for run in runs})
        if missing:
            message = f"no open run is {', '.join(missing)}; labelctl status lists those that are"
            raise LabelctlError(message)
        return [run for run in runs if not chosen or run.run.run_id in chosen]

    def _read(self) -> list[RunStatus]:
        reader = StatusReader(self.connection, self.pipeline, present())
        return reader.status(ages=False).runs

    def _stop_job(self, job: JobStatus) -> None:
        row = JobLedger(self.connection.client("dynamodb"), self.pipeline.ledger_table).find(
            job.name
        )
        if row is not None and row.engine == Engine.LABEL_STUDIO:
            LabelStudioJobs(
                self.connection.client("s3"),
                self.deployed.output_bucket,
                self.deployed.kms_key_arn,
            ).stop(job.name)
        elif job.status != _STOPPING:
            LabelingJobs(self.connection.client("sagemaker")).stop(job.name)

    def _wait(self) -> None:
        """Wait until the runs are closed, or without them until their executions have ended."""
        ends_at = time.monotonic() + self.wait_seconds
        while True:
            open_runs = {run.run.run_id: run for run in self._read()}
            for run in self.runs:
                run.ended = self._has_ended(open_runs.get(run.run_id))
            waiting = [run.run_id for run in self.runs if not run.ended]
            if not waiting or time.monotonic() >= ends_at:
                return
            self.progress(f"waiting for {len(waiting)} of {len(self.runs)} runs")
            time.sleep(_WAIT_SECONDS)

    def _has_ended(self, run: RunStatus | None) -> bool:
        if run is None:
            return True
        return self.executions and run.execution_status not in _RUNNING


def _in_progress(jobs: Iterable[JobStatus]) -> JobStatus | None:
    """Return the job that people work on; a run has one at a time."""
    ended = {*ENDED_STATUSES, _NOT_CREATED}
    return next((job for job in jobs if job.status not in ended), None)
