"""Make a reviewer's task of a labeled line, for task types that AWS cannot verify by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labeling_lambdas.domain.consensus import task_input
from labeling_lambdas.domain.task_types import task_type
from labeling_lambdas.domain.verification import Verification
from labeling_lambdas.settings import read_by, read_settings

if TYPE_CHECKING:
    from labeling_lambdas.handlers.events import PrepareEvent
    from labeling_lambdas.lambda_context import LambdaContext


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PrepareSettings:
    """Environment of ``prepare_verification``, which knows no ledger."""

    pipeline_name: str
    task_type: str
    label_attribute_name: str
    verification: Verification = field(metadata=read_by(Verification.from_json))


def handler(event: PrepareEvent, _context: LambdaContext) -> dict[str, Any]:
    """Return what the worker template shows.

    https://docs.aws.amazon.com/sagemaker/latest/dg/sms-custom-templates-step3-lambda-requirements.html

    Args:
        event: See :class:`PrepareEvent`.

    Returns:
        ``taskInput``, see :func:`task_input`, and that a person is to look at it.
    """
    settings = read_settings(PrepareSettings)
    shown = task_input(
        event["dataObject"],
        task_type=task_type(settings.task_type),
        attribute=settings.label_attribute_name,
        verification=settings.verification,
    )
    return {"taskInput": shown, "isHumanAnnotationRequired": True}
