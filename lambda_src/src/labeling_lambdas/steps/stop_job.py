"""Stopping the jobs of a run: its labeling job and its verification job."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_lambdas.steps.completion import end_of_job

if TYPE_CHECKING:
    from labeling_lambdas.aws.job_ledger import JobLedger, TaskToken
    from labeling_lambdas.aws.labeling_jobs import LabelingJobs
    from labeling_lambdas.aws.run_ledger import RunLedger
    from labeling_lambdas.deadline import Deadline
    from labeling_lambdas.steps.completion import Completion

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False, repr=False)
class StopJob:
    """The stop of a labeling job of a run, so that workers do not work on items that are returned.

    Attributes:
        name: Name of the job.
        run_id: The run.
        execution_arn: The execution that works on it.
        runs: The ledger's runs.
        waiting: The ledger's jobs.
        jobs: Ground Truth's jobs.
        completion: Answers the waiting state.
        deadline: The source of the current time.
    """

    name: str
    run_id: str
    execution_arn: str
    runs: RunLedger
    waiting: JobLedger
    jobs: LabelingJobs
    completion: Completion
    deadline: Deadline

    def stop(self, token: TaskToken) -> str:
        """Stop the job. The state of the token is answered when the job has ended.

        Returns:
            ``stopping``, or the result of :meth:`Completion.answer` for a job that has ended or was
            never created.

        Raises:
            RunTakenOverError: If the run belongs to another execution.
            LabelingJobPendingError: If there is no job, but a function may currently be creating
                it.
        """
        self.runs.owned(self.run_id, self.execution_arn)
        job = self.waiting.wait(self.name, self.run_id, token)
        description = self.jobs.describe(self.name)
        result = end_of_job(job, description, self.deadline.now)
        if result is not None:
            return self.completion.answer(job, result)
        if description is not None and not description.stopping:
            self.jobs.stop(self.name)
        _log.info(
            "labeling job is being stopped",
            extra={"run_id": self.run_id, "labeling_job": self.name},
        )
        # The job may have ended between the two calls, and its event may have answered the older
        # token.
        answer = self.completion.report(self.name)
        return "stopping" if answer == "unfinished" else answer
