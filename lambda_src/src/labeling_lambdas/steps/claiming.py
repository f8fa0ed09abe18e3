"""Claiming the items of a run: which condition a claim is tried with, and how often."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws.item_rows import item_row
from labeling_lambdas.aws.transactions import MAX_ACTIONS
from labeling_lambdas.domain.claim_rules import (
    ClaimOn,
    TextRow,
    decide,
    decide_text,
    first_expectation,
    no_row_expected,
)
from labeling_lambdas.domain.items import ClaimedItem, text_id_of
from labeling_lambdas.domain.states import Drop
from labeling_lambdas.errors import LedgerRowError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labeling_lambdas.aws.item_ledger import ItemLedger, RejectedClaim
    from labeling_lambdas.aws.run_ledger import RunLedger
    from labeling_lambdas.domain.messages import Candidate
    from labeling_lambdas.domain.states import ItemRow, RunState

_log = logging.getLogger(__name__)

#: A claim writes the rows of the item, of its key, and of its text if it has one.
CLAIMS_PER_TRANSACTION = MAX_ACTIONS // 2
TEXT_CLAIMS_PER_TRANSACTION = MAX_ACTIONS // 3

#: Reads of one item's row, after which the item is left to a later poll.
CLAIM_ROUNDS = 8


@dataclass(eq=False, repr=False)
class Claiming:
    """The claims of a run.

    Attributes:
        run_id: The run.
        runs: The ledger's runs.
        items: The ledger's items.
    """

    run_id: str
    runs: RunLedger
    items: ItemLedger
    _states: dict[str, RunState | None] = field(default_factory=dict)

    def claim(self, candidates: Sequence[Candidate], part: str) -> dict[str, ClaimedItem | Drop]:
        """Claim items for the run.

        Args:
            candidates: Items of different keys and texts, so that no row is named twice.
            part: The part of the run's list that names them.

        Returns:
            By item, the claim, or the reason why its message is dropped.
        """
        verdicts: dict[str, ClaimedItem | Drop] = {}
        rounds: Counter[str] = Counter()
        pending = [(candidate, first_expectation(candidate)) for candidate in candidates]
        texts = any(candidate.content for candidate in candidates)
        size = TEXT_CLAIMS_PER_TRANSACTION if texts else CLAIMS_PER_TRANSACTION
        while pending:
            batch, pending = pending[:size], pending[size:]
            rejected = self.items.claim(batch, self.run_id, part)
            if not rejected:
                for candidate, expected in batch:
                    verdicts[candidate.source.item_id] = _claimed(candidate, expected, part)
                continue
            owners = self._owners(rejected.values())
            again = []
            for position, (candidate, expected) in enumerate(batch):
                item_id = candidate.source.item_id
                answer = self._next_try(candidate, expected, rejected.get(position, {}), owners)
                rounds[item_id] += position in rejected
                if isinstance(answer, Drop):
                    verdicts[item_id] = answer
                elif rounds[item_id] < CLAIM_ROUNDS:
                    again.append((candidate, answer))
                else:
                    # Its row keeps changing, or never matches: the message is received again.
                    _log.error(
                        "item cannot be claimed", extra={"item": item_id, "run_id": self.run_id}
                    )
                    verdicts[item_id] = Drop.LEFT_IN_FLIGHT
            pending = again + pending
        return verdicts

    def _next_try(
        self,
        candidate: Candidate,
        expected: ClaimOn,
        rejected: RejectedClaim,
        owners: dict[str, ItemRow],
    ) -> ClaimOn | Drop:
        """Return the condition to try a claim with next, or the reason to drop its message."""
        answer: ClaimOn | Drop = expected
        if "item" in rejected:
            answer = self._decided(candidate, rejected["item"])
        if isinstance(answer, Drop):
            return answer
        if "key" in rejected:
            self.items.supersede(candidate.source, answer)
            return Drop.SUPERSEDED
        if rejected.get("text"):
            return self._with_text(candidate, answer, rejected["text"], owners)
        return answer

    def _decided(self, candidate: Candidate, item: dict[str, Any]) -> ClaimOn | Drop:
        if not item:
            return no_row_expected(candidate)
        try:
            row = item_row(item)
        except LedgerRowError:
            # One row must not block the others, and its message must not be lost.
            _log.exception("ledger row cannot be read", extra={"item": candidate.source.item_id})
            return Drop.LEFT_IN_FLIGHT
        return decide(candidate, row, run_id=self.run_id, state_of_run=self._state_of)

    def _with_text(
        self,
        candidate: Candidate,
        expected: ClaimOn,
        text: dict[str, Any],
        owners: dict[str, ItemRow],
    ) -> ClaimOn | Drop:
        owner = owners.get(text["item_id"])
        if owner is None:
            # Its row cannot be read. It is unknown whether its text was labeled, so no labeling is
            # paid for; the message is received again.
            _log.error("text cannot be claimed", extra={"item": candidate.source.item_id})
            return Drop.LEFT_IN_FLIGHT
        return decide_text(
            expected,
            TextRow(text["item_id"], text["run_id"]),
            owner,
            run_id=self.run_id,
            state_of_run=self._state_of,
        )

    def _owners(self, rejected: Iterable[RejectedClaim]) -> dict[str, ItemRow]:
        """Return the rows of the items that texts belong to, where these caused a rejection."""
        texts = (rows["text"] for rows in rejected if rows.get("text"))
        # One read for all of them, and none if no text caused a rejection.
        return self.items.rows(text["item_id"] for text in texts)

    def _state_of(self, run_id: str) -> RunState | None:
        if run_id not in self._states:
            self._states[run_id] = self.runs.state_of(run_id)
        return self._states[run_id]


def _claimed(candidate: Candidate, expected: ClaimOn, part: str) -> ClaimedItem:
    return ClaimedItem(
        source=candidate.source,
        attempts=expected.attempts,
        generation=expected.generation,
        part=part if candidate.content else "",
        content=candidate.content,
        label_uri=expected.label_uri,
        text_id=text_id_of(candidate.source, candidate.content),
        waits=expected.waits,
    )
