"""Answer the waiting state when its labeling job has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labeling_lambdas.domain.states import ENDED_STATUSES
from labeling_lambdas.errors import LabelingJobUnfinishedError
from labeling_lambdas.settings import LedgerSettings, read_settings
from labeling_lambdas.steps.completion import Completion

if TYPE_CHECKING:
    from labeling_lambdas.lambda_context import LambdaContext


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, str]:
    """Answer the states that wait for the jobs of an EventBridge event.

    The event is a hint, and there may be more than one per change: the status from
    DescribeLabelingJob is authoritative. It may not include the end yet, so an event that reports
    an end is retried. Jobs that do not belong to the pipeline are ignored.
    https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html

    Args:
        event: ``SageMaker Ground Truth Labeling Job State Change``, whose ``resources`` hold the
            ARNs of the jobs, and whose ``detail`` holds their status.

    Returns:
        By job name, the outcome.

    Raises:
        LabelingJobUnfinishedError: If a job of this pipeline is still in progress, although the
            event reports its end.
    """
    settings = read_settings(LedgerSettings)
    completion = Completion.of(settings)
    names = [arn.rpartition("/")[2] for arn in event["resources"]]
    reports = {name: completion.report(name) for name in names}
    unfinished = [name for name, report in reports.items() if report == "unfinished"]
    reported = event.get("detail", {}).get("LabelingJobStatus")
    if unfinished and reported in ENDED_STATUSES:
        message = f"the event reports {reported}, but {', '.join(unfinished)} is in progress"
        raise LabelingJobUnfinishedError(message)
    return reports
