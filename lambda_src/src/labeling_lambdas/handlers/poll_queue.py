"""Drain the intake queue into a run."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws import clients
from labeling_lambdas.aws.artifacts import Artifacts
from labeling_lambdas.aws.item_claims import ItemClaims
from labeling_lambdas.aws.poll_ledger import PollLedger
from labeling_lambdas.aws.queues import Queue
from labeling_lambdas.aws.run_ledger import RunLedger
from labeling_lambdas.deadline import Deadline
from labeling_lambdas.domain import identity
from labeling_lambdas.domain.ignored_keys import key_patterns
from labeling_lambdas.domain.task_types import task_type
from labeling_lambdas.settings import ArtifactSettings, read_by, read_settings
from labeling_lambdas.steps.draining import Drain
from labeling_lambdas.steps.poll_queue import PollQueue

if TYPE_CHECKING:
    from labeling_lambdas.handlers.events import PollEvent
    from labeling_lambdas.lambda_context import LambdaContext


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PollSettings(ArtifactSettings):
    """Environment of ``poll_queue``."""

    upload_bucket: str
    intake_queue_url: str
    dead_letter_queue_url: str
    task_type: str
    max_items_per_run: int = field(metadata=read_by(int))
    ignored_keys: tuple[str, ...] = field(metadata=read_by(key_patterns))


def handler(event: PollEvent, context: LambdaContext) -> dict[str, Any]:
    """Claim the items on the queue; seal the run when the queue is drained.

    Args:
        event: See :class:`PollEvent`. A run that was taken over is sealed with its existing claims.
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
    items = ItemClaims(clients.dynamodb(), settings.ledger_table)
    step = PollQueue(
        run_id=run_id,
        execution_arn=event["execution_arn"],
        max_items=settings.max_items_per_run,
        runs=RunLedger(clients.dynamodb(), settings.ledger_table),
        polls=PollLedger(clients.dynamodb(), settings.ledger_table),
        items=items,
        artifacts=Artifacts(clients.s3(), settings.output_bucket, settings.kms_key_arn, run_id),
        deadline=Deadline.of(context),
    )
    new_drain = functools.partial(
        Drain,
        run_id=run_id,
        call_id=context.aws_request_id.partition("-")[0],
        upload_bucket=settings.upload_bucket,
        task_type=task_type(settings.task_type),
        ignored_keys=settings.ignored_keys,
        intake=Queue(clients.sqs(), settings.intake_queue_url),
        dead_letters=Queue(clients.sqs(), settings.dead_letter_queue_url),
        items=items,
        artifacts=step.artifacts,
        deadline=step.deadline,
    )
    polled = step.seal() if resumed else step.poll(new_drain)
    return {
        "run_id": polled.run_id,
        "generation": polled.generation,
        "resumed": resumed,
        "received": polled.intake.received,
        "claimed": polled.intake.claimed,
        "more": polled.more,
    }
