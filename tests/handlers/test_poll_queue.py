"""poll_queue: what is claimed, dropped, refused, and what is left for later."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from labeling_lambdas.aws.clients import THREADS
from labeling_lambdas.aws.queues import BATCH_MESSAGES
from labeling_lambdas.errors import LedgerConflictError, PollUnfinishedError
from labeling_lambdas.steps import draining, poll_queue
from tests.handlers.faults import CrashError
from tests.handlers.pipeline import Context
from tests.handlers.places import on_both

if TYPE_CHECKING:
    from tests.handlers.pipeline import Pipeline

_SIZES = [1, 10, 11, 50, 60, 1000]


def counts(pipeline: Pipeline, run: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = pipeline.file(run, "claims/index.json")["counts"]
    return found


def test_an_empty_queue_opens_no_run(pipeline: Pipeline) -> None:
    run = pipeline.poll()
    assert (run["received"], run["claimed"], run["more"]) == (0, 0, False)
    ((key, row),) = pipeline.rows().items()
    assert key == f"POLL#{run['run_id']}"
    assert row["lease_until"] == 0


@pytest.mark.parametrize("size", _SIZES)
def test_everything_on_the_queue_is_claimed_listed_and_deleted(
    pipeline: Pipeline, size: int
) -> None:
    sources = pipeline.sources(size)
    pipeline.announce(sources)
    run = pipeline.poll()
    assert (run["received"], run["claimed"], run["generation"]) == (size, size, 0)
    assert set(pipeline.states(sources)) == {"claimed"}
    assert pipeline.waiting() == []
    assert pipeline.in_flight() == 0
    parts = pipeline.file(run, "claims/index.json")["parts"]
    listed = [
        item["item_id"]
        for part in parts
        for item in pipeline.file(run, f"claims/{part}.json")["items"]
    ]
    assert sorted(listed) == sorted(source.item_id for source in sources)
    assert pipeline.open_runs() == {run["run_id"]}
    assert pipeline.run_row(run)["run_state"] == "sealed"
    assert pipeline.run_row(run)["lease_until"] == 0


def test_the_row_of_a_claim_names_the_object_the_run_and_the_part(pipeline: Pipeline) -> None:
    source = pipeline.source("é +.png")
    pipeline.announce([source])
    run = pipeline.poll()
    row = pipeline.item(source)
    assert row["run_id"] == run["run_id"]
    assert row["part"] in pipeline.file(run, "claims/index.json")["parts"]
    assert (row["bucket"], row["object_key"], row["version_id"]) == (
        pipeline.uploads,
        "é +.png",
        "v1",
    )
    assert (row["attempts"], row["generation"]) == (0, 0)


def test_odd_keys_are_items_of_their_own(pipeline: Pipeline) -> None:
    keys = ["a b.png", "a+b.png", "a%20b.png", "é.png", "x/1.png", "y/1.png", 'q"\\\t.png']
    pipeline.announce([pipeline.source(key) for key in keys])
    assert pipeline.poll()["claimed"] == len(keys)


def test_a_duplicate_is_dropped_in_the_same_poll_and_in_a_later_run(pipeline: Pipeline) -> None:
    source = pipeline.source()
    pipeline.announce([source, source, source])
    run = pipeline.poll()
    assert run["claimed"] == 1
    assert counts(pipeline, run)["dropped"] == {"duplicate": 2}
    pipeline.announce([source])
    later = pipeline.poll(execution="two")
    assert counts(pipeline, later)["dropped"] == {"claimed_by_open_run": 1}
    assert pipeline.in_flight() == 0


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
def test_of_several_versions_in_one_part_only_the_newest_is_claimed(
    pipeline: Pipeline, order: tuple[int, ...]
) -> None:
    versions = {
        number: pipeline.source(version_id=f"v{number}", sequencer=f"0{number}")
        for number in (1, 2, 3)
    }
    pipeline.announce([versions[number] for number in order])
    run = pipeline.poll()
    assert pipeline.states(versions.values()) == ["superseded", "superseded", "claimed"]
    assert counts(pipeline, run)["dropped"] == {"superseded": 2}


def test_an_older_version_that_comes_later_is_superseded(pipeline: Pipeline) -> None:
    old = pipeline.source(version_id="v1", sequencer="0A")
    new = pipeline.source(version_id="v2", sequencer="0AB")
    pipeline.announce([new])
    pipeline.poll()
    pipeline.announce([old])
    run = pipeline.poll(execution="two")
    assert run["claimed"] == 0
    assert counts(pipeline, run)["dropped"] == {"superseded": 1}
    assert pipeline.states([old, new]) == ["superseded", "claimed"]


def test_a_newer_version_that_comes_later_is_claimed_too(pipeline: Pipeline) -> None:
    old = pipeline.source(version_id="v1", sequencer="0A")
    new = pipeline.source(version_id="v2", sequencer="0AB")
    pipeline.announce([old])
    pipeline.poll()
    pipeline.announce([new])
    assert pipeline.poll(execution="two")["claimed"] == 1
    assert pipeline.states([old, new]) == ["claimed", "claimed"]


@on_both
def test_a_bad_message_has_its_reason_and_the_batch_goes_on(pipeline: Pipeline) -> None:
    good = pipeline.source("good.png")
    bad = {
        "foreign_bucket": pipeline.source(bucket="elsewhere"),
        "unsupported_extension": pipeline.source("a.txt"),
        "empty_object": pipeline.source("empty.png", size=0),
        "image_too_large": pipeline.source("large.png", size=50 * 1024 * 1024),
    }
    pipeline.announce([*bad.values(), good, pipeline.source("folder/", size=0)])
    pipeline.send(["{not json", "[" * 50_000])
    run = pipeline.poll()
    assert run["claimed"] == 1
    assert counts(pipeline, run) == {
        "received": 8,
        "claimed": 1,
        "dropped": {"folder_marker": 1},
        "invalid": {**dict.fromkeys(bad, 1), "malformed_event": 2},
    }
    letters = pipeline.dead_letters()
    by_item = {letter["item_id"]: letter for letter in letters if "item_id" in letter}
    for reason, source in bad.items():
        letter = by_item[source.item_id]
        assert (letter["kind"], letter["reason"]) == ("dead_letter", reason)
        assert (letter["attempts"], letter["generation"]) == (0, 1)
        row = pipeline.item(source)
        assert (row["item_state"], row["reason"]) == ("dead_lettered", reason)
        assert row["delivered"] is True
    malformed = [letter for letter in letters if letter["kind"] == "malformed"]
    assert {letter["body"] for letter in malformed} == {"{not json", "[" * 50_000}
    assert all(letter["reason"] == "malformed_event" for letter in malformed)
    assert pipeline.in_flight() == 0


def test_a_message_too_large_for_an_envelope_is_dead_lettered_as_it_is(
    pipeline: Pipeline,
) -> None:
    body = '"' * (256 * 1024 - 10)
    pipeline.send([body])
    pipeline.poll()
    assert pipeline.dead_letters() == [body]


def test_a_late_duplicate_of_a_dead_letter_is_dropped(pipeline: Pipeline) -> None:
    source = pipeline.source("a.txt")
    pipeline.announce([source, source])
    run = pipeline.poll()
    assert counts(pipeline, run)["dropped"] == {"dead_lettered": 1}
    pipeline.announce([source])
    run = pipeline.poll(execution="two")
    assert counts(pipeline, run)["dropped"] == {"dead_lettered": 1}
    assert len(pipeline.dead_letters()) == 1


def test_a_redriven_object_that_still_cannot_be_labeled_is_a_new_dead_letter(
    pipeline: Pipeline,
) -> None:
    pipeline.announce([pipeline.source("a.txt")])
    pipeline.poll()
    pipeline.redrive()
    run = pipeline.poll(execution="two")
    assert counts(pipeline, run)["invalid"] == {"unsupported_extension": 1}
    assert [letter["generation"] for letter in pipeline.dead_letters()] == [2]


def test_a_run_claims_no_more_than_it_may_and_the_rest_waits(pipeline: Pipeline) -> None:
    pipeline.configure(MAX_ITEMS_PER_RUN="25")
    pipeline.announce(pipeline.sources(60))
    assert pipeline.poll()["claimed"] == 25
    assert len(pipeline.waiting()) == 35


def test_a_limit_that_the_queue_does_not_fill_ends_the_poll(pipeline: Pipeline) -> None:
    # Fewer than all threads could reserve: those that went without say nothing about the queue.
    pipeline.configure(MAX_ITEMS_PER_RUN="20")
    pipeline.announce(pipeline.sources(3))
    assert pipeline.poll()["claimed"] == 3


def test_what_is_dropped_does_not_count_towards_the_limit(pipeline: Pipeline) -> None:
    pipeline.configure(MAX_ITEMS_PER_RUN="2")
    source = pipeline.source()
    pipeline.announce([*([source] * 15), *pipeline.sources(5)])
    assert pipeline.poll()["claimed"] == 2


def test_probe_mode_claims_one_item(pipeline: Pipeline) -> None:
    pipeline.client("dynamodb").put_item(
        TableName=pipeline.table,
        Item={"pk": {"S": "PIPELINE"}, "failed_jobs_in_a_row": {"N": "3"}},
    )
    pipeline.announce(pipeline.sources(11))
    assert pipeline.poll()["claimed"] == 1
    assert len(pipeline.waiting()) == 10


def test_probe_mode_with_nothing_to_claim_ends_too(pipeline: Pipeline) -> None:
    pipeline.client("dynamodb").put_item(
        TableName=pipeline.table,
        Item={"pk": {"S": "PIPELINE"}, "failed_jobs_in_a_row": {"N": "3"}},
    )
    pipeline.announce([pipeline.source("a.txt")])
    run = pipeline.poll()
    assert (run["received"], run["claimed"]) == (1, 0)


def test_a_second_call_goes_on_where_the_first_stopped(pipeline: Pipeline) -> None:
    class Running(Context):
        def get_remaining_time_in_millis(self) -> int:
            # Time to open the run and to receive a few times, then none.
            self.seconds -= 1
            return super().get_remaining_time_in_millis()

    pipeline.announce(pipeline.sources(200))
    first = pipeline.poll_once(context=Running(seconds=draining.STOP_RECEIVING_SECONDS + 12))
    assert first["more"] is True
    assert 0 < first["claimed"] < 200
    run = first
    while run["more"]:
        run = pipeline.poll_once(run)
    assert (run["received"], run["claimed"]) == (200, 200)


def test_uploads_that_keep_coming_do_not_keep_a_run_polling(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All messages look as if they were sent after the backlog, and there is always another one.
    monkeypatch.setattr(poll_queue, "BACKLOG_SECONDS", -3600)
    pipeline.announce(pipeline.sources(1000))
    run = pipeline.poll()
    most = THREADS * draining.POLLS_WITHOUT_BACKLOG * BATCH_MESSAGES
    assert 0 < run["claimed"] <= most
    assert len(pipeline.waiting()) == 1000 - run["claimed"]


def test_a_later_call_keeps_to_the_backlog_of_the_first(pipeline: Pipeline) -> None:
    run = pipeline.poll_once()
    pipeline.client("dynamodb").update_item(
        TableName=pipeline.table,
        Key={"pk": {"S": f"POLL#{run['run_id']}"}},
        UpdateExpression="SET began_at = :past",
        ExpressionAttributeValues={":past": {"N": "1"}},
    )
    pipeline.announce(pipeline.sources(1000))
    assert pipeline.poll_once(run)["claimed"] < 1000


def poll_with_pollers(pipeline: Pipeline, pollers: int) -> dict[str, Any]:
    """Poll as the state machine does for large runs: several pollers, then the last poll."""
    run = {"resumed": False}
    for poller in range(1, pollers + 1):
        while pipeline.poll_once(run, poller=poller, pollers=pollers)["more"]:
            pass
    return pipeline.poll()


def test_several_pollers_fill_one_run(pipeline: Pipeline) -> None:
    pipeline.configure(MAX_ITEMS_PER_RUN="90")
    pipeline.announce(pipeline.sources(110))
    first = pipeline.poll_once(poller=1, pollers=4)
    assert (first["claimed"], first["more"]) == (23, False)
    assert pipeline.run_row(first)["run_state"] == "polling"
    run = poll_with_pollers(pipeline, 4)
    assert run["claimed"] == 90
    assert pipeline.run_row(run)["run_state"] == "sealed"
    assert len(pipeline.waiting()) == 20


def test_a_poller_without_a_share_receives_nothing(pipeline: Pipeline) -> None:
    pipeline.configure(MAX_ITEMS_PER_RUN="2")
    pipeline.announce(pipeline.sources(9))
    polled = pipeline.poll_once(poller=3, pollers=4)
    assert (polled["received"], polled["more"]) == (0, False)
    assert poll_with_pollers(pipeline, 4)["claimed"] == 2


def test_a_poller_waits_for_no_other_and_the_last_poll_for_all(pipeline: Pipeline) -> None:
    pipeline.announce(pipeline.sources(40))
    pipeline.faults.crash("PutObject", after=True)
    with pytest.raises(CrashError):
        pipeline.poll_once(poller=1, pollers=2)
    pipeline.faults.forget()
    second = pipeline.poll_once(poller=2, pollers=2, context=Context(seconds=60))
    assert second["more"] is False
    # The first one was killed while it claimed, so nobody seals the run before its lease ends.
    last = pipeline.poll_once(context=Context(seconds=5))
    assert last["more"] is True
    assert pipeline.run_row(second)["run_state"] == "polling"
    pipeline.expire_leases()
    pipeline.expire_visibility()
    assert poll_with_pollers(pipeline, 2)["claimed"] == 40


@pytest.mark.parametrize("operation", ["GetItem", "ListObjectsV2", "BatchGetItem", "GetObject"])
def test_the_repeat_of_a_poll_that_could_not_look_at_earlier_calls_does_not_wait(
    pipeline: Pipeline, operation: str
) -> None:
    def refuse(refused: str) -> None:
        pipeline.faults.refuse(refused, "AccessDeniedException", times=100)

    pipeline.announce(pipeline.sources(3))
    # The list is written, and what is claimed of it is not.
    pipeline.faults.when_answered("PutObject", lambda: refuse("TransactWriteItems"))
    with pytest.raises(ClientError, match="TransactWriteItems"):
        pipeline.poll_once()
    pipeline.faults.forget()
    # The lease is written before anything else is refused.
    pipeline.faults.when_answered("UpdateItem", lambda: refuse(operation))
    with pytest.raises(ClientError, match=operation):
        pipeline.poll_once()
    pipeline.faults.forget()
    again = pipeline.poll_once()
    assert (again["more"], again["claimed"]) == (False, 3)


def test_a_late_duplicate_of_a_call_that_drained_the_queue_receives_nothing(
    pipeline: Pipeline,
) -> None:
    pipeline.announce(pipeline.sources(3))
    first = pipeline.poll_once(poller=1, pollers=2)
    pipeline.announce([pipeline.source("later.png")])
    late = pipeline.poll_once(poller=1, pollers=2)
    assert (first["claimed"], late["received"], late["more"]) == (3, 0, False)
    # What came meanwhile is not lost: the last poll claims it.
    assert pipeline.poll()["claimed"] == 4


def test_a_poller_whose_lease_in_the_run_has_not_ended_waits_for_it(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.announce(pipeline.sources(3))
    # The run is opened, and the end of its lease is not written.
    pipeline.faults.when_answered(
        "PutObject", lambda: pipeline.faults.refuse("UpdateItem", "AccessDeniedException", times=9)
    )
    with pytest.raises(ClientError, match="UpdateItem"):
        pipeline.poll_once(poller=1, pollers=2)
    pipeline.faults.forget()
    (run_id,) = pipeline.open_runs()
    # Only the row of the run still holds the lease.
    pipeline.client("dynamodb").update_item(
        TableName=pipeline.table,
        Key={"pk": {"S": f"POLL#{run_id}#1"}},
        UpdateExpression="SET lease_until = :none",
        ExpressionAttributeValues={":none": {"N": "0"}},
    )
    # So little time leaves none to wait, and would be enough to drain.
    monkeypatch.setattr(draining, "STOP_RECEIVING_SECONDS", 0)
    run = pipeline.poll_once(poller=1, pollers=2, context=Context(seconds=5))
    assert (run["received"], run["more"]) == (0, True)
    pipeline.expire_leases()
    assert poll_with_pollers(pipeline, 2)["claimed"] == 3


def test_the_repeat_does_not_wait_after_a_lost_answer_to_the_opening_of_a_run(
    pipeline: Pipeline,
) -> None:
    def lose() -> None:
        raise ConnectionClosedError(endpoint_url="https://dynamodb")

    pipeline.announce(pipeline.sources(200))
    pipeline.faults.when_answered("TransactWriteItems", lose)
    with pytest.raises(ConnectionClosedError):
        pipeline.poll_once()
    run_id = next(iter(pipeline.open_runs()))
    assert pipeline.rows()[f"RUN#{run_id}"]["lease_until"] == 0
    assert pipeline.poll_once()["claimed"] == 200


def test_the_end_of_a_lease_is_written_although_a_transaction_of_another_poller_runs(
    pipeline: Pipeline,
) -> None:
    pipeline.announce(pipeline.sources(3))
    pipeline.faults.when_answered(
        "PutObject",
        lambda: pipeline.faults.refuse("UpdateItem", "TransactionConflictException", times=3),
    )
    run = pipeline.poll_once(poller=1, pollers=2)
    assert (run["claimed"], run["more"]) == (3, False)
    assert pipeline.run_row(run)["lease_until_1"] == 0


def test_an_update_that_always_conflicts_fails_by_name(pipeline: Pipeline) -> None:
    pipeline.faults.refuse("UpdateItem", "TransactionConflictException", times=100)
    with pytest.raises(LedgerConflictError, match="an update of POLL#"):
        pipeline.poll_once()


@pytest.mark.parametrize("items", [0, 1, 3, 4, 99_999])
def test_the_shares_of_all_pollers_are_what_the_run_may_claim(items: int) -> None:
    shares = [poll_queue.Share(poller, 4).of(items) for poller in range(1, 5)]
    assert sum(shares) == items == poll_queue.Share().of(items)
    assert max(shares) - min(shares) <= 1


@pytest.mark.parametrize("operation", ["PutObject", "TransactWriteItems", "DeleteMessageBatch"])
def test_messages_of_a_poll_that_fails_are_there_for_its_repeat(
    pipeline: Pipeline, operation: str
) -> None:
    sources = pipeline.sources(15)
    pipeline.announce(sources)
    pipeline.faults.refuse(operation, "AccessDeniedException", times=100)
    with pytest.raises(ClientError, match="AccessDenied"):
        pipeline.poll()
    # Hidden messages would make the repeat find an empty queue, and the execution succeed.
    assert pipeline.in_flight() == 0
    assert len(pipeline.waiting()) == 15
    pipeline.faults.forget()
    assert pipeline.poll()["claimed"] == 15
    assert pipeline.waiting() == []
    assert set(pipeline.states(sources)) == {"claimed"}


def test_a_poll_that_cannot_make_its_messages_visible_raises_the_first_error(
    pipeline: Pipeline,
) -> None:
    pipeline.announce(pipeline.sources(3))
    pipeline.faults.refuse("PutObject", "AccessDeniedException", times=100)
    pipeline.faults.refuse("ChangeMessageVisibilityBatch", "InternalError", times=100)
    with pytest.raises(ClientError, match="PutObject"):
        pipeline.poll()


def test_the_repeat_of_a_poll_that_could_not_receive_does_not_wait(pipeline: Pipeline) -> None:
    pipeline.announce(pipeline.sources(3))
    pipeline.faults.refuse("ReceiveMessage", "AccessDeniedException", times=100)
    with pytest.raises(ClientError, match="ReceiveMessage"):
        pipeline.poll_once()
    pipeline.faults.forget()
    again = pipeline.poll_once()
    assert (again["more"], again["claimed"]) == (False, 3)


def test_a_poll_whose_messages_stay_hidden_asks_to_be_called_again(pipeline: Pipeline) -> None:
    pipeline.announce(pipeline.sources(3))
    pipeline.faults.refuse("PutObject", "AccessDeniedException", times=1)
    pipeline.faults.refuse("ChangeMessageVisibilityBatch", "InternalError", times=100)
    with pytest.raises(ClientError, match="PutObject"):
        pipeline.poll_once()
    pipeline.faults.forget()
    # With no time to wait in: the repeat says so instead of calling the queue empty.
    first = pipeline.poll_once(context=Context(seconds=5))
    assert (first["more"], first["received"]) == (True, 0)
    pipeline.expire_leases()
    pipeline.expire_visibility()
    assert pipeline.poll()["claimed"] == 3


def test_a_poll_that_is_killed_before_its_run_opens_is_waited_for(pipeline: Pipeline) -> None:
    pipeline.announce(pipeline.sources(3))
    pipeline.faults.crash("ReceiveMessage", after=True)
    with pytest.raises(CrashError):
        pipeline.poll_once()
    pipeline.faults.forget()
    assert pipeline.open_runs() == set()
    assert pipeline.poll_once(context=Context(seconds=5))["more"] is True
    pipeline.expire_leases()
    pipeline.expire_visibility()
    assert pipeline.poll()["claimed"] == 3


def test_five_polls_in_a_row_that_are_killed_are_an_error(pipeline: Pipeline) -> None:
    pipeline.announce(pipeline.sources(3))
    for _ in range(5):
        pipeline.faults.crash("ReceiveMessage")
        with pytest.raises(CrashError):
            pipeline.poll_once()
        pipeline.faults.forget()
        pipeline.expire_leases()
        pipeline.expire_visibility()
    with pytest.raises(PollUnfinishedError, match="5 calls in a row"):
        pipeline.poll_once()


def test_a_repeat_after_success_gives_the_same_answer(pipeline: Pipeline) -> None:
    run = pipeline.claim(11)
    assert pipeline.poll_once() == run


def test_a_repeat_after_success_claims_nothing_that_came_later(pipeline: Pipeline) -> None:
    # The answer of the first call was lost, and meanwhile more was uploaded.
    run = pipeline.claim(11)
    late = pipeline.source("late.png")
    pipeline.announce([late])
    assert pipeline.poll_once() == run
    assert len(pipeline.waiting()) == 1


def test_a_returned_item_is_claimed_with_its_attempts(pipeline: Pipeline) -> None:
    source = pipeline.sources(1)[0]
    run = pipeline.claim(1)
    pipeline.settle(run, pipeline.ended_job(run, [pipeline.failed(source)]))
    assert pipeline.item(source)["attempts"] == 1
    later = pipeline.poll(execution="two")
    assert later["claimed"] == 1
    row = pipeline.item(source)
    assert (row["item_state"], row["attempts"], row["run_id"]) == ("claimed", 1, later["run_id"])
    assert "reason" not in row


def test_the_event_of_a_returned_item_claims_it_and_the_envelope_is_dropped(
    pipeline: Pipeline,
) -> None:
    source = pipeline.sources(1)[0]
    run = pipeline.claim(1)
    pipeline.settle(run, pipeline.ended_job(run, [pipeline.failed(source)]))
    pipeline.announce([source])
    later = pipeline.poll(execution="two")
    assert (later["received"], later["claimed"]) == (2, 1)
    assert pipeline.item(source)["attempts"] == 1


def test_a_stored_item_is_never_claimed_again(pipeline: Pipeline) -> None:
    source = pipeline.sources(1)[0]
    run = pipeline.claim(1)
    pipeline.settle(run, pipeline.ended_job(run, [pipeline.labeled(source)]))
    pipeline.announce([source])
    later = pipeline.poll(execution="two")
    assert counts(pipeline, later)["dropped"] == {"stored": 1}


def exhausted(pipeline: Pipeline) -> Any:
    """Label an item in vain until it is a dead letter, and return it."""
    pipeline.configure(MAX_ATTEMPTS="1")
    source = pipeline.sources(1)[0]
    run = pipeline.claim(1)
    pipeline.settle(run, pipeline.ended_job(run, [pipeline.failed(source)]))
    assert pipeline.states([source]) == ["dead_lettered"]
    return source


def test_a_redriven_dead_letter_starts_at_the_first_attempt(pipeline: Pipeline) -> None:
    source = exhausted(pipeline)
    pipeline.redrive()
    assert pipeline.poll(execution="two")["claimed"] == 1
    row = pipeline.item(source)
    assert (row["item_state"], row["attempts"], row["generation"]) == ("claimed", 0, 1)


@pytest.mark.parametrize("letter_first", [True, False])
def test_a_redriven_dead_letter_counts_before_a_late_event_of_its_item(
    pipeline: Pipeline, letter_first: bool
) -> None:
    source = exhausted(pipeline)
    if letter_first:
        pipeline.redrive()
        pipeline.announce([source])
    else:
        pipeline.announce([source])
        pipeline.redrive()
    run = pipeline.poll(execution="two")
    assert counts(pipeline, run)["dropped"] == {"duplicate": 1}
    assert pipeline.states([source]) == ["claimed"]


def test_a_stale_dead_letter_is_dropped(pipeline: Pipeline) -> None:
    source = exhausted(pipeline)
    old = pipeline.dead_letters()
    pipeline.redrive()
    run = pipeline.poll(execution="two")
    job = pipeline.ended_job(run, [pipeline.failed(source)])
    plan = pipeline.plan(run, job, execution="two")
    pipeline.give_back(run, plan)
    assert pipeline.item(source)["generation"] == 2
    pipeline.send([json.dumps(letter) for letter in old])
    later = pipeline.poll(execution="three")
    assert counts(pipeline, later)["dropped"] == {"dead_lettered": 1}


def test_an_item_of_a_run_that_still_polls_is_left_in_flight(pipeline: Pipeline) -> None:
    source = pipeline.source()
    pipeline.announce([source])
    pipeline.poll()
    row = f"RUN#{pipeline.item(source)['run_id']}"
    pipeline.client("dynamodb").update_item(
        TableName=pipeline.table,
        Key={"pk": {"S": row}},
        UpdateExpression="SET run_state = :polling",
        ExpressionAttributeValues={":polling": {"S": "polling"}},
    )
    pipeline.announce([source])
    later = pipeline.poll(execution="two")
    assert counts(pipeline, later)["dropped"] == {"left_in_flight": 1}
    # It is no work of this run, and the next one finds it.
    assert pipeline.in_flight() == 0
    assert len(pipeline.waiting()) == 1


def test_an_item_of_a_closed_run_is_claimed_again(pipeline: Pipeline) -> None:
    source = pipeline.source()
    pipeline.announce([source])
    pipeline.poll()
    row = pipeline.item(source)
    for state in ("closed", None):
        dynamodb = pipeline.client("dynamodb")
        key = {"pk": {"S": f"RUN#{row['run_id']}"}}
        if state is None:
            dynamodb.delete_item(TableName=pipeline.table, Key=key)
        else:
            dynamodb.update_item(
                TableName=pipeline.table,
                Key=key,
                UpdateExpression="SET run_state = :state",
                ExpressionAttributeValues={":state": {"S": state}},
            )
        pipeline.announce([source])
        assert pipeline.poll(execution=f"after-{state}")["claimed"] == 1
        row = pipeline.item(source)


def test_an_invalid_version_of_a_returned_item_is_dead_lettered(pipeline: Pipeline) -> None:
    # What can be labeled changed between two runs: the item must not vanish with its message.
    source = pipeline.sources(1)[0]
    run = pipeline.claim(1)
    pipeline.settle(run, pipeline.ended_job(run, [pipeline.failed(source)]))
    envelope = pipeline.waiting()[0]
    envelope["item"]["size"] = 0
    pipeline.client("sqs").purge_queue(QueueUrl=pipeline.intake_url)
    pipeline.send([json.dumps(envelope)])
    pipeline.poll(execution="two")
    assert pipeline.states([source]) == ["dead_lettered"]
    assert [letter["reason"] for letter in pipeline.dead_letters()] == ["empty_object"]
