"""Writing one shard of feature records, then settling their claims."""

from __future__ import annotations

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
from labeling_lambdas.steps.shards import store_shard

if TYPE_CHECKING:
    from labeling_lambdas.aws.artifacts import Artifacts
    from labeling_lambdas.aws.feature_store import FeatureStore
    from labeling_lambdas.aws.item_ledger import ItemLedger
    from labeling_lambdas.deadline import Deadline

_log = logging.getLogger(__name__)

#: Seconds that one chunk may take at worst: its records, one by one, and its settlement.
_CHUNK_SECONDS = 30


def rejected_shard(folder: str, number: int) -> str:
    """Return the name of the list of a shard's records that Feature Store refused for good."""
    return f"{folder}/rejected-{number:05d}.jsonl"


@dataclass(frozen=True, slots=True)
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
        rows = list(self.artifacts.read_lines(store_shard(self.folder, shard)))
        chunks = [rows[start : start + MAX_ACTIONS] for start in range(0, len(rows), MAX_ACTIONS)]
        with ThreadPoolExecutor(THREADS) as threads:
            results = list(threads.map(self._store_chunk, chunks))
        statuses = Counter(status for found, _ in results for status in found)
        stored = statuses.total()
        rejected = [fields for _, settlements in results for fields in settlements]
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

    def _store_chunk(self, rows: list[dict[str, Any]]) -> tuple[list[str], list[dict[str, Any]]]:
        """Return the status of each record stored, and the settlements of those refused."""
        self.deadline.require(_CHUNK_SECONDS)
        claims = [ClaimedItem.from_fields(row["claim"]) for row in rows]
        refused = self.records.write([row["record"] for row in rows])
        written = [claim for position, claim in enumerate(claims) if position not in refused]
        # The record first: a claim that is settled has a record, whatever dies in between.
        contradictions = self.items.settle_stored(written, self.run_id)
        for claim, row in contradictions:
            _log.error(
                "the ledger contradicts a stored record",
                extra={
                    "run_id": self.run_id,
                    "item_id": claim.item_id,
                    "state": row.state,
                    "by_run": row.run_id,
                },
            )
        rejected = [
            dead_lettered(
                claims[position],
                Reason.RECORD_REJECTED,
                attempts=claims[position].attempts + 1,
                detail=code,
            ).fields()
            for position, code in sorted(refused.items())
        ]
        contradicted = {claim.item_id for claim, _ in contradictions}
        statuses = [
            row["record"]["status"]
            for position, row in enumerate(rows)
            if position not in refused and claims[position].item_id not in contradicted
        ]
        return statuses, rejected
