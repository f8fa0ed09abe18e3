"""An S3 bucket and its objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

#: How S3 calls the version of an object of a bucket without versions.
NO_VERSION = "null"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One version of an object.

    Attributes:
        body: Its bytes.
        version_id: Its version; ``null`` in a bucket without versions.
        etag: Its entity tag, in quotes.
        sequencer: Order of the writes to a key, hexadecimal.
        modified: When it was written.
        encryption: The encryption members of answers.
        deleted: Whether this is a delete marker.
    """

    body: bytes
    version_id: str
    etag: str
    sequencer: str
    modified: datetime
    encryption: Mapping[str, str]
    deleted: bool = False


@dataclass
class Bucket:
    """A bucket.

    Attributes:
        name: Its name.
        versioned: Whether it keeps every version.
        kms_key_arn: The key that writes must name, as the bucket's policy demands; None where
            there is no such policy.
        objects: By key all versions, the newest last.
    """

    name: str
    versioned: bool = False
    kms_key_arn: str | None = None
    objects: dict[str, list[StoredObject]] = field(default_factory=dict)

    def current(self, key: str) -> StoredObject | None:
        """Return the newest version of a key, None if there is none or it is deleted."""
        versions = self.objects.get(key)
        return versions[-1] if versions and not versions[-1].deleted else None

    def add(self, key: str, stored: StoredObject) -> None:
        """Make a version the newest one."""
        if self.versioned:
            self.objects.setdefault(key, []).append(stored)
        elif stored.deleted:
            self.objects.pop(key, None)
        else:
            self.objects[key] = [stored]

    def current_keys(self) -> list[str]:
        """Return the keys that have a current version, in the order of their bytes."""
        return sorted((key for key in self.objects if self.current(key)), key=str.encode)


def entries(
    keys: list[str], prefix: str, delimiter: str, after: bytes
) -> Iterator[tuple[str, bool]]:
    """Yield keys and common prefixes in order, each with whether it is a common prefix."""
    last = ""
    for key in keys:
        shown, is_prefix = key, False
        if delimiter and delimiter in key[len(prefix) :]:
            end = key.index(delimiter, len(prefix)) + len(delimiter)
            shown, is_prefix = key[:end], True
        if shown != last and shown.encode() > after:
            yield shown, is_prefix
        last = shown
