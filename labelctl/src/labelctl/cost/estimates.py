"""What a month of the pipeline costs, and what labeled objects cost."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from labelctl.cost.prices import (
    CALL,
    MINUTES,
    OBJECT_FEES,
    REQUESTS,
    RUN,
    SERVER,
    STANDING,
    STUDIO_STANDING,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Studio:
    """A Label Studio.

    Attributes:
        server: What it costs in a month, with the secret of its token, in dollars.
        interval_minutes: Minutes between two calls of the function.
    """

    server: float = SERVER
    interval_minutes: int = 1


@dataclass(frozen=True, slots=True)
class Use:
    """How much is labeled in a month.

    Attributes:
        items: Items that are uploaded.
        workers: Workers who label each item.
        verified_percent: Labels of a hundred that reviewers see; 0 without verification.
        rejected_percent: Reviewed labels of a hundred that are rejected and labeled again.
        answer_price: What one worker's answer costs, a vendor's price or a wage.
        runs: Runs that have items.
        earlier_objects: Objects that the account had labeled in the month before these.
        studio: Where people label, if not in Ground Truth.
    """

    items: int
    workers: int = 1
    verified_percent: float = 0
    rejected_percent: float = 0
    answer_price: float = 0
    runs: int = 30
    earlier_objects: int = 0
    studio: Studio | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a month costs, in dollars.

    Attributes:
        labeling_fee: Ground Truth's fee for labeled objects.
        verification_fee: Its fee for verified ones.
        work: The workers' and the reviewers' pay.
        requests: What the module's resources cost by use.
        standing: What they cost without any use.
        calls: What the calls of the function for Label Studio cost.
        server: What Label Studio costs.
    """

    labeling_fee: float
    verification_fee: float
    work: float
    requests: float
    standing: float
    calls: float = 0
    server: float = 0

    @property
    def total(self) -> float:
        """The sum."""
        parts: tuple[float, ...] = dataclasses.astuple(self)
        return sum(parts)


def object_fee(objects: float, earlier_objects: float = 0) -> float:
    """Tell Ground Truth's fee.

    Args:
        objects: Labeled or verified objects.
        earlier_objects: Those of the same month before them, which use up the dear ones.

    Returns:
        Dollars.
    """
    return _fee_from_the_first(earlier_objects + objects) - _fee_from_the_first(earlier_objects)


def _fee_from_the_first(objects: float) -> float:
    limits = [0.0, *(objects if limit is None else min(limit, objects) for limit, _ in OBJECT_FEES)]
    return sum(
        max(to - above, 0) * price
        for (above, to), (_, price) in zip(pairwise(limits), OBJECT_FEES, strict=True)
    )


def estimate(use: Use) -> Estimate:
    """Estimate a month.

    A rejected label is made once more, and is verified again in the same share.

    Args:
        use: How much is labeled.

    Returns:
        What it costs.
    """
    again = use.verified_percent / 100 * use.rejected_percent / 100
    labeled = use.items * (1 + again)
    verified = labeled * use.verified_percent / 100
    requests = _cost(REQUESTS) / 1e6
    found = Estimate(
        labeling_fee=object_fee(labeled, use.earlier_objects),
        verification_fee=object_fee(verified, use.earlier_objects + labeled),
        work=(labeled + verified) * use.workers * use.answer_price,
        requests=labeled * requests + use.runs * _cost(RUN),
        standing=_cost(STANDING),
    )
    if use.studio is None:
        return found
    # As if a job were open for the whole month.
    calls = MINUTES / use.studio.interval_minutes * _cost(CALL) / 1e6
    return dataclasses.replace(
        found,
        labeling_fee=0,
        verification_fee=0,
        standing=_cost(STUDIO_STANDING),
        calls=calls,
        server=use.studio.server,
    )


def _cost(priced: Mapping[str, tuple[float, float]]) -> float:
    return sum(count * price for count, price in priced.values())
