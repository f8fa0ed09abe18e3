"""Check a run's accounting, report it and close it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws import clients
from labeling_lambdas.handlers import wiring
from labeling_lambdas.settings import FinishSettings, read_settings
from labeling_lambdas.steps.finishing import Finishing

if TYPE_CHECKING:
    from labeling_lambdas.deadline import LambdaContext
    from labeling_lambdas.handlers.events import FinishEvent


def handler(event: FinishEvent, _context: LambdaContext) -> dict[str, Any]:
    """Finish a run.

    Args:
        event: See :class:`FinishEvent`.

    Returns:
        ``run_id``, ``outcome``, and the main counts; the whole report is in the output bucket.
    """
    settings = read_settings(FinishSettings)
    finishing = Finishing(
        pipeline=settings.pipeline_name,
        run_id=event["run_id"],
        execution_arn=event["execution_arn"],
        bus=settings.event_bus_name,
        runs=wiring.run_ledger(settings),
        artifacts=wiring.artifacts(settings, event["run_id"]),
        events=clients.events(),
    )
    report = finishing.finish()
    names = ("run_id", "outcome", "received", "claimed", "stored", "accounting_balanced")
    return {name: report[name] for name in names}
