"""Closing a run: the accounting, the report, the metrics and the completion event."""

from __future__ import annotations

import itertools
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws import run_events
from labeling_lambdas.domain.accounting import Settled, balanced, job_failed_as_a_whole, outcome_of
from labeling_lambdas.domain.intake_counts import Intake
from labeling_lambdas.domain.outcomes import PROBE_AFTER_FAILED_JOBS, Outcome
from labeling_lambdas.domain.states import JobStatus
from labeling_lambdas.steps.shards import rejections_folder, rejections_shard
from labeling_lambdas.timestamps import timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_events import EventBridgeClient

    from labeling_lambdas.aws.artifacts import Artifacts
    from labeling_lambdas.aws.run_ledger import Run, RunLedger
    from labeling_lambdas.domain.run_scope import RunScope

_log = logging.getLogger(__name__)

REPORT = "report.json"

#: Maximum number of rejected labels in the report. A file contains all.
_REPORTED_REJECTIONS = 100

#: Maximum characters of their JSON in the report, which is a state's result: Step Functions fails
#: an execution whose state has more than 256 KiB, which a hundred labels with nine comments each
#: could exceed.
_REJECTION_CHARACTERS = 64 * 1024


@dataclass(eq=False, repr=False)
class FinishRun:
    """The end of a run.

    Attributes:
        scope: The run.
        bus: Event bus for the completion event.
        runs: The ledger's runs.
        artifacts: The run's files.
        events: EventBridge.
    """

    scope: RunScope
    bus: str
    runs: RunLedger
    artifacts: Artifacts
    events: EventBridgeClient

    def finish(self) -> dict[str, Any]:
        """Check the accounting, publish the report and close the run.

        A run with shards that could not be settled stays open: the next scheduled execution takes
        it over and continues with its plan.

        Returns:
            The run report.

        Raises:
            RunTakenOverError: If the run belongs to another execution.
        """
        run = self.runs.owned(self.scope)
        intake = Intake.from_fields(run.counts)
        settled, all_settled = self._settled(run)
        jobs = {name: run.plan.get(name) for name in ("job", "verification_job")}
        labeling, verification = (
            JobStatus(job["status"]) if job else None for job in jobs.values()
        )
        outcome = outcome_of(
            intake, settled, job=labeling, verification=verification, all_settled=all_settled
        )
        report = {
            "run_id": self.scope.run_id,
            "outcome": outcome.value,
            "execution_arn": self.scope.execution_arn,
            "opened_at": run.opened_at,
            "closed_at": timestamp(),
            **intake.fields(),
            **settled.fields(),
            "labeling_job": jobs["job"],
            "verification_job": jobs["verification_job"],
            **self._rejections(run),
            "accounting_balanced": all_settled and balanced(intake, settled),
        }
        self.artifacts.write(REPORT, report)
        if outcome is not Outcome.LEFT_OPEN:
            failed = job_failed_as_a_whole(
                settled, labeling, verification, unreadable=bool(run.plan.get("unreadable"))
            )
            self._close(outcome, settled, failed=failed)
        self._publish(report, outcome)
        return report

    def _settled(self, run: Run) -> tuple[Settled, bool]:
        parts = {name: self.artifacts.read(name) for name in self.artifacts.names("settled/")}
        stored = [_settled("store", number) for number in range(_count(run, "store_shards"))]
        returned = [_settled("return", number) for number in range(_count(run, "return_shards"))]
        rejected = [
            _settled("rejected", number)
            for number, name in enumerate(stored)
            if parts.get(name, {}).get("refused")
        ]
        # Claims without a plan have no outcome yet.
        planned = bool(run.plan) or not run.counts["claimed"]
        complete = parts.keys() >= {*stored, *returned, *rejected}
        return Settled.total(parts.values()), planned and complete

    def _rejections(self, run: Run) -> dict[str, Any]:
        """Return the first labels that reviewers rejected, and where all of them are."""
        if not run.plan.get("rejection_shards"):
            return {"rejections": [], "rejections_uri": None}
        folder = run.plan["folder"]
        first = self.artifacts.read_lines(rejections_shard(folder, 0))
        return {
            "rejections": _that_fit(itertools.islice(first, _REPORTED_REJECTIONS)),
            "rejections_uri": self.artifacts.uri(rejections_folder(folder)),
        }

    def _close(self, outcome: Outcome, settled: Settled, *, failed: bool) -> None:
        if failed:
            job_failed: bool | None = True
        else:
            job_failed = False if settled.stored else None
        self.runs.close(self.scope, outcome=outcome.value, job_failed=job_failed)

    def _publish(self, report: dict[str, Any], outcome: Outcome) -> None:
        probing = self.runs.failed_jobs_in_a_row() >= PROBE_AFTER_FAILED_JOBS
        run_events.publish_metrics(
            self.scope.pipeline,
            {
                "ItemsReceived": report["received"],
                "ItemsClaimed": report["claimed"],
                "ItemsStored": report["stored"],
                "ItemsReturned": sum(report["returned"].values()),
                "ItemsDeadLettered": sum(report["dead_lettered"].values())
                + sum(report["invalid"].values()),
                "ItemsRejected": sum(report["rejected"].values()),
                "ObjectsLabeled": _labeled(report["labeling_job"]),
                "ObjectsVerified": _labeled(report["verification_job"]),
                "AccountingMismatch": int(outcome is Outcome.ACCOUNTING_MISMATCH),
                "ProbeMode": int(probing),
            },
        )
        # Reviewers' comments stay in the bucket: an event is small, and other consumers can read
        # it.
        detail = {name: value for name, value in report.items() if name != "rejections"}
        run_events.put_run_event(
            self.events, self.bus, {**detail, "report_uri": self.artifacts.uri(REPORT)}
        )
        _log.info(
            "run finished",
            extra={
                "run_id": self.scope.run_id,
                "outcome": outcome.value,
                "claimed": report["claimed"],
                "stored": report["stored"],
            },
        )


def _that_fit(rejections: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    sizes = 0
    fitting = []
    for rejection in rejections:
        sizes += len(json.dumps(rejection))
        if sizes > _REJECTION_CHARACTERS:
            break
        fitting.append(rejection)
    return fitting


def _labeled(job: dict[str, Any] | None) -> int:
    """Return how many objects of a job have a label or a verdict, which is what they cost."""
    return int(job["counters"].get("TotalLabeled", 0)) if job else 0


def _settled(kind: str, number: int) -> str:
    return f"settled/{kind}-{number:05d}.json"


def _count(run: Run, name: str) -> int:
    return int(run.plan.get(name, 0))
