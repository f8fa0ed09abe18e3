"""Give back the claims of a run that were not stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labeling_lambdas.deadline import Deadline
from labeling_lambdas.handlers import wiring
from labeling_lambdas.settings import ReturnSettings, read_settings
from labeling_lambdas.steps.returning import Returning
from labeling_lambdas.steps.shards import return_shard
from labeling_lambdas.steps.storing import rejected_shard

if TYPE_CHECKING:
    from labeling_lambdas.deadline import LambdaContext
    from labeling_lambdas.handlers.events import ReturnEvent


def handler(event: ReturnEvent, context: LambdaContext) -> dict[str, Any]:
    """Send claims back to the queue, or to the dead-letter queue.

    Args:
        event: See :class:`ReturnEvent`.
        context: Lambda's context.

    Returns:
        ``folder`` and ``return_shards`` as given, ``position`` to go on from, and ``more`` if
        the function must be called again.
    """
    settings = read_settings(ReturnSettings)
    returning = Returning(
        run_id=event["run_id"],
        intake=wiring.queue(settings.intake_queue_url),
        dead_letters=wiring.queue(settings.dead_letter_queue_url),
        items=wiring.item_ledger(settings),
        artifacts=wiring.artifacts(settings, event["run_id"]),
        deadline=Deadline.of(context),
    )
    names = _lists(event)
    position = returning.give_back(names, event["position"])
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
