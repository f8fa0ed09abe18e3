"""Stop a run's labeling job after its waiting state failed or timed out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeling_lambdas.aws import clients
from labeling_lambdas.aws.callbacks import Executions
from labeling_lambdas.aws.job_ledger import JobLedger, TaskToken
from labeling_lambdas.aws.labeling_jobs import LabelingJobs
from labeling_lambdas.aws.run_ledger import RunLedger
from labeling_lambdas.deadline import Deadline
from labeling_lambdas.domain import identity
from labeling_lambdas.settings import Settings, read_settings
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
    settings = read_settings(Settings)
    name = identity.labeling_job_name(settings.pipeline_name, event["run_id"], event["stage"])
    step = StopJob(
        name=name,
        run_id=event["run_id"],
        execution_arn=event["execution_arn"],
        runs=RunLedger(clients.dynamodb(), settings.ledger_table),
        waiting=JobLedger(clients.dynamodb(), settings.ledger_table),
        jobs=LabelingJobs(clients.sagemaker()),
        completion=Completion(
            LabelingJobs(clients.sagemaker()),
            JobLedger(clients.dynamodb(), settings.ledger_table),
            Executions(clients.stepfunctions()),
        ),
        deadline=Deadline.of(context),
    )
    return {"labeling_job": name, "result": step.stop(TaskToken.of(event))}
