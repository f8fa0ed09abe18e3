"""The figures of runs, from their reports and the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labelctl.error_messages import LabelctlError
from labelctl.export.parallel import in_parallel
from labelctl.report.jobs import JobObjects, jobs_of
from labelctl.run_folders import run_ids
from labeling_lambdas.aws.artifacts import Artifacts
from labeling_lambdas.domain.accounting import Settled
from labeling_lambdas.domain.intake_counts import Intake
from labeling_lambdas.domain.outcomes import Outcome
from labeling_lambdas.steps.finish_run import REPORT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from labelctl.connection import Client
    from labelctl.report.scope import Scope
    from labelctl.status import RunStatus

_OPEN = "open"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A label that reviewers rejected.

    Attributes:
        run_id: The run.
        item_id: The item.
        category: The verdict.
        comments: What reviewers wrote.
    """

    run_id: str
    item_id: str
    category: str
    comments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunFigures:
    """The figures of one run.

    Attributes:
        run_id: The run.
        opened_at: When it was opened.
        closed_at: When it was closed; None if it is open.
        outcome: How it ended; ``open`` if it has not.
        intake: What it received; nothing while it polls.
        settled: What became of its claims.
        rejections: The first labels that reviewers rejected.
        jobs: What its jobs labeled and verified; nothing while it is open.
    """

    run_id: str
    opened_at: datetime
    closed_at: datetime | None
    outcome: str
    intake: Intake
    settled: Settled
    rejections: tuple[Rejection, ...] = ()
    jobs: tuple[JobObjects, ...] = ()

    @property
    def in_progress(self) -> int:
        """Claimed items that have no outcome yet."""
        return self.intake.claimed - self.settled.total_items

    @property
    def seconds(self) -> int | None:
        """Seconds from opening to closing; None if it is open."""
        if self.closed_at is None:
            return None
        return int((self.closed_at - self.opened_at).total_seconds())

    def fields(self) -> dict[str, Any]:
        """Return the run as JSON-ready fields."""
        return {
            "run_id": self.run_id,
            "opened_at": self.opened_at.isoformat(),
            "closed_at": self.closed_at.isoformat() if self.closed_at else None,
            "seconds": self.seconds,
            "outcome": self.outcome,
            "received": self.intake.received,
            "claimed": self.intake.claimed,
            "stored": self.settled.stored,
            "returned": sum(self.settled.returned.values()),
            "dead_lettered": sum(self.settled.dead_lettered.values())
            + sum(self.intake.invalid.values()),
            "in_progress": self.in_progress,
        }


@dataclass(frozen=True, slots=True)
class RunReader:
    """A reader of the figures of runs.

    Attributes:
        client: S3.
        output_bucket: The bucket with the files of runs.
        open_runs: The runs that are open.
        progress: Told from time to time what is done.
    """

    client: Client
    output_bucket: str
    open_runs: Sequence[RunStatus]
    progress: Callable[[str], None]

    def read(self, scope: Scope) -> list[RunFigures]:
        """Return the runs of a scope in the order in which they were opened.

        Raises:
            LabelctlError: If the scope is a run that does not exist.
        """
        if scope.run:
            found = self._run(scope.run)
            if found is None:
                message = (
                    f"there is no run {scope.run}: it has no report in"
                    f" s3://{self.output_bucket}/runs/ and is not open;"
                    " labelctl report --json lists all runs"
                )
                raise LabelctlError(message)
            return [found]
        return sorted(self._within(scope), key=lambda run: run.opened_at)

    def _within(self, scope: Scope) -> Iterator[RunFigures]:
        names = run_ids(self.client, self.output_bucket, scope.since)
        # A run has files from its first message on.
        known = dict.fromkeys((*names, *(each.run.run_id for each in self.open_runs)))
        for number, run in enumerate(in_parallel(self._run, known), 1):
            if run is not None and scope.has_time(run.opened_at):
                yield run
            self.progress(f"run {number} of {len(known)}")

    def _run(self, run_id: str) -> RunFigures | None:
        # Nothing is written, so no key is needed.
        artifacts = Artifacts(self.client, self.output_bucket, "", run_id)
        report = artifacts.read_if_there(REPORT)
        if report is not None:
            return _of_report(report, tuple(jobs_of(report, artifacts)))
        return next(
            (_of_ledger(each) for each in self.open_runs if each.run.run_id == run_id), None
        )


def _of_report(report: Mapping[str, Any], jobs: tuple[JobObjects, ...]) -> RunFigures:
    left_open = report["outcome"] == Outcome.LEFT_OPEN
    return RunFigures(
        run_id=report["run_id"],
        opened_at=datetime.fromisoformat(report["opened_at"]),
        closed_at=None if left_open else datetime.fromisoformat(report["closed_at"]),
        outcome=_OPEN if left_open else report["outcome"],
        intake=Intake.from_fields(report),
        settled=Settled.total([report]),
        rejections=tuple(
            Rejection(report["run_id"], each["item_id"], each["class"], tuple(each["comments"]))
            for each in report["rejections"]
        ),
        jobs=jobs,
    )


def _of_ledger(status: RunStatus) -> RunFigures:
    run = status.run
    intake = Intake.from_fields(run.counts) if run.counts else Intake()
    opened = datetime.fromisoformat(run.opened_at)
    return RunFigures(run.run_id, opened, None, _OPEN, intake, Settled())
