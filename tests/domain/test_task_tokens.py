"""Tokens of waiting states sort as Step Functions handed them out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling_lambdas.aws.job_ledger import TaskToken


def token(generation: int, entered_at: str, retry_count: int = 0) -> TaskToken:
    return TaskToken("t", generation, entered_at, retry_count)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (token(0, "2026-01-02T03:04:05.000Z"), token(1, "2026-01-01T00:00:00.000Z")),
        (token(9, "2026-01-02T03:04:05.000Z"), token(10, "2026-01-02T03:04:05.000Z")),
        (token(0, "2026-01-02T03:04:05.000Z", 9), token(0, "2026-01-02T03:04:05.001Z", 0)),
        (token(0, "2026-01-02T03:04:05.000Z", 9), token(0, "2026-01-02T03:04:05.000Z", 10)),
        # A moment without a fraction of a second is written shorter.
        (token(0, "2026-01-02T03:04:05Z"), token(0, "2026-01-02T03:04:05.001Z")),
        (token(0, "2026-01-02T03:04:05.1Z"), token(0, "2026-01-02T03:04:05.123456Z")),
    ],
)
def test_the_newer_token_sorts_after_the_older(older: TaskToken, newer: TaskToken) -> None:
    assert older.order < newer.order


@given(
    st.lists(
        st.tuples(st.integers(0, 99), st.integers(0, 10**7), st.integers(0, 20)),
        min_size=2,
        max_size=6,
    )
)
def test_tokens_sort_by_generation_then_time_then_retry(keys: list[tuple[int, int, int]]) -> None:
    start = datetime(2026, 1, 2, tzinfo=UTC)

    def made(key: tuple[int, int, int]) -> TaskToken:
        generation, milliseconds, retry_count = key
        moment = (start + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds")
        return token(generation, moment.replace("+00:00", "Z"), retry_count)

    assert [made(key).order for key in sorted(keys)] == sorted(made(key).order for key in keys)
