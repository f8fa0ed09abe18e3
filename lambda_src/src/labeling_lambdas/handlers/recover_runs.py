"""Recover runs whose execution died, or take over one of them in this execution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws import clients
from labeling_lambdas.aws.callbacks import Executions
from labeling_lambdas.aws.run_ledger import RunLedger
from labeling_lambdas.deadline import Deadline
from labeling_lambdas.settings import LedgerSettings, read_settings
from labeling_lambdas.steps.completion import Completion
from labeling_lambdas.steps.recover_runs import RecoverRuns

if TYPE_CHECKING:
    from labeling_lambdas.handlers.events import RecoverEvent
    from labeling_lambdas.lambda_context import LambdaContext


def handler(event: RecoverEvent, context: LambdaContext) -> dict[str, Any]:
    """Recover all open runs, or resume the run that the event names.

    Args:
        event: See :class:`RecoverEvent`.
        context: Lambda's context.

    Returns:
        With ``resume_run``, the run's ``run_id`` and ``resumed``; otherwise the lists of
        :class:`~labeling_lambdas.steps.recover_runs.Recovered`.
    """
    settings = read_settings(LedgerSettings)
    step = RecoverRuns(
        pipeline=settings.pipeline_name,
        state_machine_arn=event["state_machine_arn"],
        execution_arn=event["execution_arn"],
        runs=RunLedger.of(settings),
        executions=Executions(clients.stepfunctions()),
        completion=Completion.of(settings),
        deadline=Deadline.of(context),
    )
    if "resume_run" in event:
        return {"run_id": step.resume(event["resume_run"]).run_id, "resumed": True}
    return step.recover().fields()
