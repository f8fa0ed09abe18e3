"""The current object versions of the upload bucket, in the order of their keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labeling_lambdas.domain.items import SourceObject

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from labelctl.connection import Client


@dataclass(frozen=True, slots=True)
class Version:
    """An older version of an object.

    Attributes:
        version_id: The version.
        modified: When it was uploaded.
    """

    version_id: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class ListedObject:
    """The current version of an object.

    Attributes:
        source: The version, without a sequencer.
        modified: When it was uploaded.
        older: The previous versions that still exist.
    """

    source: SourceObject
    modified: datetime
    older: list[Version] = field(default_factory=list)

    def older_sources(self, since: datetime) -> list[SourceObject]:
        """Return the older versions that were uploaded since a given time."""
        return [
            SourceObject(self.source.bucket, self.source.key, version.version_id, "", 0, "")
            for version in self.older
            if version.modified >= since
        ]


def listed_objects(
    client: Client, bucket: str, *, prefix: str = "", start_after: str = ""
) -> Iterator[ListedObject]:
    """Yield the current version of each object that is not deleted.

    Args:
        client: S3.
        bucket: The bucket.
        prefix: The prefix of the keys.
        start_after: Only keys that come after this one.
    """
    markers = {"KeyMarker": start_after} if start_after else {}
    pages = client.get_paginator("list_object_versions").paginate(
        Bucket=bucket, Prefix=prefix, **markers
    )
    current: ListedObject | None = None
    for page in pages:
        # S3 lists the versions of a key consecutively, the newest first.
        for entry in page.get("Versions", []):
            if entry["Key"].encode() <= start_after.encode():
                continue
            if entry["IsLatest"]:
                if current is not None:
                    yield current
                current = _listed(bucket, entry)
            elif current is not None and current.source.key == entry["Key"]:
                current.older.append(Version(entry["VersionId"], entry["LastModified"]))
    if current is not None:
        yield current


def _listed(bucket: str, entry: dict[str, Any]) -> ListedObject:
    source = SourceObject(
        bucket=bucket,
        key=entry["Key"],
        version_id=entry["VersionId"],
        etag=entry["ETag"].strip('"'),
        size=int(entry["Size"]),
        sequencer="",
    )
    return ListedObject(source, entry["LastModified"])
