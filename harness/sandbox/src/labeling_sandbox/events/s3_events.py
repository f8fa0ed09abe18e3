"""The EventBridge events of S3, in S3's format.

Structure: "Amazon S3 event message structure" for EventBridge in the S3 user guide. moto's own
have one event id for all, ``eTag`` for ``etag``, a constant sequencer and ``version-id`` on buckets
without versions.
"""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import moto.s3.notifications as s3_notifications
from moto.s3.models import FakeBucket, FakeKey, S3Backend, s3_backends

from labeling_sandbox.base.moto_seams import replace

_REASONS = {
    "Put": "PutObject",
    "Post": "POST Object",
    "Copy": "CopyObject",
    "CompleteMultipartUpload": "CompleteMultipartUpload",
    "Delete": "DeleteObject",
    "DeleteMarkerCreated": "DeleteObject",
}
_DELETION_TYPES = {
    "Delete": "Permanently Deleted",
    "DeleteMarkerCreated": "Delete Marker Created",
}
Event = dict[str, Any]

_completing = threading.local()
_sequence = itertools.count(time.time_ns() // 1000)


def event_of(account: str, bucket: FakeBucket, event_name: str, key: FakeKey) -> Event | None:
    """Build the event of one change of an object.

    Args:
        account: The account of the bucket.
        bucket: moto's bucket.
        event_name: moto's name of the notification, such as ``s3:ObjectCreated:Put``.
        key: moto's object.

    Returns:
        The event, or None where S3 sends none: moto announces a multipart upload twice, and tags
        with every upload that has none.
    """
    name = str(getattr(event_name, "value", event_name))
    kind = name.rsplit(":", 1)[-1]
    if kind == "Put" and getattr(_completing, "active", False):
        return None
    if ":ObjectTagging:" in name and not _tags_of(account, key):
        return None
    detail: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": _object_of(bucket, key, kind),
        "request-id": uuid.uuid4().hex[:16].upper(),
        "requester": account,
        "source-ip-address": "127.0.0.1",
        "reason": _REASONS.get(kind, kind),
    }
    if kind in _DELETION_TYPES:
        detail["deletion-type"] = _DELETION_TYPES[kind]
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": s3_notifications._detail_type(event_name),  # noqa: SLF001 - its table of names
        "source": "aws.s3",
        "account": account,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": bucket.region_name,
        "resources": [bucket.arn],
        "detail": detail,
    }


def _tags_of(account: str, key: FakeKey) -> dict[str, str]:
    tags: dict[str, str] = s3_backends[account]["aws"].tagger.get_tag_dict_for_resource(key.arn)
    return tags


def install() -> None:
    """Mark the thread that completes an upload in parts, to tell its event from that of a put."""

    def complete(self: S3Backend, *args: object, **kwargs: object) -> object:
        _completing.active = True
        try:
            return original(self, *args, **kwargs)
        finally:
            _completing.active = False

    original = replace(S3Backend, "complete_multipart_upload", complete)


def _object_of(bucket: FakeBucket, key: FakeKey, kind: str) -> dict[str, Any]:
    described: dict[str, Any] = {"key": key.name}
    if kind not in _DELETION_TYPES:
        described["size"] = key.size
    etag = getattr(key, "etag", None)
    if etag:
        described["etag"] = etag.strip('"')
    if bucket.is_versioned:
        described["version-id"] = key.version_id
    described["sequencer"] = f"{next(_sequence):018X}"
    return described
