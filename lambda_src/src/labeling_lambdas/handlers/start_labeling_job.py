"""Start a run's labeling job and leave the state waiting for its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labeling_lambdas.aws import clients
from labeling_lambdas.aws.artifacts import Artifacts
from labeling_lambdas.aws.callbacks import Executions
from labeling_lambdas.aws.item_ledger import ItemLedger
from labeling_lambdas.aws.job_ledger import JobLedger, TaskToken
from labeling_lambdas.aws.labeling_jobs import LabelingJobs
from labeling_lambdas.aws.run_ledger import RunLedger
from labeling_lambdas.deadline import Deadline
from labeling_lambdas.domain import identity
from labeling_lambdas.domain.kept_settings import KeptSettings, LabelRules
from labeling_lambdas.domain.labeling_jobs import LabelingJobSettings
from labeling_lambdas.settings import ArtifactSettings, label_names, read_by, read_settings
from labeling_lambdas.steps.completion import Completion
from labeling_lambdas.steps.manifests import LabelingManifest
from labeling_lambdas.steps.start_job import StartJob

if TYPE_CHECKING:
    from labeling_lambdas.handlers.events import WaitEvent
    from labeling_lambdas.lambda_context import LambdaContext


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class StartSettings(ArtifactSettings):
    """Environment of ``start_labeling_job``."""

    task_type: str
    label_schema: str
    labels: frozenset[str] | None = field(metadata=read_by(label_names))
    labeling_job: LabelingJobSettings = field(metadata=read_by(LabelingJobSettings.from_json))


def handler(event: WaitEvent, context: LambdaContext) -> dict[str, str]:
    """Create or adopt the labeling job.

    Args:
        event: See :class:`WaitEvent`.
        context: Lambda's context.

    Returns:
        The job's name and the outcome. The state machine does not receive them: its state is
        answered with the task token.
    """
    settings = read_settings(StartSettings)
    name = identity.labeling_job_name(settings.pipeline_name, event["run_id"], event["stage"])
    artifacts = Artifacts(
        clients.s3(), settings.output_bucket, settings.kms_key_arn, event["run_id"]
    )
    manifest = LabelingManifest(artifacts, ItemLedger(clients.dynamodb(), settings.ledger_table))
    rules = LabelRules(
        settings.task_type,
        settings.labeling_job.label_attribute_name,
        settings.label_schema,
        settings.labels,
    )
    step = StartJob(
        name=name,
        stage=event["stage"],
        run_id=event["run_id"],
        execution_arn=event["execution_arn"],
        settings=KeptSettings(settings.labeling_job, rules),
        lines=manifest.lines,
        runs=RunLedger(clients.dynamodb(), settings.ledger_table),
        waiting=JobLedger(clients.dynamodb(), settings.ledger_table),
        jobs=LabelingJobs(clients.sagemaker()),
        artifacts=artifacts,
        completion=Completion(
            LabelingJobs(clients.sagemaker()),
            JobLedger(clients.dynamodb(), settings.ledger_table),
            Executions(clients.stepfunctions()),
        ),
        deadline=Deadline.of(context),
    )
    return {"labeling_job": name, "result": step.start(TaskToken.of(event))}
