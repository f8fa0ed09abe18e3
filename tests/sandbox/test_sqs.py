"""Queues are fast, thread-safe, and as strict as SQS."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.resources import control

if TYPE_CHECKING:
    from labeling_sandbox.server import Sandbox


def _queue(sandbox: Sandbox, name: str, **attributes: str) -> str:
    url: str = sandbox.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url


def _arn(sandbox: Sandbox, name: str) -> str:
    return f"arn:aws:sqs:{sandbox.region}:{sandbox.account}:{name}"


def _receive(sandbox: Sandbox, url: str, **options: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        sandbox.client("sqs")
        .receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            MessageSystemAttributeNames=["All"],
            **options,
        )
        .get("Messages", [])
    )
    return found


def _code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_message_goes_through_ready_in_flight_and_deleted(sandbox: Sandbox) -> None:
    sqs, url = sandbox.client("sqs"), _queue(sandbox, "states")
    sqs.send_message(
        QueueUrl=url,
        MessageBody="body",
        MessageAttributes={"kind": {"DataType": "String", "StringValue": "x"}},
    )
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=60)
    assert _counts(sandbox, url) == (1, 0, 1)
    (message,) = _receive(sandbox, url, MessageAttributeNames=["All"])
    assert message["MessageAttributes"]["kind"]["StringValue"] == "x"
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert _counts(sandbox, url) == (0, 1, 1)
    assert _receive(sandbox, url) == []
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert _counts(sandbox, url) == (0, 0, 1)


def _counts(sandbox: Sandbox, url: str) -> tuple[int, int, int]:
    shown = sandbox.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    names = ("", "NotVisible", "Delayed")
    counts = [int(shown["Attributes"][f"ApproximateNumberOfMessages{name}"]) for name in names]
    return counts[0], counts[1], counts[2]


def test_stale_handle_deletes_nothing_and_an_unknown_one_is_refused(sandbox: Sandbox) -> None:
    sqs, url = sandbox.client("sqs"), _queue(sandbox, "handles")
    sqs.send_message(QueueUrl=url, MessageBody="x")
    first = _receive(sandbox, url, VisibilityTimeout=0)[0]["ReceiptHandle"]
    second = _receive(sandbox, url)[0]["ReceiptHandle"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first)
    assert _counts(sandbox, url) == (0, 1, 0)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=second)
    assert _counts(sandbox, url) == (0, 0, 0)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=second)
    with pytest.raises(ClientError) as refused:
        sqs.delete_message(QueueUrl=url, ReceiptHandle="made-up")
    assert _code(refused) == "ReceiptHandleIsInvalid"


def test_visibility_can_be_extended_ended_and_runs_out(sandbox: Sandbox) -> None:
    sqs, url = sandbox.client("sqs"), _queue(sandbox, "visibility")
    sqs.send_message(QueueUrl=url, MessageBody="x")
    handle = _receive(sandbox, url, VisibilityTimeout=60)[0]["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    (again,) = _receive(sandbox, url, VisibilityTimeout=1)
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    (third,) = _receive(sandbox, url, WaitTimeSeconds=5)
    assert third["Attributes"]["ApproximateReceiveCount"] == "3"
    with pytest.raises(ClientError) as refused:
        sqs.change_message_visibility(
            QueueUrl=url, ReceiptHandle=again["ReceiptHandle"], VisibilityTimeout=5
        )
    assert "MessageNotInflight" in _code(refused)


def test_messages_in_flight_can_be_made_ready_at_once_and_delayed_ones_stay(
    sandbox: Sandbox,
) -> None:
    sqs, url = sandbox.client("sqs"), _queue(sandbox, "revealed", VisibilityTimeout="300")
    sqs.send_message(QueueUrl=url, MessageBody="hidden")
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=60)
    _receive(sandbox, url)
    assert _counts(sandbox, url) == (0, 1, 1)
    control(sandbox, "POST", "queues/revealed/reveal")
    assert _counts(sandbox, url) == (1, 0, 1)
    assert [message["Body"] for message in _receive(sandbox, url)] == ["hidden"]


def test_long_poll_wakes_for_a_message(sandbox: Sandbox) -> None:
    url = _queue(sandbox, "poll")
    client = sandbox.client("sqs")
    threading.Timer(0.3, lambda: client.send_message(QueueUrl=url, MessageBody="x")).start()
    started = time.monotonic()
    assert len(_receive(sandbox, url, WaitTimeSeconds=20)) == 1
    assert time.monotonic() - started < 15


def test_message_that_was_received_too_often_goes_to_the_dead_letter_queue_and_back(
    sandbox: Sandbox,
) -> None:
    sqs = sandbox.client("sqs")
    dead = _queue(sandbox, "redrive-dead")
    policy = json.dumps(
        {"deadLetterTargetArn": _arn(sandbox, "redrive-dead"), "maxReceiveCount": 2}
    )
    source = _queue(sandbox, "redrive-source", RedrivePolicy=policy)
    sqs.send_message(QueueUrl=source, MessageBody="x")
    for _ in range(2):
        assert len(_receive(sandbox, source, VisibilityTimeout=0)) == 1
    assert _receive(sandbox, source) == []
    assert _counts(sandbox, dead) == (1, 0, 0)
    sqs.start_message_move_task(SourceArn=_arn(sandbox, "redrive-dead"))
    (task,) = sqs.list_message_move_tasks(SourceArn=_arn(sandbox, "redrive-dead"))["Results"]
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 1)
    assert [each["Body"] for each in _receive(sandbox, source)] == ["x"]


def test_a_message_sent_directly_to_the_dead_letter_queue_needs_a_destination(
    sandbox: Sandbox,
) -> None:
    sqs = sandbox.client("sqs")
    dead = _queue(sandbox, "direct-dead")
    arn = _arn(sandbox, "direct-dead")
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
    source = _queue(sandbox, "direct-source", RedrivePolicy=policy)
    sqs.send_message(QueueUrl=dead, MessageBody="x")
    sqs.start_message_move_task(SourceArn=arn)
    (task,) = sqs.list_message_move_tasks(SourceArn=arn)["Results"]
    assert task["FailureReason"] == "CouldNotDetermineMessageSource"
    sqs.start_message_move_task(SourceArn=arn, DestinationArn=_arn(sandbox, "direct-source"))
    assert len(_receive(sandbox, source)) == 1


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([("a", "x"), ("a", "y")], "BatchEntryIdsNotDistinct"),
        ([("a.b", "x")], "InvalidBatchEntryId"),
        ([("a" * 81, "x")], "InvalidBatchEntryId"),
        ([(str(number), "x") for number in range(11)], "TooManyEntriesInBatchRequest"),
        ([("a", "é" * 70_000), ("b", "é" * 70_000)], "BatchRequestTooLong"),
        ([("a", "bell \x07")], "InvalidMessageContents"),
    ],
)
def test_batch_breaks_a_rule_and_is_refused_as_a_whole(
    sandbox: Sandbox, entries: list[tuple[str, str]], code: str
) -> None:
    url = _queue(sandbox, "batch-rules")
    with pytest.raises(ClientError) as refused:
        sandbox.client("sqs").send_message_batch(
            QueueUrl=url,
            Entries=[{"Id": identifier, "MessageBody": body} for identifier, body in entries],
        )
    assert code in _code(refused)
    assert _counts(sandbox, url) == (0, 0, 0)


def test_body_longer_than_the_queue_allows_is_refused(sandbox: Sandbox) -> None:
    url = _queue(sandbox, "short", MaximumMessageSize="1024")
    with pytest.raises(ClientError) as refused:
        sandbox.client("sqs").send_message(QueueUrl=url, MessageBody="é" * 600)
    assert "InvalidParameterValue" in _code(refused)


def test_attributes_survive_each_others_changes(sandbox: Sandbox) -> None:
    sqs, url = sandbox.client("sqs"), _queue(sandbox, "attributes")
    _queue(sandbox, "attributes-dead")
    statement = {"Effect": "Deny", "Action": "sqs:*", "Resource": "*", "Principal": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    redrive = f'{{"deadLetterTargetArn":"{_arn(sandbox, "attributes-dead")}","maxReceiveCount":3}}'
    allow = '{"redrivePermission":"denyAll"}'
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": redrive})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedriveAllowPolicy": allow})
    shown = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert json.loads(shown["Policy"]) == json.loads(policy)
    assert shown["RedrivePolicy"] == redrive
    assert shown["RedriveAllowPolicy"] == allow
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": "", "RedrivePolicy": ""})
    shown = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert "Policy" not in shown
    assert "RedrivePolicy" not in shown


def test_no_message_is_lost_or_doubled_under_threads(sandbox: Sandbox) -> None:
    url, threads, each = _queue(sandbox, "threads"), 4, 50
    received: list[str] = []

    def produce(number: int) -> None:
        client = sandbox.client("sqs")
        for start in range(0, each, 10):
            entries = [
                {"Id": str(index), "MessageBody": f"{number}-{index}"}
                for index in range(start, start + 10)
            ]
            client.send_message_batch(QueueUrl=url, Entries=entries)

    def consume() -> None:
        client = sandbox.client("sqs")
        while batch := client.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1
        ).get("Messages"):
            received.extend(message["Body"] for message in batch)
            client.delete_message_batch(
                QueueUrl=url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]}
                    for index, message in enumerate(batch)
                ],
            )

    workers = [threading.Thread(target=produce, args=(number,)) for number in range(threads)]
    workers += [threading.Thread(target=consume) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert sorted(received) == sorted(
        f"{number}-{index}" for number in range(threads) for index in range(each)
    )
    assert _counts(sandbox, url) == (0, 0, 0)


def test_work_per_message_does_not_grow_with_the_queue(sandbox: Sandbox) -> None:
    url, client = _queue(sandbox, "large"), sandbox.client("sqs")

    def send_hundred() -> float:
        started = time.perf_counter()
        for _ in range(10):
            entries = [{"Id": str(index), "MessageBody": "x"} for index in range(10)]
            client.send_message_batch(QueueUrl=url, Entries=entries)
        return time.perf_counter() - started

    timings = [send_hundred() for _ in range(20)]
    assert sum(timings[-5:]) < 5 * sum(timings[:5]) + 0.5


@pytest.mark.parametrize(
    ("attribute", "low", "high"),
    [
        ("DelaySeconds", 0, 900),
        ("MessageRetentionPeriod", 60, 1_209_600),
        ("ReceiveMessageWaitTimeSeconds", 0, 20),
        ("VisibilityTimeout", 0, 43_200),
    ],
)
def test_an_attribute_out_of_its_bounds_is_refused(
    sandbox: Sandbox, attribute: str, low: int, high: int
) -> None:
    url = _queue(sandbox, f"bounds-{attribute}", **{attribute: str(high)})
    sqs = sandbox.client("sqs")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={attribute: str(low)})
    for wrong in (low - 1, high + 1):
        with pytest.raises(ClientError) as changed:
            sqs.set_queue_attributes(QueueUrl=url, Attributes={attribute: str(wrong)})
        assert "InvalidAttributeValue" in _code(changed)
        with pytest.raises(ClientError) as created:
            _queue(sandbox, f"beyond-{attribute}", **{attribute: str(wrong)})
        assert "InvalidAttributeValue" in _code(created)


@pytest.mark.parametrize("seconds", [-1, 43_201])
def test_a_visibility_out_of_its_bounds_is_refused(sandbox: Sandbox, seconds: int) -> None:
    url = _queue(sandbox, f"visibility-bounds{seconds}")
    sandbox.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    with pytest.raises(ClientError) as received:
        _receive(sandbox, url, VisibilityTimeout=seconds)
    assert "InvalidParameterValue" in _code(received)
    assert _counts(sandbox, url) == (1, 0, 0)


def test_an_empty_message_is_refused(sandbox: Sandbox) -> None:
    url = _queue(sandbox, "empty-message")
    sqs = sandbox.client("sqs")
    with pytest.raises(ClientError) as alone:
        sqs.send_message(QueueUrl=url, MessageBody="")
    entries = [{"Id": "a", "MessageBody": "x"}, {"Id": "b", "MessageBody": ""}]
    with pytest.raises(ClientError) as batch:
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    for refused in (alone, batch):
        assert "MissingParameter" in _code(refused)
    assert _counts(sandbox, url) == (0, 0, 0)
