"""Estimate what a month of the pipeline costs: ``python tools/estimate_cost.py --items 10000``.

Prices are list prices of us-east-1, as docs/cost.md says with their date and source. Only the
standard library is used.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PRICES_OF = "August 2026"

#: Ground Truth's fee for a labeled object: price up to so many objects of a month.
OBJECT_FEES = ((50_000, 0.08), (1_000_000, 0.04), (None, 0.02))

#: What an item needs besides, rounded up: requests, and dollars for a million of them.
REQUESTS = {
    "S3 requests that write": (5.0, 5.00),
    "Ledger writes (DynamoDB)": (6.0, 0.625),
    "Feature Store writes": (2.0, 1.25),
    "Upload event (EventBridge)": (1.0, 1.00),
    "Queue requests (SQS)": (2.0, 0.40),
    "Key requests (KMS)": (0.5, 3.00),
    "GB-seconds of the functions (Lambda)": (0.1, 13.40),
}
METRICS, METRIC_HOUR = 7, 0.30 / 730
#: What a run needs: how much of it, and dollars for one.
RUN = {
    "State transitions (Step Functions)": (40.0, 25e-6),
    "Hours of the metrics (CloudWatch)": (float(METRICS), METRIC_HOUR),
}
#: What a call of the function for Label Studio needs while a job is open, rounded up: how much of
#: it, and dollars for a million. docs/performance.md has the calls and seconds of a poll.
CALL = {
    "Calls of the schedule (EventBridge Scheduler)": (1.0, 1.00),
    "Calls of the function (Lambda)": (1.0, 0.20),
    "GB-seconds of a call (Lambda)": (0.6, 13.40),
    "S3 requests that list": (2.0, 5.00),
    "S3 requests that read": (4.0, 0.40),
    "Lease in the ledger (DynamoDB)": (2.0, 0.625),
    "Reads of the token (Secrets Manager)": (1.0, 5.00),
}
#: What there is without any use: how many, and dollars for a month of one.
STANDING = {
    "Key (KMS)": (1.0, 1.00),
    "Alarms (CloudWatch)": (11.0, 0.10),
}
#: Without the two alarms on the ends of Ground Truth's jobs, and with one on the calls.
STUDIO_STANDING = {**STANDING, "Alarms (CloudWatch)": (10.0, 0.10)}
MINUTES = 730 * 60
#: What Label Studio costs in a month: examples/label-studio-on-ecs/README.md has the parts.
SERVER = 92.77


@dataclass(frozen=True)
class Studio:
    """A Label Studio.

    Attributes:
        server: What it costs in a month, with the secret of its token, in dollars.
        interval_minutes: Minutes between two calls of the function.
    """

    server: float = SERVER
    interval_minutes: int = 1


@dataclass(frozen=True)
class Use:
    """How much is labeled in a month.

    Attributes:
        items: Items that are uploaded.
        workers: Workers who label each item.
        verified_percent: Labels of a hundred that reviewers see; 0 without verification.
        rejected_percent: Reviewed labels of a hundred that are rejected and labeled again.
        task_price: What one worker's answer costs, a vendor's price or a wage.
        runs: Runs that have items.
        earlier_objects: Objects that the account had labeled in the month before these.
        studio: Where people label, if not in Ground Truth.
    """

    items: int
    workers: int = 1
    verified_percent: float = 0
    rejected_percent: float = 0
    task_price: float = 0
    runs: int = 30
    earlier_objects: int = 0
    studio: Studio | None = None


@dataclass(frozen=True)
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
        work=(labeled + verified) * use.workers * use.task_price,
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


def main(arguments: list[str] | None = None) -> int:
    """Print an estimate.

    Args:
        arguments: Command line without the program name; the process's own by default.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(description="Estimate a month's cost of the pipeline.")
    parser.add_argument("--items", type=_count, required=True, help="items uploaded in the month")
    parser.add_argument("--workers", type=_count, default=1, help="workers for each item")
    parser.add_argument("--verification", action="store_true", help="reviewers verify the labels")
    parser.add_argument(
        "--sample-percent", type=_percent, default=100.0, help="share of labels they verify"
    )
    parser.add_argument(
        "--rejected-percent", type=_percent, default=0.0, help="share of those they reject"
    )
    parser.add_argument(
        "--task-price", type=float, default=0.0, help="dollars for one worker's answer"
    )
    parser.add_argument("--runs", type=_count, default=30, help="runs that have items")
    parser.add_argument(
        "--earlier-objects", type=_count, default=0, help="objects labeled before in the month"
    )
    parser.add_argument(
        "--engine", choices=("ground_truth", "label_studio"), default="ground_truth"
    )
    parser.add_argument(
        "--server-month",
        type=float,
        help="dollars for a month of Label Studio with its secrets;"
        f" {SERVER} of examples/label-studio-on-ecs by default",
    )
    parser.add_argument(
        "--interval-minutes", type=_interval, help="label_studio.interval_minutes, 1 by default"
    )
    options = parser.parse_args(arguments)
    given = {"server": options.server_month, "interval_minutes": options.interval_minutes}
    studio = {name: value for name, value in given.items() if value is not None}
    is_studio = options.engine == "label_studio"
    if studio and not is_studio:
        parser.error(
            "--server-month and --interval-minutes are about Label Studio: add"
            " --engine label_studio"
        )
    if options.earlier_objects and is_studio:
        parser.error("--earlier-objects is about the fees of Ground Truth: leave it out")
    if not options.verification and (options.sample_percent, options.rejected_percent) != (100, 0):
        parser.error(
            "--sample-percent and --rejected-percent are about verification: add --verification"
        )
    use = Use(
        items=options.items,
        workers=options.workers,
        verified_percent=options.sample_percent if options.verification else 0,
        rejected_percent=options.rejected_percent if options.verification else 0,
        task_price=options.task_price,
        runs=options.runs,
        earlier_objects=options.earlier_objects,
        studio=Studio(**studio) if is_studio else None,
    )
    found = estimate(use)
    print(f"Dollars for a month, list prices of us-east-1, {PRICES_OF}")
    for name, dollars in (
        ("Ground Truth, labeled objects", found.labeling_fee),
        ("Ground Truth, verified objects", found.verification_fee),
        ("Workers and reviewers", found.work),
        ("Requests of the pipeline", found.requests),
        ("Key and alarms", found.standing),
        ("Calls for Label Studio", found.calls),
        ("Label Studio", found.server),
        ("Total", found.total),
    ):
        print(f"  {name:<32}{dollars:>14,.2f}")
    return 0


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        message = "must not be negative"
        raise argparse.ArgumentTypeError(message)
    return number


def _interval(text: str) -> int:
    number = int(text)
    if number not in range(1, 61):
        message = "must be from 1 to 60"
        raise argparse.ArgumentTypeError(message)
    return number


def _percent(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 100:  # noqa: PLR2004 - percent
        message = "must be from 0 to 100"
        raise argparse.ArgumentTypeError(message)
    return number


if __name__ == "__main__":
    sys.exit(main())
