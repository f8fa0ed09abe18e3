"""The end of a labeling job, from whoever notices it first to the state that waits for it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws.labeling_jobs import without_job
from labeling_lambdas.domain.states import JobStatus
from labeling_lambdas.errors import LabelingJobPendingError, VerificationUnfinishedError

if TYPE_CHECKING:
    from labeling_lambdas.aws.callbacks import Executions
    from labeling_lambdas.aws.job_ledger import Job, JobLedger
    from labeling_lambdas.aws.labeling_jobs import JobDescription, LabelingJobs

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False, repr=False)
class Completion:
    """Answers waiting states.

    Attributes:
        jobs: Ground Truth's jobs.
        ledger: Who waits for which job.
        executions: The state machine.
    """

    jobs: LabelingJobs
    ledger: JobLedger
    executions: Executions

    def report(self, name: str) -> str:
        """Answer whoever waits for a job, if it has ended.

        Args:
            name: Name of a labeling job, of this pipeline or not.

        Returns:
            ``unknown`` for a job that is not this pipeline's, ``unfinished`` for one that goes on,
            ``answered``, or ``stale`` if nobody waited any more.
        """
        job = self.ledger.find(name)
        if job is None:
            return "unknown"
        description = self.jobs.describe(job.name)
        if description is None:
            return "unfinished"
        if not description.belongs_to(job.run_id):
            return "unknown"
        if not description.ended:
            return "unfinished"
        return self.answer(job, description.result())

    def answer(self, job: Job, result: dict[str, Any]) -> str:
        """Note how a job ended, then answer whoever waits for it."""
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


def end_of_job(job: Job, description: JobDescription | None, now: float) -> dict[str, Any] | None:
    """Return how a job of a run ended, None if it goes on.

    Args:
        job: What the ledger holds of it.
        description: What Ground Truth says of it, None if there is none of this name.
        now: Epoch seconds.

    Raises:
        LabelingJobPendingError: If there is no job, but one may be created in this moment.
    """
    if description is not None and description.belongs_to(job.run_id):
        return description.result() if description.ended else None
    # Under a name that is taken there is a job of somebody else.
    if job.result is None and job.creating_until > now:
        message = (
            f"labeling job {job.name} may still be created until {job.creating_until}"
            " (epoch seconds)"
        )
        raise LabelingJobPendingError(message)
    return job.result or without_job(job.name, JobStatus.NOT_CREATED)


def end_of_begun_verification(
    name: str, jobs: LabelingJobs, ledger: JobLedger, now: float
) -> dict[str, Any] | None:
    """Return how the verification job ended that a dead execution of a run began.

    For an execution that verifies nothing, because verification was turned off since.

    Args:
        name: Name of the verification job.
        jobs: Ground Truth's jobs.
        ledger: Who waits for which job.
        now: Epoch seconds.

    Returns:
        How it ended, None if none was begun.

    Raises:
        VerificationUnfinishedError: If reviewers are still at work.
        LabelingJobPendingError: If there is no job, but one may be created in this moment.
    """
    job = ledger.find(name)
    if job is None:
        return None
    result = job.result or end_of_job(job, jobs.describe(name), now)
    if result is None:
        message = (
            f"verification was turned off while {name} goes on. The run stays open until this job"
            " has ended; stop it if nobody is to review any more"
        )
        raise VerificationUnfinishedError(message)
    return result
