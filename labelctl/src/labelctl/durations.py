"""Read and format ages and times as operators enter them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_AGE = re.compile(r"(\d{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def read_age(text: str) -> timedelta:
    """Read an age such as ``90s``, ``15m``, ``2h``, ``3d`` or ``1w``.

    Raises:
        ValueError: If it is not an age.
    """
    found = _AGE.fullmatch(text.strip().lower())
    if found is None:
        message = f"{text!r} is not an age; write a number and one of s, m, h, d, w, such as 2h"
        raise ValueError(message)
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def read_time(text: str, now: datetime) -> datetime:
    """Read a time: ISO-8601, in UTC if it has no time zone, or an age before now.

    Raises:
        ValueError: If it is neither.
    """
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        try:
            return now - read_age(text)
        except ValueError as error:
            message = f"{text!r} is neither a time such as 2026-01-31T08:00 nor an age such as 2d"
            raise ValueError(message) from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def format_age(seconds: float) -> str:
    """Return an age in its two largest units."""
    left = max(0, int(seconds))
    parts: list[str] = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or parts or unit == "s":
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])
