"""Merge the answers of several reviewers, for task types that AWS cannot verify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws import clients
from labeling_lambdas.settings import ArtifactSettings, read_settings
from labeling_lambdas.steps.consolidate_verification import ConsolidateVerification
from labeling_lambdas.steps.kept_settings import verification_settings

if TYPE_CHECKING:
    from labeling_lambdas.handlers.events import ConsolidateEvent
    from labeling_lambdas.lambda_context import LambdaContext


def handler(event: ConsolidateEvent, _context: LambdaContext) -> list[dict[str, Any]]:
    """Return the consensus on each object of the payload.

    https://docs.aws.amazon.com/sagemaker/latest/dg/sms-custom-templates-step3-lambda-requirements.html

    Args:
        event: See :class:`ConsolidateEvent`.

    Returns:
        An entry for each object with at least one readable answer. Ground Truth treats the others
        as failed.
    """
    _, verification = verification_settings(
        clients.s3(), read_settings(ArtifactSettings), event["labelingJobArn"]
    )
    step = ConsolidateVerification(clients.s3(), verification)
    return step.merge(
        event["payload"],
        attribute=event["labelAttributeName"],
        categories=event.get("labelCategories"),
    )
