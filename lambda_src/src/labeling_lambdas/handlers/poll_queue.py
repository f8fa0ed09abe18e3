"""Drain the intake queue into a run."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from labeling_lambdas.deadline import Deadline
from labeling_lambdas.domain import identity
from labeling_lambdas.domain.task_types import task_type
from labeling_lambdas.handlers import wiring
from labeling_lambdas.settings import PollSettings, read_settings
from labeling_lambdas.steps.draining import Drain
from labeling_lambdas.steps.polling import Polling

if TYPE_CHECKING:
    from labeling_lambdas.deadline import LambdaContext
    from labeling_lambdas.handlers.events import PollEvent


def handler(event: PollEvent, context: LambdaContext) -> dict[str, Any]:
    """Claim what waits on the queue; seal the run when nothing more is to come.

    Args:
        event: See :class:`PollEvent`. A run that was taken over is sealed with what it has.
        context: Lambda's context.

    Returns:
        ``run_id``, ``generation``, ``resumed``, ``received``, ``claimed``, and ``more`` if the
        function must be called again.
    """
    settings = read_settings(PollSettings)
    resumed = event["run"].get("resumed", False)
    run_id = event["run"].get("run_id") or identity.run_id(
        event["execution_arn"], event["execution_started"]
    )
    polling = Polling(
        run_id=run_id,
        execution_arn=event["execution_arn"],
        max_items=settings.max_items_per_run,
        runs=wiring.run_ledger(settings),
        items=wiring.item_ledger(settings),
        artifacts=wiring.artifacts(settings, run_id),
        deadline=Deadline.of(context),
    )
    new_drain = functools.partial(
        Drain,
        run_id=run_id,
        call_id=context.aws_request_id.partition("-")[0],
        upload_bucket=settings.upload_bucket,
        task_type=task_type(settings.task_type),
        intake=wiring.queue(settings.intake_queue_url),
        dead_letters=wiring.queue(settings.dead_letter_queue_url),
        items=polling.items,
        artifacts=polling.artifacts,
        deadline=polling.deadline,
    )
    polled = polling.seal() if resumed else polling.poll(new_drain)
    return {
        "run_id": polled.run_id,
        "generation": polled.generation,
        "resumed": resumed,
        "received": polled.intake.received,
        "claimed": polled.intake.claimed,
        "more": polled.more,
    }
