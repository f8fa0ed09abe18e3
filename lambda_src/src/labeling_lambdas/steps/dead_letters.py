"""The dead letters of a run: recorded in the ledger, sent, then marked as delivered."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_lambdas.aws.item_rows import item_row
from labeling_lambdas.aws.queues import BATCH_BYTES
from labeling_lambdas.domain.claim_rules import ClaimOn
from labeling_lambdas.domain.messages import dead_letter_message, malformed_message
from labeling_lambdas.domain.states import Drop, ItemState
from labeling_lambdas.errors import LedgerRowError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labeling_lambdas.aws.item_ledger import ItemLedger
    from labeling_lambdas.aws.queues import Message, Queue
    from labeling_lambdas.domain.items import SourceObject
    from labeling_lambdas.domain.messages import Rejected
    from labeling_lambdas.domain.settlement import Settlement
    from labeling_lambdas.domain.states import ItemRow

_log = logging.getLogger(__name__)

#: Updates of one item's row, after which its message is left to a later poll.
_ROUNDS = 8


@dataclass(eq=False, repr=False)
class DeadLetters:
    """The dead letters of a run.

    Attributes:
        run_id: The run.
        queue: The dead-letter queue.
        items: The ledger.
    """

    run_id: str
    queue: Queue
    items: ItemLedger

    def send_rejected(
        self, rejections: Sequence[tuple[Message, Rejected]], part: str
    ) -> list[Rejected | Drop]:
        """Send the dead letters of messages that can never lead to a label.

        Args:
            rejections: Each message, and why it is rejected.
            part: The part of the run's list that names them.

        Returns:
            By message, the rejection, or why no dead letter is sent.
        """
        verdicts: list[Rejected | Drop] = []
        bodies: list[str] = []
        recorded: list[str] = []
        for message, rejected in rejections:
            verdict: Rejected | Drop = rejected
            source = rejected.source
            if source is None:
                bodies.append(_malformed_body(message, rejected))
            elif source.item_id in recorded:
                verdict = Drop.DEAD_LETTERED
            else:
                generation = self._record(rejected, source, part)
                if isinstance(generation, Drop):
                    verdict = generation
                else:
                    recorded.append(source.item_id)
                    bodies.append(self._rejected_body(rejected, source, generation))
            verdicts.append(verdict)
        self.queue.send(bodies)
        self.items.mark_delivered(recorded)
        return verdicts

    def send_settled(self, settlements: Sequence[Settlement]) -> None:
        """Send the dead letters of settled claims, with their contents."""
        self.queue.send([self._settled_body(settlement) for settlement in settlements])
        self.items.mark_delivered([settlement.item.item_id for settlement in settlements])

    def _record(self, rejected: Rejected, source: SourceObject, part: str) -> int | Drop:
        """Return the generation of a dead letter, or why none is sent."""
        try:
            return self._recorded(rejected, source, part)
        except LedgerRowError:
            _log.exception("ledger row cannot be read", extra={"run_id": self.run_id})
            return Drop.LEFT_IN_FLIGHT

    def _recorded(self, rejected: Rejected, source: SourceObject, part: str) -> int | Drop:
        expected = ClaimOn(None, 0, 0)
        for _ in range(_ROUNDS):
            refusal = self.items.dead_letter(rejected, source, self.run_id, part, expected)
            if refusal is None:
                return expected.generation + 1
            # Another writer was first, or the SDK retried a call that had taken effect.
            row = item_row(refusal.row)
            if row.state is ItemState.DEAD_LETTERED and not row.delivered:
                return row.generation
            if not _may_dead_letter(rejected, row):
                return Drop.DEAD_LETTERED
            expected = ClaimOn(row, 0, row.generation)
        message = f"the row of item {source.item_id} changes too often to be updated"
        raise LedgerRowError(message)

    def _rejected_body(self, rejected: Rejected, source: SourceObject, generation: int) -> str:
        return dead_letter_message(
            source,
            rejected.content,
            run_id=self.run_id,
            attempts=0,
            generation=generation,
            reason=rejected.reason,
            detail=rejected.detail,
        )

    def _settled_body(self, settlement: Settlement) -> str:
        return dead_letter_message(
            settlement.item.source,
            settlement.item.content,
            run_id=self.run_id,
            attempts=settlement.attempts,
            generation=settlement.generation,
            reason=settlement.reason,
            detail=settlement.detail,
        )


def _may_dead_letter(rejected: Rejected, row: ItemRow) -> bool:
    if row.state is ItemState.DEAD_LETTERED:
        return row.generation in (0, rejected.generation)
    # The rules for what can be labeled have changed since the item was returned: the item must not
    # be lost together with its message.
    return row.state in (ItemState.RETURNED, ItemState.LABELED)


def _malformed_body(message: Message, rejected: Rejected) -> str:
    body = malformed_message(message.body, message_id=message.message_id, detail=rejected.detail)
    # The envelope may be too large for the queue although the original was not.
    return body if len(body.encode()) <= BATCH_BYTES else message.body
