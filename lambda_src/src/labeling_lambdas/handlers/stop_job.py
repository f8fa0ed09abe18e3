"""Stop a run's labeling job after its waiting state failed or timed out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeling_lambdas.aws.job_ledger import TaskToken
from labeling_lambdas.aws.run_ledger import RunLedger
from labeling_lambdas.deadline import Deadline
from labeling_lambdas.domain.run_scope import RunScope
from labeling_lambdas.settings import LedgerSettings, read_settings
from labeling_lambdas.steps.completion import Completion
from labeling_lambdas.steps.stop_job import StopJob

if TYPE_CHECKING:
    from labeling_lambdas.handlers.events import WaitEvent
    from labeling_lambdas.lambda_context import LambdaContext


def handler(event: WaitEvent, context: LambdaContext) -> dict[str, str]:
    """Stop the labeling job, or answer immediately if it has ended or was never created.

    Args:
        event: See :class:`WaitEvent`.
        context: Lambda's context.

    Returns:
        The job's name and the outcome.
    """
    settings = read_settings(LedgerSettings)
    scope = RunScope(settings.pipeline_name, event["run_id"], event["execution_arn"])
    step = StopJob(
        scope=scope,
        name=scope.job_name(event["stage"]),
        runs=RunLedger.of(settings),
        completion=Completion.of(settings),
        deadline=Deadline.of(context),
    )
    return {"labeling_job": step.name, "result": step.stop(TaskToken.of(event))}
