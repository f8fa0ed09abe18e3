"""The ledger's rows of items, keys and texts: claiming and settling them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from labeling_lambdas.aws import item_updates, transactions
from labeling_lambdas.aws.item_rows import ItemRows, item_row
from labeling_lambdas.aws.transactions import Update
from labeling_lambdas.domain.items import text_id_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labeling_lambdas.aws.transactions import Refusal
    from labeling_lambdas.domain.claim_rules import ClaimOn
    from labeling_lambdas.domain.items import SourceObject
    from labeling_lambdas.domain.messages import Candidate, Rejected
    from labeling_lambdas.domain.settlement import Settlement
    from labeling_lambdas.domain.states import ItemRow

Subject = TypeVar("Subject")

#: The rows that caused the rejection of a claim: of its ``item``, of its ``key``, of its ``text``.
RejectedClaim = dict[str, dict[str, Any]]


class ItemLedger(ItemRows):
    """The item rows of the ledger, with the operations that claim and settle them."""

    def claim(
        self, batch: Sequence[tuple[Candidate, ClaimOn]], run_id: str, part: str
    ) -> dict[int, RejectedClaim]:
        """Claim all items of a batch for a run, or none of them.

        Returns:
            By position of each rejected claim, the rows that caused the rejection.
        """
        updates, places = [], []
        for position, (candidate, expected) in enumerate(batch):
            source = candidate.source
            updates.append(item_updates.claim(source, expected, run_id, part))
            updates.append(item_updates.name_newest(source))
            places += [(position, "item"), (position, "key")]
            text = text_id_of(source, candidate.content)
            if text and not expected.follows:
                updates.append(item_updates.own_text(source.item_id, text, expected, run_id))
                places.append((position, "text"))
        rejected: dict[int, RejectedClaim] = {}
        for refusal in self.transact(updates):
            position, kind = places[refusal.action]
            rejected.setdefault(position, {})[kind] = refusal.row
        return rejected

    def supersede(self, source: SourceObject, expected: ClaimOn) -> None:
        """Record that an item will never be labeled, unless it was claimed in the meantime."""
        self.update(item_updates.supersede(source, expected))

    def dead_letter(
        self,
        rejected: Rejected,
        source: SourceObject,
        run_id: str,
        part: str,
        expected: ClaimOn,
    ) -> Refusal | None:
        """Record an object that cannot be labeled; return a Refusal if its row is another."""
        return self.update(item_updates.dead_letter(rejected, source, run_id, part, expected))

    def settle(
        self, settlements: Sequence[Settlement], run_id: str
    ) -> list[tuple[Settlement, ItemRow]]:
        """Settle claims that were not stored, or confirm that they are settled.

        Returns:
            The settlements that contradict the ledger, each with its row. Usually empty.
        """
        entries = [(item_updates.settle(one, run_id), one) for one in settlements]
        return self._settle(entries, run_id)

    def settle_stored(
        self, attempts: Mapping[str, int], run_id: str, labels: Mapping[str, str] | None = None
    ) -> list[tuple[str, ItemRow]]:
        """Settle claims whose record is written.

        Args:
            attempts: By item, the number of labeling jobs that it was in.
            run_id: The run.
            labels: By item, the file that holds its label. Items without a text have none.

        Returns:
            The items whose rows contradict the settlement, each with its row. Usually empty.
        """
        entries = [
            (
                item_updates.settle_stored(item_id, count, run_id, (labels or {}).get(item_id, "")),
                item_id,
            )
            for item_id, count in attempts.items()
        ]
        return self._settle(entries, run_id)

    def stored_by(self, run_id: str, item_ids: Sequence[str]) -> set[str]:
        """Return which of up to 100 items a run has stored. Only needs permission to write."""
        confirmations = [item_updates.confirm_stored(item_id, run_id) for item_id in item_ids]
        refusals = self.transact(confirmations)
        others = {refusal.action for refusal in refusals}
        return {item_id for index, item_id in enumerate(item_ids) if index not in others}

    def _settle(
        self, entries: Sequence[tuple[Update, Subject]], run_id: str
    ) -> list[tuple[Subject, ItemRow]]:
        contradictions: list[tuple[Subject, ItemRow]] = []
        for start in range(0, len(entries), transactions.MAX_ACTIONS):
            pending = list(entries[start : start + transactions.MAX_ACTIONS])
            while pending:
                refusals = self.transact([update for update, _ in pending])
                if not refusals:
                    break
                for refusal in refusals:
                    update, subject = pending[refusal.action]
                    row = item_row(refusal.row)
                    if not item_updates.settled_before(row, update, run_id):
                        contradictions.append((subject, row))
                refused = {refusal.action for refusal in refusals}
                pending = [entry for index, entry in enumerate(pending) if index not in refused]
        return contradictions

    def mark_delivered(self, item_ids: Sequence[str]) -> None:
        """Record that the dead letters of these items are on the dead-letter queue."""
        for start in range(0, len(item_ids), transactions.MAX_ACTIONS):
            self.transact(
                [
                    Update(f"ITEM#{item}", "SET delivered = :yes", "", {"yes": True})
                    for item in item_ids[start : start + transactions.MAX_ACTIONS]
                ],
            )
