"""Drain the intake queue into a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws import clients
from labeling_lambdas.aws.artifacts import Artifacts
from labeling_lambdas.aws.item_ledger import ItemLedger
from labeling_lambdas.aws.poll_ledger import PollLedger
from labeling_lambdas.aws.queues import Queue
from labeling_lambdas.aws.run_ledger import RunLedger
from labeling_lambdas.deadline import Deadline
from labeling_lambdas.domain import identity
from labeling_lambdas.domain.ignored_keys import key_patterns
from labeling_lambdas.domain.run_scope import RunScope
from labeling_lambdas.domain.task_types import task_type
from labeling_lambdas.settings import LedgerSettings, read_by, read_settings
from labeling_lambdas.steps.claiming import Claiming
from labeling_lambdas.steps.dead_letters import DeadLetters
from labeling_lambdas.steps.draining import Drain
from labeling_lambdas.steps.poll_queue import PollQueue, Share

if TYPE_CHECKING:
    from labeling_lambdas.handlers.events import PollEvent
    from labeling_lambdas.lambda_context import LambdaContext


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PollSettings(LedgerSettings):
    """Environment of ``poll_queue``."""

    upload_bucket: str
    intake_queue_url: str
    dead_letter_queue_url: str
    task_type: str
    max_items_per_run: int = field(metadata=read_by(int))
    ignored_keys: tuple[str, ...] = field(metadata=read_by(key_patterns))


def handler(event: PollEvent, context: LambdaContext) -> dict[str, Any]:
    """Claim the items on the queue. The poll that comes last seals the run when it is drained.

    Args:
        event: See :class:`PollEvent`. A run that was taken over is sealed with its existing claims.
            A poller of several claims its share and leaves the run open.
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
    scope = RunScope(settings.pipeline_name, run_id, event["execution_arn"])
    artifacts = Artifacts.of(settings, run_id)
    deadline = Deadline.of(context)
    items = ItemLedger.of(settings)
    runs = RunLedger.of(settings)
    dead_letter_queue = Queue(clients.sqs(), settings.dead_letter_queue_url)
    share = Share(event.get("poller", 0), event.get("pollers", 1))
    drain = Drain(
        scope=scope,
        poller=share.poller,
        call_id=context.aws_request_id.partition("-")[0],
        upload_bucket=settings.upload_bucket,
        task_type=task_type(settings.task_type),
        ignored_keys=settings.ignored_keys,
        intake=Queue(clients.sqs(), settings.intake_queue_url),
        dead_letters=DeadLetters(run_id, dead_letter_queue, items),
        claiming=Claiming(run_id, runs, items),
        runs=runs,
        artifacts=artifacts,
        deadline=deadline,
    )
    step = PollQueue(
        scope=scope,
        share=share,
        max_items=settings.max_items_per_run,
        drain=drain,
        runs=runs,
        polls=PollLedger.of(settings),
        items=items,
        artifacts=artifacts,
        deadline=deadline,
    )
    polled = step.seal() if resumed else step.poll()
    return {
        "run_id": polled.run_id,
        "generation": polled.generation,
        "resumed": resumed,
        "received": polled.intake.received,
        "claimed": polled.intake.claimed,
        "more": polled.more,
    }
