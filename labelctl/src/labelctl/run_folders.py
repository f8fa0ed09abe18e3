"""The runs that have files in the output bucket."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labelctl.connection import Client

RUNS = "runs/"
#: Runs are named after the time at which their execution started.
_RUN_TIME = "%Y%m%dt%H%M%S"
#: A run can have been polling for so long after its execution started.
_LONGEST_POLL = timedelta(days=1)


def started_at(run_id: str) -> datetime | None:
    """Return when the execution of a run started; None if the name is not that of a run."""
    try:
        return datetime.strptime(run_id.partition("-")[0], _RUN_TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


def run_ids(client: Client, bucket: str, since: datetime | None = None) -> list[str]:
    """Return the runs, the oldest first.

    Args:
        client: S3.
        bucket: The output bucket.
        since: Only runs that can have polled at this time or later; None for all.
    """
    earliest = f"{RUNS}{(since - _LONGEST_POLL).strftime(_RUN_TIME)}" if since else ""
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=RUNS, Delimiter="/", StartAfter=earliest
    )
    return sorted(
        entry["Prefix"].removeprefix(RUNS).rstrip("/")
        for page in pages
        for entry in page.get("CommonPrefixes", [])
    )
