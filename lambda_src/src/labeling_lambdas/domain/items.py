"""The unit of work: one version of one uploaded object, or one line of a text file."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from labeling_lambdas.domain import identity

if TYPE_CHECKING:
    from collections.abc import Mapping

#: S3 accepts keys of up to 1,024 bytes in UTF-8; its other names are shorter.
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
_MAX_TEXT_BYTES = 1024

#: Greater than every line number of a file that the pipeline accepts.
_MAX_LINE = 2**31

_MAX_DEPTH = 32


class SourceFields(TypedDict):
    """The format of a source object in lists and messages."""

    bucket: str
    key: str
    version_id: str
    etag: str
    size: int
    sequencer: str
    line: int | None


class SourceObject(NamedTuple):
    """One version of an uploaded object, or one line of it.

    Attributes:
        bucket: Name of the upload bucket.
        key: Key as S3 shows it.
        version_id: Version, never empty: the upload bucket is versioned.
        etag: Entity tag without quotes.
        size: Bytes of the object.
        sequencer: S3's order of writes to one key, hexadecimal; empty if unknown.
        line: Number of a text file's line, from 1; None for the whole object.
    """

    bucket: str
    key: str
    version_id: str
    etag: str
    size: int
    sequencer: str
    line: int | None = None

    @property
    def item_id(self) -> str:
        """Identity of the object version, or of its line."""
        return identity.item_id(self.bucket, self.key, self.version_id, self.line)

    @property
    def key_id(self) -> str:
        """Identity of the key or of its line, shared by all versions."""
        return identity.key_id(self.bucket, self.key, self.line)

    @property
    def uri(self) -> str:
        """``s3://`` address. Ground Truth expects the plain key here, not a URL-encoded one.

        The address of a line ends in ``#L`` and its number.
        """
        whole = f"s3://{self.bucket}/{self.key}"
        return whole if self.line is None else f"{whole}#L{self.line}"

    def at_line(self, line: int | None) -> SourceObject:
        """Return a line of the object, or the whole object."""
        return self._replace(line=line)

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
            "line": self.line,
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
        # JSON can represent an unpaired surrogate, which cannot be encoded as UTF-8.
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
        # Several hundred thousand items share one bucket name.
        texts["bucket"] = sys.intern(texts["bucket"])
        return cls(size=size, line=_line_number(fields.get("line")), **texts)


def _line_number(line: object) -> int | None:
    return None if line is None else _positive(line, "line")


def _positive(number: object, name: str) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or not 0 < number < _MAX_LINE:
        message = f"{name} must be a number from 1 to {_MAX_LINE - 1}"
        raise ValueError(message)
    return number


@dataclass(frozen=True, slots=True)
class TextContent:
    """The text of an item. It is written to files and messages, never to the ledger or a log.

    Attributes:
        text: The text to label.
        extra: Further keys of the row, passed through to the output of the labeling job.
        occurrence: Number of this text among the equal texts of its file, from 1.
    """

    # Excluded from repr, so that no error message can show it.
    text: str = field(repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)
    occurrence: int = 1

    @classmethod
    def of(cls, text: str, extra: Mapping[str, Any], occurrence: int = 1) -> TextContent:
        """Create a content from values that were read from JSON.

        Raises:
            ValueError: If they contain NaN, infinity or an unpaired surrogate, which cannot be
                written to a manifest, or are nested more deeply than some readers support.
        """
        if _deeper_than(_MAX_DEPTH, extra):
            message = f"the further keys are nested deeper than {_MAX_DEPTH} levels"
            raise ValueError(message)
        try:
            json.dumps([text, extra], ensure_ascii=False, allow_nan=False).encode()
        except ValueError:
            message = "the text or its further keys cannot be written as JSON in UTF-8"
            # Without the original error, whose message shows the text.
            raise ValueError(message) from None
        return cls(text, extra, occurrence)

    def fields(self) -> dict[str, Any]:
        """Return the content as JSON-ready fields."""
        fields: dict[str, Any] = {"text": self.text, "extra": dict(self.extra)}
        # Few texts occur twice in their file.
        return fields if self.occurrence == 1 else {**fields, "occurrence": self.occurrence}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> TextContent | None:
        """Read what :meth:`fields` wrote among other fields; None if there is no text.

        Raises:
            TypeError: If the text is not a string, or its further keys are not an object.
            ValueError: See :meth:`of`; or if the occurrence is not a number.
        """
        if "text" not in fields:
            return None
        text, extra = fields["text"], fields.get("extra", {})
        if not isinstance(text, str) or not isinstance(extra, dict):
            message = "text must be a string, and extra an object"
            raise TypeError(message)
        occurrence = _positive(fields.get("occurrence", 1), "occurrence")
        return cls.of(text, extra, occurrence)


def _deeper_than(levels: int, value: object) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper_than(levels - 1, one) for one in inner)


def text_id_of(source: SourceObject, content: TextContent | None) -> str:
    """Return the identity of an item's text within its object key; empty if it has no text.

    Labelers see only the text, so a labeled text is not paid for again, on any line of a newer
    version of its file.
    """
    if content is None:
        return ""
    return identity.text_id(source.bucket, source.key, content.text, content.occurrence)


class ClaimedItem(NamedTuple):
    """An item that a run has claimed.

    Attributes:
        source: The object version.
        attempts: Labeling jobs that the item was in and that ended without a label for it.
        generation: How many times the item was dead-lettered.
        part: Part of the run's list that holds the content; empty for an item without one.
        content: The text of a text item, None if it was left in the list.
        label_uri: File that holds its label; empty if it has none. An item with a label is not
            labeled again.
        text_id: Identity of its text within its key, empty for an item without one.
        waits: Whether another item with the same text may be in a labeling job. If so, this item is
            not labeled and gets the label of the other item.
    """

    source: SourceObject
    attempts: int = 0
    generation: int = 0
    part: str = ""
    content: TextContent | None = None
    label_uri: str = ""
    text_id: str = ""
    waits: bool = False

    @property
    def item_id(self) -> str:
        """Identity of the item."""
        return self.source.item_id

    def without_content(self) -> ClaimedItem:
        """Return the claim without its content, which can be read from its part."""
        return self._replace(content=None)

    def fields(self) -> dict[str, Any]:
        """Return the claim as JSON-ready fields, with its content if it is loaded."""
        return {
            "item_id": self.item_id,
            "source": self.source.fields(),
            "attempts": self.attempts,
            "generation": self.generation,
            "part": self.part,
            "label_uri": self.label_uri,
            "text_id": self.text_id,
            "waits": self.waits,
            **(self.content.fields() if self.content else {}),
        }

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> ClaimedItem:
        """Read what :meth:`fields` wrote."""
        return cls(
            source=SourceObject.from_fields(fields["source"]),
            attempts=int(fields["attempts"]),
            generation=int(fields["generation"]),
            part=str(fields.get("part", "")),
            content=TextContent.from_fields(fields),
            label_uri=str(fields.get("label_uri", "")),
            text_id=str(fields.get("text_id", "")),
            waits=bool(fields.get("waits", False)),
        )
