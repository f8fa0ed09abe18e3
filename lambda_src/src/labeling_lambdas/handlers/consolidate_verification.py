"""Merge what several reviewers said, for task types that AWS cannot verify by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws import clients
from labeling_lambdas.settings import ReviewSettings, read_settings
from labeling_lambdas.steps.consolidation import Consolidation

if TYPE_CHECKING:
    from labeling_lambdas.deadline import LambdaContext
    from labeling_lambdas.handlers.events import ConsolidateEvent


def handler(event: ConsolidateEvent, _context: LambdaContext) -> list[dict[str, Any]]:
    """Return the consensus over each object of the payload.

    https://docs.aws.amazon.com/sagemaker/latest/dg/sms-custom-templates-step3-lambda-requirements.html

    Args:
        event: See :class:`ConsolidateEvent`.

    Returns:
        An entry for each object that a reviewer said something readable about; Ground Truth takes
        the others for failed.
    """
    settings = read_settings(ReviewSettings)
    consolidation = Consolidation(clients.s3(), settings.verification)
    return consolidation.merge(
        event["payload"],
        attribute=event["labelAttributeName"],
        categories=event.get("labelCategories"),
    )
