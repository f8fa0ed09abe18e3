"""Small pictures and texts of stored items, with their labels."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from labelctl.export.annotations import Annotation, read_annotation
from labelctl.export.contents import is_missing, texts_of
from labelctl.export.masks import UnreadableMaskError
from labelctl.export.sources import source_of
from labelctl.export.stored_files import read_object
from labelctl.report.labels import confidence_of
from labelctl.report.thumbnails import UnreadableImageError, thumbnail
from labeling_lambdas.aws.uploads import Uploads
from labeling_lambdas.domain.labels import UnreadableLineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from labelctl.connection import Client
    from labelctl.export.annotations import Span
    from labeling_lambdas.domain.items import SourceObject

_SHOWN_CHARACTERS = 600


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a text, with the classes of the spans that it is in."""

    text: str
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """An item with its label.

    Attributes:
        name: The key of its object, for a line with ``#L`` and its number.
        confidence: The confidence of the label; None if it has none.
        status: The record's column ``status``.
        classes: The colour of each class of the label.
        picture: A picture as ``data:`` address; empty for texts.
        parts: The beginning of a text, in order.
        missing: Why neither can be shown; empty if one is.
    """

    name: str
    confidence: float | None
    status: str
    classes: Mapping[str, str]
    picture: str = ""
    parts: tuple[Part, ...] = ()
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Gallery:
    """A maker of small pictures.

    Attributes:
        client: S3.
        colors: The colour of each class.
        folder: A folder for masks.
        texts: Whether items are texts.
    """

    client: Client
    colors: Mapping[str, str]
    folder: Path
    texts: bool

    def shown(self, number: int, fields: Mapping[str, Any]) -> Shown:
        """Return an item with its label; what cannot be read is named in it.

        Args:
            number: A number of its own.
            fields: The columns of the record.

        Raises:
            ClientError: If something exists that cannot be read.
        """
        source = source_of(fields, texts=self.texts)
        classes: dict[str, str] = {}
        content: dict[str, Any] = {}
        try:
            text = self._text(source) if self.texts else None
            annotation = read_annotation(fields, self._written(fields), text)
            classes = {name: self.colors[name] for name in annotation.names}
            if text is not None:
                content["parts"] = tuple(parts(text, annotation.spans))
            else:
                content["picture"] = self._picture(number, source, annotation, classes)
        except ClientError as error:
            if not is_missing(error):
                raise
            content["missing"] = "is no longer there"
        except (UnreadableLineError, json.JSONDecodeError):
            content["missing"] = "has a label that cannot be read"
        except UnreadableMaskError:
            content["missing"] = "has a mask that cannot be read"
        except UnreadableImageError:
            content["missing"] = "is no image that can be drawn"
        line = f"#L{source.line}" if source.line is not None else ""
        return Shown(
            f"{source.key}{line}",
            confidence_of(fields),
            str(fields["status"]),
            classes,
            **content,
        )

    def _written(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        text = str(fields["label_json"])
        # A large label is in a file of its own.
        found = read_object(self.client, text) if text.startswith("s3://") else text
        written: dict[str, Any] = json.loads(found)
        return written

    def _text(self, source: SourceObject) -> str:
        texts = texts_of(self.client, source.at_line(None), whole=source.line is None)
        return next((text for line, text in texts if line == source.line), "")

    def _picture(
        self,
        number: int,
        source: SourceObject,
        annotation: Annotation,
        colors: Mapping[str, str],
    ) -> str:
        body = b"".join(Uploads(self.client).chunks(source))
        mask = read_object(self.client, annotation.mask_uri) if annotation.mask_uri else None
        return thumbnail(body, mask, annotation, colors, self.folder / f"{number}.png")


def parts(text: str, spans: Sequence[Span]) -> Iterator[Part]:
    """Yield the beginning of a text in parts that are in the same spans."""
    shown = text[:_SHOWN_CHARACTERS]
    edges = {0, len(shown)}
    for span in spans:
        edges |= {edge for edge in (span.start, span.end) if 0 <= edge <= len(shown)}
    for start, end in pairwise(sorted(edges)):
        names = {span.name for span in spans if span.start <= start and end <= span.end}
        yield Part(shown[start:end], tuple(sorted(names)))
    if len(text) > len(shown):
        yield Part(" …")
