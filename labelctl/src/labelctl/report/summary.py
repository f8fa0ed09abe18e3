"""What a report shows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from labelctl.export.stores import find_stores
from labelctl.ledger import Ledger
from labelctl.report.costs import Costs
from labelctl.report.figures import Figures
from labelctl.report.records import LabelReader, Labels
from labelctl.report.runs import RunReader
from labelctl.report.worker_reader import WorkerReader
from labelctl.status import Status, StatusReader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from labelctl.connection import Connection
    from labelctl.pipeline import Pipeline
    from labelctl.report.scope import Scope
    from labelctl.report.workers import WorkersFigures


class Workers(Enum):
    """How workers are shown."""

    LEFT_OUT = "left out"
    HIDDEN = "by pseudonyms"
    NAMED = "by their ids"

    @classmethod
    def of(cls, *, read: bool, named: bool) -> Workers:
        """Return how workers are shown, by whether they are read and named."""
        if not read:
            return cls.LEFT_OUT
        return cls.NAMED if named else cls.HIDDEN


@dataclass(frozen=True, slots=True)
class Summary:
    """What a report shows.

    Attributes:
        pipeline: The pipeline.
        scope: What it is about.
        made_at: When it was made.
        status: Queues and open runs at that time.
        figures: The sums of the runs.
        costs: What labels cost.
        keys: The object keys of rejected items that are still in the ledger.
        labels: The stored labels; None if they were not read.
        workers: The figures of workers; None if their answers were not read.
    """

    pipeline: Pipeline
    scope: Scope
    made_at: datetime
    status: Status
    figures: Figures
    costs: Costs
    keys: Mapping[str, str]
    labels: Labels | None = None
    workers: WorkersFigures | None = None

    def fields(self) -> dict[str, Any]:
        """Return everything as JSON-ready fields."""
        queues = self.status.queues.items()
        return {
            "schema": "labelctl-report/1",
            "pipeline": self.pipeline.name,
            "task_type": self.pipeline.task_type.name,
            **self.scope.fields(),
            "made_at": self.made_at.isoformat(),
            **self.figures.fields(),
            "cost": self.costs.fields(),
            "labels": self.labels.figures.fields() if self.labels else None,
            "workers": self.workers.fields() if self.workers else None,
            "queues": {use: queue.fields() for use, queue in queues},
            "rejections": [
                {
                    "run_id": each.run_id,
                    "item_id": each.item_id,
                    "key": self.keys.get(each.item_id),
                    "category": each.category,
                    "comments": list(each.comments),
                }
                for each in self.figures.rejections
            ],
        }


@dataclass(frozen=True, slots=True)
class SummaryReader:
    """A reader of what a report shows.

    Attributes:
        connection: The connection to AWS.
        pipeline: The pipeline.
        scope: What the report is about.
        now: The current time.
        progress: Told from time to time what is done.
        with_labels: Whether to read the stored labels.
        workers: Whether to read the answers of workers, and how to show them.
        pictures: How many of the least certain labels to show.
        answer_price: Dollars for one person's answer.
    """

    connection: Connection
    pipeline: Pipeline
    scope: Scope
    now: datetime
    progress: Callable[[str], None]
    with_labels: bool
    workers: Workers
    pictures: int
    answer_price: float

    def read(self) -> Summary:
        """Return what the report shows.

        Raises:
            LabelctlError: If the scope is a run that does not exist.
        """
        stores = find_stores(self.connection, self.pipeline.name)
        status = StatusReader(self.connection, self.pipeline, self.now).status(ages=False)
        client = self.connection.client("s3")
        runs = RunReader(client, stores.output_bucket, status.runs, self.progress).read(self.scope)
        figures = Figures.of(runs)
        ledger = Ledger(self.connection.client("dynamodb"), self.pipeline.ledger_table)
        keys = ledger.keys(each.item_id for each in figures.rejections)
        labels = None
        if self.with_labels:
            reader = LabelReader(
                self.connection, self.pipeline, stores.feature_group, self.progress
            )
            labels = reader.read(self.scope, self.pictures)
        workers = None
        if self.workers is not Workers.LEFT_OUT:
            is_named = self.workers is Workers.NAMED
            workers = WorkerReader(
                client, stores.output_bucket, self.pipeline, self.progress, is_named
            ).read(runs)
        waiting = figures.in_progress + self._not_received(status)
        costs = Costs.of(runs, waiting, self.now, self.answer_price)
        return Summary(
            self.pipeline, self.scope, self.now, status, figures, costs, keys, labels, workers
        )

    def _not_received(self, status: Status) -> int:
        """Return how many messages of the scope wait: those of now belong to no earlier time."""
        intake = status.queues["intake"]
        return 0 if self.scope.run or self.scope.until else intake.waiting + intake.in_flight
