"""The schedule expressions of EventBridge Scheduler: ``rate()``, ``cron()`` and ``at()``.

Grammar: "Schedule types in EventBridge Scheduler" in the Scheduler user guide.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_UNIT_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_WEEKDAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
_DAYS_IN_WEEK = 7
_CRON_FIELDS = 6
_LAST_OFFSET = re.compile(r"L(?:-(\d{1,2}))?")
_NEAREST_WEEKDAY = re.compile(r"(\d{1,2})W")
_NTH_WEEKDAY = re.compile(r"(\w+)#([1-5])")
_LAST_WEEKDAY = re.compile(r"(\w+)L")

DayTest = Callable[[date], bool]


class Expression(Protocol):
    """The times at which a schedule fires."""

    def fires_between(self, after: datetime, until: datetime, created: datetime) -> bool:
        """Tell whether the schedule fires after one time and not later than another.

        Args:
            after: Exclusive start; aware.
            until: Inclusive end; aware.
            created: When the schedule was made, from which a rate counts.
        """
        ...


@dataclass(frozen=True)
class Rate:
    """A fixed period in seconds, starting at the creation.

    Attributes:
        seconds: The period.
    """

    seconds: int

    def fires_between(self, after: datetime, until: datetime, created: datetime) -> bool:
        """See `Expression`."""
        return _periods(created, until, self.seconds) > _periods(created, after, self.seconds)


@dataclass(frozen=True)
class At:
    """A single time.

    Attributes:
        moment: When; aware.
    """

    moment: datetime

    def fires_between(self, after: datetime, until: datetime, created: datetime) -> bool:  # noqa: ARG002
        """See `Expression`."""
        return after < self.moment <= until


@dataclass(frozen=True)
class Cron:
    """The minutes that match all six fields.

    Attributes:
        minutes: Minutes of the hour.
        hours: Hours of the day.
        months: Months of the year, from 1.
        years: Years.
        day: Whether a date matches the day field that is not ``?``.
        zone: The time zone in which the fields are read.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    months: frozenset[int]
    years: frozenset[int]
    day: DayTest
    zone: ZoneInfo

    def fires_between(self, after: datetime, until: datetime, created: datetime) -> bool:  # noqa: ARG002
        """See `Expression`."""
        minute = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
        while minute <= until:
            if self.matches(minute):
                return True
            minute += timedelta(minutes=1)
        return False

    def matches(self, moment: datetime) -> bool:
        """Tell whether the schedule fires in the minute of an aware datetime."""
        local = moment.astimezone(self.zone)
        return (
            local.minute in self.minutes
            and local.hour in self.hours
            and local.month in self.months
            and local.year in self.years
            and self.day(local.date())
        )


def parse(expression: str, timezone: str = "UTC") -> Expression:
    """Read a schedule expression.

    Args:
        expression: Such as ``rate(15 minutes)``, ``cron(0 9 ? * MON-FRI *)`` or
            ``at(2026-01-31T08:00:00)``.
        timezone: The IANA name of the zone in which ``cron`` and ``at`` are read.

    Returns:
        The expression.

    Raises:
        ValueError: The expression or the zone is not one that Scheduler takes.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        message = f"Invalid Schedule Expression Timezone {timezone}."
        raise ValueError(message) from error
    kind, _, rest = expression.partition("(")
    parsers: dict[str, Callable[[str, ZoneInfo], Expression]] = {
        "rate": _parse_rate,
        "cron": _parse_cron,
        "at": _parse_at,
    }
    if kind not in parsers or not rest.endswith(")"):
        message = f"Invalid Schedule Expression {expression}."
        raise ValueError(message)
    try:
        return parsers[kind](rest[:-1], zone)
    except ValueError as error:
        message = f"Invalid Schedule Expression {expression}."
        raise ValueError(message) from error


def _periods(created: datetime, moment: datetime, seconds: int) -> int:
    return int((moment - created).total_seconds() // seconds)


def _parse_rate(text: str, _zone: ZoneInfo) -> Rate:
    match = re.fullmatch(r"([1-9]\d*) (minute|hour|day)s?", text)
    if match is None:
        message = f"not a rate: {text}"
        raise ValueError(message)
    return Rate(int(match[1]) * _UNIT_SECONDS[match[2]])


def _parse_at(text: str, zone: ZoneInfo) -> At:
    return At(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=zone))


def _parse_cron(text: str, zone: ZoneInfo) -> Cron:
    fields = text.upper().split()
    if len(fields) != _CRON_FIELDS:
        message = f"a cron expression has {_CRON_FIELDS} fields"
        raise ValueError(message)
    minutes, hours, month_days, months, week_days, years = fields
    if (month_days == "?") == (week_days == "?"):
        message = "exactly one of day-of-month and day-of-week must be '?'"
        raise ValueError(message)
    return Cron(
        minutes=_numbers(minutes, 0, 59),
        hours=_numbers(hours, 0, 23),
        months=_numbers(months, 1, 12, _MONTHS),
        years=_numbers(years, 1970, 2199),
        day=_month_day(month_days) if week_days == "?" else _week_day(week_days),
        zone=zone,
    )


def _numbers(text: str, low: int, high: int, names: dict[str, int] | None = None) -> frozenset[int]:
    chosen: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        start = low if first == "*" else _number(first, names)
        open_end = high if step or first == "*" else start
        end = _number(last, names) if last else open_end
        if not low <= start <= high or not low <= end <= high:
            message = f"{part} is outside {low}-{high}"
            raise ValueError(message)
        # A range may pass the end of the week or year: FRI-MON.
        values = (
            range(start, end + 1)
            if start <= end
            else [*range(start, high + 1), *range(low, end + 1)]
        )
        chosen.update(list(values)[:: _positive(step) if step else 1])
    return frozenset(chosen)


def _number(text: str, names: dict[str, int] | None) -> int:
    return names[text] if names and text in names else int(text)


def _within(text: str, low: int, high: int, names: dict[str, int] | None = None) -> int:
    number = _number(text, names)
    if not low <= number <= high:
        message = f"{text} is outside {low}-{high}"
        raise ValueError(message)
    return number


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        message = f"a step must be positive, not {text}"
        raise ValueError(message)
    return value


def _month_day(text: str) -> DayTest:
    last = _LAST_OFFSET.fullmatch(text)
    if last:
        # No month has a day before its first one.
        offset = _within(last[1] or "0", 0, 30)
        return lambda day: day.day == _last_day(day) - offset
    nearest = _NEAREST_WEEKDAY.fullmatch(text)
    if nearest:
        wanted = _within(nearest[1], 1, 31)
        return lambda day: day == _nearest_weekday(day, wanted)
    days = _numbers(text, 1, 31)
    return lambda day: day.day in days


def _week_day(text: str) -> DayTest:
    nth = _NTH_WEEKDAY.fullmatch(text)
    if nth:
        wanted, count = _within(nth[1], 1, 7, _WEEKDAYS), int(nth[2])
        return lambda day: _weekday(day) == wanted and (day.day - 1) // _DAYS_IN_WEEK + 1 == count
    last = _LAST_WEEKDAY.fullmatch(text)
    if last and text not in _WEEKDAYS:
        final = _within(last[1], 1, 7, _WEEKDAYS)
        return lambda day: _weekday(day) == final and day.day > _last_day(day) - _DAYS_IN_WEEK
    if "/" in text:
        message = f"days of the week have no steps: {text}"
        raise ValueError(message)
    days = _numbers("7" if text == "L" else text, 1, 7, _WEEKDAYS)
    return lambda day: _weekday(day) in days


def _weekday(day: date) -> int:
    return day.isoweekday() % _DAYS_IN_WEEK + 1


def _last_day(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _nearest_weekday(day: date, wanted: int) -> date:
    target = day.replace(day=min(wanted, _last_day(day)))
    if target.weekday() == calendar.SATURDAY:
        return target + timedelta(days=-1 if target.day > 1 else 2)
    if target.weekday() == calendar.SUNDAY:
        return target + timedelta(days=1 if target.day < _last_day(day) else -2)
    return target
