"""Timestamps in the ledger, in reports and in records."""

from __future__ import annotations

from datetime import UTC, datetime

from labeling_lambdas import process


def timestamp() -> str:
    """Return the current time, ISO-8601 in UTC with seconds and a literal ``Z``."""
    return f"{_moment():%Y-%m-%dT%H:%M:%S}Z"


def timestamp_in_milliseconds() -> str:
    """Return the current time in Feature Store's format of an event time, with milliseconds."""
    return _moment().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment() -> datetime:
    return datetime.fromtimestamp(process.now(), UTC)
