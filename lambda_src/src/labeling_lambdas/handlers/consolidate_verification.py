"""Merge what several reviewers said, for task types that AWS cannot verify by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws import clients
from labeling_lambdas.domain.verification import Verification
from labeling_lambdas.settings import read_by, read_settings
from labeling_lambdas.steps.consolidation import Consolidation

if TYPE_CHECKING:
    from labeling_lambdas.handlers.events import ConsolidateEvent
    from labeling_lambdas.lambda_context import LambdaContext


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ConsolidateSettings:
    """Environment of ``consolidate_verification``, which knows no ledger."""

    pipeline_name: str
    verification: Verification = field(metadata=read_by(Verification.from_json))


def handler(event: ConsolidateEvent, _context: LambdaContext) -> list[dict[str, Any]]:
    """Return the consensus over each object of the payload.

    https://docs.aws.amazon.com/sagemaker/latest/dg/sms-custom-templates-step3-lambda-requirements.html

    Args:
        event: See :class:`ConsolidateEvent`.

    Returns:
        An entry for each object that a reviewer said something readable about; Ground Truth takes
        the others for failed.
    """
    settings = read_settings(ConsolidateSettings)
    consolidation = Consolidation(clients.s3(), settings.verification)
    return consolidation.merge(
        event["payload"],
        attribute=event["labelAttributeName"],
        categories=event.get("labelCategories"),
    )
