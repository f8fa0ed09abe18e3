"""Reconcile a run's claims with the output of its labeling job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labeling_lambdas.deadline import Deadline
from labeling_lambdas.domain.records import RecordContext
from labeling_lambdas.handlers import wiring
from labeling_lambdas.settings import PlanSettings, read_settings
from labeling_lambdas.steps.planning import Planning

if TYPE_CHECKING:
    from labeling_lambdas.deadline import LambdaContext
    from labeling_lambdas.handlers.events import PlanEvent


def handler(event: PlanEvent, context: LambdaContext) -> dict[str, Any]:
    """Write the plan of a run, or return the one that was written.

    Args:
        event: See :class:`PlanEvent`.
        context: Lambda's context.

    Returns:
        ``folder``, where the shards are; ``shards``, the numbers of those to store;
        ``return_shards``, how many there are to give back.
    """
    settings = read_settings(PlanSettings)
    planning = Planning(
        run_id=event["run_id"],
        execution_arn=event["execution_arn"],
        folder=f"results/{context.aws_request_id}",
        max_attempts=settings.max_attempts,
        attribute=settings.label_attribute_name,
        labels=settings.labels,
        context=RecordContext(
            run_id=event["run_id"],
            task_type=settings.task_type,
            label_schema=settings.label_schema,
            extra_features=settings.extra_features,
        ),
        verification=settings.verification,
        runs=wiring.run_ledger(settings),
        items=wiring.item_ledger(settings),
        artifacts=wiring.artifacts(settings, event["run_id"]),
        deadline=Deadline.of(context),
    )
    plan = planning.plan(event["labeling_job"], event.get("verification_job"))
    return {
        "folder": plan.folder,
        "shards": list(range(plan.store_shards)),
        "return_shards": plan.return_shards,
    }
