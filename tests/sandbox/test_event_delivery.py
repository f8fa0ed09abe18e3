"""Events reach their targets when every policy allows it, and the dead-letter queue otherwise."""

from __future__ import annotations

import itertools
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from labeling_sandbox.events import delivery
from tests.sandbox.resources import control, make_function, make_key, make_role, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeling_sandbox.server import Sandbox

_numbers = itertools.count()
CREATED = {"source": ["aws.s3"], "detail-type": ["Object Created"]}


@pytest.fixture(autouse=True)
def default_delivery(sandbox: Sandbox) -> Iterator[None]:
    """Turn duplicates and delays off after each test."""
    yield
    control(sandbox, "POST", "events/duplicate", {"every": 0})


def arn(sandbox: Sandbox, service: str, resource: str) -> str:
    return f"arn:aws:{service}:{sandbox.region}:{sandbox.account}:{resource}"


def make_queue(sandbox: Sandbox, rule: str | None, **attributes: str) -> tuple[str, str]:
    """Create a queue that takes the events of one rule; return its URL and ARN."""
    name = f"events-{next(_numbers)}"
    queue_arn = arn(sandbox, "sqs", name)
    if rule:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": arn(sandbox, "events", f"rule/{rule}")}},
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        attributes["Policy"] = json.dumps(policy)
    url = sandbox.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, queue_arn


def make_rule(
    sandbox: Sandbox, name: str, pattern: dict[str, Any], *targets: dict[str, Any]
) -> None:
    client = sandbox.client("events")
    client.put_rule(Name=name, EventPattern=json.dumps(pattern))
    numbered = [{"Id": str(number), **target} for number, target in enumerate(targets)]
    assert client.put_targets(Rule=name, Targets=numbered)["FailedEntryCount"] == 0


def make_bucket(sandbox: Sandbox, name: str, *, versioned: bool = True) -> None:
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket=name)
    if versioned:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(
        Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )


def received(sandbox: Sandbox, url: str) -> list[dict[str, Any]]:
    assert delivery.drain(60)
    client = sandbox.client("sqs")
    messages: list[dict[str, Any]] = []
    while True:
        answer = client.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        if not answer.get("Messages"):
            return messages
        messages += answer["Messages"]


def bodies(sandbox: Sandbox, url: str) -> list[dict[str, Any]]:
    return [json.loads(message["Body"]) for message in received(sandbox, url)]


def failures(sandbox: Sandbox, rule: str) -> list[dict[str, Any]]:
    return [entry for entry in control(sandbox, "GET", "undelivered") if entry["source"] == rule]


def test_a_new_object_sends_the_event_of_s3(sandbox: Sandbox) -> None:
    url, queue = make_queue(sandbox, "s3-put")
    make_rule(
        sandbox, "s3-put", CREATED | {"detail": {"bucket": {"name": ["announced"]}}}, {"Arn": queue}
    )
    make_bucket(sandbox, "announced")
    key = "upload/red flower+1%.png"
    put = sandbox.client("s3").put_object(Bucket="announced", Key=key, Body=b"12345")
    second = sandbox.client("s3").put_object(Bucket="announced", Key=key, Body=b"123456")
    first_event, second_event = bodies(sandbox, url)
    detail = first_event["detail"]
    assert first_event["detail-type"] == "Object Created"
    assert first_event["resources"] == ["arn:aws:s3:::announced"]
    assert detail["reason"] == "PutObject"
    assert detail["object"]["key"] == key
    assert detail["object"]["size"] == 5
    assert detail["object"]["etag"] == put["ETag"].strip('"')
    assert detail["object"]["version-id"] == put["VersionId"]
    assert second_event["detail"]["object"]["version-id"] == second["VersionId"]
    assert first_event["id"] != second_event["id"]
    assert detail["object"]["sequencer"] < second_event["detail"]["object"]["sequencer"]
    int(detail["object"]["sequencer"], 16)


def test_other_ways_to_create_an_object_give_one_event_each(sandbox: Sandbox) -> None:
    url, queue = make_queue(sandbox, "s3-other")
    make_rule(
        sandbox, "s3-other", CREATED | {"detail": {"bucket": {"name": ["plain"]}}}, {"Arn": queue}
    )
    make_bucket(sandbox, "plain", versioned=False)
    s3 = sandbox.client("s3")
    upload = s3.create_multipart_upload(Bucket="plain", Key="big.png")["UploadId"]
    parts = []
    for number, size in ((1, 5 * 1024 * 1024), (2, 10)):
        part = s3.upload_part(
            Bucket="plain", Key="big.png", UploadId=upload, PartNumber=number, Body=b"x" * size
        )
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
    s3.complete_multipart_upload(
        Bucket="plain", Key="big.png", UploadId=upload, MultipartUpload={"Parts": parts}
    )
    s3.copy_object(Bucket="plain", Key="copy.png", CopySource="plain/big.png")
    found = {event["detail"]["object"]["key"]: event["detail"] for event in bodies(sandbox, url)}
    assert found["big.png"]["reason"] == "CompleteMultipartUpload"
    assert found["copy.png"]["reason"] == "CopyObject"
    assert "version-id" not in found["big.png"]["object"]
    assert len(found) == 2


def test_a_queue_without_a_policy_for_the_rule_gets_nothing(sandbox: Sandbox) -> None:
    url, queue = make_queue(sandbox, "another-rule")
    dead_url, dead = make_queue(sandbox, "no-policy")
    make_rule(
        sandbox,
        "no-policy",
        {"source": ["test.no-policy"]},
        {"Arn": queue, "DeadLetterConfig": {"Arn": dead}},
    )
    put_event(sandbox, "test.no-policy", {"n": 1})
    assert received(sandbox, url) == []
    (message,) = received(sandbox, dead_url)
    attributes = {
        name: value["StringValue"] for name, value in message["MessageAttributes"].items()
    }
    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS"
    assert attributes["TARGET_ARN"] == queue
    assert attributes["RULE_ARN"] == arn(sandbox, "events", "rule/no-policy")
    assert json.loads(message["Body"])["detail"] == {"n": 1}
    (failure,) = failures(sandbox, "no-policy")
    assert failure["dead_lettered"]
    assert "policy" in failure["reason"]


def put_event(sandbox: Sandbox, source: str, detail: dict[str, Any]) -> dict[str, Any]:
    entry = {"Source": source, "DetailType": "Test", "Detail": json.dumps(detail)}
    answer: dict[str, Any] = sandbox.client("events").put_events(Entries=[entry])
    return answer


def test_an_encrypted_queue_needs_its_key_to_admit_events(sandbox: Sandbox) -> None:
    admitted = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": "*",
        "Condition": {
            "ArnEquals": {"aws:SourceArn": arn(sandbox, "events", "rule/encrypted")},
            "StringEquals": {"aws:SourceAccount": sandbox.account},
        },
    }
    open_url, open_queue = make_queue(
        sandbox, "encrypted", KmsMasterKeyId=make_key(sandbox, admitted)
    )
    shut_url, shut_queue = make_queue(sandbox, "encrypted", KmsMasterKeyId=make_key(sandbox))
    aws_url, aws_queue = make_queue(sandbox, "encrypted", KmsMasterKeyId="alias/aws/sqs")
    pattern = {"source": ["test.encrypted"]}
    targets = [{"Arn": queue} for queue in (open_queue, shut_queue, aws_queue)]
    make_rule(sandbox, "encrypted", pattern, *targets)
    put_event(sandbox, "test.encrypted", {})
    assert len(received(sandbox, open_url)) == 1
    assert received(sandbox, shut_url) == received(sandbox, aws_url) == []
    refused = {failure["target"] for failure in failures(sandbox, "encrypted")}
    assert refused == {shut_queue, aws_queue}


@pytest.mark.parametrize("seen", [["aws:SourceArn"], ["aws:SourceAccount"], []])
def test_a_key_policy_may_lack_condition_keys_of_a_rule(sandbox: Sandbox, seen: list[str]) -> None:
    name = f"key-sees-{len(seen)}-{''.join(seen)[-3:].lower()}"

    def statement(suffix: str) -> dict[str, Any]:
        return {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": "*",
            "Condition": {
                f"ArnEquals{suffix}": {"aws:SourceArn": arn(sandbox, "events", f"rule/{name}")},
                f"StringEquals{suffix}": {"aws:SourceAccount": sandbox.account},
            },
        }

    lenient, strict = (make_key(sandbox, statement(suffix)) for suffix in ("IfExists", ""))
    open_url, open_queue = make_queue(sandbox, name, KmsMasterKeyId=lenient)
    shut_url, shut_queue = make_queue(sandbox, name, KmsMasterKeyId=strict)
    make_rule(sandbox, name, {"source": [f"test.{name}"]}, {"Arn": open_queue}, {"Arn": shut_queue})
    assert control(sandbox, "POST", "events/key-context", {"keys": seen}) == {"keys": seen}
    try:
        put_event(sandbox, f"test.{name}", {})
        assert len(received(sandbox, open_url)) == 1
        assert received(sandbox, shut_url) == []
    finally:
        control(sandbox, "POST", "events/key-context", {})


def test_disabled_rules_and_other_patterns_get_nothing(sandbox: Sandbox) -> None:
    url, queue = make_queue(sandbox, "switched")
    make_rule(
        sandbox, "switched", {"source": ["test.switched"], "detail": {"n": [1]}}, {"Arn": queue}
    )
    put_event(sandbox, "test.switched", {"n": 2})
    assert bodies(sandbox, url) == []
    client = sandbox.client("events")
    client.disable_rule(Name="switched")
    put_event(sandbox, "test.switched", {"n": 1})
    assert bodies(sandbox, url) == []
    client.enable_rule(Name="switched")
    put_event(sandbox, "test.switched", {"n": 1})
    assert [event["detail"] for event in bodies(sandbox, url)] == [{"n": 1}]


def test_a_target_can_be_given_another_input(sandbox: Sandbox) -> None:
    url, queue = make_queue(sandbox, "transformed")
    transformer = {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '{"number": <n>}'}
    make_rule(
        sandbox,
        "transformed",
        {"source": ["test.transformed"]},
        {"Arn": queue, "InputTransformer": transformer},
        {"Arn": queue, "Input": '{"constant": true}'},
    )
    put_event(sandbox, "test.transformed", {"n": 5})
    assert sorted(bodies(sandbox, url), key=str) == [{"constant": True}, {"number": 5}]


def test_a_function_is_invoked_only_with_permission(sandbox: Sandbox) -> None:
    source = "def handler(event, context):\n    print('got', event['detail']['n'])\n"
    function = make_function(sandbox, "event-target", source)
    make_rule(sandbox, "to-function", {"source": ["test.function"]}, {"Arn": function})
    put_event(sandbox, "test.function", {"n": 1})
    assert delivery.drain(60)
    (failure,) = failures(sandbox, "to-function")
    assert "does not let events.amazonaws.com lambda:InvokeFunction" in failure["reason"]
    sandbox.client("lambda").add_permission(
        FunctionName="event-target",
        StatementId="events",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=arn(sandbox, "events", "rule/to-function"),
    )
    put_event(sandbox, "test.function", {"n": 2})
    logs = sandbox.client("logs")

    def logged() -> bool:
        groups = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/event-target")[
            "logGroups"
        ]
        if not groups:
            return False
        events = logs.filter_log_events(logGroupName=groups[0]["logGroupName"])["events"]
        return any("got 2" in event["message"] for event in events)

    wait_until(logged, "the invocation")
    assert len(failures(sandbox, "to-function")) == 1


def test_a_permission_with_a_source_account_denies_every_rule(sandbox: Sandbox) -> None:
    function = make_function(sandbox, "account-asked", "def handler(event, context):\n    pass\n")
    url, queue = make_queue(sandbox, "account-asked")
    sandbox.client("lambda").add_permission(
        FunctionName="account-asked",
        StatementId="events",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=arn(sandbox, "events", "rule/account-asked"),
        SourceAccount=sandbox.account,
    )
    target = {"Arn": function, "DeadLetterConfig": {"Arn": queue}}
    make_rule(sandbox, "account-asked", {"source": ["test.account-asked"]}, target)
    put_event(sandbox, "test.account-asked", {"n": 1})
    (refused,) = bodies(sandbox, url)
    assert refused["detail"] == {"n": 1}
    (failure,) = failures(sandbox, "account-asked")
    assert failure["reason"].startswith("NO_PERMISSIONS")
    assert failure["dead_lettered"]


def test_a_state_machine_is_started_with_the_targets_role(sandbox: Sandbox) -> None:
    machine_role = make_role(sandbox, "event-machine", "states.amazonaws.com")
    definition = {"StartAt": "Only", "States": {"Only": {"Type": "Pass", "End": True}}}
    machine = sandbox.client("stepfunctions").create_state_machine(
        name="event-machine", roleArn=machine_role, definition=json.dumps(definition)
    )["stateMachineArn"]
    start = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine}
    role = make_role(sandbox, "event-starter", "events.amazonaws.com", start)
    make_rule(
        sandbox, "to-machine", {"source": ["test.machine"]}, {"Arn": machine, "RoleArn": role}
    )
    put_event(sandbox, "test.machine", {"n": 1})
    assert delivery.drain(60)
    listed = sandbox.client("stepfunctions").list_executions(stateMachineArn=machine)
    assert len(listed["executions"]) == 1


def test_duplicates_and_delays_on_request(sandbox: Sandbox) -> None:
    url, queue = make_queue(sandbox, "duplicated")
    make_rule(sandbox, "duplicated", {"source": ["test.duplicated"]}, {"Arn": queue})
    control(sandbox, "POST", "events/duplicate", {"every": 1, "delay_seconds": 0.5})
    began = time.monotonic()
    put_event(sandbox, "test.duplicated", {"n": 1})
    assert delivery.drain(60)
    assert time.monotonic() - began >= 0.5
    first, second = bodies(sandbox, url)
    assert first["id"] == second["id"]


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (
            {"Source": "aws.s3", "DetailType": "T", "Detail": "{}"},
            "NotAuthorizedForSourceException",
        ),
        ({"Source": "x", "DetailType": "T", "Detail": "not json"}, "MalformedDetail"),
        ({"Source": "x", "DetailType": "T", "Detail": "[]"}, "MalformedDetail"),
        ({"Source": "x", "Detail": "{}"}, "InvalidArgument"),
    ],
)
def test_a_bad_entry_is_refused_alone(sandbox: Sandbox, entry: dict[str, str], code: str) -> None:
    good = {"Source": "test.good", "DetailType": "T", "Detail": "{}"}
    answer = sandbox.client("events").put_events(Entries=[entry, good])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == code
    assert answer["Entries"][1]["EventId"]


def test_every_second_event_is_duplicated_on_request(sandbox: Sandbox) -> None:
    url, queue = make_queue(sandbox, "every-second")
    make_rule(sandbox, "every-second", {"source": ["test.every-second"]}, {"Arn": queue})
    control(sandbox, "POST", "events/duplicate", {"every": 2})
    for number in range(6):
        put_event(sandbox, "test.every-second", {"n": number})
    control(sandbox, "POST", "events/drain", {"deadline_seconds": 10})
    depth = sandbox.client("sqs").get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
    )
    assert depth["Attributes"]["ApproximateNumberOfMessages"] == "9"


def test_an_upload_is_one_event(sandbox: Sandbox) -> None:
    url, queue = make_queue(sandbox, "one-event")
    make_rule(sandbox, "one-event", {"source": ["aws.s3"]}, {"Arn": queue})
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="one-event")
    s3.put_bucket_notification_configuration(
        Bucket="one-event", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    s3.put_object(Bucket="one-event", Key="a.png", Body=b"x")
    control(sandbox, "POST", "events/drain", {"deadline_seconds": 10})
    answer = sandbox.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    events = [json.loads(message["Body"]) for message in answer["Messages"]]
    assert [event["detail-type"] for event in events] == ["Object Created"]
