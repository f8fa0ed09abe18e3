"""Store one shard of a run's labels as feature records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_lambdas.aws import clients
from labeling_lambdas.aws.artifacts import Artifacts
from labeling_lambdas.aws.feature_store import FeatureStore
from labeling_lambdas.aws.item_ledger import ItemLedger
from labeling_lambdas.deadline import Deadline
from labeling_lambdas.settings import LedgerSettings, read_settings
from labeling_lambdas.steps.update_feature_store import UpdateFeatureStore

if TYPE_CHECKING:
    from labeling_lambdas.handlers.events import StoreEvent
    from labeling_lambdas.lambda_context import LambdaContext


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class StoreSettings(LedgerSettings):
    """Environment of ``update_feature_store``."""

    feature_group_name: str


def handler(event: StoreEvent, context: LambdaContext) -> dict[str, int]:
    """Write the records of a shard, then settle its claims.

    Args:
        event: See :class:`StoreEvent`.
        context: Lambda's context.

    Returns:
        ``shard``, and how many records were ``stored`` and ``rejected``.
    """
    settings = read_settings(StoreSettings)
    step = UpdateFeatureStore(
        folder=event["folder"],
        records=FeatureStore(clients.feature_store(), settings.feature_group_name),
        items=ItemLedger.of(settings),
        artifacts=Artifacts.of(settings, event["run_id"]),
        deadline=Deadline.of(context),
    )
    return step.store(event["shard"])
