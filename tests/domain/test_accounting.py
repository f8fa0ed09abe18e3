"""Received = claimed + dropped + invalid, claimed = all that was settled, and the outcome."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling_lambdas.domain.accounting import Settled, balanced, job_failed_as_a_whole, outcome_of
from labeling_lambdas.domain.intake_counts import Intake
from labeling_lambdas.domain.outcomes import Outcome
from labeling_lambdas.domain.states import JobStatus
from tests.domain.examples import COUNTS, COUNTS_BY_NAME

_INTAKES = st.builds(Intake, COUNTS, COUNTS, COUNTS_BY_NAME, COUNTS_BY_NAME)
_SETTLED = st.builds(
    Settled,
    *(COUNTS, COUNTS, COUNTS_BY_NAME, COUNTS_BY_NAME, COUNTS),
    *(COUNTS, COUNTS, COUNTS_BY_NAME),
)


@given(_INTAKES, _SETTLED)
def test_a_run_is_balanced_if_both_sums_match(intake: Intake, settled: Settled) -> None:
    received = intake.claimed + sum(intake.dropped.values()) + sum(intake.invalid.values())
    ended = (
        settled.stored
        + settled.labeled
        + sum(settled.returned.values())
        + sum(settled.dead_lettered.values())
        + settled.superseded
    )
    assert balanced(intake, settled) == (intake.received == received and intake.claimed == ended)


@given(COUNTS, COUNTS_BY_NAME, COUNTS_BY_NAME)
def test_one_message_too_many_or_too_few_is_detected(
    claimed: int, dropped: dict[str, int], invalid: dict[str, int]
) -> None:
    received = claimed + sum(dropped.values()) + sum(invalid.values())
    settled = Settled(stored=claimed)
    assert balanced(Intake(received, claimed, dropped, invalid), settled)
    assert not balanced(Intake(received + 1, claimed, dropped, invalid), settled)
    assert not balanced(Intake(received, claimed, dropped, invalid), Settled(stored=claimed + 1))


@given(st.lists(_INTAKES, max_size=4))
def test_the_total_of_parts_adds_every_count(parts: list[Intake]) -> None:
    total = Intake.total(parts)
    assert total.received == sum(part.received for part in parts)
    assert total.claimed == sum(part.claimed for part in parts)
    for name in ("one", "two", "three"):
        assert total.dropped.get(name, 0) == sum(part.dropped.get(name, 0) for part in parts)
        assert total.invalid.get(name, 0) == sum(part.invalid.get(name, 0) for part in parts)


@given(st.lists(_SETTLED, max_size=4))
def test_the_total_of_shards_adds_every_count(shards: list[Settled]) -> None:
    total = Settled.total(json.loads(json.dumps([shard.fields() for shard in shards])))
    assert total.total_items == sum(shard.total_items for shard in shards)
    assert total.stored == sum(shard.stored for shard in shards)
    assert total.superseded == sum(shard.superseded for shard in shards)
    assert total.verified == sum(shard.verified for shard in shards)
    assert total.unverified == sum(shard.unverified for shard in shards)
    for name in ("one", "two", "three"):
        assert total.rejected.get(name, 0) == sum(shard.rejected.get(name, 0) for shard in shards)


@given(_INTAKES)
def test_counts_survive_json(intake: Intake) -> None:
    assert Intake.from_fields(json.loads(json.dumps(intake.fields()))) == intake


_RETURNED = Settled(returned={"not_labeled": 2})
_DEAD = Settled(dead_lettered={"attempts_exhausted": 2})


@pytest.mark.parametrize(
    ("settled", "job", "outcome"),
    [
        (Settled(stored=2), JobStatus.COMPLETED, Outcome.SUCCEEDED),
        (Settled(stored=1, returned={"x": 1}), JobStatus.COMPLETED, Outcome.SUCCEEDED),
        (Settled(superseded=2), JobStatus.COMPLETED, Outcome.SUCCEEDED),
        (_RETURNED, JobStatus.COMPLETED, Outcome.NOTHING_LABELED),
        (_DEAD, JobStatus.COMPLETED, Outcome.NOTHING_LABELED),
        (_RETURNED, JobStatus.FAILED, Outcome.LABELING_JOB_FAILED),
        (_RETURNED, JobStatus.STOPPED, Outcome.LABELING_JOB_FAILED),
        (_RETURNED, JobStatus.NOT_CREATED, Outcome.LABELING_JOB_FAILED),
        (Settled(stored=2), JobStatus.STOPPED, Outcome.LABELING_JOB_FAILED),
        (Settled(stored=1), JobStatus.COMPLETED, Outcome.ACCOUNTING_MISMATCH),
        (Settled(stored=3), JobStatus.FAILED, Outcome.ACCOUNTING_MISMATCH),
    ],
)
def test_the_outcome_of_a_run_with_two_claims(
    settled: Settled, job: JobStatus, outcome: Outcome
) -> None:
    assert outcome_of(Intake(2, 2), settled, job=job, all_settled=True) is outcome


@pytest.mark.parametrize("job", [None, *JobStatus])
def test_a_run_with_unsettled_shards_is_left_open(job: JobStatus | None) -> None:
    found = outcome_of(Intake(2, 2), Settled(stored=2), job=job, all_settled=False)
    assert found is Outcome.LEFT_OPEN


def test_a_run_that_only_dropped_messages_is_one_of_an_empty_queue() -> None:
    intake = Intake(3, 0, {"duplicate": 2}, {"empty_object": 1})
    assert outcome_of(intake, Settled(), job=None, all_settled=True) is Outcome.QUEUE_EMPTY


@pytest.mark.parametrize(
    ("job", "stored", "counts"),
    [
        (JobStatus.NOT_CREATED, 0, True),
        (JobStatus.FAILED, 0, True),
        (JobStatus.FAILED, 1, False),
        (JobStatus.STOPPED, 0, False),
        (JobStatus.COMPLETED, 0, False),
        (None, 0, False),
    ],
)
def test_which_runs_count_towards_the_probe_mode(
    job: JobStatus | None, stored: int, counts: bool
) -> None:
    assert job_failed_as_a_whole(Settled(stored=stored), job) is counts
    # A verification job that failed as a whole counts like a labeling job.
    for other in (None, JobStatus.COMPLETED, JobStatus.SKIPPED):
        assert job_failed_as_a_whole(Settled(stored=stored), other, job) is counts


_LABELED = Settled(labeled=2)
_REJECTED = Settled(returned={"verification_rejected": 2}, rejected={"Wrong": 2})


@pytest.mark.parametrize(
    ("settled", "job", "verification", "outcome"),
    [
        (Settled(stored=2), JobStatus.COMPLETED, JobStatus.COMPLETED, Outcome.SUCCEEDED),
        (Settled(stored=2), JobStatus.SKIPPED, JobStatus.COMPLETED, Outcome.SUCCEEDED),
        (Settled(stored=2), JobStatus.SKIPPED, JobStatus.SKIPPED, Outcome.SUCCEEDED),
        (Settled(stored=2), JobStatus.SKIPPED, None, Outcome.SUCCEEDED),
        (_REJECTED, JobStatus.COMPLETED, JobStatus.COMPLETED, Outcome.SUCCEEDED),
        (_LABELED, JobStatus.COMPLETED, JobStatus.COMPLETED, Outcome.SUCCEEDED),
        (_RETURNED, JobStatus.COMPLETED, JobStatus.SKIPPED, Outcome.NOTHING_LABELED),
        (_LABELED, JobStatus.COMPLETED, JobStatus.FAILED, Outcome.VERIFICATION_JOB_FAILED),
        (_LABELED, JobStatus.SKIPPED, JobStatus.NOT_CREATED, Outcome.VERIFICATION_JOB_FAILED),
        (_LABELED, JobStatus.COMPLETED, JobStatus.STOPPED, Outcome.VERIFICATION_JOB_FAILED),
        (_LABELED, JobStatus.STOPPED, JobStatus.FAILED, Outcome.LABELING_JOB_FAILED),
    ],
)
def test_the_outcome_of_a_run_with_verification(
    settled: Settled, job: JobStatus, verification: JobStatus | None, outcome: Outcome
) -> None:
    found = outcome_of(Intake(2, 2), settled, job=job, verification=verification, all_settled=True)
    assert found is outcome
