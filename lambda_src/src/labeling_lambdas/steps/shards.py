"""The files of a run's plan: lines in shards of a bounded size."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws.clients import THREADS
from labeling_lambdas.aws.transactions import MAX_ACTIONS
from labeling_lambdas.domain.compact_json import compact_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_lambdas.aws.artifacts import Artifacts
    from labeling_lambdas.domain.settlement import Settlement

#: Items of one shard: small enough to hold in memory, and large enough that 100,000 items make only
#: 21 shards. Settling it in transactions keeps all threads busy for six rounds; with a number that
#: does not divide evenly, some threads are idle in the last round. A shard begins and ends with a
#: call during which nothing else runs, so half as many items take 4 % longer to store.
SHARD_ITEMS = 6 * THREADS * MAX_ACTIONS

#: Maximum characters of one shard, for labels of many objects.
SHARD_CHARACTERS = 8 * 1024 * 1024


def store_shard(folder: str, number: int) -> str:
    """Return the name of a shard of records."""
    return f"{folder}/store-{number:05d}.jsonl"


def return_shard(folder: str, number: int) -> str:
    """Return the name of a shard of claims to return."""
    return f"{folder}/return-{number:05d}.jsonl"


def rejected_shard(folder: str, number: int) -> str:
    """Return the name of the list of a shard's records that Feature Store rejected permanently."""
    return f"{folder}/rejected-{number:05d}.jsonl"


def begun_shard(folder: str, number: int) -> str:
    """Return the name of the file that marks a shard of records as being stored."""
    return f"{folder}/begun-{number:05d}.json"


def unreadable_shard(number: int) -> str:
    """Return the name of a shard of output lines that could not be read, kept unchanged."""
    return f"unreadable/{number:05d}.jsonl"


def labels_shard(folder: str, number: int) -> str:
    """Return the name of a shard of labels that are still to be verified."""
    return f"{folder}/labeled-{number:05d}.jsonl"


def rejections_folder(folder: str) -> str:
    """Return the folder of the labels that reviewers rejected."""
    return f"{folder}/rejections/"


def rejections_shard(folder: str, number: int) -> str:
    """Return the name of a shard of labels that reviewers rejected, with their comments."""
    return f"{rejections_folder(folder)}{number:05d}.jsonl"


@dataclass(eq=False, repr=False)
class Shards:
    """A writer of lines into shards of a bounded size.

    Attributes:
        artifacts: The run's files.
        name: Returns the name of a shard.
        lines: Lines of the current shard.
        size: Characters of these lines.
        written: Number of shards written.
    """

    artifacts: Artifacts
    name: Callable[[int], str]
    lines: list[str] = field(default_factory=list)
    size: int = 0
    written: int = 0

    def add(self, row: dict[str, Any]) -> str:
        """Add a row as JSON; return the name of its shard."""
        return self.add_line(compact_json(row))

    def add_line(self, line: str) -> str:
        """Add a line; return the name of its shard."""
        name = self.name(self.written)
        self.lines.append(line + "\n")
        self.size += len(line)
        if len(self.lines) >= SHARD_ITEMS or self.size >= SHARD_CHARACTERS:
            self.flush()
        return name

    def flush(self) -> None:
        """Write the current shard, if it has any lines."""
        if self.lines:
            self.artifacts.write_text(self.name(self.written), "".join(self.lines))
            self.written += 1
            self.lines = []
            self.size = 0


@dataclass(eq=False, repr=False)
class PlanShards:
    """The shards of a plan.

    Attributes:
        store: Records to write, with their claims.
        back: Claims to settle without a record.
        labels: Labels that are still to be verified.
        rejections: Labels that reviewers rejected.
        unreadable: Output lines that could not be read, unchanged.
    """

    store: Shards
    back: Shards
    labels: Shards
    rejections: Shards
    unreadable: Shards

    @classmethod
    def of(cls, artifacts: Artifacts, folder: str) -> PlanShards:
        """Return empty shards in a folder of the run."""
        return cls(
            store=Shards(artifacts, functools.partial(store_shard, folder)),
            back=Shards(artifacts, functools.partial(return_shard, folder)),
            labels=Shards(artifacts, functools.partial(labels_shard, folder)),
            rejections=Shards(artifacts, functools.partial(rejections_shard, folder)),
            unreadable=Shards(artifacts, unreadable_shard),
        )

    def settle(self, settlement: Settlement) -> None:
        """Add a claim to settle without a record."""
        self.back.add(settlement.fields())

    def flush(self) -> None:
        """Write the current shards."""
        for shards in (self.store, self.back, self.labels, self.rejections, self.unreadable):
            shards.flush()
