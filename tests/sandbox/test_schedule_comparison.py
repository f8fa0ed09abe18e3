"""Cron expressions, compared with two independent implementations.

PyPI aws-croniter and aws-cron-expression-validator.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from aws_cron_expression_validator.validator import AWSCronExpressionValidator
from aws_croniter import AwsCroniter
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from labeling_sandbox.events import schedule_expressions
from labeling_sandbox.events.schedule_expressions import Cron

# The scan goes minute by minute.
SCANNED = timedelta(days=2)
MINUTE = timedelta(minutes=1)
FIRST_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def numbers(low: int, high: int, names: tuple[str, ...] = ()) -> st.SearchStrategy[str]:
    """Give numbers or names, ranges, steps and lists, some of them out of bounds."""
    within = st.integers(low, high)
    number = st.one_of(within.map(str), st.integers(0, high + 2).map(str), *map(st.just, names))
    span = st.tuples(number, number).map("-".join)
    step = st.tuples(st.one_of(st.just("*"), number, span), st.integers(0, 9).map(str)).map(
        "/".join
    )
    single = st.one_of(number, span, step)
    return st.one_of(st.just("*"), single, st.lists(single, min_size=2, max_size=3).map(",".join))


MONTH_DAYS = st.one_of(
    numbers(1, 31),
    st.sampled_from(["?", "L", "LW", "1W", "15W", "31W", "L-1", "W", "L-31", "32W"]),
)
WEEK_DAYS = st.one_of(
    st.just("?"),
    numbers(1, 7, WEEKDAYS),
    st.sampled_from(["L", "6L", "MONL", "SAT#5", "2#1", "2#6", "0#1", "8L", "1/2", "MON/2"]),
)


@st.composite
def expressions(draw: st.DrawFn) -> str:
    """Give six fields, mostly with one day field that is free."""
    days, weekdays = draw(MONTH_DAYS), draw(WEEK_DAYS)
    if draw(st.integers(0, 9)):
        days, weekdays = draw(st.sampled_from([(days, "?"), ("?", weekdays)]))
    minute, hour = draw(numbers(0, 59)), draw(numbers(0, 23))
    month, year = draw(numbers(1, 12, MONTHS)), draw(st.sampled_from(["*", "2026/2", "2026-2030"]))
    return f"{minute} {hour} {days} {month} {weekdays} {year}"


def parsed(expression: str) -> Cron | None:
    try:
        cron = schedule_expressions.parse(f"cron({expression})")
    except ValueError:
        return None
    assert isinstance(cron, Cron)
    return cron


def accepted(expression: str) -> bool:
    """Tell whether either package accepts an expression; each lacks a form that the other has.

    One lacks days such as ``L-1``, the other years such as ``2026/2``. No rule on another field
    depends on the year, so the year is checked separately.
    """
    fields, _, year = expression.rpartition(" ")
    return taken(f"{fields} *") and taken(f"0 0 1 * ? {year}")


def taken(expression: str) -> bool:
    for parse in (AWSCronExpressionValidator.validate, AwsCroniter):
        try:
            parse(expression)
        except ValueError:
            continue
        return True
    return False


@settings(max_examples=200)
@given(expressions())
@example("0 0 L-1 * ? 2026/2")
def test_an_expression_that_the_sandbox_accepts_is_valid_elsewhere(expression: str) -> None:
    assume(parsed(expression) is not None)
    assert accepted(expression)


@settings(max_examples=40)
@given(expressions(), st.integers(0, 3 * 365 * 24 * 60))
def test_a_schedule_fires_at_the_times_of_another_implementation(
    expression: str, minutes: int
) -> None:
    moment = FIRST_MOMENT + minutes * MINUTE
    cron = parsed(expression)
    assume(cron is not None)
    assert cron is not None
    try:
        schedule = AwsCroniter(expression)
    except ValueError:
        assume(False)
    (expected,) = schedule.get_next(moment)
    assume(expected is not None)
    assert cron.matches(expected)
    began = max(moment, expected - SCANNED)
    assert not cron.fires_between(began, expected - MINUTE, began)


@pytest.mark.parametrize("week_day", ["1/2", "MON/2", "*/2", "MON-FRI/2"])
def test_no_step_over_days_of_the_week(week_day: str) -> None:
    # The user guide's table of wildcards has no "/" for this field.
    assert parsed(f"0 12 ? * {week_day} *") is None


@pytest.mark.parametrize(
    "expression",
    ["0 12 ? * 0#1 *", "0 12 ? * 8#1 *", "0 12 ? * 8L *", "0 12 0W * ? *", "0 12 32W * ? *"],
)
def test_no_day_out_of_bounds(expression: str) -> None:
    assert parsed(expression) is None
