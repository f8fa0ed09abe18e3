"""Create a reviewer's task from a labeled line, for task types that AWS cannot verify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws import clients
from labeling_lambdas.domain.consensus import task_input
from labeling_lambdas.domain.task_types import task_type
from labeling_lambdas.settings import ArtifactSettings, read_settings
from labeling_lambdas.steps.kept_settings import verification_settings

if TYPE_CHECKING:
    from labeling_lambdas.handlers.events import PrepareEvent
    from labeling_lambdas.lambda_context import LambdaContext


def handler(event: PrepareEvent, _context: LambdaContext) -> dict[str, Any]:
    """Return the input of the worker template.

    https://docs.aws.amazon.com/sagemaker/latest/dg/sms-custom-templates-step3-lambda-requirements.html

    Args:
        event: See :class:`PrepareEvent`.

    Returns:
        ``taskInput``, see :func:`task_input`, and that human annotation is required.
    """
    rules, verification = verification_settings(
        clients.s3(), read_settings(ArtifactSettings), event["labelingJobArn"]
    )
    shown = task_input(
        event["dataObject"],
        task_type=task_type(rules.task_type),
        attribute=rules.attribute,
        verification=verification,
    )
    return {"taskInput": shown, "isHumanAnnotationRequired": True}
