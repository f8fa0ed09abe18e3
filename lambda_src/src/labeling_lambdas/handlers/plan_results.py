"""Reconcile a run's claims with the output of its labeling job."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws.artifacts import Artifacts
from labeling_lambdas.aws.item_rows import ItemRows
from labeling_lambdas.aws.run_ledger import RunLedger
from labeling_lambdas.deadline import Deadline
from labeling_lambdas.domain import identity
from labeling_lambdas.domain.kept_settings import LabelRules
from labeling_lambdas.domain.records import ExtraFeature, RecordContext, read_extra_features
from labeling_lambdas.domain.run_scope import RunScope
from labeling_lambdas.domain.verification_settings import Verification
from labeling_lambdas.settings import LedgerSettings, label_names, read_by, read_settings
from labeling_lambdas.steps.kept_settings import kept_settings
from labeling_lambdas.steps.plan_results import PlanResults

if TYPE_CHECKING:
    from labeling_lambdas.handlers.events import PlanEvent
    from labeling_lambdas.lambda_context import LambdaContext


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PlanSettings(LedgerSettings):
    """Environment of ``plan_results``."""

    task_type: str
    label_attribute_name: str
    label_schema: str
    labels: frozenset[str] | None = field(metadata=read_by(label_names))
    max_attempts: int = field(metadata=read_by(int))
    extra_features: dict[str, ExtraFeature] = field(metadata=read_by(read_extra_features))
    verification: Verification | None = field(metadata=read_by(Verification.from_json_or_null))


def handler(event: PlanEvent, context: LambdaContext) -> dict[str, Any]:
    """Write the plan of a run, or return the existing plan.

    Args:
        event: See :class:`PlanEvent`.
        context: Lambda's context.

    Returns:
        ``folder``, where the shards are; ``shards``, the numbers of those to store;
        ``return_shards``, the number of those to return.
    """
    settings = read_settings(PlanSettings)
    scope = RunScope(settings.pipeline_name, event["run_id"], event["execution_arn"])
    artifacts = Artifacts.of(settings, scope.run_id)
    current_rules = LabelRules(
        settings.task_type,
        settings.label_attribute_name,
        settings.label_schema,
        settings.labels,
    )
    # The settings that the jobs were created with, or the current settings if none was created.
    labeling = kept_settings(artifacts, identity.LABEL_STAGE)
    verifying = kept_settings(artifacts, identity.VERIFY_STAGE)
    step = PlanResults(
        scope=scope,
        folder=f"results/{context.aws_request_id}",
        max_attempts=settings.max_attempts,
        rules=labeling.rules if labeling else current_rules,
        context=RecordContext(scope.run_id, settings.extra_features),
        verification=verifying.verification if verifying else settings.verification,
        shown=verifying.rules if verifying else current_rules,
        runs=RunLedger.of(settings),
        items=ItemRows.of(settings),
        artifacts=artifacts,
        deadline=Deadline.of(context),
    )
    verification_job = event.get("verification_job")
    if verification_job is None and verifying is not None:
        # The execution that began the verification died, and Terraform has since turned it off.
        # This is rare, and needs both engines.
        from labeling_lambdas.steps.completion import Completion  # noqa: PLC0415
        from labeling_lambdas.steps.job_ends import end_of_earlier_verification  # noqa: PLC0415

        verification_job = end_of_earlier_verification(
            Completion.of(settings), scope.job_name(identity.VERIFY_STAGE), step.deadline.now
        )
    plan = step.plan(event["labeling_job"], verification_job)
    return {
        "folder": plan.folder,
        "shards": list(range(plan.store_shards)),
        "return_shards": plan.return_shards,
    }
