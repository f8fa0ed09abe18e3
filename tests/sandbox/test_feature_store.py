"""Feature groups keep their configuration; records are validated, kept online, appended offline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.resources import control, make_role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeling_sandbox.server import Sandbox

DEFINITIONS = [
    {"FeatureName": "source_ref", "FeatureType": "String"},
    {"FeatureName": "event_time", "FeatureType": "String"},
    {"FeatureName": "label", "FeatureType": "String"},
    {"FeatureName": "confidence", "FeatureType": "Fractional"},
    {"FeatureName": "attempts", "FeatureType": "Integral"},
]
TIME = "2026-01-02T03:04:05.678Z"


@pytest.fixture(scope="module")
def role(sandbox: Sandbox) -> str:
    return make_role(sandbox, "feature-role", "sagemaker.amazonaws.com")


def group_request(name: str, role: str, **more: Any) -> dict[str, Any]:
    return {
        "FeatureGroupName": name,
        "RecordIdentifierFeatureName": "source_ref",
        "EventTimeFeatureName": "event_time",
        "FeatureDefinitions": DEFINITIONS,
        "OnlineStoreConfig": {"EnableOnlineStore": True, "SecurityConfig": {"KmsKeyId": "key-1"}},
        "OfflineStoreConfig": {
            "S3StorageConfig": {"S3Uri": "s3://features/offline-store", "KmsKeyId": "key-1"},
            "TableFormat": "Iceberg",
        },
        "RoleArn": role,
        **more,
    }


@pytest.fixture
def group(sandbox: Sandbox, role: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """Create a group for each test, so that no other test writes to it."""
    name = request.node.originalname.replace("_", "-")[:60].rstrip("-")
    client = sandbox.client("sagemaker")
    client.create_feature_group(**group_request(name, role))
    yield name
    control(sandbox, "POST", "feature-store/faults", {})
    client.delete_feature_group(FeatureGroupName=name)


def record(
    identifier: str = "s3://b/1.png", time: str = TIME, **features: str
) -> list[dict[str, str]]:
    values = {"source_ref": identifier, "event_time": time, "label": "seven", **features}
    return [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()]


def test_a_group_is_read_back_as_it_was_made(sandbox: Sandbox, role: str) -> None:
    client = sandbox.client("sagemaker")
    tags = [{"Key": "owner", "Value": "labeling"}]
    created = client.create_feature_group(**group_request("read-back", role, Tags=tags))
    described = client.describe_feature_group(FeatureGroupName="read-back")
    assert described["FeatureGroupStatus"] == "Created"
    assert described["FeatureDefinitions"] == DEFINITIONS
    assert described["OnlineStoreConfig"]["SecurityConfig"]["KmsKeyId"] == "key-1"
    assert described["OfflineStoreConfig"]["S3StorageConfig"]["KmsKeyId"] == "key-1"
    assert described["OfflineStoreConfig"]["TableFormat"] == "Iceberg"
    arn = created["FeatureGroupArn"]
    assert client.list_tags(ResourceArn=arn)["Tags"] == tags
    client.add_tags(ResourceArn=arn, Tags=[{"Key": "owner", "Value": "other"}])
    assert client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "owner", "Value": "other"}]
    client.delete_tags(ResourceArn=arn, TagKeys=["owner"])
    assert client.list_tags(ResourceArn=arn)["Tags"] == []
    names = [
        entry["FeatureGroupName"] for entry in client.list_feature_groups()["FeatureGroupSummaries"]
    ]
    assert "read-back" in names
    addition = [{"FeatureName": "page", "FeatureType": "Integral"}]
    client.update_feature_group(FeatureGroupName="read-back", FeatureAdditions=addition)
    described = client.describe_feature_group(FeatureGroupName="read-back")
    assert described["FeatureDefinitions"] == [*DEFINITIONS, *addition]
    client.delete_feature_group(FeatureGroupName="read-back")
    with pytest.raises(ClientError) as gone:
        client.describe_feature_group(FeatureGroupName="read-back")
    assert gone.value.response["Error"]["Code"] == "ResourceNotFound"


@pytest.mark.parametrize(
    "change",
    [
        {"FeatureGroupName": "ends-in-hyphen-"},
        {"EventTimeFeatureName": "nowhere"},
        {"OnlineStoreConfig": {}, "OfflineStoreConfig": None},
        {
            "FeatureDefinitions": [
                *DEFINITIONS,
                {"FeatureName": "write_time", "FeatureType": "String"},
            ]
        },
        {"EventTimeFeatureName": "confidence"},
    ],
)
def test_an_impossible_group_is_refused(
    sandbox: Sandbox, role: str, change: dict[str, Any]
) -> None:
    request = {**group_request("impossible", role), **change}
    with pytest.raises(ClientError) as refused:
        sandbox.client("sagemaker").create_feature_group(
            **{key: value for key, value in request.items() if value is not None}
        )
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_the_arn_of_a_group_is_in_lower_case(sandbox: Sandbox, role: str) -> None:
    client = sandbox.client("sagemaker")
    created = client.create_feature_group(**group_request("Mixed-Case", role))
    assert created["FeatureGroupArn"].endswith(":feature-group/mixed-case")
    described = client.describe_feature_group(FeatureGroupName="Mixed-Case")
    assert described["FeatureGroupName"] == "Mixed-Case"
    assert described["FeatureGroupArn"] == created["FeatureGroupArn"]


def test_a_record_is_online_and_offline(sandbox: Sandbox, group: str) -> None:
    client = sandbox.client("sagemaker-featurestore-runtime")
    client.put_record(FeatureGroupName=group, Record=record(confidence="0.67", attempts="2"))
    got = client.get_record(
        FeatureGroupName=group,
        RecordIdentifierValueAsString="s3://b/1.png",
        FeatureNames=["label", "attempts"],
    )
    assert {entry["FeatureName"]: entry["ValueAsString"] for entry in got["Record"]} == {
        "label": "seven",
        "attempts": "2",
    }
    records = control(sandbox, "GET", f"records/{group}")
    assert [row["label"] for row in records["online"]] == ["seven"]
    assert [row["is_deleted"] for row in records["offline"]] == [False]


def test_only_a_later_event_time_replaces_a_record(sandbox: Sandbox, group: str) -> None:
    client = sandbox.client("sagemaker-featurestore-runtime")
    for time, label in (
        ("2026-01-02T00:00:00.002Z", "new"),
        ("2026-01-02T00:00:00.001Z", "old"),
        ("2026-01-02T00:00:00.002Z", "as old"),
    ):
        client.put_record(FeatureGroupName=group, Record=record(time=time, label=label))
    records = control(sandbox, "GET", f"records/{group}")
    assert [row["label"] for row in records["online"]] == ["new"]
    assert [row["label"] for row in records["offline"]] == ["new", "old", "as old"]


@pytest.mark.parametrize(
    "values",
    [
        {"unknown": "x"},
        {"label": "two\nlines"},
        {"label": ""},
        {"confidence": "high"},
        {"confidence": "inf"},
        {"attempts": "1.5"},
        {"attempts": str(1 << 63)},
        {"time": "2026-01-02T03:04:05"},
        {"time": "2026-01-02T03:04:05+00:00"},
        {"time": "yesterday"},
        {"identifier": "k" * 2049},
        {"label": "v" * 358400},
    ],
    ids=lambda values: "-".join(f"{key}={value[:12]!r}" for key, value in values.items()),
)
def test_a_record_that_breaks_a_rule_is_refused(
    sandbox: Sandbox, group: str, values: dict[str, str]
) -> None:
    client = sandbox.client("sagemaker-featurestore-runtime")
    with pytest.raises(ClientError) as refused:
        client.put_record(FeatureGroupName=group, Record=record(**values))
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert control(sandbox, "GET", f"records/{group}") == {"online": [], "offline": []}


def test_identifier_and_event_time_are_required(sandbox: Sandbox, group: str) -> None:
    client = sandbox.client("sagemaker-featurestore-runtime")
    for missing in ("source_ref", "event_time"):
        values = [value for value in record() if value["FeatureName"] != missing]
        with pytest.raises(ClientError, match=missing):
            client.put_record(FeatureGroupName=group, Record=values)


@pytest.mark.parametrize(
    "time", ["1767323045", "1767323045.5", "2026-01-02T03:04:05Z", f"{TIME[:-1]}901234Z"]
)
def test_event_times_have_the_documented_forms(sandbox: Sandbox, group: str, time: str) -> None:
    client = sandbox.client("sagemaker-featurestore-runtime")
    client.put_record(FeatureGroupName=group, Record=record(time=time))
    assert len(control(sandbox, "GET", f"records/{group}")["online"]) == 1


def test_a_batch_answers_per_record(sandbox: Sandbox, group: str) -> None:
    client = sandbox.client("sagemaker-featurestore-runtime")
    entries = [
        {"FeatureGroupName": group, "Record": record(f"s3://b/{number}.png")} for number in range(3)
    ]
    entries[1]["Record"] = record("s3://b/bad.png", unknown="x")
    answer = client.batch_write_record(Entries=entries)
    assert [error["ErrorCode"] for error in answer["Errors"]] == ["ValidationError"]
    assert answer["Errors"][0]["Entry"]["Record"][0]["ValueAsString"] == "s3://b/bad.png"
    assert answer["UnprocessedEntries"] == []
    assert len(control(sandbox, "GET", f"records/{group}")["online"]) == 2
    wanted = [f"s3://b/{number}.png" for number in range(3)]
    got = client.batch_get_record(
        Identifiers=[{"FeatureGroupName": group, "RecordIdentifiersValueAsString": wanted}]
    )
    assert len(got["Records"]) == 2
    with pytest.raises(ClientError, match="25"):
        client.batch_write_record(Entries=entries * 9)


def test_a_deleted_record_is_gone_online_and_marked_offline(sandbox: Sandbox, group: str) -> None:
    client = sandbox.client("sagemaker-featurestore-runtime")
    client.put_record(FeatureGroupName=group, Record=record())
    client.delete_record(
        FeatureGroupName=group,
        RecordIdentifierValueAsString="s3://b/1.png",
        EventTime="2026-01-03T00:00:00Z",
    )
    records = control(sandbox, "GET", f"records/{group}")
    assert records["online"] == []
    assert [row["is_deleted"] for row in records["offline"]] == [False, True]


def test_faults_refuse_or_leave_records(sandbox: Sandbox, group: str) -> None:
    client = sandbox.client("sagemaker-featurestore-runtime")
    entries = [
        {"FeatureGroupName": group, "Record": record(f"s3://b/{number}")} for number in range(25)
    ]
    faults = {"put_record_failure_rate": 0.3, "unprocessed_rate": 0.3, "seed": 1}
    control(sandbox, "POST", "feature-store/faults", faults)
    answer = client.batch_write_record(Entries=entries)
    failed, left = len(answer["Errors"]), len(answer["UnprocessedEntries"])
    assert failed
    assert left
    assert {error["ErrorCode"] for error in answer["Errors"]} == {"InternalFailure"}
    assert len(control(sandbox, "GET", f"records/{group}")["online"]) == 25 - failed - left
    control(
        sandbox,
        "POST",
        "feature-store/faults",
        {"put_record_failure_rate": 1, "error_code": "AccessForbidden"},
    )
    with pytest.raises(ClientError) as refused:
        client.put_record(FeatureGroupName=group, Record=record())
    assert refused.value.response["Error"]["Code"] == "AccessForbidden"


def test_an_unknown_group_is_not_found(sandbox: Sandbox) -> None:
    client = sandbox.client("sagemaker-featurestore-runtime")
    with pytest.raises(ClientError) as refused:
        client.put_record(FeatureGroupName="nowhere", Record=record())
    assert refused.value.response["Error"]["Code"] == "ResourceNotFound"
