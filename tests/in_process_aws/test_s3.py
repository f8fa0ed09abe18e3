"""Versions, required encryption keys, multipart uploads and pages of listings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.in_process_aws.place import code_of

if TYPE_CHECKING:
    from in_process_aws.account import Account
    from tests.in_process_aws.place import AccountPlace, Place

KEY = "arn:aws:kms:us-east-1:123456789012:key/one"
MINIMUM_PART = 5 * 1024 * 1024


def _body(place: Place, bucket: str, key: str, **more: str) -> bytes:
    answer = place.client("s3").get_object(Bucket=bucket, Key=key, **more)
    body: bytes = answer["Body"].read()
    return body


def test_a_versioned_bucket_keeps_what_was_overwritten(place: Place) -> None:
    s3, bucket = place.client("s3"), place.new_bucket(versioned=True)
    first = s3.put_object(Bucket=bucket, Key="a", Body=b"first")["VersionId"]
    second = s3.put_object(Bucket=bucket, Key="a", Body=b"second")["VersionId"]
    assert first != second
    assert _body(place, bucket, "a") == b"second"
    assert _body(place, bucket, "a", VersionId=first) == b"first"
    marker = s3.delete_object(Bucket=bucket, Key="a")
    assert marker["DeleteMarker"] is True
    with pytest.raises(s3.exceptions.NoSuchKey):
        _body(place, bucket, "a")
    assert _body(place, bucket, "a", VersionId=second) == b"second"


def test_a_bucket_without_versions_names_none(place: Place) -> None:
    s3, bucket = place.client("s3"), place.new_bucket()
    assert "VersionId" not in s3.put_object(Bucket=bucket, Key="a", Body=b"first")
    s3.put_object(Bucket=bucket, Key="a", Body=b"second")
    assert _body(place, bucket, "a") == b"second"


@pytest.mark.parametrize(
    ("operation", "code"),
    [("get_object", "NoSuchKey"), ("head_object", "404")],
)
def test_an_object_that_is_not_there_is_refused(place: Place, operation: str, code: str) -> None:
    bucket = place.new_bucket()
    with pytest.raises(ClientError) as refused:
        getattr(place.client("s3"), operation)(Bucket=bucket, Key="absent")
    assert code_of(refused) == code


@pytest.mark.parametrize(
    ("operation", "code"),
    [("get_object", "AccessDenied"), ("head_object", "403")],
)
def test_a_caller_who_may_not_list_gets_403_for_an_absent_object(
    account_place: AccountPlace, operation: str, code: str
) -> None:
    s3, bucket = account_place.client("s3"), account_place.new_bucket()
    s3.put_object(Bucket=bucket, Key="there", Body=b"x")
    account_place.account.s3.hides_absent = lambda: True
    with pytest.raises(ClientError) as refused:
        getattr(s3, operation)(Bucket=bucket, Key="absent")
    assert code_of(refused) == code
    assert _body(account_place, bucket, "there") == b"x"


def test_a_body_is_a_stream_of_lines_and_chunks(place: Place) -> None:
    s3, bucket = place.client("s3"), place.new_bucket()
    s3.put_object(Bucket=bucket, Key="a", Body=b"one\ntwo\r\n\nthree")
    answer = s3.get_object(Bucket=bucket, Key="a")
    assert answer["ContentLength"] == 15
    assert list(answer["Body"].iter_lines(chunk_size=2)) == [b"one", b"two", b"", b"three"]
    chunks = s3.get_object(Bucket=bucket, Key="a")["Body"].iter_chunks(4)
    assert b"".join(chunks) == b"one\ntwo\r\n\nthree"
    assert _body(place, bucket, "a", Range="bytes=4-6") == b"two"


def test_listings_come_in_pages_in_the_order_of_the_keys_bytes(place: Place) -> None:
    s3, bucket = place.client("s3"), place.new_bucket()
    keys = ["runs/a/1", "runs/a/2", "runs/b/1", "runs/z", "runs/é", "other"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix="runs/", PaginationConfig={"PageSize": 2}
    )
    found = [[entry["Key"] for entry in page.get("Contents", [])] for page in pages]
    assert found == [["runs/a/1", "runs/a/2"], ["runs/b/1", "runs/z"], ["runs/é"]]
    answer = s3.list_objects_v2(Bucket=bucket, Prefix="runs/", Delimiter="/")
    assert [entry["Prefix"] for entry in answer["CommonPrefixes"]] == ["runs/a/", "runs/b/"]
    assert [entry["Key"] for entry in answer["Contents"]] == ["runs/z", "runs/é"]
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix="absent/")


def test_an_upload_in_parts_is_an_object_once_it_is_complete(place: Place) -> None:
    s3, bucket = place.client("s3"), place.new_bucket()
    names: dict[str, Any] = {"Bucket": bucket, "Key": "large"}
    upload = s3.create_multipart_upload(**names)["UploadId"]
    bodies = [b"1" * MINIMUM_PART, b"2"]
    parts = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(**names, UploadId=upload, PartNumber=number, Body=body)["ETag"],
        }
        for number, body in enumerate(bodies, start=1)
    ]
    with pytest.raises(s3.exceptions.NoSuchKey):
        _body(place, bucket, "large")
    s3.complete_multipart_upload(**names, UploadId=upload, MultipartUpload={"Parts": parts})
    assert _body(place, bucket, "large") == b"".join(bodies)


@pytest.mark.parametrize(
    ("bodies", "changes", "code"),
    [
        ([b"1", b"2"], {}, "EntityTooSmall"),
        ([b"1"], {"ETag": '"0"'}, "InvalidPart"),
        ([b"1"], {"PartNumber": 2}, "InvalidPart"),
    ],
)
def test_an_upload_whose_parts_are_wrong_is_refused(
    place: Place, bodies: list[bytes], changes: dict[str, Any], code: str
) -> None:
    s3, names = place.client("s3"), {"Bucket": place.new_bucket(), "Key": "large"}
    upload = s3.create_multipart_upload(**names)["UploadId"]
    parts: list[dict[str, Any]] = []
    for number, body in enumerate(bodies, start=1):
        part = s3.upload_part(**names, UploadId=upload, PartNumber=number, Body=body)
        parts.append({"PartNumber": number, "ETag": part["ETag"], **changes})
    with pytest.raises(ClientError) as refused:
        s3.complete_multipart_upload(**names, UploadId=upload, MultipartUpload={"Parts": parts})
    assert code_of(refused) == code


def test_a_copy_has_the_body_of_its_source(place: Place) -> None:
    s3, bucket = place.client("s3"), place.new_bucket()
    s3.put_object(Bucket=bucket, Key="a", Body=b"body")
    s3.put_object(Bucket=bucket, Key="a b+é", Body=b"odd")
    for key, body in (("a", b"body"), ("a b+é", b"odd")):
        s3.copy_object(Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": key})
        assert _body(place, bucket, "b") == body
    with pytest.raises(ClientError) as refused:
        s3.copy_object(Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": "absent"})
    assert code_of(refused) == "NoSuchKey"


def test_an_object_that_must_not_exist_is_not_overwritten(place: Place) -> None:
    s3, bucket = place.client("s3"), place.new_bucket()
    s3.put_object(Bucket=bucket, Key="a", Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket=bucket, Key="a", Body=b"second", IfNoneMatch="*")
    assert code_of(refused) == "PreconditionFailed"


# Behaviour of the in-process account only.


@pytest.mark.parametrize(
    "named",
    [
        {},
        {"ServerSideEncryption": "aws:kms"},
        {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "another"},
        {"ServerSideEncryption": "AES256"},
    ],
)
def test_a_write_that_does_not_name_the_buckets_key_is_denied(
    account: Account, named: dict[str, str]
) -> None:
    account.s3.create_bucket("output", kms_key_arn=KEY)
    s3 = account.client("s3")
    for write in (s3.put_object, s3.create_multipart_upload):
        with pytest.raises(ClientError) as refused:
            write(Bucket="output", Key="a", **named)
        assert code_of(refused) == "AccessDenied"
    s3.put_object(
        Bucket="output", Key="a", Body=b"", ServerSideEncryption="aws:kms", SSEKMSKeyId=KEY
    )
    with pytest.raises(ClientError) as refused:
        s3.copy_object(
            Bucket="output", Key="b", CopySource={"Bucket": "output", "Key": "a"}, **named
        )
    assert code_of(refused) == "AccessDenied"


def test_a_completed_upload_accepts_no_part(account: Account, account_place: AccountPlace) -> None:
    s3, names = account.client("s3"), {"Bucket": account_place.new_bucket(), "Key": "large"}
    upload = s3.create_multipart_upload(**names)["UploadId"]
    s3.abort_multipart_upload(**names, UploadId=upload)
    with pytest.raises(ClientError) as refused:
        s3.upload_part(**names, UploadId=upload, PartNumber=1, Body=b"late")
    assert code_of(refused) == "NoSuchUpload"


def test_uploads_of_one_key_have_an_order(account: Account, account_place: AccountPlace) -> None:
    bucket = account_place.new_bucket(versioned=True)
    first = account.s3.upload(bucket, "a", b"one")
    second = account.s3.upload(bucket, "a", b"two")
    assert first.sequencer < second.sequencer
    assert first.version_id != second.version_id
    assert account.s3.body(bucket, "a") == b"two"
