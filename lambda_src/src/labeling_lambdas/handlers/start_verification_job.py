"""Start a run's verification job and leave the state waiting for its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labeling_lambdas.aws.artifacts import Artifacts
from labeling_lambdas.aws.function_calls import FunctionCall
from labeling_lambdas.aws.item_rows import ItemRows
from labeling_lambdas.aws.job_ledger import TaskToken
from labeling_lambdas.aws.run_ledger import RunLedger
from labeling_lambdas.deadline import Deadline
from labeling_lambdas.domain import identity
from labeling_lambdas.domain.job_settings import JobSettings, read_job_settings
from labeling_lambdas.domain.kept_settings import KeptSettings, LabelRules
from labeling_lambdas.domain.run_scope import RunScope
from labeling_lambdas.domain.verification_settings import Verification
from labeling_lambdas.settings import LedgerSettings, label_names, read_by, read_settings
from labeling_lambdas.steps.claim_labels import ClaimLabels
from labeling_lambdas.steps.completion import Completion
from labeling_lambdas.steps.kept_settings import kept_settings
from labeling_lambdas.steps.start_job import StartJob
from labeling_lambdas.steps.verification_manifest import VerificationManifest

if TYPE_CHECKING:
    from labeling_lambdas.handlers.events import VerifyEvent
    from labeling_lambdas.lambda_context import LambdaContext


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class VerifySettings(LedgerSettings):
    """Environment of ``start_verification_job``."""

    task_type: str
    verification_job: JobSettings = field(metadata=read_by(read_job_settings))
    label_attribute_name: str
    label_schema: str
    labels: frozenset[str] | None = field(metadata=read_by(label_names))
    advance_function: str | None = None
    verification: Verification = field(metadata=read_by(Verification.from_json))


def handler(event: VerifyEvent, context: LambdaContext) -> dict[str, str]:
    """Create or adopt the verification job, or answer immediately if there is nothing to verify.

    Args:
        event: See :class:`VerifyEvent`.
        context: Lambda's context.

    Returns:
        The job's name and the outcome. The state machine does not receive them: its state is
        answered with the task token.
    """
    settings = read_settings(VerifySettings)
    scope = RunScope(settings.pipeline_name, event["run_id"], event["execution_arn"])
    artifacts = Artifacts.of(settings, scope.run_id)
    now = LabelRules(
        settings.task_type,
        settings.label_attribute_name,
        settings.label_schema,
        settings.labels,
    )
    labeling = kept_settings(artifacts, identity.LABEL_STAGE)
    manifest = VerificationManifest(
        artifacts,
        ItemRows.of(settings),
        ClaimLabels(artifacts, event["labeling_job"], labeling.rules if labeling else now),
    )
    step = StartJob(
        scope=scope,
        name=scope.job_name(event["stage"]),
        stage=event["stage"],
        settings=KeptSettings(settings.verification_job._asdict(), now, settings.verification),
        lines=manifest.lines,
        runs=RunLedger.of(settings),
        artifacts=artifacts,
        completion=Completion.of(settings),
        deadline=Deadline.of(context),
        after_creation=FunctionCall(settings.advance_function).send,
    )
    return {"labeling_job": step.name, "result": step.start(TaskToken.of(event))}
