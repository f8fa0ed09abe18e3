"""What S3 tells the world of an upload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labeling_faults.aws.buckets import StoredObject


def object_created(bucket: str, key: str, stored: StoredObject, size: int) -> dict[str, Any]:
    """Return the event with which EventBridge announces a version of an object."""
    return {
        "version": "0",
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {
            "bucket": {"name": bucket},
            "object": {
                "key": key,
                "size": size,
                "etag": stored.etag.strip('"'),
                "version-id": stored.version_id,
                "sequencer": stored.sequencer,
            },
        },
    }
