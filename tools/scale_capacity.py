"""What each part of the pipeline can take in a day, from the figures of docs/scale.json.

Nothing here is simulated: it is arithmetic on measured figures and on AWS's limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_deployment.deployment import MOST_ITEMS_PER_RUN, TEXTS, planned
from labeling_faults.load.limits import limits
from labeling_lambdas.aws.clients import THREADS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labeling_faults.load.figures import Figures

DAY = 24 * 3600
#: Objects of a job, and so items of a run, of semantic segmentation.
MOST_MASKS = 20_000
#: The module's defaults: a run a day, of at most so many items.
DEFAULT_ITEMS = 10_000
#: The schedule can start a run each minute.
_MOST_RUNS = 24 * 60
#: With enough workers a labeling job takes so long, in these days.
_HOURS_OF_A_JOB = 6
#: Records of a call of BatchWriteRecord.
_BATCH = 25
#: An open run costs RecoverRuns three calls: its row, its execution and its job.
_RECOVERY_CALLS = ("GetItem", "DescribeExecution", "DescribeLabelingJob")
#: RecoverRuns stops so many seconds before its timeout.
_RECOVERY_RESERVE = 10
#: The splitter stops so many seconds before its timeout.
_SPLITTING_RESERVE = 30
#: A poll receives nothing so many seconds before its timeout.
_POLLING_RESERVE = 45


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a part can take.

    Attributes:
        what: The part, by its name.
        items: Items in a day, or as ``unit`` says.
        basis: Where the figure is from.
        unit: Of what.
    """

    what: str
    items: float
    basis: str
    unit: str = "items a day"


def capacities(days: Mapping[str, Figures]) -> list[Capacity]:
    """Return what each part can take, the least first.

    Args:
        days: The figures by the day's name.
    """
    large = max((it for it in days.values() if it["curve"] == "dump"), key=lambda it: it["items"])
    return sorted([*_schedule(), *_services(large), *_functions(large)], key=lambda it: it.items)


def limits_of_one(days: Mapping[str, Figures]) -> list[Capacity]:
    """Return what one run, one file, and one call of RecoverRuns can take."""
    (file,) = (it for it in days.values() if it["curve"] == "file")
    use = file["functions"]["split_text"]
    splitting = planned(TEXTS).functions["split_text"].timeout_seconds - _SPLITTING_RESERVE
    recovery, poll = (planned(TEXTS).functions[it] for it in ("recover_runs", "poll_queue"))
    of_a_run = sum(
        limits().latency("", call) + limits().processor_seconds(call, recovery.memory_mb)
        for call in _RECOVERY_CALLS
    )
    computing = limits().processor_seconds("GetObject", poll.memory_mb)
    # Threads read at the same time, and share a processor.
    of_a_part = max(limits().latency("s3", "GetObject") / THREADS, computing)
    polling = poll.timeout_seconds - _POLLING_RESERVE
    return [
        Capacity(
            "`poll_queue`: parts of a run, which the last poll reads first",
            polling / of_a_part,
            f"calculated: {of_a_part:.3f} s for each, in {THREADS} threads",
            "parts",
        ),
        Capacity(
            "`split_text`: one text file, in one call",
            splitting / use["longest"] * file["items"],
            f"measured: {file['items'] / use['longest']:,.0f} lines a second",
            "lines",
        ),
        Capacity(
            "`recover_runs`: open runs, in one call",
            (recovery.timeout_seconds - _RECOVERY_RESERVE) / of_a_run,
            f"calculated: three calls, {of_a_run:.2f} s, for each",
            "open runs",
        ),
    ]


def _schedule() -> list[Capacity]:
    return [
        Capacity(
            "`schedule` and `max_items_per_run`: the defaults, one run a day",
            DEFAULT_ITEMS,
            f"one run of {DEFAULT_ITEMS:,}",
        ),
        Capacity(
            "`schedule`: a run each hour, semantic segmentation",
            24 * MOST_MASKS,
            f"24 runs of {MOST_MASKS:,}",
        ),
        Capacity(
            "`schedule`: a run each hour",
            24 * MOST_ITEMS_PER_RUN,
            f"24 runs of {MOST_ITEMS_PER_RUN:,}",
        ),
        Capacity(
            "`schedule`: a run each minute",
            _MOST_RUNS * MOST_ITEMS_PER_RUN,
            f"{_MOST_RUNS:,} runs of {MOST_ITEMS_PER_RUN:,}",
        ),
    ]


def _services(large: Figures) -> list[Capacity]:
    quotas = limits().quotas
    writes = large["units"]["row_writes"] / large["items"]
    jobs = quotas["jobs"].value
    return [
        Capacity(
            f"Ground Truth: labeling jobs at a time ({jobs:.0f} are assumed)",
            jobs * MOST_ITEMS_PER_RUN * 24 / _HOURS_OF_A_JOB,
            f"{jobs:.0f} jobs, each of {_HOURS_OF_A_JOB} hours",
        ),
        Capacity(
            "DynamoDB: write units of a new ledger",
            quotas["ledger_writes"].value / writes * DAY,
            f"measured: {writes:.1f} units for an item",
        ),
        Capacity(
            "Feature Store: calls of BatchWriteRecord",
            quotas["batch_writes"].value * _BATCH * DAY,
            f"{quotas['batch_writes'].value:.0f} calls a second, of {_BATCH} records",
        ),
        Capacity(
            "EventBridge: events of uploads",
            quotas["event_deliveries"].value * DAY,
            f"{quotas['event_deliveries'].value:,.0f} a second",
        ),
    ]


def _functions(large: Figures) -> list[Capacity]:
    found = []
    for step, what in (
        ("poll_queue", "`poll_queue`: one poller at a time, those that find nothing included"),
        ("update_feature_store", "`update_feature_store`: one shard at a time"),
    ):
        rate = large["items"] / large["functions"][step]["seconds"]
        found.append(Capacity(what, rate * DAY, f"measured: {rate:,.0f} items a second"))
    return found
