"""Writing one shard of feature records, then settling their claims."""

from __future__ import annotations

import itertools
import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws.clients import THREADS
from labeling_lambdas.aws.transactions import MAX_ACTIONS
from labeling_lambdas.domain.accounting import Settled
from labeling_lambdas.domain.items import ClaimedItem
from labeling_lambdas.domain.reasons import Reason
from labeling_lambdas.domain.records import RecordStatus
from labeling_lambdas.domain.settlement import dead_lettered
from labeling_lambdas.steps.shards import rejected_shard, store_shard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from labeling_lambdas.aws.artifacts import Artifacts
    from labeling_lambdas.aws.feature_store import FeatureStore
    from labeling_lambdas.aws.item_ledger import ItemLedger
    from labeling_lambdas.deadline import Deadline

_log = logging.getLogger(__name__)

#: Seconds that one chunk may take at worst: its records, one by one, and its settlement.
_CHUNK_SECONDS = 30


@dataclass(slots=True, eq=False, repr=False)
class Storing:
    """Stores the shards of a run.

    Attributes:
        run_id: The run.
        folder: Folder of the run's plan.
        records: The feature group.
        items: The ledger.
        artifacts: The run's files.
        deadline: When to stop.
    """

    run_id: str
    folder: str
    records: FeatureStore
    items: ItemLedger
    artifacts: Artifacts
    deadline: Deadline

    def store(self, shard: int) -> dict[str, int]:
        """Store one shard. A repeat writes the same records and confirms the same claims.

        Returns:
            Numbers of the shard, of stored and of rejected records.

        Raises:
            OutOfTimeError: If the function's time does not suffice.
        """
        with ThreadPoolExecutor(THREADS) as threads:
            # Asked for while the shard is opened; and the first chunks are written while the others
            # are still being read.
            given_up = threads.submit(self._given_up, shard)
            results = list(threads.map(self._store_chunk, self._chunks(shard, given_up)))
        statuses = Counter(status for found, _ in results for status in found)
        stored = statuses.total()
        rejected = given_up.result() + [
            fields for _, settlements in results for fields in settlements
        ]
        if rejected:
            self.artifacts.write_lines(rejected_shard(self.folder, shard), rejected)
        counts = Settled(
            stored=stored,
            verified=statuses[RecordStatus.VERIFIED],
            unverified=statuses[RecordStatus.UNVERIFIED],
        ).fields()
        # The number tells a list of this call from one that an earlier call left behind, whose
        # records were taken since.
        self.artifacts.write(
            f"settled/store-{shard:05d}.json", {**counts, "refused": len(rejected)}
        )
        _log.info(
            "shard stored",
            extra={
                "run_id": self.run_id,
                "shard": shard,
                "stored": stored,
                "rejected": len(rejected),
            },
        )
        return {"shard": shard, "stored": stored, "rejected": len(rejected)}

    def _given_up(self, shard: int) -> list[dict[str, Any]]:
        """Return the refusals of an earlier call that ``return_items`` has acted upon.

        Those items are dead letters by now. Feature Store may take their records today, and then
        the ledger and the records would contradict each other.
        """
        number = f"{shard:05d}"
        if f"settled/rejected-{number}.json" not in self.artifacts.names(
            f"settled/rejected-{number}"
        ):
            return []
        return list(self.artifacts.read_lines(rejected_shard(self.folder, shard)))

    def _chunks(
        self, shard: int, given_up: Future[list[dict[str, Any]]]
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield the rows to store, as many at a time as a transaction settles."""
        rows = self._rows(shard, given_up)
        while chunk := list(itertools.islice(rows, MAX_ACTIONS)):
            yield chunk

    def _rows(self, shard: int, given_up: Future[list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
        known: set[str] | None = None
        for row in self.artifacts.read_lines(store_shard(self.folder, shard)):
            if known is None:
                known = {fields["claim"]["item_id"] for fields in given_up.result()}
            if row["claim"]["item_id"] not in known:
                yield row

    def _store_chunk(self, rows: list[dict[str, Any]]) -> tuple[list[str], list[dict[str, Any]]]:
        """Return the status of each record stored, and the settlements of those refused."""
        self.deadline.require(_CHUNK_SECONDS)
        refused = self._refused(rows)
        written = [row for position, row in enumerate(rows) if position not in refused]
        # The record first: a claim that is settled has a record, whatever dies in between.
        contradictions = self.items.settle_stored(
            {row["claim"]["item_id"]: int(row["claim"]["attempts"]) + 1 for row in written},
            self.run_id,
        )
        for item_id, row in contradictions:
            _log.error(
                "the ledger contradicts a stored record",
                extra={
                    "run_id": self.run_id,
                    "item_id": item_id,
                    "state": row.state,
                    "by_run": row.run_id,
                },
            )
        contradicted = {item_id for item_id, _ in contradictions}
        statuses = [
            row["record"]["status"]
            for row in written
            if row["claim"]["item_id"] not in contradicted
        ]
        rejected = [
            _rejection(rows[position]["claim"], code) for position, code in sorted(refused.items())
        ]
        return statuses, rejected

    def _refused(self, rows: list[dict[str, Any]]) -> dict[int, str]:
        """Write records; return the codes of those that were never taken, by position.

        What Feature Store took of an earlier call it may refuse today. The record is there, and the
        ledger says so.
        """
        refused = self.records.write([row["record"] for row in rows])
        if not refused:
            return {}
        items = {position: rows[position]["claim"]["item_id"] for position in refused}
        taken_before = self.items.stored_by(self.run_id, list(items.values()))
        return {at: code for at, code in refused.items() if items[at] not in taken_before}


def _rejection(claim: dict[str, Any], code: str) -> dict[str, Any]:
    item = ClaimedItem.from_fields(claim)
    return dead_lettered(
        item, Reason.RECORD_REJECTED, attempts=item.attempts + 1, detail=code
    ).fields()
