"""Start a run's verification job and leave the state waiting for its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeling_lambdas.deadline import Deadline
from labeling_lambdas.domain import identity
from labeling_lambdas.handlers import wiring
from labeling_lambdas.handlers.events import VerifyEvent, token_of
from labeling_lambdas.settings import VerifySettings, read_settings
from labeling_lambdas.steps.harvest import Harvest
from labeling_lambdas.steps.labeling import JobStart
from labeling_lambdas.steps.manifests import VerificationManifest

if TYPE_CHECKING:
    from labeling_lambdas.deadline import LambdaContext


def handler(event: VerifyEvent, context: LambdaContext) -> dict[str, str]:
    """Create or adopt the verification job, or answer at once where nothing is to be verified.

    Args:
        event: See :class:`VerifyEvent`.
        context: Lambda's context.

    Returns:
        The job's name and what became of it. The state machine does not see this: its state is
        answered through the task token.
    """
    settings = read_settings(VerifySettings)
    name = identity.labeling_job_name(settings.pipeline_name, event["run_id"], event["stage"])
    artifacts = wiring.artifacts(settings, event["run_id"])
    harvest = Harvest(
        artifacts=artifacts,
        job=event["labeling_job"],
        task_type=settings.task_type,
        attribute=settings.label_attribute_name,
        labels=settings.labels,
    )
    start = JobStart(
        name=name,
        stage=event["stage"],
        run_id=event["run_id"],
        execution_arn=event["execution_arn"],
        settings=settings.verification_job,
        lines=VerificationManifest(artifacts, harvest, settings.verification).lines,
        runs=wiring.run_ledger(settings),
        waiting=wiring.job_ledger(settings),
        jobs=wiring.labeling_jobs(),
        artifacts=artifacts,
        completion=wiring.completion(settings),
        deadline=Deadline.of(context),
    )
    return {"labeling_job": name, "result": start.start(token_of(event))}
