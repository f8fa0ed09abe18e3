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
