"""An object that is sent by a backfill is ordered correctly among the versions of its key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelctl.classify import LONGEST_RETENTION
from labelctl.ledger import sequencer_after
from labelctl.objects import ListedObject, Version
from labeling_lambdas.domain.identity import comparable_sequencer
from tests.domain.examples import source

if TYPE_CHECKING:
    from labeling_lambdas.domain.items import SourceObject
    from tests.labelctl.stage import Operated

#: Sequencers in S3's format, at the smallest possible distance.
FIRST, SECOND, THIRD = "0055AED6DCD90281E5", "0055AED6DCD90281E6", "0055AED6DCD90281E7"
REAL = st.text("0123456789ABCDEF", min_size=1, max_size=24)


@given(REAL, REAL)
def test_the_created_sequencer_is_between_a_known_event_and_any_later_one(
    one: str, other: str
) -> None:
    known, later = sorted(map(comparable_sequencer, (one, other)))
    made = comparable_sequencer(sequencer_after([known]))
    assert known < made
    if known != later:
        assert made < later


@given(st.lists(REAL, max_size=5))
def test_the_created_sequencer_follows_every_line(known: list[str]) -> None:
    orders = [comparable_sequencer(one) for one in known]
    made = comparable_sequencer(sequencer_after(orders))
    assert all(order < made for order in orders)


@pytest.mark.parametrize("order", ["G" * 40, "F" * 40])
def test_no_sequencer_is_created_after_an_order_that_has_no_successor(order: str) -> None:
    with pytest.raises(ValueError, match=r"F{40}|G{40}"):
        sequencer_after([order])


def versions(operated: Operated, count: int) -> list[SourceObject]:
    """Upload versions of one key, each with a sequencer of S3."""
    uploads = [operated.upload("a.png", f"version {n}".encode()) for n in range(count)]
    sequencers = (FIRST, SECOND, THIRD)
    return [
        operated.source(
            upload.key, version_id=upload.version_id, size=upload.size, sequencer=sequencer
        )
        for upload, sequencer in zip(uploads, sequencers, strict=False)
    ]


def test_a_missed_newer_version_is_not_superseded(operated: Operated) -> None:
    old, missed = versions(operated, 2)
    operated.announce([old])
    operated.poll(execution="first")
    assert operated.answer("backfill", "--send")["sent"] == 1
    assert operated.poll(execution="second")["claimed"] == 1
    assert operated.states([old, missed]) == ["claimed", "claimed"]
    assert operated.rows()[f"KEY#{missed.key_id}"]["item_id"] == missed.item_id


@pytest.mark.parametrize("known", [True, False], ids=["known before", "unknown before"])
def test_a_later_upload_event_supersedes_the_backfilled_version(
    operated: Operated, *, known: bool
) -> None:
    old, missed = versions(operated, 2)
    if known:
        operated.announce([old])
        operated.poll(execution="first")
    operated.answer("backfill", "--send", "--ignore-older-versions")
    operated.poll(execution="second")
    uploaded = operated.upload("a.png", b"the newest")
    newest = operated.source("a.png", version_id=uploaded.version_id, sequencer=THIRD)
    operated.announce([newest])
    assert operated.poll(execution="third")["claimed"] == 1
    assert operated.rows()[f"KEY#{missed.key_id}"]["item_id"] == newest.item_id


def test_a_version_sent_after_a_newer_one_was_claimed_is_superseded(operated: Operated) -> None:
    _, missed = versions(operated, 2)
    operated.answer("backfill", "--send", "--ignore-older-versions")
    newest = operated.source("a.png", version_id="newest", sequencer=THIRD)
    operated.announce([newest])
    operated.poll(execution="first")
    assert operated.states([missed, newest]) == ["superseded", "claimed"]


def test_a_late_upload_event_of_the_same_version_changes_nothing(operated: Operated) -> None:
    old, missed = versions(operated, 2)
    operated.announce([old])
    operated.poll(execution="first")
    operated.answer("backfill", "--send")
    operated.poll(execution="second")
    operated.announce([missed, old])
    assert operated.poll(execution="third")["claimed"] == 0
    assert operated.rows()[f"KEY#{missed.key_id}"]["item_id"] == missed.item_id


def test_backfills_of_one_version_after_another_keep_their_order(operated: Operated) -> None:
    uploads = []
    for number in range(3):
        uploads.append(operated.upload("a.png", f"version {number}".encode()))
        assert operated.answer("backfill", "--send")["sent"] == 1
        assert operated.poll(execution=str(number))["claimed"] == 1
    assert operated.rows()[f"KEY#{uploads[0].key_id}"]["item_id"] == uploads[-1].item_id


def test_a_version_is_held_back_while_the_event_of_an_older_one_may_be_queued(
    operated: Operated,
) -> None:
    old, missed = versions(operated, 2)
    answer = operated.answer("backfill", "--send")
    assert (answer["sent"], answer["held_back"]) == (0, {"older_version_unknown": 1})
    # If it was sent, the older version would supersede it: its sequencer is above the created one.
    operated.announce([old])
    operated.poll(execution="first")
    assert operated.answer("backfill", "--send")["sent"] == 1
    operated.poll(execution="second")
    assert operated.rows()[f"KEY#{missed.key_id}"]["item_id"] == missed.item_id


def test_an_option_states_that_no_older_event_is_queued(operated: Operated) -> None:
    versions(operated, 2)
    assert operated.answer("backfill", "--send", "--ignore-older-versions")["sent"] == 1


def test_an_older_version_beyond_the_longest_retention_is_ignored() -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    edge = now - LONGEST_RETENTION
    older = [Version("recent", edge), Version("old", edge - timedelta(seconds=1))]
    listed = ListedObject(source(), now, older)
    assert [version.version_id for version in listed.older_sources(edge)] == ["recent"]


def test_an_object_is_held_back_if_its_order_in_the_ledger_is_unreadable(
    operated: Operated,
) -> None:
    upload = operated.upload("a.png")
    operated.upload("b.png")
    operated.put_rows({"pk": f"KEY#{upload.key_id}", "newest": "x", "item_id": "i"})
    answer = operated.answer("backfill", "--send")
    assert (answer["sent"], answer["held_back"]) == (1, {"unreadable_order": 1})
