"""Tell the waiting state that its labeling job has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labeling_lambdas.handlers import wiring
from labeling_lambdas.settings import Settings, read_settings

if TYPE_CHECKING:
    from labeling_lambdas.deadline import LambdaContext


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, str]:
    """Answer the states that wait for the jobs of an EventBridge event.

    The event is a hint, and more than one may come per change: what counts is what
    DescribeLabelingJob says. Jobs of others are ignored.
    https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html

    Args:
        event: ``SageMaker Ground Truth Labeling Job State Change``, whose ``resources`` hold the
            ARNs of the jobs.

    Returns:
        Per job name what became of it.
    """
    settings = read_settings(Settings)
    completion = wiring.completion(settings)
    names = [arn.rpartition("/")[2] for arn in event["resources"]]
    return {name: completion.report(name) for name in names}
