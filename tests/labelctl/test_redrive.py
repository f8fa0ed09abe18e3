"""redrive: the selected messages go back to the intake queue, and none is lost."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from labelctl.dead_letters import FailedMessage
from labelctl.redrive import HOLD_SECONDS, Choice, Redrive
from labelctl.upload_events import upload_event
from labeling_lambdas.aws.queues import Queue
from labeling_lambdas.domain.messages import dead_letter_message, malformed_message
from tests.domain.examples import s3_event

if TYPE_CHECKING:
    from labeling_lambdas.domain.items import SourceObject
    from tests.labelctl.stage import Operated


def dead_letter(operated: Operated, key: str, reason: str = "attempts_exhausted") -> SourceObject:
    """Dead-letter an item, in the ledger and on the queue."""
    source = operated.source(key)
    operated.put_rows(
        {
            "pk": f"ITEM#{source.item_id}",
            "item_state": "dead_lettered",
            "run_id": "run",
            "attempts": 3,
            "generation": 1,
        }
    )
    body = dead_letter_message(
        source, run_id="run", attempts=3, generation=1, reason=reason, detail="d"
    )
    operated.dead_letter(body)
    return source


def counts(operated: Operated, url: str) -> tuple[int, int]:
    answer = operated.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    attributes = answer["Attributes"]
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    waiting, in_flight = (int(attributes[name]) for name in names)
    return waiting, in_flight


def test_a_dry_run_counts_by_reason_and_leaves_every_message_visible(operated: Operated) -> None:
    for number in range(25):
        dead_letter(
            operated, f"{number}.png", "attempts_exhausted" if number % 5 else "not_labeled"
        )
    answer = operated.answer("redrive")
    assert (answer["found"], answer["chosen"], answer["sent"]) == (25, 25, 0)
    assert {
        reason: reason_counts["found"] for reason, reason_counts in answer["reasons"].items()
    } == {
        "attempts_exhausted": 20,
        "not_labeled": 5,
    }
    assert counts(operated, operated.dead_letter_url) == (25, 0)
    assert counts(operated, operated.intake_url) == (0, 0)


def test_the_json_has_the_documented_fields(operated: Operated) -> None:
    dead_letter(operated, "a.png")
    answer = operated.answer("redrive")
    (ages,) = answer["reasons"].values()
    assert {name: value for name, value in ages.items() if "age" not in name} == {
        "found": 1,
        "chosen": 1,
        "sent": 0,
    }
    assert 0 <= ages["newest_age_seconds"] <= ages["oldest_age_seconds"] < 60
    assert {name: value for name, value in answer.items() if name != "reasons"} == {
        "schema": "labelctl-redrive/1",
        "pipeline": operated.name,
        "queue": "dead_letter",
        "dry_run": True,
        "found": 1,
        "chosen": 1,
        "sent": 0,
        "undeleted": 0,
        "complete": True,
    }


def test_an_item_that_is_sent_starts_at_its_first_attempt(operated: Operated) -> None:
    sources = [dead_letter(operated, f"{number}.png") for number in range(12)]
    assert operated.answer("redrive", "--send")["sent"] == 12
    assert counts(operated, operated.dead_letter_url) == (0, 0)
    assert operated.poll()["claimed"] == 12
    rows = [operated.item(source) for source in sources]
    assert {(row["item_state"], row["attempts"]) for row in rows} == {("claimed", 0)}


def test_only_the_named_reasons_are_sent_and_other_messages_become_visible_again(
    operated: Operated,
) -> None:
    for number in range(15):
        dead_letter(operated, f"{number}.png", ("one", "two", "three")[number % 3])
    answer = operated.answer("redrive", "--send", "--reason", "one", "--reason", "two")
    assert {
        reason: reason_counts["sent"] for reason, reason_counts in answer["reasons"].items()
    } == {
        "one": 5,
        "two": 5,
        "three": 0,
    }
    assert counts(operated, operated.intake_url) == (10, 0)
    assert counts(operated, operated.dead_letter_url) == (5, 0)


def test_no_more_than_the_maximum_is_sent(operated: Operated) -> None:
    for number in range(25):
        dead_letter(operated, f"{number}.png")
    assert operated.answer("redrive", "--max", "13")["chosen"] == 13
    answer = operated.answer("redrive", "--send", "--max", "13")
    assert (answer["sent"], answer["complete"]) == (13, False)
    assert counts(operated, operated.intake_url) == (13, 0)
    assert counts(operated, operated.dead_letter_url) == (12, 0)


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        (["--older-than", "1h"], 0),
        (["--newer-than", "1h"], 1),
        (["--older-than", "0s"], 1),
        (["--newer-than", "1h", "--older-than", "30m"], 0),
    ],
)
def test_messages_are_selected_by_age(
    operated: Operated, arguments: list[str], chosen: int
) -> None:
    dead_letter(operated, "a.png")
    time.sleep(0.05)
    assert operated.answer("redrive", *arguments)["chosen"] == chosen


def test_both_age_limits_are_inclusive() -> None:
    choice = Choice(sent_before=20.0, sent_after=10.0)
    selected = [
        at for at in (9.9, 10.0, 20.0, 20.1) if choice.selects(FailedMessage("r", "body"), at)
    ]
    assert selected == [10.0, 20.0]


def test_a_malformed_message_needs_its_own_option_and_is_sent_unchanged(
    operated: Operated,
) -> None:
    operated.dead_letter(malformed_message("not JSON", message_id="m", detail="d"), "neither")
    answer = operated.answer("redrive", "--send")
    assert (answer["found"], answer["sent"]) == (2, 0)
    assert counts(operated, operated.dead_letter_url) == (2, 0)
    assert operated.answer("redrive", "--send", "--include-malformed")["sent"] == 2
    assert Counter(operated.waiting()) == {"not JSON": 1, "neither": 1}


def test_a_message_that_sqs_moved_is_sent_unchanged(operated: Operated) -> None:
    source = operated.source("a.png")
    operated.dead_letter(json.dumps(s3_event(source)))
    answer = operated.answer("redrive", "--send")
    assert list(answer["reasons"]) == ["received_too_often"]
    assert operated.poll()["claimed"] == 1
    assert operated.states([source]) == ["claimed"]


def test_the_second_copy_of_a_dead_letter_is_dropped(operated: Operated) -> None:
    source = dead_letter(operated, "a.png")
    (letter,) = operated.dead_letters()
    operated.dead_letter(json.dumps(letter))
    assert operated.answer("redrive", "--send")["sent"] == 2
    assert operated.poll()["claimed"] == 1
    assert operated.states([source]) == ["claimed"]


class _Interrupting:
    """An SQS client that raises the operator's Ctrl-C before or after the second call of a kind."""

    def __init__(self, client: Any, operation: str, *, after: bool) -> None:
        self._client, self._operation, self._after = client, operation, after
        self._calls = 0

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        if name != self._operation:
            return call

        def interrupted(**arguments: Any) -> Any:
            self._calls += 1
            if self._calls != 2:
                return call(**arguments)
            if self._after:
                call(**arguments)
            raise KeyboardInterrupt

        return interrupted


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    "operation", ["receive_message", "send_message_batch", "delete_message_batch"]
)
def test_an_interruption_at_any_call_loses_nothing(
    operated: Operated, operation: str, *, after: bool
) -> None:
    sources = [dead_letter(operated, f"{number}.png") for number in range(25)]
    client = _Interrupting(operated.client("sqs"), operation, after=after)
    work = redrive(operated, client)
    with pytest.raises(KeyboardInterrupt):
        work.run()
    hidden = 10 if (operation, after) == ("receive_message", True) else 0
    waiting, in_flight = counts(operated, operated.dead_letter_url)
    # A message received unnoticed becomes visible when its timeout ends; the others are visible.
    assert in_flight == hidden
    on_queues = {message["item_id"] for message in (*operated.waiting(), *operated.dead_letters())}
    assert len(on_queues) + in_flight == 25
    if not hidden:
        assert on_queues == {source.item_id for source in sources}
        redrive(operated, operated.client("sqs")).run()
        assert operated.poll()["claimed"] == 25
    assert waiting <= 25


def redrive(operated: Operated, client: Any) -> Redrive:
    class NoUploads:
        def send(self, events: list[Any]) -> None:
            assert not events

    return Redrive(
        client,
        operated.dead_letter_url,
        Queue(client, operated.intake_url),
        NoUploads(),  # type: ignore[arg-type]
        lambda body: FailedMessage("any", body),
        Choice(),
        send=True,
        progress=lambda _: None,
    )


def test_a_message_that_is_delivered_twice_is_sent_once(operated: Operated) -> None:
    dead_letter(operated, "a.png")

    class Twice:
        """An SQS client that delivers the first batch again."""

        first: dict[str, Any] | None = None

        def __getattr__(self, name: str) -> Any:
            return getattr(operated.client("sqs"), name)

        def receive_message(self, **arguments: Any) -> Any:
            answer = operated.client("sqs").receive_message(**arguments)
            if self.first is None:
                self.first = answer
                return answer
            return self.first

    work = redrive(operated, Twice())
    work.run()
    assert sum(counts.sent for counts in work.reasons.values()) == 1
    assert counts(operated, operated.intake_url) == (1, 0)


def test_the_visibility_timeout_fits_a_long_queue_and_a_short_wait() -> None:
    assert 60 <= HOLD_SECONDS <= 900


def undelivered(operated: Operated, *messages: Any) -> None:
    for message in messages:
        body = message if isinstance(message, str) else json.dumps(message)
        operated.client("sqs").send_message(QueueUrl=operated.undelivered_url, MessageBody=body)


def test_undelivered_events_go_to_the_intake_queue(operated: Operated) -> None:
    source = operated.source("a.png")
    job_ended = {"source": "aws.sagemaker", "detail-type": "SageMaker Ground Truth Labeling Job"}
    foreign = operated.source("b.png", bucket="another")
    undelivered(operated, s3_event(source), job_ended, "{}", "x", s3_event(foreign))
    answer = operated.answer("redrive", "--undelivered", "--send", "--include-malformed")
    assert (answer["queue"], answer["sent"]) == ("undelivered", 1)
    assert {
        reason: reason_counts["found"] for reason, reason_counts in answer["reasons"].items()
    } == {
        "event_not_delivered": 1,
        "not_an_upload": 4,
    }
    assert counts(operated, operated.undelivered_url) == (4, 0)
    assert operated.poll()["claimed"] == 1
    assert operated.item(source)["item_state"] == "claimed"


def test_a_text_that_could_not_be_split_goes_to_the_splitter(operated: Operated) -> None:
    from tests.labelctl.test_backfill_texts import lines, wait_for_messages

    operated.label_texts()
    upload = operated.upload("a.txt", lines(1, 3))
    event = upload_event(upload, reason="PutObject")
    undelivered(operated, {"version": "1.0", "requestPayload": event, "responsePayload": {}})
    answer = operated.answer("redrive", "--undelivered", "--send")
    assert {
        reason: reason_counts["sent"] for reason, reason_counts in answer["reasons"].items()
    } == {"split_failed": 1}
    wait_for_messages(operated, 3)
    assert operated.poll()["claimed"] == 3


def test_without_json_a_table_is_printed(operated: Operated) -> None:
    assert "the queue is empty" in operated.labelctl("redrive").stdout
    for key in ("a.png", "b.png"):
        dead_letter(operated, key)
    shown = operated.labelctl("redrive").stdout
    assert "attempts_exhausted" in shown
    assert "stopped at --max" in operated.labelctl("redrive", "--send", "--max", "1").stdout
    assert "nothing was sent; add --send to send" in shown
