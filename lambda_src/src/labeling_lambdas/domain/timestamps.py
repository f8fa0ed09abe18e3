"""Timestamps in the ledger, in reports and in records."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """Return the current time, ISO-8601 in UTC with seconds and a literal ``Z``."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}Z"


def now_in_milliseconds() -> str:
    """Return the current time in Feature Store's format of an event time, with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
