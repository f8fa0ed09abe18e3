"""Reconciling a run's claims with the output of its jobs, and dividing the work into shards."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from labeling_lambdas.aws import run_events
from labeling_lambdas.domain.outcomes import PROBE_AFTER_FAILED_JOBS
from labeling_lambdas.domain.provenance import Provenance, RecordStatus
from labeling_lambdas.domain.readability import Readability
from labeling_lambdas.domain.records import RecordContext, feature_record, fits
from labeling_lambdas.domain.settlement import (
    settle_rejected,
    settle_text_in_progress,
    settle_unverified,
    settle_without_label,
    superseded,
)
from labeling_lambdas.domain.states import JobStatus, RunState
from labeling_lambdas.domain.task_types import task_type
from labeling_lambdas.errors import UnreadableOutputError
from labeling_lambdas.steps.claim_labels import ClaimLabels, is_to_be_verified
from labeling_lambdas.steps.claim_list import claimed_items, without_text
from labeling_lambdas.steps.reviews import Reviews
from labeling_lambdas.steps.shards import PlanShards
from labeling_lambdas.timestamps import timestamp_in_milliseconds

if TYPE_CHECKING:
    from labeling_lambdas.aws.artifacts import Artifacts
    from labeling_lambdas.aws.item_rows import ItemRows
    from labeling_lambdas.aws.run_ledger import RunLedger
    from labeling_lambdas.deadline import Deadline
    from labeling_lambdas.domain.items import ClaimedItem
    from labeling_lambdas.domain.kept_settings import LabelRules
    from labeling_lambdas.domain.output_lines import OutputLine
    from labeling_lambdas.domain.run_scope import RunScope
    from labeling_lambdas.domain.verification_settings import Verification
    from labeling_lambdas.steps.claim_labels import FoundLabel

_log = logging.getLogger(__name__)

#: Seconds for the end of planning: the open shards and the plan itself.
_CLOSING_SECONDS = 20


class Plan(NamedTuple):
    """The remaining work of a run.

    Attributes:
        folder: Where its shards are. Each planning call has its own folder, so that a call that
            outlives its execution overwrites no file that its successor uses.
        store_shards: Number of shards with records to write.
        return_shards: Number of shards with claims to return.
        job: How the labeling job ended.
        verification_job: How the verification job ended, None without verification.
        rejection_shards: Number of shards with labels that reviewers rejected.
        unreadable: Whether no line of one of the outputs could be read.
    """

    folder: str
    store_shards: int
    return_shards: int
    job: dict[str, Any]
    verification_job: dict[str, Any] | None = None
    rejection_shards: int = 0
    unreadable: bool = False

    def fields(self) -> dict[str, Any]:
        """Return the plan as JSON-ready fields."""
        return {
            "folder": self.folder,
            "store_shards": self.store_shards,
            "return_shards": self.return_shards,
            "job": self.job,
            "verification_job": self.verification_job,
            "rejection_shards": self.rejection_shards,
            "unreadable": self.unreadable,
        }

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Plan:
        """Read what :meth:`fields` wrote."""
        return cls(**fields)


@dataclass(eq=False, repr=False)
class PlanResults:
    """The planning of the outcomes of a run's claims.

    Attributes:
        scope: The run.
        folder: Folder of the run for the shards of this call.
        max_attempts: Attempts after which an item is dead-lettered.
        rules: Rules for reading the lines of the run's labeling job.
        context: The values that all records of the run share.
        verification: Settings of verification; None without verification.
        shown: Rules for reading the labels that reviewers saw.
        runs: The ledger's runs.
        items: The ledger's items.
        artifacts: The run's files.
        deadline: When to stop.
        moment: Event time of records for a text that has moved. It is before the plan's search for
            newer versions, so that a record of such a version is later.
    """

    scope: RunScope
    folder: str
    max_attempts: int
    rules: LabelRules
    context: RecordContext
    verification: Verification | None
    shown: LabelRules
    runs: RunLedger
    items: ItemRows
    artifacts: Artifacts
    deadline: Deadline
    moment: str = field(default_factory=timestamp_in_milliseconds)

    def plan(self, job: dict[str, Any], verification_job: dict[str, Any] | None) -> Plan:
        """Write the plan, or return the existing plan.

        The plan is written once: its parts are executed step by step, and a second plan could
        contradict the parts that are done.

        Args:
            job: How the labeling job ended.
            verification_job: How the verification job ended, None if the execution has none.

        Raises:
            RunTakenOverError: If the run belongs to another execution.
            OutOfTimeError: If the remaining time is too short.
            LabelingJobOutputMissingError: If a completed job has no output manifest.
            UnreadableOutputError: If nearly no line of an output can be read.
        """
        run = self.runs.owned(self.scope)
        if run.state is not RunState.SEALED:
            return Plan.from_fields(run.plan)
        written = self._write_shards(job, verification_job)
        self.artifacts.write(f"{self.folder}/plan.json", written.fields())
        plan = Plan.from_fields(self.runs.begin_settling(self.scope, written.fields()))
        _log.info(
            "results planned",
            extra={
                "run_id": self.scope.run_id,
                "folder": plan.folder,
                "store_shards": plan.store_shards,
                "return_shards": plan.return_shards,
            },
        )
        return plan

    def _write_shards(self, job: dict[str, Any], verification_job: dict[str, Any] | None) -> Plan:
        # Without contents, because the texts of one run may not fit in memory.
        claims = {
            item.item_id: self._claim(item) for item in claimed_items(self.artifacts, self.items)
        }
        shards = PlanShards.of(self.artifacts, self.folder)
        overwritten = self._settle_superseded(claims, shards)
        self._follow_texts(claims, shards)
        reviews = None
        if self.verification is not None and verification_job is not None:
            reviews = Reviews(
                artifacts=self.artifacts,
                job=verification_job,
                verification=self.verification,
                shown=self.shown,
                keep_unreadable=shards.unreadable.add_line,
            )
            self._settle_rejected(reviews, claims, overwritten, shards)
            self._require_readable(reviews.readability, verification_job, shards)
        lines = self._settle_labels(job, claims, overwritten, reviews, shards)
        self._require_readable(lines, job, shards)
        shards.flush()
        return Plan(
            folder=self.folder,
            store_shards=shards.store.written,
            return_shards=shards.back.written,
            job=job,
            verification_job=verification_job if reviews is not None else None,
            rejection_shards=shards.rejections.written,
            unreadable=lines.nothing or (reviews is not None and reviews.readability.nothing),
        )

    def _settle_superseded(self, claims: dict[str, ClaimedItem], shards: PlanShards) -> set[str]:
        """Settle superseded items; return those that stay because their text may have a label."""
        sources = ((item_id, item.source) for item_id, item in claims.items())
        overwritten: set[str] = set()
        for item_id in list(self.items.superseded(sources)):
            item = claims[item_id]
            # A label that was paid for stays with the text. The label of an image has no more use.
            if item.text_id and not item.waits:
                overwritten.add(item_id)
            else:
                shards.settle(superseded(claims.pop(item_id)))
        return overwritten

    def _settle_labels(
        self,
        job: dict[str, Any],
        claims: dict[str, ClaimedItem],
        overwritten: set[str],
        reviews: Reviews | None,
        shards: PlanShards,
    ) -> Readability:
        """Settle each claim by its label, or without one; count the lines of the labeling job."""
        labels = ClaimLabels(
            artifacts=self.artifacts,
            job=job,
            rules=self.rules,
            keep_unreadable=shards.unreadable.add_line,
        )
        lines = Readability()
        status = JobStatus(job["status"])
        kind = task_type(self.rules.task_type)
        for found in labels.find(claims):
            self.deadline.require(_CLOSING_SECONDS)
            if found.text and not found.item.label_uri:
                lines.readable += not found.problem
                lines.unreadable += bool(found.problem)
            is_superseded = found.item.item_id in overwritten
            if found.output is not None and found.output.label is not None:
                self._settle_label(
                    found, found.output, reviews, shards, is_superseded=is_superseded
                )
                continue
            settlement = settle_without_label(
                found.item,
                found.output,
                problem="" if found.moved else found.problem,
                is_superseded=is_superseded,
                # An item that was claimed for another task type was in no job: no attempt counts.
                job=status if kind.suits(found.item) else JobStatus.NOT_CREATED,
                max_attempts=self.max_attempts,
            )
            shards.settle(settlement)
        return lines

    def _require_readable(
        self, lines: Readability, job: dict[str, Any], shards: PlanShards
    ) -> None:
        """Raise an error instead of returning items whose labels were paid for but cannot be read.

        The run stays open, and counts towards probe mode once. Each scheduled execution tries
        again.
        """
        failed_jobs = self.runs.failed_jobs_in_a_row()
        if not lines.cannot_be_read(failed_before=failed_jobs > 0):
            return
        shards.unreadable.flush()
        self.runs.count_unreadable_output(self.scope)
        probing = self.runs.failed_jobs_in_a_row() >= PROBE_AFTER_FAILED_JOBS
        run_events.publish_metrics(self.scope.pipeline, {"ProbeMode": int(probing)})
        total = lines.readable + lines.unreadable
        message = (
            f"{lines.unreadable} of {total} lines of {job['output_uri']} cannot be read. Remove the"
            " cause, or put a repaired manifest in its place, or an empty object to give these"
            " answers up, and the next run continues"
        )
        raise UnreadableOutputError(message)

    def _claim(self, item: ClaimedItem) -> ClaimedItem:
        # If the limit was lowered after the item was returned, the item still has this attempt.
        attempts = min(item.attempts, self.max_attempts - 1)
        return without_text(item)._replace(attempts=attempts)

    def _follow_texts(self, claims: dict[str, ClaimedItem], shards: PlanShards) -> None:
        """Give claims the labels that their texts have received in the meantime.

        If there is none yet, the claim is returned, and the next run checks again.
        """
        waiting = [item for item in claims.values() if item.waits]
        labels = self.items.labels_of_texts(item.text_id for item in waiting)
        for item in waiting:
            label_uri = labels.get(item.text_id, "")
            if label_uri:
                claims[item.item_id] = item._replace(label_uri=label_uri)
            else:
                shards.settle(settle_text_in_progress(claims.pop(item.item_id)))

    def _settle_rejected(
        self,
        reviews: Reviews,
        claims: dict[str, ClaimedItem],
        overwritten: set[str],
        shards: PlanShards,
    ) -> None:
        """Settle the items whose label reviewers rejected, and remove them from the claims."""
        rejected: list[str] = []
        for item, verdict in reviews.rejections(claims):
            self.deadline.require(_CLOSING_SECONDS)
            rejected.append(item.item_id)
            if item.item_id in overwritten:
                shards.settle(superseded(item))
                continue
            shards.settle(
                settle_rejected(
                    item,
                    category=verdict.category,
                    detail=verdict.detail,
                    max_attempts=self.max_attempts,
                )
            )
            shards.rejections.add(
                {
                    "item_id": item.item_id,
                    "class": verdict.category,
                    "comments": verdict.comments,
                }
            )
        for item_id in rejected:
            del claims[item_id]

    def _settle_label(
        self,
        found: FoundLabel,
        output: OutputLine,
        reviews: Reviews | None,
        shards: PlanShards,
        *,
        is_superseded: bool,
    ) -> None:
        """Store a label, or keep it for verification or for its text in a newer version."""
        provenance = found.judged or _judged(found, output, reviews)
        kept = self._with_label(found, provenance, shards)
        if is_superseded:
            shards.settle(superseded(kept, label_uri=kept.label_uri))
        elif provenance is not None:
            record = self._record(found, output, provenance)
            shards.store.add({"claim": kept.fields(), "record": record})
        elif found.item.waits:
            # The label of the other item is not verified yet. The next run takes it over.
            shards.settle(settle_text_in_progress(kept))
        elif reviews is not None:
            reason = reviews.without_verdict.get(output.item_id)
            status = JobStatus(reviews.job["status"])
            shards.settle(settle_unverified(kept, reason, status))

    def _with_label(
        self, found: FoundLabel, provenance: Provenance | None, shards: PlanShards
    ) -> ClaimedItem:
        """Return a claim with the file that holds its label, if the label will be read again."""
        item = found.item.without_content()
        if found.judged is not None or (provenance is None and item.label_uri):
            return item
        if provenance is not None and not item.text_id:
            return item._replace(label_uri="")
        row: dict[str, Any] = {
            "item_id": item.item_id,
            "text_id": item.text_id,
            "labeling_job": found.labeling_job,
            "label_schema": found.rules.label_schema,
            "line": found.text,
        }
        if provenance is not None:
            row["task_type"] = found.rules.task_type
            row["attribute"] = found.rules.attribute
            row["status"] = provenance.status
            row["verification_job"] = provenance.verification_job
            row["attempts"] = item.attempts + 1
        return item._replace(label_uri=self.artifacts.uri(shards.labels.add(row)))

    def _record(
        self, found: FoundLabel, output: OutputLine, provenance: Provenance
    ) -> dict[str, str]:
        item = found.item
        record = feature_record(item, output, self.context, provenance)
        if found.moved:
            # Later than any record of this line: its previous text may have been labeled after this
            # text.
            record["event_time"] = self.moment
            record["attempts"] = str(found.attempts or item.attempts + 1)
        if fits(record):
            return record
        name = f"labels/{item.item_id}.json"
        self.artifacts.write_text(name, record["label_json"])
        return {**record, "label_json": self.artifacts.uri(name)}


def _judged(found: FoundLabel, output: OutputLine, reviews: Reviews | None) -> Provenance | None:
    """Return the origin of a label, or None if the label is still to be verified."""
    rules = found.rules
    provenance = Provenance(found.labeling_job, rules.task_type, rules.label_schema)
    if reviews is None:
        return provenance
    item_id = output.item_id
    if item_id in reviews.accepted:
        return provenance._replace(
            status=RecordStatus.VERIFIED, verification_job=reviews.job["name"]
        )
    left_out = not is_to_be_verified(found, reviews.verification, reviews.shown)
    if item_id not in reviews.without_verdict and left_out:
        return provenance._replace(status=RecordStatus.UNVERIFIED)
    return None
