"""Buckets are read back as they are written, and keep what their policies protect."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from labeling_sandbox.iam import credentials
from tests.sandbox.resources import make_role

if TYPE_CHECKING:
    from labeling_sandbox.server import Sandbox


def test_event_bridge_switch_is_read_back_alone_and_beside_a_queue(sandbox: Sandbox) -> None:
    s3, sqs = sandbox.client("s3"), sandbox.client("sqs")
    s3.create_bucket(Bucket="notifying")
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(
        Bucket="notifying"
    )
    s3.put_bucket_notification_configuration(
        Bucket="notifying", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    shown = s3.get_bucket_notification_configuration(Bucket="notifying")
    assert shown["EventBridgeConfiguration"] == {}
    sqs.create_queue(QueueName="notified")
    arn = f"arn:aws:sqs:{sandbox.region}:{sandbox.account}:notified"
    queue = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="notifying",
        NotificationConfiguration={"EventBridgeConfiguration": {}, "QueueConfigurations": [queue]},
    )
    shown = s3.get_bucket_notification_configuration(Bucket="notifying")
    assert shown["EventBridgeConfiguration"] == {}
    assert shown["QueueConfigurations"][0]["QueueArn"] == arn


def test_unconditional_deny_does_not_lock_the_administrator_out(sandbox: Sandbox) -> None:
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="locked")
    s3.put_object(Bucket="locked", Key="k", Body=b"x")
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::locked/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    s3.put_bucket_policy(Bucket="locked", Policy=policy)
    assert s3.head_object(Bucket="locked", Key="k")["ContentLength"] == 1
    assert s3.get_object(Bucket="locked", Key="k")["Body"].read() == b"x"


def test_versions_are_listed_with_encoded_keys_on_request(sandbox: Sandbox) -> None:
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="versions")
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    key = "100 %/a+b/été.png"
    s3.put_object(Bucket="versions", Key=key, Body=b"x")
    raw = s3.list_object_versions(Bucket="versions", EncodingType="url")
    assert raw["Versions"][0]["Key"] == "100%20%25/a%2Bb/%C3%A9t%C3%A9.png"
    assert s3.list_object_versions(Bucket="versions")["Versions"][0]["Key"] == key


def test_a_deleted_object_is_gone_and_its_marker_can_be_deleted_too(sandbox: Sandbox) -> None:
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="markers")
    s3.put_bucket_versioning(Bucket="markers", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="markers", Key="k", Body=b"x")
    s3.delete_object(Bucket="markers", Key="k")
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket="markers", Key="k")
    listed = s3.list_object_versions(Bucket="markers")
    left = [*listed["Versions"], *listed["DeleteMarkers"]]
    objects = [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in left]
    assert len(objects) == 2
    # As Terraform does, which destroys the versioning of a bucket before it empties the bucket.
    s3.put_bucket_versioning(Bucket="markers", VersioningConfiguration={"Status": "Suspended"})
    s3.delete_objects(Bucket="markers", Delete={"Objects": objects})
    listed = s3.list_object_versions(Bucket="markers")
    assert listed.get("Versions", []) == listed.get("DeleteMarkers", []) == []


def test_a_policy_may_require_that_a_put_replaces_nothing(sandbox: Sandbox) -> None:
    administrator, bucket = sandbox.client("s3"), "write-once"
    administrator.create_bucket(Bucket=bucket)
    denial = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"Null": {"s3:if-none-match": "true"}},
    }
    document = {"Version": "2012-10-17", "Statement": [denial]}
    administrator.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
    role = make_role(sandbox, "write-once", "lambda.amazonaws.com")
    client = sandbox.client("s3", **credentials.assume(role, "test").for_client())
    written = {"Bucket": bucket, "Key": "list", "Body": b"first"}
    for refused in ({}, {"IfMatch": "etag"}):
        with pytest.raises(ClientError, match="AccessDenied"):
            client.put_object(**written, **refused)
    client.put_object(**written, IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        client.put_object(**{**written, "Body": b"second"}, IfNoneMatch="*")
    assert client.get_object(Bucket=bucket, Key="list")["Body"].read() == b"first"
