"""How a labeling job of a run ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws.labeling_jobs import without_job
from labeling_lambdas.domain.states import JobStatus
from labeling_lambdas.errors import LabelingJobPendingError, VerificationUnfinishedError

if TYPE_CHECKING:
    from labeling_lambdas.aws.job_ledger import Job
    from labeling_lambdas.aws.labeling_jobs import JobDescription
    from labeling_lambdas.steps.completion import Completion


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


def end_of_earlier_verification(
    completion: Completion, name: str, now: float
) -> dict[str, Any] | None:
    """Return how the verification job ended that an execution of the run began before it died.

    Used by an execution without verification, because verification may have been turned off
    since.

    Args:
        completion: The jobs.
        name: Name of the verification job.
        now: Epoch seconds.

    Returns:
        How it ended, None if no execution began one.

    Raises:
        VerificationUnfinishedError: If the verification job is still in progress.
        LabelingJobPendingError: If there is no job, but a function may currently be creating
            it.
    """
    job = completion.ledger.find(name)
    if job is None:
        return None
    result = job.result or end_of_job(job, completion.describe(job), now)
    if result is None:
        message = (
            f"verification was turned off while {name} is in progress. The run stays open until"
            " this job has ended; stop it if you no longer need the review"
        )
        raise VerificationUnfinishedError(message)
    return result
