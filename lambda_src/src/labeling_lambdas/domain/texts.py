"""Cutting an uploaded text file into items of work.

What Ground Truth takes: https://docs.aws.amazon.com/sagemaker/latest/dg/input-data-limits.html
"""

from __future__ import annotations

import codecs
import json
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from labeling_lambdas.domain.compact_json import compact_json
from labeling_lambdas.domain.items import TextContent
from labeling_lambdas.domain.manifest_keys import SOURCE_KEYS
from labeling_lambdas.domain.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: Longest line of a manifest and longest value in one, in characters.
MAX_MANIFEST_LINE = 100_000
MAX_ATTRIBUTE = 20_000

#: Room in a manifest line for the keys that the pipeline adds.
_OWN_KEYS = 200

#: Largest content of a message, in bytes. A message has 256 KiB; the rest is for the envelope,
#: whose object key alone may take 6 KiB when it is escaped.
_MAX_CONTENT_BYTES = 200 * 1024

#: A character has at most 4 bytes in UTF-8, and at most 12 as escapes of JSON.
_MOST_BYTES = 4
_MOST_ESCAPED_BYTES = 12

#: Bytes that a line may hold beyond its text: the byte order mark and a carriage return.
_MARKS = len(codecs.BOM_UTF8) + 1


class TextItems(StrEnum):
    """What is an item of a ``.txt`` file."""

    LINE = "line"
    FILE = "file"


class TextItem(NamedTuple):
    """One item of a text file, or a part of it that cannot be one.

    Attributes:
        line: Line number, from 1; None for the whole file.
        content: The text; None where it cannot be labeled.
        reason: Why it cannot be labeled.
        detail: What exactly was wrong, without any of the text.
    """

    line: int | None
    content: TextContent | None = None
    reason: Reason | None = None
    detail: str = ""


class _UnusableError(Exception):
    """A text that cannot be labeled. The message holds none of it."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def text_items(
    chunks: Iterable[bytes], *, key: str, items: TextItems, max_characters: int
) -> Iterator[TextItem]:
    """Yield the items of a file, in order, without holding more of it than one item.

    A blank line is no item, but it counts in the line numbers. A file with nothing but blank lines
    is one unusable item, so that no upload vanishes without a trace.

    Args:
        chunks: The file's bytes.
        key: Object key; its ending decides the form: ``.jsonl`` holds a row per line.
        items: What is an item of any other file.
        max_characters: Longest text.
    """
    found: Iterator[tuple[int | None, _Line]]
    if PurePosixPath(key).suffix.lower() == ".jsonl":
        found = _lines(chunks, _MOST_ESCAPED_BYTES * MAX_MANIFEST_LINE + _MARKS)
        read = _row
    elif items is TextItems.LINE:
        found = _lines(chunks, _MOST_BYTES * max_characters + _MARKS)
        read = _text
    else:
        found = _whole(chunks, _MOST_BYTES * max_characters + _MARKS)
        read = _text
    empty = True
    for number, line in found:
        try:
            content = read(_decoded(line, max_characters), max_characters)
        except _UnusableError as problem:
            empty = False
            yield TextItem(number, None, problem.reason, problem.detail)
            continue
        if content is not None:
            empty = False
            yield TextItem(number, content)
    if empty:
        yield TextItem(None, None, Reason.EMPTY_OBJECT, "the file holds nothing but blank lines")


class _Line(NamedTuple):
    """Bytes of a line; those beyond the limit are cut off."""

    content: bytes
    too_long: bool


def _lines(chunks: Iterable[bytes], limit: int) -> Iterator[tuple[int, _Line]]:
    number = 1
    held = bytearray()
    for chunk in chunks:
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            # One byte more than may be is enough to know that the line is too long.
            held += piece[: limit + 1 - len(held)]
            yield number, _line(held, number, limit)
            number += 1
            held.clear()
        held += rest[: limit + 1 - len(held)]
    if held:
        yield number, _line(held, number, limit)


def _line(held: bytearray, number: int, limit: int) -> _Line:
    content = bytes(held).removesuffix(b"\r")
    if number == 1:
        content = content.removeprefix(codecs.BOM_UTF8)
    return _Line(content, len(held) > limit)


def _whole(chunks: Iterable[bytes], limit: int) -> Iterator[tuple[None, _Line]]:
    held = bytearray()
    for chunk in chunks:
        held += chunk[: limit + 1 - len(held)]
    yield None, _Line(bytes(held).removeprefix(codecs.BOM_UTF8), len(held) > limit)


def _decoded(line: _Line, max_characters: int) -> str:
    if line.too_long:
        raise _too_long(max_characters)
    try:
        return line.content.decode("utf-8")
    except UnicodeDecodeError as error:
        detail = f"byte {error.start + 1} of the text is not UTF-8"
        raise _UnusableError(Reason.NOT_UTF8, detail) from None


def _too_long(max_characters: int) -> _UnusableError:
    detail = f"the text has more than {max_characters} characters"
    return _UnusableError(Reason.TEXT_TOO_LONG, detail)


def _text(text: str, max_characters: int) -> TextContent | None:
    if not text.strip():
        return None
    if len(text) > max_characters:
        raise _too_long(max_characters)
    if len(compact_json(text)) + _OWN_KEYS > MAX_MANIFEST_LINE:
        problem = "escaped as JSON, the text is too long for a line of a manifest"
        raise _UnusableError(Reason.TEXT_TOO_LONG, problem)
    return TextContent(text)


def _row(text: str, max_characters: int) -> TextContent | None:
    if not text.strip():
        return None
    row = _object(text)
    source = row.get("source")
    if not isinstance(source, str) or not source.strip():
        problem = "the row has no text under the key source"
        raise _malformed(problem)
    if len(source) > max_characters:
        raise _too_long(max_characters)
    extra = {
        key: value
        for key, value in row.items()
        if key not in SOURCE_KEYS and not key.startswith("$")
    }
    try:
        _check_size(source, extra)
        return TextContent.of(source, extra)
    except (ValueError, RecursionError):
        problem = "the row is nested too deeply, or holds what no manifest can hold"
        raise _malformed(problem) from None


def _object(text: str) -> dict[str, Any]:
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        problem = "the row is not JSON, or nested too deeply"
        raise _malformed(problem) from None
    if not isinstance(row, dict):
        problem = "the row is not a JSON object"
        raise _malformed(problem)
    return row


def _malformed(detail: str) -> _UnusableError:
    return _UnusableError(Reason.MALFORMED_ROW, detail)


def _check_size(source: str, extra: Mapping[str, Any]) -> None:
    # With the spaces that another writer of JSON might put in.
    if any(len(json.dumps(value, ensure_ascii=False)) > MAX_ATTRIBUTE for value in extra.values()):
        problem = f"a key beside source holds more than {MAX_ATTRIBUTE} characters"
        raise _malformed(problem)
    content = compact_json({"source": source, **extra})
    # A message needs six bytes instead of three for each of these two characters.
    size = len(content.encode()) + 3 * (content.count("\ufffe") + content.count("\uffff"))
    if len(content) + _OWN_KEYS > MAX_MANIFEST_LINE or size > _MAX_CONTENT_BYTES:
        problem = "the row is too large for a line of a manifest or for a message"
        raise _malformed(problem)
