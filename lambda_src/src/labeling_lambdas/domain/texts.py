"""Splitting an uploaded text file into items.

Limits of Ground Truth: https://docs.aws.amazon.com/sagemaker/latest/dg/input-data-limits.html
"""

from __future__ import annotations

import json
import re
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from labeling_lambdas.domain.compact_json import compact_json
from labeling_lambdas.domain.encodings import UnrecognisedEncodingError, decoded
from labeling_lambdas.domain.items import TextContent
from labeling_lambdas.domain.manifest_keys import SOURCE_KEYS
from labeling_lambdas.domain.reasons import Reason
from labeling_lambdas.domain.visible_text import has_control_characters, is_blank

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: Maximum length of a manifest line and of a value in it, in characters.
MAX_MANIFEST_LINE = 100_000
MAX_ATTRIBUTE = 20_000

#: Characters reserved in a manifest line for the keys that the pipeline adds.
_OWN_KEYS = 200

#: Maximum content of a message, in bytes. A message has 256 KiB; the rest is for the envelope,
#: whose escaped object key alone may take 6 KiB.
_MAX_CONTENT_BYTES = 200 * 1024

#: A character has at most 12 characters when escaped in JSON.
_MOST_ESCAPED = 12

#: All line ends. The first results from the second if a Windows program writes it in text mode,
#: which adds a carriage return; the last is from old Macs.
_LINE_ENDS = re.compile("\r\r\n|\r\n|\r")

#: The byte order mark at the beginning of a file, which remains within files that were
#: concatenated.
_BYTE_ORDER_MARK = "\ufeff"

#: Padding that programs and file systems add around a text: NUL characters up to the end of a
#: block, and the ^Z that ends a DOS file.
_PADDING = "\0\x1a"

#: Two names of one format: https://jsonlines.org and https://github.com/ndjson/ndjson-spec
_ROW_EXTENSIONS = frozenset({".jsonl", ".ndjson"})

#: White space that JSON allows around a row, and padding, which is not part of the row.
_AROUND_ROWS = " \t\n\r" + _PADDING + _BYTE_ORDER_MARK

#: An unpaired surrogate. No text contains one; it represents bytes that could not be decoded.
_UNDECODABLE = re.compile("[\ud800-\udfff]")


class TextItems(StrEnum):
    """The unit that is an item of a ``.txt`` file."""

    LINE = "line"
    FILE = "file"


class TextItem(NamedTuple):
    """One item of a text file, or a part of the file that cannot be an item.

    Attributes:
        line: Line number, from 1; None for the whole file.
        content: The text; None if it cannot be labeled.
        reason: Why it cannot be labeled.
        detail: Details of the reason, without any of the text.
    """

    line: int | None
    content: TextContent | None = None
    reason: Reason | None = None
    detail: str = ""


class _UnusableError(Exception):
    """A text that cannot be labeled. The message does not contain the text."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def text_items(
    chunks: Iterable[bytes], *, key: str, items: TextItems, max_characters: int
) -> Iterator[TextItem]:
    """Yield the items of a file, in order, with one item in memory at a time.

    A blank line is not an item, but counts in the line numbers. A file with only blank lines is one
    unusable item, so that every upload has an outcome.

    Args:
        chunks: The file's bytes.
        key: Object key. Its ending determines the format: files of rows have one row in each line.
        items: The unit that is an item of any other file.
        max_characters: Longest text.
    """
    is_rows = PurePosixPath(key).suffix.lower() in _ROW_EXTENSIONS
    try:
        encoding, characters = decoded(chunks)
    except UnrecognisedEncodingError as problem:
        yield TextItem(None, None, Reason.NOT_UTF8, str(problem))
        return
    found: Iterator[tuple[int | None, _Line]]
    if is_rows:
        found = _lines(_with_line_feeds(characters), _MOST_ESCAPED * MAX_MANIFEST_LINE)
    elif items is TextItems.LINE:
        found = _lines(_plain(characters), max_characters)
    else:
        found = _whole(_plain(characters), max_characters)
    read = _row if is_rows else _text
    empty = True
    for number, line in found:
        try:
            content = read(_checked(line, encoding, max_characters), max_characters)
        except _UnusableError as problem:
            empty = False
            yield TextItem(number, None, problem.reason, problem.detail)
            continue
        if content is not None:
            empty = False
            yield TextItem(number, content)
    if empty:
        yield TextItem(None, None, Reason.EMPTY_OBJECT, "the file holds nothing but blank lines")


def _with_line_feeds(characters: Iterable[str]) -> Iterator[str]:
    """Yield the same characters with a line feed for every line end."""
    held = ""
    for piece in characters:
        text = held + piece
        # The next characters determine whether a carriage return is a line end by itself.
        ended = text.rstrip("\r")
        ended = text[: max(len(ended), len(text) - 2)]
        held = text[len(ended) :]
        yield _LINE_ENDS.sub("\n", ended)
    yield _LINE_ENDS.sub("\n", held)


def _plain(characters: Iterable[str]) -> Iterator[str]:
    """Yield the same characters with line feeds, and without byte order marks."""
    for piece in _with_line_feeds(characters):
        yield piece.replace(_BYTE_ORDER_MARK, "")


class _Line:
    """A line that is being read. Characters beyond the limit are not kept."""

    def __init__(self, limit: int) -> None:
        """Start with an empty line."""
        self._limit = limit
        self._pieces: list[str] = []
        self._length = 0
        self.too_long = False

    def add(self, piece: str) -> None:
        """Add the next characters. Padding is not stored, unless it is within the text."""
        if not self._length:
            piece = piece.lstrip(_PADDING)
        kept = piece[: self._limit - self._length]
        if kept:
            self._pieces.append(kept)
            self._length += len(kept)
        if not self.too_long and len(kept) < len(piece):
            self.too_long = bool(piece[len(kept) :].strip(_PADDING))

    @property
    def text(self) -> str:
        """The line without the padding around it."""
        return "".join(self._pieces).rstrip(_PADDING)


def _lines(characters: Iterable[str], limit: int) -> Iterator[tuple[int, _Line]]:
    number = 1
    line = _Line(limit)
    for piece in characters:
        *ended, rest = piece.split("\n")
        for end in ended:
            line.add(end)
            yield number, line
            number += 1
            line = _Line(limit)
        line.add(rest)
    yield number, line


def _whole(characters: Iterable[str], limit: int) -> Iterator[tuple[None, _Line]]:
    whole = _Line(limit)
    for piece in characters:
        whole.add(piece)
    yield None, whole


def _checked(line: _Line, encoding: str, max_characters: int) -> str:
    if line.too_long:
        raise _too_long(max_characters)
    text = line.text
    undecodable = _UNDECODABLE.search(text)
    if undecodable is not None:
        raise _UnusableError(Reason.NOT_UTF8, _undecodable(text[: undecodable.start()], encoding))
    return text


def _undecodable(before: str, encoding: str) -> str:
    if encoding == "utf-8":
        return f"byte {len(before.encode()) + 1} of the text is not UTF-8"
    return f"character {len(before) + 1} of the text is not {encoding.upper()}"


def _too_long(max_characters: int) -> _UnusableError:
    detail = f"the text has more than {max_characters} characters"
    return _UnusableError(Reason.TEXT_TOO_LONG, detail)


def _text(text: str, max_characters: int) -> TextContent | None:
    if is_blank(text):
        return None
    _check_text(text, max_characters)
    if len(compact_json(text)) + _OWN_KEYS > MAX_MANIFEST_LINE:
        problem = "escaped as JSON, the text is too long for a line of a manifest"
        raise _UnusableError(Reason.TEXT_TOO_LONG, problem)
    return TextContent(text)


def _check_text(text: str, max_characters: int) -> None:
    if len(text) > max_characters:
        raise _too_long(max_characters)
    if has_control_characters(text):
        problem = "the text has control characters, which no page can show"
        raise _UnusableError(Reason.UNREADABLE_TEXT, problem)


def _row(text: str, max_characters: int) -> TextContent | None:
    if is_blank(text):
        return None
    row = _object(text.strip(_AROUND_ROWS))
    source = row.get("source")
    if not isinstance(source, str) or is_blank(source):
        problem = "the row has no text under the key source"
        raise _malformed(problem)
    _check_text(source, max_characters)
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
    # With the spaces that another JSON writer might add.
    if any(len(json.dumps(value, ensure_ascii=False)) > MAX_ATTRIBUTE for value in extra.values()):
        problem = f"a key beside source holds more than {MAX_ATTRIBUTE} characters"
        raise _malformed(problem)
    content = compact_json({"source": source, **extra})
    # In a message, each of these two characters takes six bytes instead of three.
    size = len(content.encode()) + 3 * (content.count("\ufffe") + content.count("\uffff"))
    if len(content) + _OWN_KEYS > MAX_MANIFEST_LINE or size > _MAX_CONTENT_BYTES:
        problem = "the row is too large for a line of a manifest or for a message"
        raise _malformed(problem)
