"""Recovery of runs whose execution died or whose job's completion event was lost."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from labeling_lambdas.aws.callbacks import execution_arn as arn_of_execution
from labeling_lambdas.domain import identity
from labeling_lambdas.domain.states import RunState
from labeling_lambdas.errors import RunAliveError, RunNotFoundError

if TYPE_CHECKING:
    from labeling_lambdas.aws.callbacks import Executions
    from labeling_lambdas.aws.run_ledger import Run, RunLedger
    from labeling_lambdas.deadline import Deadline
    from labeling_lambdas.steps.completion import Completion

_log = logging.getLogger(__name__)

#: Seconds for one run, which takes some calls.
_RUN_SECONDS = 10

#: Maximum run IDs in each list that the function returns: four lists of them are half of the 256
#: KiB that a state may have, and the state machine cannot catch a larger result.
_MAX_LISTED = 1_000

#: Attempts for which two executions may compete for one run before one gives up.
_TAKE_OVER_ROUNDS = 5


@dataclass(eq=False, repr=False)
class Recovered:
    """The results of a recovery of the open runs. Each list contains run IDs.

    Attributes:
        alive: Not taken over, because the execution is running or a poll may still be claiming.
        answered: Waiting for a job whose end event was missed.
        resumed: Handed over to a new execution because their execution died.
        failed: Could not be recovered. The next schedule tries again.
    """

    alive: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    resumed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def fields(self) -> dict[str, Any]:
        """Return the lists, truncated, as JSON-ready fields."""
        return {
            "alive": self.alive[:_MAX_LISTED],
            "answered": self.answered[:_MAX_LISTED],
            "resumed": self.resumed[:_MAX_LISTED],
            "failed": self.failed[:_MAX_LISTED],
        }


@dataclass(eq=False, repr=False)
class RecoverRuns:
    """The recovery of runs.

    Attributes:
        pipeline: Name of the pipeline.
        state_machine_arn: The state machine.
        execution_arn: The execution that recovers.
        runs: The ledger's runs.
        executions: The state machine's executions.
        completion: Answers waiting states.
        deadline: When to stop.
    """

    pipeline: str
    state_machine_arn: str
    execution_arn: str
    runs: RunLedger
    executions: Executions
    completion: Completion
    deadline: Deadline

    def recover(self) -> Recovered:
        """Recover every open run. An error in one run does not delay the others."""
        recovered = Recovered()
        last = ""
        for run_id in self.runs.open_runs_unvisited_first():
            if self.deadline.near(_RUN_SECONDS):
                # The next recovery begins after it, or the time would run out on the same runs.
                self._stop_at(last)
                break
            last = run_id
            try:
                self._recover_run(run_id, recovered)
            except ClientError as error:
                recovered.failed.append(run_id)
                _log.exception(
                    "run cannot be recovered",
                    extra={"run_id": run_id, "code": error.response["Error"]["Code"]},
                )
        _log.info(
            "open runs checked",
            extra={
                "alive": len(recovered.alive),
                "answered": len(recovered.answered),
                "resumed": len(recovered.resumed),
                "failed": len(recovered.failed),
            },
        )
        return recovered

    def _stop_at(self, run_id: str) -> None:
        _log.warning("no time for all open runs", extra={"last": run_id})
        if run_id:
            self.runs.note_visited(run_id)

    def _recover_run(self, run_id: str, recovered: Recovered) -> None:
        run = self.runs.find(run_id)
        if run is None or run.state is RunState.CLOSED:
            return
        if self._is_worked_on(run, recovered):
            recovered.alive.append(run_id)
            self._catch_up(run_id, recovered)
        elif self._may_still_claim(run):
            recovered.alive.append(run_id)
        elif self._start_resuming(run):
            recovered.resumed.append(run_id)

    def _is_worked_on(self, run: Run, recovered: Recovered) -> bool:
        if run.execution_arn == self.execution_arn:
            return True
        try:
            return self.executions.alive(run.execution_arn)
        except ClientError:
            # A state that waits for a job that has ended is answered anyway. If no state is
            # waiting, the answer is stale.
            self._catch_up(run.run_id, recovered)
            raise

    def _catch_up(self, run_id: str, recovered: Recovered) -> None:
        jobs = [
            identity.labeling_job_name(self.pipeline, run_id, stage) for stage in identity.STAGES
        ]
        if "answered" in [self.completion.report(job) for job in jobs]:
            recovered.answered.append(run_id)

    def _may_still_claim(self, run: Run) -> bool:
        # Aborting an execution does not end the function that it called.
        return run.state is RunState.POLLING and run.lease_until > self.deadline.now

    def _start_resuming(self, run: Run) -> bool:
        name = f"{run.run_id}-r{run.generation + 1}"
        successor = arn_of_execution(self.state_machine_arn, name)
        if not self.runs.take_over(run, successor):
            return False
        # If this function dies here, the new execution does not exist, so the run counts as dead
        # and the next schedule increases the generation again.
        self.executions.start(self.state_machine_arn, name, {"resume_run": run.run_id})
        _log.warning(
            "run resumed",
            extra={"run_id": run.run_id, "execution_arn": successor, "was": run.execution_arn},
        )
        return True

    def resume(self, run_id: str) -> Run:
        """Make this execution the one that works on a run.

        Args:
            run_id: The run, from a recovery or entered manually.

        Returns:
            The run, which belongs to this execution.

        Raises:
            RunNotFoundError: If no open run has this name.
            RunAliveError: If another execution works on it, or a poll may still be claiming.
        """
        for _ in range(_TAKE_OVER_ROUNDS):
            run = self.runs.find(run_id)
            if run is None or run.state is RunState.CLOSED:
                message = f"resume_run: {run_id} is not an open run"
                raise RunNotFoundError(message)
            if self._may_still_claim(run):
                message = (
                    f"resume_run: {run_id} may still be polled until {run.lease_until} (epoch"
                    " seconds); try again after that"
                )
                raise RunAliveError(message)
            if run.execution_arn == self.execution_arn:
                return run
            if self.executions.alive(run.execution_arn):
                message = f"resume_run: {run_id} is being worked on by {run.execution_arn}"
                raise RunAliveError(message)
            self.runs.take_over(run, self.execution_arn)
        message = f"resume_run: {run_id} is taken over again and again; try again later"
        raise RunAliveError(message)
