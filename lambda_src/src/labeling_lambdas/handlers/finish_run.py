"""Check a run's accounting, report it and close it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws import clients
from labeling_lambdas.aws.artifacts import Artifacts
from labeling_lambdas.aws.run_ledger import RunLedger
from labeling_lambdas.domain.run_scope import RunScope
from labeling_lambdas.settings import LedgerSettings, read_settings
from labeling_lambdas.steps.finish_run import FinishRun

if TYPE_CHECKING:
    from labeling_lambdas.handlers.events import FinishEvent
    from labeling_lambdas.lambda_context import LambdaContext


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FinishSettings(LedgerSettings):
    """Environment of ``finish_run``."""

    event_bus_name: str


def handler(event: FinishEvent, _context: LambdaContext) -> dict[str, Any]:
    """Finish a run.

    Args:
        event: See :class:`FinishEvent`.

    Returns:
        ``run_id``, ``outcome``, and the main counts. The complete report is in the output bucket.
    """
    settings = read_settings(FinishSettings)
    step = FinishRun(
        scope=RunScope(settings.pipeline_name, event["run_id"], event["execution_arn"]),
        bus=settings.event_bus_name,
        runs=RunLedger.of(settings),
        artifacts=Artifacts.of(settings, event["run_id"]),
        events=clients.events(),
    )
    report = step.finish()
    names = ("run_id", "outcome", "received", "claimed", "stored", "accounting_balanced")
    return {name: report[name] for name in names}
