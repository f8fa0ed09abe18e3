"""Queues deliver at least once, in batches of ten, and accept the last receipt handle only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.in_process_aws.place import code_of

if TYPE_CHECKING:
    from in_process_aws.account import Account
    from tests.in_process_aws.place import AccountPlace, Place


def _send(place: Place, url: str, *bodies: str) -> None:
    entries = [{"Id": str(index), "MessageBody": body} for index, body in enumerate(bodies)]
    place.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)


def _receive(place: Place, url: str, **options: Any) -> list[dict[str, Any]]:
    answer = place.client("sqs").receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        MessageSystemAttributeNames=["ApproximateReceiveCount"],
        **options,
    )
    found: list[dict[str, Any]] = answer.get("Messages", [])
    return found


def test_a_received_message_is_hidden_until_its_visibility_timeout_ends(place: Place) -> None:
    url = place.new_queue(visibility_seconds=1)
    _send(place, url, "body")
    (first,) = _receive(place, url)
    assert _receive(place, url) == []
    place.wait(1.1)
    (second,) = _receive(place, url)
    assert second["Body"] == first["Body"] == "body"
    assert second["MessageId"] == first["MessageId"]
    assert second["ReceiptHandle"] != first["ReceiptHandle"]
    assert second["Attributes"]["ApproximateReceiveCount"] == "2"


def test_the_handle_of_an_earlier_receive_deletes_nothing_and_is_not_refused(place: Place) -> None:
    url = place.new_queue()
    _send(place, url, "body")
    stale = _receive(place, url, VisibilityTimeout=0)[0]["ReceiptHandle"]
    current = _receive(place, url)[0]["ReceiptHandle"]
    sqs = place.client("sqs")
    sqs.delete_message(QueueUrl=url, ReceiptHandle=stale)
    assert _in_flight(place, url) == 1
    sqs.delete_message(QueueUrl=url, ReceiptHandle=current)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=current)
    assert _in_flight(place, url) == 0


def _in_flight(place: Place, url: str) -> int:
    name = "ApproximateNumberOfMessagesNotVisible"
    answer = place.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    return int(answer["Attributes"][name])


def test_a_batch_names_the_entries_that_failed(place: Place) -> None:
    url = place.new_queue()
    _send(place, url, "body")
    (message,) = _receive(place, url)
    answer = place.client("sqs").delete_message_batch(
        QueueUrl=url,
        Entries=[
            {"Id": "known", "ReceiptHandle": message["ReceiptHandle"]},
            {"Id": "made-up", "ReceiptHandle": "made-up"},
        ],
    )
    assert [entry["Id"] for entry in answer["Successful"]] == ["known"]
    (failed,) = answer["Failed"]
    assert (failed["Id"], failed["Code"]) == ("made-up", "ReceiptHandleIsInvalid")
    assert failed["SenderFault"] is True


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "EmptyBatchRequest"),
        ([{"Id": str(n), "MessageBody": "b"} for n in range(11)], "TooManyEntriesInBatchRequest"),
        ([{"Id": "same", "MessageBody": "b"}] * 2, "BatchEntryIdsNotDistinct"),
        ([{"Id": "a.b", "MessageBody": "b"}], "InvalidBatchEntryId"),
        ([{"Id": str(n), "MessageBody": "b" * 131_073} for n in range(2)], "BatchRequestTooLong"),
    ],
)
def test_a_batch_is_refused_as_a_whole(
    place: Place, entries: list[dict[str, str]], code: str
) -> None:
    url = place.new_queue()
    with pytest.raises(ClientError) as refused:
        place.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)
    assert code_of(refused).rpartition(".")[2] == code
    assert _receive(place, url) == []


def test_a_batch_takes_exactly_256_kib(place: Place) -> None:
    url = place.new_queue()
    _send(place, url, "b" * 131_072, "b" * 131_072)
    assert len(_receive(place, url)) == 2


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\ufffe", "\uffff"])
def test_a_character_that_xml_does_not_have_is_refused(place: Place, character: str) -> None:
    url = place.new_queue()
    with pytest.raises(ClientError) as refused:
        place.client("sqs").send_message(QueueUrl=url, MessageBody=f"a{character}")
    assert code_of(refused) == "InvalidMessageContents"


@pytest.mark.parametrize("count", [0, 11])
def test_a_receive_asks_for_one_to_ten_messages(place: Place, count: int) -> None:
    url = place.new_queue()
    with pytest.raises(ClientError):
        place.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=count)


def test_a_message_received_too_often_goes_to_the_dead_letter_queue(place: Place) -> None:
    dead = place.new_queue()
    url = place.new_queue(dead=dead, receives=2)
    _send(place, url, "body")
    for _ in range(2):
        assert len(_receive(place, url, VisibilityTimeout=0)) == 1
    assert _receive(place, url) == []
    assert [message["Body"] for message in _receive(place, dead)] == ["body"]


def test_a_missing_queue_has_its_own_error_code(place: Place) -> None:
    sqs, url = place.client("sqs"), place.new_queue()
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.receive_message(QueueUrl=f"{url}-not")


def test_visibility_can_be_ended_and_is_not_changed_by_a_stale_handle(place: Place) -> None:
    url, sqs = place.new_queue(), place.client("sqs")
    _send(place, url, "body")
    (first,) = _receive(place, url)
    sqs.change_message_visibility(
        QueueUrl=url, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0
    )
    assert len(_receive(place, url, VisibilityTimeout=0)) == 1
    with pytest.raises(ClientError) as refused:
        sqs.change_message_visibility(
            QueueUrl=url, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=5
        )
    assert "MessageNotInflight" in code_of(refused)


# Behaviour of the in-process account only.


def test_a_receive_may_return_fewer_messages_than_there_are_or_none(
    account: Account, account_place: AccountPlace
) -> None:
    url = account_place.new_queue()
    _send(account_place, url, *(str(number) for number in range(10)))
    account.sqs.handed_over = lambda _available: 0
    assert _receive(account_place, url) == []
    account.sqs.handed_over = lambda available: min(available, 3)
    assert [message["Body"] for message in _receive(account_place, url)] == ["0", "1", "2"]
    account.sqs.end_faults()
    assert len(_receive(account_place, url)) == 7


def test_a_long_poll_lasts_until_a_message_is_back_or_its_time_is_over(
    account: Account, account_place: AccountPlace
) -> None:
    url, start = account_place.new_queue(visibility_seconds=5), account.clock.now
    _send(account_place, url, "body")
    assert len(_receive(account_place, url)) == 1
    assert _receive(account_place, url, WaitTimeSeconds=2) == []
    assert account.clock.now == start + 2
    assert len(_receive(account_place, url, WaitTimeSeconds=20)) == 1
    assert account.clock.now == start + 5


def test_a_message_is_delivered_twice_on_request_even_after_it_was_deleted(
    account: Account, account_place: AccountPlace
) -> None:
    url = account_place.new_queue()
    _send(account_place, url, "body")
    (first,) = _receive(account_place, url)
    account.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    account.sqs.duplicate(url, first["MessageId"])
    (again,) = _receive(account_place, url)
    assert (again["MessageId"], again["Body"]) == (first["MessageId"], "body")
    account.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    assert account.sqs.queues[url].messages() == []


def test_entries_of_a_batch_fail_on_request_and_have_no_effect(
    account: Account, account_place: AccountPlace
) -> None:
    url = account_place.new_queue()
    account.sqs.refused = lambda _entries: {1}
    answer = account.client("sqs").send_message_batch(
        QueueUrl=url, Entries=[{"Id": name, "MessageBody": name} for name in "abc"]
    )
    assert [entry["Id"] for entry in answer["Failed"]] == ["b"]
    assert answer["Failed"][0]["SenderFault"] is False
    assert [message.body for message in account.sqs.queues[url].messages()] == ["a", "c"]


def test_a_message_is_gone_after_its_retention(account: Account) -> None:
    url = account.sqs.create_queue("short", retention_seconds=60)
    account.client("sqs").send_message(QueueUrl=url, MessageBody="body")
    account.clock.sleep(60)
    assert "Messages" not in account.client("sqs").receive_message(QueueUrl=url)
