"""The permissions of S3 requests, with the bucket policy and the key of encrypted objects."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import xmltodict  # type: ignore[import-untyped]
from moto.s3.models import FakeBucket, FakeKey, s3_backends
from moto.utilities.utils import get_partition

from labeling_sandbox.permissions.requirements import Call, KeyUse, Needs, Requirement

if TYPE_CHECKING:
    from collections.abc import Mapping

# Operations whose IAM action has another name (Service Authorization Reference, "Actions defined
# by Amazon S3").
_ACTIONS: Mapping[str, str] = {
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteObjects": "DeleteObject",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
}
_LISTINGS = frozenset({"ListObjects", "ListObjectsV2", "ListObjectVersions"})
_MULTIPART = frozenset(
    {"CompleteMultipartUpload", "CreateMultipartUpload", "UploadPart", "UploadPartCopy"}
)
_READS = frozenset({"GetObject", "HeadObject"})
_HEADER_KEYS: Mapping[str, str] = {
    "if-none-match": "s3:if-none-match",
    "x-amz-server-side-encryption": "s3:x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm": (
        "s3:x-amz-server-side-encryption-customer-algorithm"
    ),
    "x-amz-acl": "s3:x-amz-acl",
    "x-amz-storage-class": "s3:x-amz-storage-class",
}


def s3_needs(call: Call) -> Needs:
    """Return what an S3 request needs.

    A read of a key that does not exist also needs ``s3:ListBucket``: without it S3 answers 403
    instead of 404. That decision has no ``s3:prefix``, so a condition on it is not met: only
    listings bring the key. https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html

    A copy of an object with tags copies them, and needs to read and to write them, unless it
    replaces them. https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
    """
    bucket_name, _, key = call.given_resource.partition(":::")[2].partition("/")
    bucket = _bucket(call, bucket_name)
    policy = _policy(bucket)
    context = _context(call)
    requirements = [
        Requirement(f"s3:{_action(call)}", resource, context, policy)
        for resource in _resources(call, bucket_name)
    ]
    if call.operation in _READS and bucket is not None and _stored(bucket, key) is None:
        bucket_arn = call.given_resource.partition("/")[0]
        requirements.append(Requirement("s3:ListBucket", bucket_arn, {}, policy))
    source = _copy_source(call)
    if source is not None:
        requirements.append(source)
        if _copies_tags(call):
            reading = replace(source, action="s3:GetObjectTagging")
            requirements += [reading, _write_tags(call, context, policy)]
    if call.response.headers.get("x-amz-tagging"):
        requirements.append(_write_tags(call, context, policy))
    return Needs(tuple(requirements), _key_uses(call, bucket, key, context))


def _action(call: Call) -> str:
    versioned = "versionId" in call.response.querystring
    action = _ACTIONS.get(call.operation, call.operation)
    if versioned and action in {"GetObject", "DeleteObject", "GetObjectTagging"}:
        return action.replace("Object", "ObjectVersion", 1)
    return action


def _resources(call: Call, bucket_name: str) -> list[str]:
    if call.operation != "DeleteObjects":
        return [call.given_resource]
    listed = xmltodict.parse(call.response.body)["Delete"].get("Object", [])
    entries = listed if isinstance(listed, list) else [listed]
    partition = get_partition(call.region)
    return [f"arn:{partition}:s3:::{bucket_name}/{entry['Key']}" for entry in entries]


def _context(call: Call) -> dict[str, str]:
    query, headers = call.response.querystring, call.response.headers
    context = {key: headers[name] for name, key in _HEADER_KEYS.items() if headers.get(name)}
    if call.operation in _LISTINGS:
        context["s3:prefix"] = _first(query.get("prefix"))
        if query.get("delimiter"):
            context["s3:delimiter"] = _first(query["delimiter"])
    if query.get("versionId"):
        context["s3:VersionId"] = _first(query["versionId"])
    return context


def _copy_source(call: Call) -> Requirement | None:
    header = call.response.headers.get("x-amz-copy-source")
    if not header:
        return None
    path = _copied_path(header)
    arn = f"arn:{get_partition(call.region)}:s3:::{path}"
    return Requirement("s3:GetObject", arn, {}, _policy(_bucket(call, path.partition("/")[0])))


def _copied_path(header: str) -> str:
    return unquote(header).lstrip("/").partition("?")[0]


def _copies_tags(call: Call) -> bool:
    headers = call.response.headers
    if call.operation != "CopyObject" or headers.get("x-amz-tagging-directive") == "REPLACE":
        return False
    name, _, key = _copied_path(headers["x-amz-copy-source"]).partition("/")
    bucket = _bucket(call, name)
    stored = None if bucket is None else _stored(bucket, key)
    if stored is None:
        return False
    backend = s3_backends[call.account][get_partition(call.region)]
    return bool(backend.tagger.get_tag_dict_for_resource(stored.arn))


def _write_tags(call: Call, context: Mapping[str, str], policy: str | None) -> Requirement:
    return Requirement("s3:PutObjectTagging", call.given_resource, context, policy)


def _key_uses(
    call: Call, bucket: FakeBucket | None, key: str, context: Mapping[str, str]
) -> tuple[KeyUse, ...]:
    if bucket is None or not key:
        return ()
    action, via = _ACTIONS.get(call.operation, call.operation), call.via("s3")
    encryption_context = {"aws:s3:arn": _encryption_arn(bucket, call.given_resource)}
    if action == "PutObject":
        key_id = _key_for_new_object(bucket, context)
        actions: tuple[str, ...] = ("kms:GenerateDataKey",)
        if call.operation in _MULTIPART:
            actions += ("kms:Decrypt",)
        return (KeyUse(key_id, actions, via, encryption_context),) if key_id else ()
    stored = _stored(bucket, key) if call.operation == "GetObject" else None
    if stored is not None and stored.encryption == "aws:kms":
        return (KeyUse(stored.kms_key_id, ("kms:Decrypt",), via, encryption_context),)
    return ()


def _stored(bucket: FakeBucket, key: str) -> FakeKey | None:
    """The newest version of an object, None if there is none or it was deleted."""
    newest = bucket.keys.get(key)
    return newest if isinstance(newest, FakeKey) else None


def _key_for_new_object(bucket: FakeBucket, context: Mapping[str, str]) -> str | None:
    default = _default_encryption(bucket).get("ApplyServerSideEncryptionByDefault") or {}
    algorithm = context.get("s3:x-amz-server-side-encryption", default.get("SSEAlgorithm"))
    if algorithm != "aws:kms":
        return None
    named = context.get("s3:x-amz-server-side-encryption-aws-kms-key-id")
    key_id: str | None = named or default.get("KMSMasterKeyID")
    return key_id


def _encryption_arn(bucket: FakeBucket, object_arn: str) -> str:
    # With an S3 Bucket Key the data key belongs to the bucket, so KMS sees the bucket's ARN.
    enabled = str(_default_encryption(bucket).get("BucketKeyEnabled", "false")).lower() == "true"
    return object_arn.partition("/")[0] if enabled else object_arn


def _default_encryption(bucket: FakeBucket) -> Mapping[str, Any]:
    rule: Mapping[str, Any] = (bucket.encryption or {}).get("Rule") or {}
    return rule


def _bucket(call: Call, name: str) -> FakeBucket | None:
    bucket: FakeBucket | None = s3_backends[call.account][get_partition(call.region)].buckets.get(
        name
    )
    return bucket


def _policy(bucket: FakeBucket | None) -> str | None:
    if bucket is None or not bucket.policy:
        return None
    policy: str = bucket.policy.decode()
    return policy


def _first(values: object) -> str:
    return str(values[0]) if isinstance(values, list) and values else ""
