"""The end of a labeling job, and the answer to the state that waits for it."""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws import clients
from labeling_lambdas.aws.callbacks import Executions
from labeling_lambdas.aws.engines import labeling_engine
from labeling_lambdas.aws.job_ledger import JobLedger
from labeling_lambdas.aws.labeling_jobs import without_job
from labeling_lambdas.domain.states import JobStatus
from labeling_lambdas.errors import LabelingJobPendingError, VerificationUnfinishedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_lambdas.aws.engines import LabelingEngine
    from labeling_lambdas.aws.job_ledger import Job
    from labeling_lambdas.aws.labeling_jobs import JobDescription
    from labeling_lambdas.settings import LedgerSettings

_log = logging.getLogger(__name__)


@dataclass(eq=False, repr=False)
class Completion:
    """The answers to waiting states.

    Attributes:
        engine: Returns an engine by its name.
        ledger: The states that wait for jobs.
        executions: The state machine.
    """

    engine: Callable[[str], LabelingEngine]
    ledger: JobLedger
    executions: Executions

    @classmethod
    def of(cls, settings: LedgerSettings) -> Completion:
        """Return the completion of jobs for the pipeline that a function is configured with."""
        return cls(
            functools.partial(labeling_engine, settings),
            JobLedger.of(settings),
            Executions(clients.stepfunctions()),
        )

    def report(self, name: str) -> str:
        """Answer the state that waits for a job, if the job has ended.

        Args:
            name: Name of a labeling job, of this pipeline or not.

        Returns:
            ``unknown`` for a job of another owner, ``unfinished`` for a job in progress,
            ``answered``, or ``stale`` if no state was waiting.
        """
        job = self.ledger.find(name)
        if job is None or not job.engine:
            return "unknown"
        description = self.describe(job)
        if description is None:
            return "unfinished"
        if not description.belongs_to(job.run_id):
            return "unknown"
        if not description.ended:
            return "unfinished"
        return self.answer(job, description.result())

    def describe(self, job: Job) -> JobDescription | None:
        """Return what the engine of a job says of it, or None if no job has its name."""
        return self.engine(job.engine).describe(job.name) if job.engine else None

    def answer(self, job: Job, result: dict[str, Any]) -> str:
        """Record how a job ended, then answer the state that waits for it."""
        self.ledger.end(job.name, result)
        answered = self.executions.answer(job.token, result)
        _log.info(
            "labeling job ended",
            extra={
                "run_id": job.run_id,
                "labeling_job": job.name,
                "status": result["status"],
                "answered": answered,
            },
        )
        return "answered" if answered else "stale"

    def end_of_earlier_verification(self, name: str, now: float) -> dict[str, Any] | None:
        """Return how the verification job ended that an execution of the run began before it died.

        Used by an execution without verification, because verification may have been turned off
        since.

        Args:
            name: Name of the verification job.
            now: Epoch seconds.

        Returns:
            How it ended, None if no execution began one.

        Raises:
            VerificationUnfinishedError: If the verification job is still in progress.
            LabelingJobPendingError: If there is no job, but a function may currently be creating
                it.
        """
        job = self.ledger.find(name)
        if job is None:
            return None
        result = job.result or end_of_job(job, self.describe(job), now)
        if result is None:
            message = (
                f"verification was turned off while {name} is in progress. The run stays open until"
                " this job has ended; stop it if you no longer need the review"
            )
            raise VerificationUnfinishedError(message)
        return result


def end_of_job(job: Job, description: JobDescription | None, now: float) -> dict[str, Any] | None:
    """Return how a job of a run ended, or None if it is in progress.

    Args:
        job: The ledger's row of it.
        description: The engine's description of it, None if no job has this name.
        now: Epoch seconds.

    Raises:
        LabelingJobPendingError: If there is no job, but a function may currently be creating it.
    """
    if description is not None and description.belongs_to(job.run_id):
        return description.result() if description.ended else None
    # If the name is taken, the job of this name has another owner.
    if job.result is None and job.creating_until > now:
        message = (
            f"labeling job {job.name} may still be created until {job.creating_until}"
            " (epoch seconds)"
        )
        raise LabelingJobPendingError(message)
    return job.result or without_job(job.name, JobStatus.NOT_CREATED)
