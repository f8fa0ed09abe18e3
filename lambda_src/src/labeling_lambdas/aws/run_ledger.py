"""The ledger's rows of runs, open runs and the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from labeling_lambdas import process
from labeling_lambdas.aws.ledger import Ledger
from labeling_lambdas.aws.transactions import Update
from labeling_lambdas.domain.states import CLOSED_RUN_SECONDS, RunState
from labeling_lambdas.errors import RunAliveError, RunNotFoundError, RunTakenOverError
from labeling_lambdas.timestamps import timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labeling_lambdas.domain.run_scope import RunScope

_OPEN_RUNS = "OPEN_RUNS"
_PIPELINE = "PIPELINE"
#: The attribute of the lease of the poll that seals the run, and the beginning of the attributes of
#: the pollers that drain the queue at the same time.
_LEASE = "lease_until"


class Run(NamedTuple):
    """The ledger's row of a run.

    Attributes:
        run_id: The run.
        state: State of the run.
        execution_arn: The execution that works on it.
        generation: How many times it was taken over from an execution that died.
        opened_at: ISO-8601.
        leases: By poller, 0 for the poll that comes last, the epoch seconds until which it may
            still be claiming; 0 if it is not.
        counts: Counts of what it received, once sealed.
        plan: Number of shards to store and to return, once the run is settling.
    """

    run_id: str
    state: RunState
    execution_arn: str
    generation: int
    opened_at: str
    leases: dict[int, int]
    counts: dict[str, Any]
    plan: dict[str, Any]

    @property
    def lease_until(self) -> int:
        """Epoch seconds until which any poll may still be claiming; 0 if no poll is."""
        return max(self.leases.values(), default=0)


class RunLedger(Ledger):
    """The run rows of the ledger, with the operations that open, hand over and close runs."""

    def find(self, run_id: str) -> Run | None:
        """Return a run, or None if it is unknown or its row has expired."""
        row = self.row(f"RUN#{run_id}")
        if row is None:
            return None
        return Run(
            run_id=run_id,
            state=RunState(row["run_state"]),
            execution_arn=row["execution_arn"],
            generation=row["generation"],
            opened_at=row["opened_at"],
            leases={_poller_of(name): row[name] for name in row if name.startswith(_LEASE)},
            counts=row.get("counts", {}),
            plan=row.get("run_plan", {}),
        )

    def state_of(self, run_id: str) -> RunState | None:
        """Return the state of a run, or None if its row has expired. Only closed runs expire."""
        run = self.find(run_id)
        return run.state if run is not None else None

    def owned(self, scope: RunScope) -> Run:
        """Return an open run that belongs to this execution.

        Raises:
            RunNotFoundError: If the ledger has no such run.
            RunTakenOverError: If it belongs to another execution.
        """
        run = self.find(scope.run_id)
        if run is None:
            message = f"run {scope.run_id} is not in the ledger"
            raise RunNotFoundError(message)
        if run.execution_arn != scope.execution_arn:
            message = (
                f"run {run.run_id} belongs to {run.execution_arn}, not to {scope.execution_arn}"
            )
            raise RunTakenOverError(message)
        return run

    def open(self, scope: RunScope, lease_until: int, poller: int = 0) -> None:
        """Open a run, or continue to poll for it in a repeated call.

        Args:
            scope: The run.
            lease_until: Epoch seconds until which the call may be claiming.
            poller: Number of the poller, if several drain the queue at the same time; else 0.

        Raises:
            RunAliveError: If another call of this execution may still be claiming for the run.
            RunTakenOverError: If the run belongs to another execution or is already sealed.
        """
        moment = int(process.now())
        lease = _lease_of(poller)
        refusals = self.transact(
            [
                Update(
                    key=f"RUN#{scope.run_id}",
                    update=(
                        "SET run_state = :polling, execution_arn = :execution,"
                        f" {lease} = :lease,"
                        " generation = if_not_exists(generation, :zero),"
                        " opened_at = if_not_exists(opened_at, :now)"
                    ),
                    condition=(
                        "attribute_not_exists(pk)"
                        " OR (run_state = :polling AND execution_arn = :execution"
                        f" AND (attribute_not_exists({lease}) OR {lease} <= :moment"
                        # The answer to the first attempt of this call was lost.
                        f" OR {lease} = :lease))"
                    ),
                    values={
                        "polling": RunState.POLLING.value,
                        "execution": scope.execution_arn,
                        "lease": lease_until,
                        "moment": moment,
                        "zero": 0,
                        "now": timestamp(),
                    },
                ),
                Update(_OPEN_RUNS, "ADD run_ids :run", "", {"run": {scope.run_id}}),
            ],
        )
        if refusals:
            row = refusals[0].row
            message = _taken(scope, row)
            if row.get("execution_arn") == scope.execution_arn and row.get(lease, 0) > moment:
                raise RunAliveError(message)
            raise RunTakenOverError(message)

    def end_lease(self, scope: RunScope, lease_until: int, poller: int = 0) -> None:
        """Record that a call is not claiming for the run. The lease of another is not changed."""
        lease = _lease_of(poller)
        self.update(
            Update(
                key=f"RUN#{scope.run_id}",
                update=f"SET {lease} = :none",
                condition=f"execution_arn = :execution AND {lease} = :lease",
                values={"none": 0, "execution": scope.execution_arn, "lease": lease_until},
            ),
        )

    def seal(self, scope: RunScope, counts: dict[str, Any]) -> None:
        """Record that the run's list is complete.

        Raises:
            RunTakenOverError: If the run belongs to another execution or was sealed by one.
        """
        self._advance(
            scope,
            was=RunState.POLLING,
            to=RunState.SEALED,
            name="counts",
            value=counts,
        )

    def begin_settling(self, scope: RunScope, plan: dict[str, Any]) -> dict[str, Any]:
        """Record that the plan is written. After this, no job may be created for the run.

        Returns:
            The plan that applies: the one that another call of this execution wrote first, if any.

        Raises:
            RunTakenOverError: If the run belongs to another execution or was planned by one.
        """
        found: dict[str, Any] = self._advance(
            scope,
            was=RunState.SEALED,
            to=RunState.SETTLING,
            name="run_plan",
            value=plan,
        )
        return found

    def _advance(
        self,
        scope: RunScope,
        *,
        was: RunState,
        to: RunState,
        name: str,
        value: dict[str, Any],
    ) -> dict[str, Any]:
        """Write the state and a value; return the value that the row has under that name."""
        refusal = self.update(
            Update(
                key=f"RUN#{scope.run_id}",
                update=f"SET run_state = :to, lease_until = :none, {name} = :value",
                condition="run_state = :was AND execution_arn = :execution",
                values={
                    "to": to.value,
                    "none": 0,
                    "value": value,
                    "was": was.value,
                    "execution": scope.execution_arn,
                },
            ),
        )
        if refusal is not None:
            row = refusal.row
            if (row.get("run_state"), row.get("execution_arn")) == (to.value, scope.execution_arn):
                return dict(row[name])
            message = (
                f"run {scope.run_id} is {row.get('run_state')} for {row.get('execution_arn')}, so"
                f" {scope.execution_arn} cannot make it {to.value}"
            )
            raise RunTakenOverError(message)
        return value

    def take_over(self, run: Run, execution_arn: str) -> bool:
        """Hand over a run to another execution.

        Args:
            run: The run as it was read. If its row has changed, the run is not handed over.
            execution_arn: The execution that takes it over.

        Returns:
            Whether the run was handed over; False if another caller was first.
        """
        refusal = self.update(
            Update(
                key=f"RUN#{run.run_id}",
                update="SET execution_arn = :new, generation = :next",
                condition=("generation = :was AND execution_arn = :old AND run_state <> :closed"),
                values={
                    "new": execution_arn,
                    "next": run.generation + 1,
                    "was": run.generation,
                    "old": run.execution_arn,
                    "closed": RunState.CLOSED.value,
                },
            ),
        )
        return refusal is None

    def close(self, scope: RunScope, *, outcome: str, job_failed: bool | None) -> None:
        """Close a run after all its claims are settled.

        Args:
            scope: The run.
            outcome: How it ended.
            job_failed: True if its job could not be created or failed as a whole, False if its job
                returned labels, None if neither.

        Raises:
            RunTakenOverError: If the run belongs to another execution.
        """
        updates = [
            Update(
                key=f"RUN#{scope.run_id}",
                update=(
                    "SET run_state = :closed, closed_at = :now, outcome = :outcome,"
                    " lease_until = :none, expires_at = :expires"
                ),
                condition="run_state <> :closed AND execution_arn = :execution",
                values={
                    "closed": RunState.CLOSED.value,
                    "now": timestamp(),
                    "outcome": outcome,
                    "none": 0,
                    "expires": int(process.now()) + CLOSED_RUN_SECONDS,
                    "execution": scope.execution_arn,
                },
            ),
            Update(_OPEN_RUNS, "DELETE run_ids :run", "", {"run": {scope.run_id}}),
        ]
        if job_failed is True:
            # In the same transaction that closes the run, so that a repeated call counts once.
            updates.append(Update(_PIPELINE, "ADD failed_jobs_in_a_row :one", "", {"one": 1}))
        elif job_failed is False:
            updates.append(Update(_PIPELINE, "SET failed_jobs_in_a_row = :no", "", {"no": 0}))
        refusals = self.transact(updates)
        if refusals:
            row = refusals[0].row
            if (row.get("run_state"), row.get("execution_arn")) == (
                RunState.CLOSED.value,
                scope.execution_arn,
            ):
                return
            message = _taken(scope, row)
            raise RunTakenOverError(message)

    def count_unreadable_output(self, scope: RunScope) -> None:
        """Count a run whose output cannot be read towards probe mode, once.

        Args:
            scope: The run, which stays open.
        """
        updates = [
            Update(
                f"RUN#{scope.run_id}",
                "SET unreadable_output = :yes",
                "attribute_not_exists(unreadable_output) AND execution_arn = :execution",
                {"yes": True, "execution": scope.execution_arn},
            ),
            Update(_PIPELINE, "ADD failed_jobs_in_a_row :one", "", {"one": 1}),
        ]
        # Fails if the run is already counted, or belongs to another execution.
        self.transact(updates)

    def open_runs(self) -> list[str]:
        """Return the open runs, oldest first."""
        row = self.row(_OPEN_RUNS)
        return sorted(row.get("run_ids", ())) if row else []

    def open_runs_unvisited_first(self) -> list[str]:
        """Return the open runs, oldest first, starting after the last visited one."""
        row = self.row(_OPEN_RUNS) or {}
        visited = row.get("visited_to", "")
        runs = sorted(row.get("run_ids", ()))
        return [*(run for run in runs if run > visited), *(run for run in runs if run <= visited)]

    def note_visited(self, run_id: str) -> None:
        """Record the last visited run, for a check that had no time for all open runs."""
        self.update(
            Update(_OPEN_RUNS, "SET visited_to = :run", "", {"run": run_id}),
        )

    def failed_jobs_in_a_row(self) -> int:
        """Return the number of consecutive runs whose job was rejected or failed as a whole."""
        row = self.row(_PIPELINE)
        return int(row.get("failed_jobs_in_a_row", 0)) if row else 0


def _lease_of(poller: int) -> str:
    return f"{_LEASE}_{poller}" if poller else _LEASE


def _poller_of(lease: str) -> int:
    return int(lease.removeprefix(_LEASE).removeprefix("_") or 0)


def _taken(scope: RunScope, row: Mapping[str, Any]) -> str:
    return f"run {scope.run_id} is {row.get('run_state')} for {row.get('execution_arn')}"
