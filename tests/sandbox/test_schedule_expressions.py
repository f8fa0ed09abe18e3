"""When schedules fire, and which expressions are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from labeling_sandbox.events import schedule_expressions
from labeling_sandbox.events.schedule_expressions import Cron


def cron(expression: str, timezone: str = "UTC") -> Cron:
    parsed = schedule_expressions.parse(f"cron({expression})", timezone)
    assert isinstance(parsed, Cron)
    return parsed


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "moment", "fires"),
    [
        ("0 9 ? * MON-FRI *", "2026-11-23T09:00", True),
        ("0 9 ? * MON-FRI *", "2026-11-22T09:00", False),
        ("0 9 ? * MON-FRI *", "2026-11-23T09:01", False),
        ("0/15 * * * ? *", "2026-11-22T10:45", True),
        ("0/15 * * * ? *", "2026-11-22T10:50", False),
        ("0 12 L * ? *", "2028-02-29T12:00", True),
        ("0 12 L * ? *", "2028-02-28T12:00", False),
        ("0 12 L-1 * ? *", "2028-02-28T12:00", True),
        ("0 12 15W * ? *", "2026-11-16T12:00", True),
        ("0 12 15W * ? *", "2026-11-15T12:00", False),
        ("0 12 ? * 6L *", "2026-11-27T12:00", True),
        ("0 12 ? * 6L *", "2026-11-20T12:00", False),
        ("0 12 ? * TUE#2 *", "2026-11-10T12:00", True),
        ("0 12 ? * TUE#2 *", "2026-11-17T12:00", False),
        ("0 12 ? * FRI-MON *", "2026-11-22T12:00", True),
        ("0 12 ? * FRI-MON *", "2026-11-25T12:00", False),
        ("0 0 1 JAN,JUL ? 2027", "2027-07-01T00:00", True),
        ("0 0 1 JAN,JUL ? 2027", "2026-07-01T00:00", False),
    ],
)
def test_cron_matches_minutes(expression: str, moment: str, *, fires: bool) -> None:
    assert cron(expression).matches(at(moment)) is fires


def test_cron_is_read_in_its_time_zone() -> None:
    berlin = cron("30 8 * * ? *", "Europe/Berlin")
    assert berlin.matches(at("2026-01-10T07:30"))
    assert berlin.matches(at("2026-07-10T06:30"))


def test_cron_fires_once_for_an_interval_that_contains_its_minute() -> None:
    hourly = cron("0 * * * ? *")
    created = at("2026-01-01T00:00")
    assert hourly.fires_between(at("2026-01-01T09:59:59"), at("2026-01-01T10:00:00"), created)
    assert not hourly.fires_between(at("2026-01-01T10:00:00"), at("2026-01-01T10:00:30"), created)


def test_a_rate_counts_from_the_creation() -> None:
    rate = schedule_expressions.parse("rate(5 minutes)")
    created = at("2026-01-01T00:00:30")
    due = created + timedelta(minutes=5)
    assert not rate.fires_between(created, due - timedelta(seconds=1), created)
    assert rate.fires_between(due - timedelta(seconds=1), due, created)


def test_at_fires_once_in_its_time_zone() -> None:
    once = schedule_expressions.parse("at(2026-01-31T08:00:00)", "Asia/Tokyo")
    moment = datetime(2026, 1, 31, 8, tzinfo=ZoneInfo("Asia/Tokyo"))
    created = at("2026-01-01T00:00")
    assert once.fires_between(moment - timedelta(seconds=1), moment, created)
    assert not once.fires_between(moment, moment + timedelta(hours=1), created)


@pytest.mark.parametrize(
    "expression",
    [
        "rate(0 minutes)",
        "rate(5 weeks)",
        "rate(5)",
        "cron(0 9 * * MON-FRI *)",
        "cron(0 9 ? * ? *)",
        "cron(0 9 * * ?)",
        "cron(60 9 * * ? *)",
        "cron(0 9 32 * ? *)",
        "cron(0/0 9 * * ? *)",
        "cron(0 9 ? * FOO *)",
        "at(2026-13-01T00:00:00)",
        "every day",
        "",
    ],
)
def test_other_expressions_are_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="Invalid Schedule Expression"):
        schedule_expressions.parse(expression)


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="Timezone"):
        schedule_expressions.parse("rate(1 hour)", "Mars/Olympus")
