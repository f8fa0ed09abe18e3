"""backfill of texts, which go through the shipped splitter."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.resources import wait_until

if TYPE_CHECKING:
    from labeling_lambdas.domain.items import SourceObject
    from tests.labelctl.stage import Operated


def lines(first: int, last: int) -> bytes:
    return "".join(f"text {number}\n" for number in range(first, last + 1)).encode()


def wait_for_messages(operated: Operated, count: int) -> None:
    sqs = operated.client("sqs")

    def have_arrived() -> bool:
        answer = sqs.get_queue_attributes(
            QueueUrl=operated.intake_url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"]) >= count

    wait_until(have_arrived, f"{count} messages on the queue", 60)


def claim_some(operated: Operated, upload: SourceObject, wanted: int, sequencer: str) -> None:
    """Enter one line of a text into the ledger."""
    line = upload.at_line(wanted)
    rows = (
        {"pk": f"ITEM#{line.item_id}", "item_state": "stored", "run_id": "r"},
        {"pk": f"KEY#{line.key_id}", "newest": sequencer.ljust(40, "0"), "item_id": line.item_id},
    )
    operated.put_rows(*rows)


def test_a_missed_text_is_split_and_claimed(operated: Operated) -> None:
    operated.label_texts()
    upload = operated.upload("a.txt", lines(1, 30))
    operated.upload("b.png")
    answer = operated.answer("backfill", "--send")
    assert (answer["sent"], answer["not_labelable"]) == (1, {"unsupported_extension": 1})
    wait_for_messages(operated, 30)
    assert operated.poll()["claimed"] == 30
    assert Counter(operated.states(upload.at_line(n) for n in range(1, 31))) == {"claimed": 30}
    again = operated.answer("backfill", "--send")
    assert (again["sent"], again["known"]) == (0, {"claimed": 1})


@pytest.mark.parametrize("known", [1, 250], ids=["among the first lines", "found by reading"])
def test_a_text_with_one_known_line_is_not_sent(operated: Operated, known: int) -> None:
    operated.label_texts()
    claim_some(operated, operated.upload("a.txt", lines(1, 250)), known, "0055AED6DCD90281E5")
    answer = operated.answer("backfill", "--send")
    assert (answer["sent"], answer["known"]) == (0, {"stored": 1})


def test_no_line_of_a_newer_text_is_superseded(operated: Operated) -> None:
    operated.label_texts()
    # Far from the first lines, so that only reading the whole text can find it.
    older = operated.upload("a.txt", lines(1, 250))
    for known, sequencer in ((1, "0055AED6DCD90281E5"), (240, "0055AED6DCD90281E6")):
        claim_some(operated, older, known, sequencer)
    newer = operated.upload("a.txt", lines(1001, 1250))
    assert operated.answer("backfill", "--send")["sent"] == 1
    wait_for_messages(operated, 250)
    assert operated.poll()["claimed"] == 250
    assert Counter(operated.states(newer.at_line(n) for n in range(1, 251))) == {"claimed": 250}


def test_a_text_file_can_be_one_item(operated: Operated) -> None:
    operated.label_texts("file")
    upload = operated.upload("a.txt", b"one\ntwo\n")
    assert operated.answer("backfill", "--send")["sent"] == 1
    wait_for_messages(operated, 1)
    assert operated.poll()["claimed"] == 1
    assert operated.states([upload]) == ["claimed"]
    assert operated.answer("backfill")["known"] == {"claimed": 1}
