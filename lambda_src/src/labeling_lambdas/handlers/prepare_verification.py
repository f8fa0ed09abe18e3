"""Make a reviewer's task of a labeled line, for task types that AWS cannot verify by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labeling_lambdas.domain.consensus import task_input
from labeling_lambdas.domain.task_types import task_type
from labeling_lambdas.settings import ReviewSettings, read_settings

if TYPE_CHECKING:
    from labeling_lambdas.deadline import LambdaContext
    from labeling_lambdas.handlers.events import PrepareEvent


def handler(event: PrepareEvent, _context: LambdaContext) -> dict[str, Any]:
    """Return what the worker template shows.

    https://docs.aws.amazon.com/sagemaker/latest/dg/sms-custom-templates-step3-lambda-requirements.html

    Args:
        event: See :class:`PrepareEvent`.

    Returns:
        ``taskInput``, see :func:`task_input`, and that a person is to look at it.
    """
    settings = read_settings(ReviewSettings)
    shown = task_input(
        event["dataObject"],
        task_type=task_type(settings.task_type),
        attribute=settings.label_attribute_name,
        verification=settings.verification,
    )
    return {"taskInput": shown, "isHumanAnnotationRequired": True}
