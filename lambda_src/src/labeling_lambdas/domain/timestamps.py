"""The one form of a moment in the ledger and in reports."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """Return the present moment, ISO-8601 in UTC with seconds and a literal ``Z``."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}Z"
