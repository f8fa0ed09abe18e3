"""The ledger's rows of labeling jobs: which state waits for a job, and how the job ended."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from labeling_lambdas import process
from labeling_lambdas.aws.ledger import Ledger
from labeling_lambdas.aws.transactions import Update
from labeling_lambdas.domain.states import CLOSED_RUN_SECONDS
from labeling_lambdas.errors import RunTakenOverError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A job ends within 30 days, a run's two jobs within 60. Together with the time for which the rows
#: of closed runs are kept, this ensures that no job's row expires before its run's row.
_JOB_ROW_SECONDS = 60 * 24 * 3600 + CLOSED_RUN_SECONDS


class TaskToken(NamedTuple):
    """The token of a waiting state.

    Attributes:
        token: The token that Step Functions issued.
        generation: Generation of the run.
        entered_at: When the state was entered, ISO-8601.
        retry_count: Number of the retry of the state. Each retry has a new token.
    """

    token: str
    generation: int
    entered_at: str
    retry_count: int

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> TaskToken:
        """Return the token of the waiting state that an event comes from."""
        return cls(
            token=event["task_token"],
            generation=event["generation"],
            entered_at=event["entered_at"],
            retry_count=event["retry_count"],
        )

    @property
    def order(self) -> str:
        """Sort key: the order in which Step Functions issued the tokens."""
        # The text itself does not sort: a time without a fraction of a second is shorter.
        entered = datetime.fromisoformat(self.entered_at).astimezone(UTC)
        moment = entered.isoformat(timespec="microseconds")
        return f"{self.generation:06d}/{moment}/{self.retry_count:06d}"


class Job(NamedTuple):
    """The ledger's row of a labeling job.

    Attributes:
        name: Name of the job.
        run_id: The run it belongs to.
        token: Token of the state that waits for it.
        result: How it ended; None if it has not ended.
        creating_until: Epoch seconds until which a function may create it; 0 if no function has
            begun to.
        engine: The engine it runs on; empty if no function has begun to create it.
    """

    name: str
    run_id: str
    token: str
    result: dict[str, Any] | None
    creating_until: int = 0
    engine: str = ""


class JobLedger(Ledger):
    """The task tokens and results of labeling jobs."""

    def find(self, name: str) -> Job | None:
        """Return a job by its name, ignoring case; None if it does not belong to this pipeline."""
        row = self.row(_key(name))
        if row is None:
            return None
        return Job(
            name=name.lower(),
            run_id=row["run_id"],
            token=row["task_token"],
            result=row.get("job_result"),
            creating_until=row.get("creating_until", 0),
            engine=row.get("engine", ""),
        )

    def wait(self, name: str, run_id: str, token: TaskToken) -> Job:
        """Store the token of the state that waits for a job, before the job exists.

        An older token never replaces a newer one: a function of a dead execution may still be
        running after the run was taken over.

        Returns:
            The job's row after the write.

        Raises:
            RunTakenOverError: If a newer state already waits for the job.
        """
        refusal = self.update(
            Update(
                key=_key(name),
                update=(
                    "SET run_id = :run, task_token = :token, token_order = :order,"
                    " expires_at = :expires"
                ),
                condition="attribute_not_exists(pk) OR token_order <= :order",
                values={
                    "run": run_id,
                    "token": token.token,
                    "order": token.order,
                    "expires": int(process.now()) + _JOB_ROW_SECONDS,
                },
            ),
        )
        if refusal is not None:
            message = f"a newer state of run {run_id} waits for labeling job {name}"
            raise RunTakenOverError(message)
        job = self.find(name)
        return job if job is not None else Job(name.lower(), run_id, token.token, None)

    def begin_creating(self, name: str, token: TaskToken, until: int, engine: str) -> None:
        """Record that a job is about to be created, unless it was recorded as not created.

        The function that stops the job waits until ``until`` before it concludes that the job does
        not exist.

        Args:
            name: Name of the job.
            token: Token of the state that waits for it.
            until: Epoch seconds after which this function does not create the job.
            engine: The engine it is created on.

        Raises:
            RunTakenOverError: If a newer state waits for the job, or the job has ended.
        """
        refusal = self.update(
            Update(
                key=_key(name),
                update="SET creating_until = :until, engine = :engine",
                condition="task_token = :token AND attribute_not_exists(job_result)",
                values={"until": until, "engine": engine, "token": token.token},
            ),
        )
        if refusal is not None:
            message = f"a newer state waits for labeling job {name}, or it has ended"
            raise RunTakenOverError(message)

    def end_creating(self, name: str, token: TaskToken) -> None:
        """Record that the job was not created."""
        self.update(
            Update(
                key=_key(name),
                update="REMOVE creating_until",
                condition="task_token = :token",
                values={"token": token.token},
            ),
        )

    def end(self, name: str, result: dict[str, Any]) -> None:
        """Record how a job ended. A repeated call writes the same."""
        self.update(
            Update(
                _key(name), "SET job_result = :result", "attribute_exists(pk)", {"result": result}
            ),
        )


def _key(name: str) -> str:
    return f"JOB#{name.lower()}"
