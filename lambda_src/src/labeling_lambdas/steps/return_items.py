"""Returning claims that were not stored to the intake queue or to the dead-letter queue."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_lambdas import process
from labeling_lambdas.aws.clients import THREADS
from labeling_lambdas.aws.transactions import MAX_ACTIONS
from labeling_lambdas.domain.accounting import Settled
from labeling_lambdas.domain.messages import returned_message
from labeling_lambdas.domain.settlement import Settlement
from labeling_lambdas.domain.states import ItemState
from labeling_lambdas.steps.claim_list import with_contents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labeling_lambdas.aws.artifacts import Artifacts
    from labeling_lambdas.aws.item_ledger import ItemLedger
    from labeling_lambdas.aws.queues import Queue
    from labeling_lambdas.deadline import Deadline
    from labeling_lambdas.steps.dead_letters import DeadLetters

_log = logging.getLogger(__name__)

#: Maximum seconds for one list: a shard of claims, sent in batches of ten, in some 530 calls.
_LIST_SECONDS = 120

#: The states that go back to the intake queue: to be labeled, or to be verified.
_TO_INTAKE = frozenset({ItemState.LABELED, ItemState.RETURNED})


@dataclass(eq=False, repr=False)
class ReturnItems:
    """The return of claims.

    Attributes:
        intake: The intake queue.
        dead_letters: Dead letters of the run.
        items: The ledger.
        artifacts: The run's files.
        deadline: When to stop.
    """

    intake: Queue
    dead_letters: DeadLetters
    items: ItemLedger
    artifacts: Artifacts
    deadline: Deadline

    def give_back(self, names: Sequence[str], start: int) -> int:
        """Return the claims of some lists, starting at position ``start``.

        Returns:
            The position to continue from; the number of lists if all are done.
        """
        for position in range(start, len(names)):
            if position > start and self.deadline.near(_LIST_SECONDS):
                return position
            self._give_back_list(names[position])
        return len(names)

    def _give_back_list(self, name: str) -> None:
        settlements = [Settlement.from_fields(fields) for fields in self.artifacts.read_lines(name)]
        chunks = [
            settlements[start : start + MAX_ACTIONS]
            for start in range(0, len(settlements), MAX_ACTIONS)
        ]
        # Chunks have different items, so it does not matter which is first.
        with process.threads(THREADS) as threads:
            settled = [one for done in threads.map(self._give_back_chunk, chunks) for one in done]
        counts = _counts(settled)
        list_name = name.rpartition("/")[2].removesuffix(".jsonl")
        self.artifacts.write(f"settled/{list_name}.json", counts.fields())
        _log.info(
            "claims returned",
            # The number of rejected items, without the verdicts: a verdict may contain a reviewer's
            # words.
            extra={
                "run_id": self.artifacts.run_id,
                "list": name,
                **counts.fields(),
                "rejected": sum(counts.rejected.values()),
            },
        )

    def _give_back_chunk(self, settlements: Sequence[Settlement]) -> list[Settlement]:
        # Write the ledger first: another run may receive the message immediately, and drops it
        # while the item is claimed. A repeated call sends the messages again, which is harmless:
        # the run that receives a second message for an item drops it.
        contradicted = {
            one.item.item_id for one, _ in self.items.settle(settlements, self.artifacts.run_id)
        }
        for item_id in contradicted:
            _log.error(
                "the ledger contradicts a settlement",
                extra={"run_id": self.artifacts.run_id, "item_id": item_id},
            )
        settled = [one for one in settlements if one.item.item_id not in contradicted]
        sent = self._with_contents(
            [one for one in settled if one.state is not ItemState.SUPERSEDED]
        )
        self.intake.send([self._returned(one) for one in sent if one.state in _TO_INTAKE])
        dead = [one for one in sent if one.state is ItemState.DEAD_LETTERED]
        self.dead_letters.send_settled(dead)
        return settled

    def _with_contents(self, settlements: Sequence[Settlement]) -> list[Settlement]:
        items = with_contents(self.artifacts, [one.item for one in settlements])
        return [one._replace(item=item) for one, item in zip(settlements, items, strict=True)]

    def _returned(self, settlement: Settlement) -> str:
        return returned_message(
            settlement.item,
            run_id=self.artifacts.run_id,
            attempts=settlement.attempts,
            reason=settlement.reason,
            detail=settlement.detail,
        )


def _counts(settled: Sequence[Settlement]) -> Settled:
    returned = Counter(one.reason for one in settled if one.state is ItemState.RETURNED)
    dead = Counter(one.reason for one in settled if one.state is ItemState.DEAD_LETTERED)
    rejected = Counter(one.rejected for one in settled if one.rejected)
    return Settled(
        labeled=sum(one.state is ItemState.LABELED for one in settled),
        returned=dict(returned),
        dead_lettered=dict(dead),
        superseded=sum(one.state is ItemState.SUPERSEDED for one in settled),
        rejected=dict(rejected),
    )
