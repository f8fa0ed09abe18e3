"""Stopping the jobs of a run: its labeling job and its verification job."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_lambdas.steps.job_ends import end_of_job

if TYPE_CHECKING:
    from labeling_lambdas.aws.job_ledger import TaskToken
    from labeling_lambdas.aws.run_ledger import RunLedger
    from labeling_lambdas.deadline import Deadline
    from labeling_lambdas.domain.run_scope import RunScope
    from labeling_lambdas.steps.completion import Completion

_log = logging.getLogger(__name__)


@dataclass(eq=False, repr=False)
class StopJob:
    """The stop of a labeling job of a run, so that workers do not work on items that are returned.

    Attributes:
        scope: The run.
        name: Name of the job.
        runs: The ledger's runs.
        completion: The jobs and the states that wait for them.
        deadline: The source of the current time.
    """

    scope: RunScope
    name: str
    runs: RunLedger
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
        self.runs.owned(self.scope)
        job = self.completion.ledger.wait(self.name, self.scope.run_id, token)
        description = self.completion.describe(job)
        result = end_of_job(job, description, self.deadline.now)
        if result is not None:
            return self.completion.answer(job, result)
        if description is not None and not description.stopping:
            self.completion.engine(job.engine).stop(self.name)
        _log.info(
            "labeling job is being stopped",
            extra={"run_id": self.scope.run_id, "labeling_job": self.name},
        )
        # The job may have ended between the two calls, and its event may have answered the older
        # token.
        answer = self.completion.report(self.name)
        return "stopping" if answer == "unfinished" else answer
