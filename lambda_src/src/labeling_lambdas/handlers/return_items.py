"""Return the claims of a run that were not stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws import clients
from labeling_lambdas.aws.artifacts import Artifacts
from labeling_lambdas.aws.item_ledger import ItemLedger
from labeling_lambdas.aws.queues import Queue
from labeling_lambdas.deadline import Deadline
from labeling_lambdas.settings import LedgerSettings, read_settings
from labeling_lambdas.steps.dead_letters import DeadLetters
from labeling_lambdas.steps.return_items import ReturnItems
from labeling_lambdas.steps.shards import rejected_shard, return_shard

if TYPE_CHECKING:
    from labeling_lambdas.handlers.events import ReturnEvent
    from labeling_lambdas.lambda_context import LambdaContext


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ReturnSettings(LedgerSettings):
    """Environment of ``return_items``."""

    intake_queue_url: str
    dead_letter_queue_url: str


def handler(event: ReturnEvent, context: LambdaContext) -> dict[str, Any]:
    """Send claims back to the queue, or to the dead-letter queue.

    Args:
        event: See :class:`ReturnEvent`.
        context: Lambda's context.

    Returns:
        ``folder`` and ``return_shards`` from the event, ``position`` to continue from, and ``more``
        if the function must be called again.
    """
    settings = read_settings(ReturnSettings)
    items = ItemLedger.of(settings)
    step = ReturnItems(
        intake=Queue(clients.sqs(), settings.intake_queue_url),
        dead_letters=DeadLetters(
            event["run_id"], Queue(clients.sqs(), settings.dead_letter_queue_url), items
        ),
        items=items,
        artifacts=Artifacts.of(settings, event["run_id"]),
        deadline=Deadline.of(context),
    )
    names = _lists(event)
    position = step.give_back(names, event["position"])
    return {
        "folder": event["folder"],
        "return_shards": event["return_shards"],
        "position": position,
        "more": position < len(names),
    }


def _lists(event: ReturnEvent) -> list[str]:
    folder = event["folder"]
    names = [return_shard(folder, number) for number in range(event["return_shards"])]
    names += [
        rejected_shard(folder, shard["shard"]) for shard in event["stored"] if shard["rejected"]
    ]
    return names
