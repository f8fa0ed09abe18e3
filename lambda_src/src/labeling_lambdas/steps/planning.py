"""Reconciling what a run claimed with what its labeling job gave, and sharing out the work."""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws.artifacts import read_text_lines
from labeling_lambdas.domain.claims import RunState
from labeling_lambdas.domain.compact_json import compact_json
from labeling_lambdas.domain.labels import UnreadableLineError
from labeling_lambdas.domain.output_lines import OutputLine, item_of, read_output_line
from labeling_lambdas.domain.records import RecordContext, feature_record, fits
from labeling_lambdas.domain.settlement import (
    JobStatus,
    Settlement,
    settle_unlabeled,
    settle_unreadable,
    superseded,
)
from labeling_lambdas.steps.claims import claimed_items

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from labeling_lambdas.aws.artifacts import Artifacts
    from labeling_lambdas.aws.item_ledger import ItemLedger
    from labeling_lambdas.aws.run_ledger import RunLedger
    from labeling_lambdas.deadline import Deadline
    from labeling_lambdas.domain.items import ClaimedItem

_log = logging.getLogger(__name__)

#: Items of one shard: work for some seconds, small enough to hold in memory, and few enough shards
#: that 100,000 items make 100 of them.
SHARD_ITEMS = 1000

#: Characters of one shard, for labels of many objects.
SHARD_CHARACTERS = 8 * 1024 * 1024

#: Seconds that the last stretch takes: the open shards and the plan itself.
_CLOSING_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """The work that remains of a run.

    Attributes:
        folder: Where its shards are. Each planning call has a folder of its own, so that one that
            outlives its execution overwrites nothing that its successor acts upon.
        store_shards: Number of shards with records to write.
        return_shards: Number of shards with claims to give back.
        job: How the labeling job ended.
    """

    folder: str
    store_shards: int
    return_shards: int
    job: dict[str, Any]

    def fields(self) -> dict[str, Any]:
        """Return the plan as JSON-ready fields."""
        return {
            "folder": self.folder,
            "store_shards": self.store_shards,
            "return_shards": self.return_shards,
            "job": self.job,
        }

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Plan:
        """Read what :meth:`fields` wrote, or a version that knew one folder only."""
        return cls(**{"folder": "results", **fields})


def store_shard(folder: str, number: int) -> str:
    """Return the name of a shard of records."""
    return f"{folder}/store-{number:05d}.jsonl"


def return_shard(folder: str, number: int) -> str:
    """Return the name of a shard of claims to give back."""
    return f"{folder}/return-{number:05d}.jsonl"


def unreadable_shard(number: int) -> str:
    """Return the name of a shard of output lines that could not be read, kept as they came."""
    return f"unreadable/{number:05d}.jsonl"


@dataclass
class _Shards:
    """Writes lines in shards of a bounded size."""

    artifacts: Artifacts
    name: Callable[[int], str]
    lines: list[str] = field(default_factory=list)
    size: int = 0
    written: int = 0

    def add(self, row: dict[str, Any]) -> None:
        self.add_line(compact_json(row))

    def add_line(self, line: str) -> None:
        self.lines.append(line + "\n")
        self.size += len(line)
        if len(self.lines) >= SHARD_ITEMS or self.size >= SHARD_CHARACTERS:
            self.flush()

    def flush(self) -> None:
        if self.lines:
            self.artifacts.write_text(self.name(self.written), "".join(self.lines))
            self.written += 1
            self.lines = []
            self.size = 0


@dataclass(frozen=True, slots=True)
class Planning:
    """Plans what becomes of a run's claims.

    Attributes:
        run_id: The run.
        execution_arn: The execution that works on it.
        folder: Folder of the run for the shards of this call.
        max_attempts: Attempts after which an item is dead-lettered.
        attribute: Label attribute name.
        labels: The labels that workers could choose; None if they are not known.
        context: What all records of the run share.
        runs: The ledger's runs.
        items: The ledger's items.
        artifacts: The run's files.
        deadline: When to stop.
    """

    run_id: str
    execution_arn: str
    folder: str
    max_attempts: int
    attribute: str
    labels: frozenset[str] | None
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
            return Plan.from_fields(run.plan)
        written = self._write_shards(job)
        self.artifacts.write(f"{self.folder}/plan.json", written.fields())
        plan = Plan.from_fields(
            self.runs.begin_settling(self.run_id, self.execution_arn, written.fields())
        )
        _log.info(
            "results planned",
            extra={
                "run_id": self.run_id,
                "folder": plan.folder,
                "store_shards": plan.store_shards,
                "return_shards": plan.return_shards,
            },
        )
        return plan

    def _write_shards(self, job: dict[str, Any]) -> Plan:
        # Without contents: the texts of one run need not fit in memory.
        claims = {item.item_id: item.without_content() for item in claimed_items(self.artifacts)}
        store = _Shards(self.artifacts, functools.partial(store_shard, self.folder))
        back = _Shards(self.artifacts, functools.partial(return_shard, self.folder))
        unreadable = _Shards(self.artifacts, unreadable_shard)
        for item_id in self._superseded(claims):
            back.add(superseded(claims.pop(item_id)).fields())
        status = JobStatus(job["status"])
        for item, output in self._matched(
            claims, self._output_lines(job["output_uri"], status), unreadable
        ):
            self.deadline.require(_CLOSING_SECONDS)
            if isinstance(output, Settlement):
                back.add(output.fields())
            elif output is not None and output.label is not None:
                store.add({"claim": item.fields(), "record": self._record(item, output)})
            else:
                settlement = settle_unlabeled(
                    item, output, job=status, max_attempts=self.max_attempts
                )
                back.add(settlement.fields())
        for shards in (store, back, unreadable):
            shards.flush()
        return Plan(self.folder, store.written, back.written, job)

    def _record(self, item: ClaimedItem, output: OutputLine) -> dict[str, str]:
        record = feature_record(item, output, self.context)
        if fits(record):
            return record
        name = f"labels/{item.item_id}.json"
        self.artifacts.write_text(name, record["label_json"])
        return {**record, "label_json": self.artifacts.uri(name)}

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
        self, claims: dict[str, ClaimedItem], texts: Iterable[str], unreadable: _Shards
    ) -> Iterator[tuple[ClaimedItem, OutputLine | Settlement | None]]:
        """Yield every claim once, with its output line if the job wrote one."""
        unseen = dict(claims)
        for text in texts:
            item_id = item_of(text)
            item = unseen.pop(item_id or "", None)
            if item is not None:
                read = self._read(item, text)
                if isinstance(read, Settlement):
                    unreadable.add_line(text)
                yield item, read
            elif item_id is None:
                unreadable.add_line(text)
        for item in unseen.values():
            yield item, None

    def _read(self, item: ClaimedItem, text: str) -> OutputLine | Settlement:
        try:
            return read_output_line(
                text,
                task_type=self.context.task_type,
                attribute=self.attribute,
                labels=self.labels,
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
