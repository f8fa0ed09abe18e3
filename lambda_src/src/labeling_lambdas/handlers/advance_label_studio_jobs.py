"""Do the work on the jobs in Label Studio that can be done now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_lambdas.aws import clients
from labeling_lambdas.aws.label_studio_jobs import LabelStudioJobs
from labeling_lambdas.aws.lease_ledger import LeaseLedger
from labeling_lambdas.aws.secrets import secret_text
from labeling_lambdas.deadline import Deadline
from labeling_lambdas.label_studio.client import LabelStudio
from labeling_lambdas.label_studio.connection import Connection
from labeling_lambdas.settings import LedgerSettings, read_settings
from labeling_lambdas.steps.advance_label_studio_jobs import AdvanceLabelStudioJobs
from labeling_lambdas.steps.completion import Completion

if TYPE_CHECKING:
    from labeling_lambdas.lambda_context import LambdaContext


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AdvanceSettings(LedgerSettings):
    """Environment of ``advance_label_studio_jobs``."""

    aws_region: str
    label_studio_url: str
    label_studio_token_secret_arn: str


def handler(_event: object, context: LambdaContext) -> dict[str, str]:
    """Make projects, import tasks, and collect the answers of jobs that have ended.

    Args:
        _event: Not used: the schedule and the functions that start jobs call it alike.
        context: Lambda's context.

    Returns:
        By job name, its status. Empty if no job is open, or another call does the work.

    Raises:
        LabelStudioError: If the work on a job failed. Jobs and answers are unharmed, and the next
            call repeats it.
    """
    settings = read_settings(AdvanceSettings)
    jobs = LabelStudioJobs.of(settings)
    # Most calls find no work, and need neither the token nor the lease.
    if not jobs.open_names():
        return {}
    token = secret_text(clients.secrets(), settings.label_studio_token_secret_arn)
    return AdvanceLabelStudioJobs(
        jobs=jobs,
        studio=LabelStudio(Connection(settings.label_studio_url, token)),
        leases=LeaseLedger.of(settings),
        report=Completion.of(settings).report,
        region=settings.aws_region,
        deadline=Deadline.of(context),
    ).advance()
