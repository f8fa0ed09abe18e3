"""Reconciling what a run claimed with what its labeling job gave, and sharing out the work."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws.artifacts import read_text_lines
from labeling_lambdas.domain.claims import RunState
from labeling_lambdas.domain.output_lines import (
    OutputLine,
    UnreadableLineError,
    item_of,
    read_output_line,
)
from labeling_lambdas.domain.records import RecordContext, feature_record
from labeling_lambdas.domain.settlement import (
    JobStatus,
    Settlement,
    settle_unlabeled,
    settle_unreadable,
    superseded,
)
from labeling_lambdas.steps.claims import claimed_items

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from labeling_lambdas.aws.artifacts import Artifacts
    from labeling_lambdas.aws.item_ledger import ItemLedger
    from labeling_lambdas.aws.run_ledger import RunLedger
    from labeling_lambdas.deadline import Deadline
    from labeling_lambdas.domain.items import ClaimedItem

_log = logging.getLogger(__name__)

#: Items of one shard: work for some seconds, small enough to hold in memory, and few enough shards
#: that 100,000 items make 100 of them.
SHARD_ITEMS = 1000

#: Seconds that the last stretch takes: the open shards and the plan itself.
_CLOSING_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """The work that remains of a run.

    Attributes:
        store_shards: Number of shards with records to write.
        return_shards: Number of shards with claims to give back.
        job: How the labeling job ended.
    """

    store_shards: int
    return_shards: int
    job: dict[str, Any]

    def fields(self) -> dict[str, Any]:
        """Return the plan as JSON-ready fields."""
        return {
            "store_shards": self.store_shards,
            "return_shards": self.return_shards,
            "job": self.job,
        }


def store_shard(number: int) -> str:
    """Return the name of a shard of records."""
    return f"results/store-{number:05d}.jsonl"


def return_shard(number: int) -> str:
    """Return the name of a shard of claims to give back."""
    return f"results/return-{number:05d}.jsonl"


@dataclass
class _Shards:
    """Writes rows in shards of a bounded size."""

    artifacts: Artifacts
    name: Any
    rows: list[dict[str, Any]] = field(default_factory=list)
    written: int = 0

    def add(self, row: dict[str, Any]) -> None:
        self.rows.append(row)
        if len(self.rows) == SHARD_ITEMS:
            self.flush()

    def flush(self) -> None:
        if self.rows:
            self.artifacts.write_lines(self.name(self.written), self.rows)
            self.written += 1
            self.rows = []


@dataclass(frozen=True, slots=True)
class Planning:
    """Plans what becomes of a run's claims.

    Attributes:
        run_id: The run.
        execution_arn: The execution that works on it.
        max_attempts: Attempts after which an item is dead-lettered.
        attribute: Label attribute name.
        context: What all records of the run share.
        runs: The ledger's runs.
        items: The ledger's items.
        artifacts: The run's files.
        deadline: When to stop.
    """

    run_id: str
    execution_arn: str
    max_attempts: int
    attribute: str
    context: RecordContext
    runs: RunLedger
    items: ItemLedger
    artifacts: Artifacts
    deadline: Deadline

    def plan(self, job: dict[str, Any]) -> Plan:
        """Write the plan, or return the one that was written.

        The plan is written once: what it says is acted upon step by step, and a second plan made
        later could contradict what was done already.

        Args:
            job: How the labeling job ended.

        Raises:
            RunTakenOverError: If the run is another execution's.
            OutOfTimeError: If the function's time does not suffice.
        """
        run = self.runs.owned(self.run_id, self.execution_arn)
        if run.state is not RunState.SEALED:
            return Plan(**run.plan)
        plan = self._write_shards(job)
        self.artifacts.write("results/plan.json", plan.fields())
        self.runs.begin_settling(self.run_id, self.execution_arn, plan.fields())
        _log.info(
            "results planned",
            extra={
                "run_id": self.run_id,
                "store_shards": plan.store_shards,
                "return_shards": plan.return_shards,
            },
        )
        return plan

    def _write_shards(self, job: dict[str, Any]) -> Plan:
        claims = {item.item_id: item for item in claimed_items(self.artifacts)}
        store = _Shards(self.artifacts, store_shard)
        back = _Shards(self.artifacts, return_shard)
        for item_id in self._superseded(claims):
            back.add(superseded(claims.pop(item_id)).fields())
        status = JobStatus(job["status"])
        for item, output in self._matched(claims, self._output_lines(job["output_uri"], status)):
            self.deadline.require(_CLOSING_SECONDS)
            if isinstance(output, Settlement):
                back.add(output.fields())
            elif output is not None and output.label is not None:
                record = feature_record(item, output, self.context)
                store.add({"claim": item.fields(), "record": record})
            else:
                settlement = settle_unlabeled(
                    item, output, job=status, max_attempts=self.max_attempts
                )
                back.add(settlement.fields())
        store.flush()
        back.flush()
        return Plan(store.written, back.written, job)

    def _superseded(self, claims: dict[str, ClaimedItem]) -> list[str]:
        newest = self.items.newest_items(item.source for item in claims.values())
        return [
            item_id
            for item_id, item in claims.items()
            if newest.get(item.source.key_id, item_id) != item_id
        ]

    def _output_lines(self, uri: str, status: JobStatus) -> Iterator[str]:
        if not uri:
            return
        try:
            yield from read_text_lines(self.artifacts.client, uri)
        except self.artifacts.client.exceptions.NoSuchKey:
            # A job that failed or was stopped early names an output that it never wrote. Without
            # the manifest of a completed job nothing may be given back: it was paid for.
            if status is JobStatus.COMPLETED:
                raise
            _log.warning("the job wrote no output", extra={"run_id": self.run_id, "uri": uri})

    def _matched(
        self, claims: dict[str, ClaimedItem], texts: Iterable[str]
    ) -> Iterator[tuple[ClaimedItem, OutputLine | Settlement | None]]:
        """Yield every claim once, with its output line if the job wrote one."""
        unseen = dict(claims)
        for text in texts:
            item = unseen.pop(item_of(text) or "", None)
            if item is not None:
                yield item, self._read(item, text)
        for item in unseen.values():
            yield item, None

    def _read(self, item: ClaimedItem, text: str) -> OutputLine | Settlement:
        try:
            return read_output_line(
                text, task_type=self.context.task_type, attribute=self.attribute
            )
        except UnreadableLineError as problem:
            _log.warning(
                "output line cannot be read",
                extra={
                    "run_id": self.run_id,
                    "item_id": item.item_id,
                    "problem": str(problem),
                },
            )
            return settle_unreadable(item, str(problem), self.max_attempts)
