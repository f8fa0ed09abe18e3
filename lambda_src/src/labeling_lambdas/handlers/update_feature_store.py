"""Store one shard of a run's labels as feature records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeling_lambdas.aws import clients
from labeling_lambdas.aws.feature_store import FeatureStore
from labeling_lambdas.deadline import Deadline
from labeling_lambdas.handlers import wiring
from labeling_lambdas.settings import StoreSettings, read_settings
from labeling_lambdas.steps.storing import Storing

if TYPE_CHECKING:
    from labeling_lambdas.deadline import LambdaContext
    from labeling_lambdas.handlers.events import StoreEvent


def handler(event: StoreEvent, context: LambdaContext) -> dict[str, int]:
    """Write the records of a shard, then settle its claims.

    Args:
        event: See :class:`StoreEvent`.
        context: Lambda's context.

    Returns:
        ``shard``, and how many records were ``stored`` and ``rejected``.
    """
    settings = read_settings(StoreSettings)
    storing = Storing(
        run_id=event["run_id"],
        folder=event["folder"],
        records=FeatureStore(clients.feature_store(), settings.feature_group_name),
        items=wiring.item_ledger(settings),
        artifacts=wiring.artifacts(settings, event["run_id"]),
        deadline=Deadline.of(context),
    )
    return storing.store(event["shard"])
