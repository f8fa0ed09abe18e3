"""What becomes of an item without a label: what costs an attempt, and when none is left."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling_lambdas.domain.items import ClaimedItem
from labeling_lambdas.domain.output_lines import OutputLine
from labeling_lambdas.domain.reasons import Reason
from labeling_lambdas.domain.settlement import (
    Settlement,
    dead_lettered,
    settle_label_lost,
    settle_rejected,
    settle_unlabeled,
    settle_unreadable,
    settle_unverified,
    superseded,
)
from labeling_lambdas.domain.states import ItemState, JobStatus
from tests.domain.examples import CLAIMS, source

_ITEM = ClaimedItem(source(), attempts=0, generation=0)
_BARE = OutputLine(_ITEM.item_id, None, Reason.NOT_LABELED, False, {})
_EXPIRED = OutputLine(_ITEM.item_id, None, Reason.ANNOTATION_EXPIRED, True, {})
_FAILED = OutputLine(_ITEM.item_id, None, Reason.ANNOTATION_FAILED, True, {})
_LINES = (None, _BARE, _EXPIRED, _FAILED)


@pytest.mark.parametrize(
    ("job", "line", "reason", "attempts"),
    [
        (JobStatus.COMPLETED, None, Reason.NOT_LABELED, 1),
        (JobStatus.COMPLETED, _BARE, Reason.NOT_LABELED, 1),
        (JobStatus.COMPLETED, _EXPIRED, Reason.ANNOTATION_EXPIRED, 1),
        (JobStatus.COMPLETED, _FAILED, Reason.ANNOTATION_FAILED, 1),
        (JobStatus.STOPPED, None, Reason.LABELING_JOB_STOPPED, 0),
        (JobStatus.STOPPED, _BARE, Reason.LABELING_JOB_STOPPED, 0),
        (JobStatus.STOPPED, _EXPIRED, Reason.ANNOTATION_EXPIRED, 1),
        (JobStatus.FAILED, None, Reason.LABELING_JOB_FAILED, 0),
        (JobStatus.FAILED, _BARE, Reason.LABELING_JOB_FAILED, 0),
        (JobStatus.FAILED, _FAILED, Reason.ANNOTATION_FAILED, 1),
        (JobStatus.NOT_CREATED, None, Reason.LABELING_JOB_NOT_CREATED, 0),
    ],
)
def test_an_attempt_counts_only_if_workers_were_offered_the_item(
    job: JobStatus, line: OutputLine | None, reason: Reason, attempts: int
) -> None:
    found = settle_unlabeled(_ITEM, line, job=job, max_attempts=3)
    assert found == Settlement(_ITEM, ItemState.RETURNED, attempts, 0, reason)


@given(st.integers(1, 9), st.data(), st.sampled_from(JobStatus), st.sampled_from(_LINES))
def test_attempts_stay_within_the_limit_and_each_end_has_a_reason(
    max_attempts: int, data: st.DataObject, job: JobStatus, line: OutputLine | None
) -> None:
    attempts = data.draw(st.integers(0, max_attempts - 1))
    found = settle_unlabeled(
        ClaimedItem(source(), attempts, 1), line, job=job, max_attempts=max_attempts
    )
    assert found.reason in list(Reason)
    assert found.attempts <= max_attempts
    # Only what still has an attempt left goes back to the queue.
    assert (found.state is ItemState.RETURNED) == (found.attempts < max_attempts)


@pytest.mark.parametrize("line", [None, _BARE, _EXPIRED, _FAILED])
def test_the_last_attempt_leads_to_a_dead_letter_that_keeps_the_last_cause(
    line: OutputLine | None,
) -> None:
    item = ClaimedItem(source(), attempts=2, generation=4)
    found = settle_unlabeled(item, line, job=JobStatus.COMPLETED, max_attempts=3)
    assert found.state is ItemState.DEAD_LETTERED
    assert (found.attempts, found.generation) == (3, 5)
    assert found.reason == Reason.ATTEMPTS_EXHAUSTED
    assert found.detail == (line.reason if line else Reason.NOT_LABELED)


@pytest.mark.parametrize("job", [JobStatus.NOT_CREATED, JobStatus.FAILED])
def test_a_job_that_failed_as_a_whole_never_leads_to_a_dead_letter(job: JobStatus) -> None:
    item = ClaimedItem(source(), attempts=2)
    found = settle_unlabeled(item, None, job=job, max_attempts=3)
    assert (found.state, found.attempts) == (ItemState.RETURNED, 2)


def test_an_unreadable_line_uses_an_attempt() -> None:
    found = settle_unreadable(_ITEM, "why", 3)
    assert (found.state, found.attempts) == (ItemState.RETURNED, 1)
    assert found.reason == Reason.UNREADABLE_OUTPUT
    last = settle_unreadable(ClaimedItem(source(), 2), "why", 3)
    assert (last.state, last.reason, last.detail) == (
        ItemState.DEAD_LETTERED,
        Reason.ATTEMPTS_EXHAUSTED,
        "why",
    )


@given(CLAIMS, st.integers(1, 9), st.text(min_size=1, max_size=2000))
def test_a_rejection_uses_an_attempt_and_keeps_the_comments(
    item: ClaimedItem, max_attempts: int, detail: str
) -> None:
    item = item._replace(label_uri="s3://b/label", attempts=min(item.attempts, max_attempts - 1))
    found = settle_rejected(item, category="Wrong", detail=detail, max_attempts=max_attempts)
    assert found.item.label_uri == ""
    assert found.attempts == item.attempts + 1 <= max_attempts
    assert found.rejected == "Wrong"
    assert len(found.detail) <= 1000
    if found.attempts < max_attempts:
        assert (found.state, found.reason) == (ItemState.RETURNED, "verification_rejected")
        assert found.detail == detail[:1000]
    else:
        assert (found.state, found.reason) == (ItemState.DEAD_LETTERED, "attempts_exhausted")
        assert found.detail == f"verification_rejected: {detail}"[:1000]


@pytest.mark.parametrize(
    ("job", "line", "reason"),
    [
        (JobStatus.COMPLETED, None, "verification_failed"),
        (JobStatus.COMPLETED, Reason.VERIFICATION_EXPIRED, "verification_expired"),
        (JobStatus.STOPPED, None, "verification_job_stopped"),
        (JobStatus.STOPPED, Reason.VERIFICATION_FAILED, "verification_failed"),
        (JobStatus.FAILED, None, "verification_job_failed"),
        (JobStatus.NOT_CREATED, None, "verification_job_not_created"),
        (JobStatus.SKIPPED, None, "verification_job_not_created"),
    ],
)
def test_a_label_that_was_not_verified_is_kept_without_using_an_attempt(
    job: JobStatus, line: Reason | None, reason: str
) -> None:
    item = ClaimedItem(source(), attempts=2, label_uri="s3://b/label")
    found = settle_unverified(item, line, job)
    assert found == Settlement(item, ItemState.LABELED, 2, 0, reason)


def test_an_item_whose_label_is_lost_is_labeled_again_without_using_an_attempt() -> None:
    item = ClaimedItem(source(), attempts=2, label_uri="s3://b/label")
    found = settle_label_lost(item)
    assert (found.state, found.attempts, found.reason) == (ItemState.RETURNED, 2, "label_lost")
    assert found.item.label_uri == ""


@given(CLAIMS)
def test_a_superseded_item_uses_no_attempt(item: ClaimedItem) -> None:
    found = superseded(item)
    assert (found.state, found.attempts, found.generation) == (
        ItemState.SUPERSEDED,
        item.attempts,
        item.generation,
    )


@given(CLAIMS, st.text(max_size=5))
def test_a_settlement_survives_json(item: ClaimedItem, detail: str) -> None:
    found = dead_lettered(item, Reason.RECORD_REJECTED, attempts=1, detail=detail)
    assert Settlement.from_fields(json.loads(json.dumps(found.fields()))) == found
