"""The versions of an uploaded object."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from labelctl.tracing.events import Event, What

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from labelctl.connection import Client


def version_events(client: Client, bucket: str, key: str) -> list[Event]:
    """Return the uploads and deletions of an object, the oldest first.

    Args:
        client: S3.
        bucket: The upload bucket.
        key: The object's key.
    """
    return sorted(_events(client, bucket, key), key=lambda event: event.at)


def _events(client: Client, bucket: str, key: str) -> Iterator[Event]:
    pages = client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
    for page in pages:
        for entry in page.get("Versions", []):
            if entry["Key"] == key:
                detail = {"bytes": entry["Size"]}
                yield Event(
                    moment(entry["LastModified"]), What.UPLOADED, entry["VersionId"], detail=detail
                )
        for entry in page.get("DeleteMarkers", []):
            if entry["Key"] == key:
                yield Event(moment(entry["LastModified"]), What.DELETED, entry["VersionId"])


def moment(time: datetime) -> str:
    """Return a time as the functions write it."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
