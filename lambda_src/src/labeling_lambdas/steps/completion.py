"""The end of a labeling job, from whoever notices it first to the state that waits for it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labeling_lambdas.aws.callbacks import Executions
    from labeling_lambdas.aws.job_ledger import Job, JobLedger
    from labeling_lambdas.aws.labeling_jobs import LabelingJobs

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
