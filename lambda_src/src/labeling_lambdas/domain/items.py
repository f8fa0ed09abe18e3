"""The item of work: one version of one uploaded object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

from labeling_lambdas.domain import identity

#: S3 takes keys of up to 1,024 bytes in UTF-8; its other names are shorter.
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
_MAX_TEXT_BYTES = 1024


class SourceFields(TypedDict):
    """A source object as it is written to lists and messages."""

    bucket: str
    key: str
    version_id: str
    etag: str
    size: int
    sequencer: str


@dataclass(frozen=True, slots=True)
class SourceObject:
    """One version of an uploaded object.

    Attributes:
        bucket: Name of the upload bucket.
        key: Key as S3 shows it.
        version_id: Version, never empty: the upload bucket is versioned.
        etag: Entity tag without quotes.
        size: Bytes.
        sequencer: S3's order of writes to one key, hexadecimal; empty when unknown.
    """

    bucket: str
    key: str
    version_id: str
    etag: str
    size: int
    sequencer: str

    @property
    def item_id(self) -> str:
        """Identity of the object version."""
        return identity.item_id(self.bucket, self.key, self.version_id)

    @property
    def key_id(self) -> str:
        """Identity of the key, shared by all its versions."""
        return identity.key_id(self.bucket, self.key)

    @property
    def uri(self) -> str:
        """``s3://`` address. Ground Truth takes the plain key here, not an encoded one."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def order(self) -> str:
        """Sort key among the versions of one key."""
        return identity.comparable_sequencer(self.sequencer)

    def fields(self) -> SourceFields:
        """Return the object as JSON-ready fields."""
        return {
            "bucket": self.bucket,
            "key": self.key,
            "version_id": self.version_id,
            "etag": self.etag,
            "size": self.size,
            "sequencer": self.sequencer,
        }

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> SourceObject:
        """Read what :meth:`fields` wrote.

        Raises:
            KeyError: If a field is absent.
            ValueError: If a field has the wrong form or is too long.
            TypeError: If a field has the wrong type.
            OverflowError: If the size is infinite.
        """
        texts = {
            name: fields[name] for name in ("bucket", "key", "version_id", "etag", "sequencer")
        }
        wrong = [name for name, text in texts.items() if not isinstance(text, str)]
        if wrong:
            message = f"fields must be strings: {', '.join(wrong)}"
            raise TypeError(message)
        # JSON can spell half a surrogate pair, which nothing that writes UTF-8 could pass on.
        long = [name for name, text in texts.items() if len(text.encode()) > _MAX_TEXT_BYTES]
        if long:
            message = f"fields must have at most {_MAX_TEXT_BYTES} bytes: {', '.join(long)}"
            raise ValueError(message)
        if not (texts["bucket"] and texts["key"] and texts["version_id"]):
            message = "bucket, key and version_id must not be empty"
            raise ValueError(message)
        size = int(fields["size"])
        if size < 0:
            message = "size must not be negative"
            raise ValueError(message)
        return cls(size=size, **texts)


@dataclass(frozen=True, slots=True)
class ClaimedItem:
    """An item that a run has claimed.

    Attributes:
        source: The object version.
        attempts: Labeling jobs that had the item and ended without a label for it.
        generation: Times the item was dead-lettered before.
    """

    source: SourceObject
    attempts: int = 0
    generation: int = 0

    @property
    def item_id(self) -> str:
        """Identity of the item."""
        return self.source.item_id

    def fields(self) -> dict[str, Any]:
        """Return the claim as JSON-ready fields."""
        return {
            "item_id": self.item_id,
            "source": self.source.fields(),
            "attempts": self.attempts,
            "generation": self.generation,
        }

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> ClaimedItem:
        """Read what :meth:`fields` wrote."""
        return cls(
            source=SourceObject.from_fields(fields["source"]),
            attempts=int(fields["attempts"]),
            generation=int(fields["generation"]),
        )
