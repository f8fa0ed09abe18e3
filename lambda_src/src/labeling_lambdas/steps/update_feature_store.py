"""Writing one shard of feature records, then settling their claims."""

from __future__ import annotations

import itertools
import logging
import secrets
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from labeling_lambdas import process
from labeling_lambdas.aws.clients import THREADS
from labeling_lambdas.aws.transactions import MAX_ACTIONS
from labeling_lambdas.domain.accounting import Settled
from labeling_lambdas.domain.items import ClaimedItem
from labeling_lambdas.domain.provenance import RecordStatus
from labeling_lambdas.domain.reasons import Reason
from labeling_lambdas.domain.settlement import dead_lettered
from labeling_lambdas.errors import DeliveryError
from labeling_lambdas.steps.shards import begun_shard, rejected_shard, store_shard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from labeling_lambdas.aws.artifacts import Artifacts
    from labeling_lambdas.aws.feature_store import FeatureStore
    from labeling_lambdas.aws.item_ledger import ItemLedger
    from labeling_lambdas.deadline import Deadline

_log = logging.getLogger(__name__)

#: Maximum seconds for one chunk: its records, one by one, and its settlement.
_CHUNK_SECONDS = 30

#: Seconds for which each schedule retries records that are all rejected with the same error: long
#: enough for an operator to check the feature group after a weekend.
_REFUSED_ALIKE_SECONDS = 7 * 24 * 3600


class _Earlier(NamedTuple):
    """The results of earlier calls with a shard.

    Attributes:
        begun_at: Epoch seconds of the first call, None if this is the first.
        given_up: Rejections that ``return_items`` has processed.
    """

    begun_at: int | None
    given_up: list[dict[str, Any]]

    @property
    def items(self) -> set[str]:
        """The items of these rejections."""
        return {fields["claim"]["item_id"] for fields in self.given_up}


@dataclass(eq=False, repr=False)
class UpdateFeatureStore:
    """The storing of a run's shards.

    Attributes:
        folder: Folder of the run's plan.
        records: The feature group.
        items: The ledger.
        artifacts: The run's files.
        deadline: When to stop.
    """

    folder: str
    records: FeatureStore
    items: ItemLedger
    artifacts: Artifacts
    deadline: Deadline

    def store(self, shard: int) -> dict[str, int]:
        """Store one shard. A repeated call continues with the records whose claims are not settled.

        Returns:
            The number of the shard, and the numbers of stored and rejected records.

        Raises:
            OutOfTimeError: If the remaining time is too short.
            DeliveryError: If Feature Store rejects every record with the same error, or does not
                accept some.
        """
        with process.threads(THREADS) as threads:
            # Read while the shard is opened. The first chunks are written while the others are
            # still being read.
            earlier = threads.submit(self._earlier, shard)
            results = list(threads.map(self._store_chunk, self._chunks(shard, earlier)))
        statuses = Counter(status for found, _ in results for status in found)
        stored = statuses.total()
        refused = [fields for _, settlements in results for fields in settlements]
        if not stored and not earlier.result().given_up:
            self._require_own_fault(refused, earlier.result().begun_at)
        rejected = earlier.result().given_up + refused
        if rejected:
            self.artifacts.write_lines(rejected_shard(self.folder, shard), rejected)
        counts = Settled(
            stored=stored,
            verified=statuses[RecordStatus.VERIFIED],
            unverified=statuses[RecordStatus.UNVERIFIED],
        ).fields()
        # The number distinguishes a list of this call from a list that an earlier call left, whose
        # records were accepted since.
        self.artifacts.write(
            f"settled/store-{shard:05d}.json", {**counts, "refused": len(rejected)}
        )
        _log.info(
            "shard stored",
            extra={
                "run_id": self.artifacts.run_id,
                "shard": shard,
                "stored": stored,
                "rejected": len(rejected),
            },
        )
        return {"shard": shard, "stored": stored, "rejected": len(rejected)}

    def _earlier(self, shard: int) -> _Earlier:
        """Record that the shard is being stored, and return the results of earlier calls with it.

        The items of their rejections are dead letters by now. If Feature Store accepted such a
        record now, the ledger and the records would contradict each other.
        """
        # The mark distinguishes the file of this call from an existing one.
        note = {"begun_at": int(self.deadline.now), "mark": secrets.token_hex(8)}
        held = self.artifacts.write_once(begun_shard(self.folder, shard), note)
        if held == note:
            return _Earlier(None, [])
        number = f"{shard:05d}"
        acted_upon = self.artifacts.names(f"settled/rejected-{number}")
        given_up = (
            list(self.artifacts.read_lines(rejected_shard(self.folder, shard)))
            if f"settled/rejected-{number}.json" in acted_upon
            else []
        )
        return _Earlier(int(held["begun_at"]), given_up)

    def _require_own_fault(self, refused: list[dict[str, Any]], begun_at: int | None) -> None:
        """Leave the run open if the rejections concern the feature group, not the records.

        This is the case for a group that is still being created, or whose features differ from
        those of the records. A single record is not sufficient evidence.

        Raises:
            DeliveryError: If all are rejected with one code, and not for long yet.
        """
        codes = {fields["detail"] for fields in refused}
        if len(refused) < 2 or len(codes) > 1:  # noqa: PLR2004 - more than one
            return
        now = self.deadline.now
        if now - (now if begun_at is None else begun_at) < _REFUSED_ALIKE_SECONDS:
            message = f"Feature Store refuses all {len(refused)} records of a shard: {codes.pop()}"
            raise DeliveryError(message)

    def _chunks(
        self, shard: int, earlier: Future[_Earlier]
    ) -> Iterator[tuple[list[dict[str, Any]], bool]]:
        """Yield the rows to store, in chunks that one transaction can settle.

        Each chunk comes with a flag: whether an earlier call may have stored some of its rows.
        """
        rows = self._rows(shard, earlier)
        while chunk := list(itertools.islice(rows, MAX_ACTIONS)):
            yield chunk, earlier.result().begun_at is not None

    def _rows(self, shard: int, earlier: Future[_Earlier]) -> Iterator[dict[str, Any]]:
        known: set[str] | None = None
        for row in self.artifacts.read_lines(store_shard(self.folder, shard)):
            if known is None:
                known = earlier.result().items
            if row["claim"]["item_id"] not in known:
                yield row

    def _store_chunk(
        self, chunk: tuple[list[dict[str, Any]], bool]
    ) -> tuple[list[str], list[dict[str, Any]]]:
        """Return the status of each stored record, and the settlements of the rejected ones."""
        self.deadline.require(_CHUNK_SECONDS)
        rows, begun_before = chunk
        done: list[str] = []
        if begun_before:
            # Writing a record again adds another row to the offline store.
            stored = self.items.stored_by(
                self.artifacts.run_id, [row["claim"]["item_id"] for row in rows]
            )
            done = [row["record"]["status"] for row in rows if row["claim"]["item_id"] in stored]
            rows = [row for row in rows if row["claim"]["item_id"] not in stored]
        if not rows:
            return done, []
        refused = self._refused(rows)
        written = [row for position, row in enumerate(rows) if position not in refused]
        # Write the record first: a settled claim then has a record even if the function dies in
        # between.
        contradictions = self.items.settle_stored(
            {row["claim"]["item_id"]: int(row["claim"]["attempts"]) + 1 for row in written},
            self.artifacts.run_id,
            {row["claim"]["item_id"]: row["claim"].get("label_uri", "") for row in written},
        )
        for item_id, row in contradictions:
            _log.error(
                "the ledger contradicts a stored record",
                extra={
                    "run_id": self.artifacts.run_id,
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
        return done + statuses, rejected

    def _refused(self, rows: list[dict[str, Any]]) -> dict[int, str]:
        """Write records; return by position the codes of those that were never accepted.

        Feature Store may reject a record here that it accepted from another call that is still
        running. In that case the record exists, and the ledger shows it.
        """
        refused = self.records.write([row["record"] for row in rows])
        if not refused:
            return {}
        items = {position: rows[position]["claim"]["item_id"] for position in refused}
        taken_before = self.items.stored_by(self.artifacts.run_id, list(items.values()))
        return {at: code for at, code in refused.items() if items[at] not in taken_before}


def _rejection(claim: dict[str, Any], code: str) -> dict[str, Any]:
    item = ClaimedItem.from_fields(claim)
    letter = dead_lettered(item, Reason.RECORD_REJECTED, attempts=item.attempts + 1, detail=code)
    # The label of a text was paid for, so it stays with the text in a newer version of its file.
    return letter._replace(item=item).fields()
