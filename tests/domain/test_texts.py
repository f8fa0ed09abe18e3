"""Text files: what becomes an item, what cannot be one, and nothing of a text is changed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from in_process_aws.queue_limits import MAXIMUM_BATCH_BYTES
from labeling_lambdas.domain.items import ClaimedItem, TextContent
from labeling_lambdas.domain.manifest_lines import manifest_lines
from labeling_lambdas.domain.messages import (
    Candidate,
    Origin,
    Rejected,
    dead_letter_message,
    read_message,
    returned_message,
    text_message,
)
from labeling_lambdas.domain.reasons import Reason
from labeling_lambdas.domain.task_types import task_type
from labeling_lambdas.domain.texts import TextItem, TextItems, text_items
from labeling_lambdas.domain.visible_text import is_blank
from tests.domain.examples import UPLOADS, s3_event, source

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX = 20_000
_TYPE = task_type("text_single_label_classification")

#: What a text may hold, with many characters that something could stumble over.
CHARACTERS = st.characters(blacklist_categories=["Cc", "Cs"]) | st.sampled_from(
    list("\n\r\t\x0b\x0c\x85\u2028\u2029\u200b\ufeff\ufffe\uffff\"'\\{}$<&é🎉\U0010ffff")
)
TEXTS = st.lists(CHARACTERS, min_size=1, max_size=60).map("".join)


def chunks(content: bytes, size: int) -> Iterator[bytes]:
    yield from (content[start : start + size] for start in range(0, len(content), size))


def split(
    content: bytes | str, key: str = "a.txt", items: TextItems = TextItems.LINE, size: int = 7
) -> list[TextItem]:
    raw = content.encode() if isinstance(content, str) else content
    return list(text_items(chunks(raw, size), key=key, items=items, max_characters=_MAX))


def texts(items: list[TextItem]) -> list[tuple[int | None, str | None]]:
    return [(item.line, item.content.text if item.content else item.reason) for item in items]


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "\n", "\r\n", "\n\n \n"])
def test_each_line_is_an_item_and_blank_lines_only_count(
    size: int, mark: bytes, end: str, last: str
) -> None:
    content = mark + end.join(["one", "", " \t", "vier 🎉", "  five  "]).encode() + last.encode()
    assert texts(split(content, size=size)) == [(1, "one"), (4, "vier 🎉"), (5, "  five  ")]


def with_line_feeds(text: str) -> str:
    return re.sub("\r\r\n|\r\n|\r", "\n", text)


def test_other_separators_end_no_line() -> None:
    line = "a\tb\x0bc\x0cd\x85e\u2028f\u2029g"
    assert texts(split(f"{line}\n{line}\r\n")) == [(1, line), (2, line)]


def test_the_file_as_a_whole_is_one_item() -> None:
    content = b"\xef\xbb\xbfone\r\n\r\ntwo\n"
    assert texts(split(content, items=TextItems.FILE)) == [(None, "one\n\ntwo\n")]


@pytest.mark.parametrize("items", TextItems)
@pytest.mark.parametrize("content", ["", "\n", "\ufeff", "\ufeff \r\n\t\n", "\u3000"])
def test_a_file_of_blank_lines_is_one_unusable_item(items: TextItems, content: str) -> None:
    assert texts(split(content, items=items)) == [(None, Reason.EMPTY_OBJECT)]


@pytest.mark.parametrize("character", ["x", "é", "🎉", "\t"])
def test_a_text_may_have_the_maximum_of_characters_and_no_more(character: str) -> None:
    longest = character * (_MAX - 1) + "y"
    found = split(f"{longest}\nz{longest}\r\nlast", size=4096)
    assert texts(found) == [(1, longest), (2, Reason.TEXT_TOO_LONG), (3, "last")]
    assert texts(split(longest, items=TextItems.FILE, size=4096)) == [(None, longest)]
    assert texts(split("z" + longest, items=TextItems.FILE, size=4096)) == [
        (None, Reason.TEXT_TOO_LONG)
    ]


def test_a_text_of_escaped_characters_may_be_too_long_for_a_manifest() -> None:
    assert texts(split("x" + "\x0b" * 16_000)) == [(1, "x" + "\x0b" * 16_000)]
    assert texts(split("x" + "\x0b" * 17_000)) == [(1, Reason.TEXT_TOO_LONG)]


def test_a_line_without_an_end_is_not_held_in_memory() -> None:
    import tracemalloc

    def endless() -> Iterator[bytes]:
        yield from (b"x" * 65_536 for _ in range(512))
        yield b"\nlast"

    tracemalloc.start()
    found = list(text_items(endless(), key="a.txt", items=TextItems.LINE, max_characters=_MAX))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert texts(found) == [(1, Reason.TEXT_TOO_LONG), (2, "last")]
    assert peak < 2 * 1024 * 1024


@pytest.mark.parametrize("line", [b"\xff", b"caf\xe9 latin", b"\xed\xa0\x80", b"a\xc3"])
def test_a_line_that_is_not_utf8_does_not_affect_others(line: bytes) -> None:
    found = split(b"one\n" + line + b"\nthree")
    assert texts(found) == [(1, "one"), (2, Reason.NOT_UTF8), (3, "three")]
    assert "byte" in found[1].detail
    assert texts(split(line, items=TextItems.FILE)) == [(None, Reason.NOT_UTF8)]


def test_a_file_in_another_encoding_has_no_usable_line() -> None:
    found = split("été\nça va\nnaïve\n".encode("cp1252"))
    assert {item.reason for item in found} == {Reason.NOT_UTF8}


@pytest.mark.parametrize("key", ["a.JSONL", "a.ndjson", "x.txt/a.Ndjson"])
@pytest.mark.parametrize("items", TextItems)
def test_a_row_passes_its_source_and_its_other_keys_through(items: TextItems, key: str) -> None:
    rows = [
        {"source": "one", "ticket": 7, "nested": {"a": [1, None, "é"]}},
        {"source": "two", "source-ref": "s3://x/y", "$schema": "x", "$": 1},
    ]
    content = "\ufeff" + "\r\n".join(json.dumps(row) for row in rows) + "\n\n"
    found = split(content, key=key, items=items)
    assert [(item.line, item.content) for item in found] == [
        (1, TextContent("one", {"ticket": 7, "nested": {"a": [1, None, "é"]}})),
        (2, TextContent("two", {})),
    ]


def nested(levels: int) -> str:
    return '{"source":"x","extra":' + "[" * levels + "]" * levels + "}"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("{", Reason.MALFORMED_ROW),
        ("plain text", Reason.MALFORMED_ROW),
        ("[]", Reason.MALFORMED_ROW),
        ('"source"', Reason.MALFORMED_ROW),
        ("null", Reason.MALFORMED_ROW),
        ("{}", Reason.MALFORMED_ROW),
        ('{"Source":"x"}', Reason.MALFORMED_ROW),
        ('{"source":3}', Reason.MALFORMED_ROW),
        ('{"source":null}', Reason.MALFORMED_ROW),
        ('{"source":" \\n"}', Reason.MALFORMED_ROW),
        ('{"source":"\\ud800"}', Reason.MALFORMED_ROW),
        ('{"source":"x","extra":"\\ud800"}', Reason.MALFORMED_ROW),
        ('{"source":"x","\\udfff":1}', Reason.MALFORMED_ROW),
        ('{"source":"x","extra":NaN}', Reason.MALFORMED_ROW),
        ('{"source":"x","extra":[-Infinity]}', Reason.MALFORMED_ROW),
        ('{"source":"x","extra":1e999}', Reason.MALFORMED_ROW),
        ('{"source":"x","extra":' + "1" * 5000 + "}", Reason.MALFORMED_ROW),
        (nested(40), Reason.MALFORMED_ROW),
        (nested(100_000), Reason.MALFORMED_ROW),
        (json.dumps({"source": "x" * 20_001}), Reason.TEXT_TOO_LONG),
        (json.dumps({"source": "x", "extra": "y" * 20_000}), Reason.MALFORMED_ROW),
        (json.dumps({"source": "x"} | {f"k{n}": "y" * 19_000 for n in range(6)}), "malformed_row"),
        ('{"source":"x","extra":"' + "y" * 1_300_000 + '"}', Reason.TEXT_TOO_LONG),
    ],
)
def test_an_unusable_row_does_not_affect_others(row: str, reason: Reason) -> None:
    content = f'{{"source":"one"}}\n{row}\n{{"source":"three"}}'
    found = split(content, key="a.jsonl", size=65_536)
    assert texts(found) == [(1, "one"), (2, reason), (3, "three")]
    assert found[1].detail


def test_a_row_may_be_escaped_throughout() -> None:
    text = "🎉" * _MAX
    row = json.dumps({"source": text})
    assert len(row) > 200_000
    assert texts(split(row, key="a.jsonl", size=65_536)) == [(1, text)]


_JSON_KEYS = st.text(CHARACTERS, min_size=1, max_size=6)
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(CHARACTERS, max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_JSON_KEYS, inner, max_size=3),
    max_leaves=5,
)


def travelled(item: TextItem, upload: Any) -> TextContent:
    """Carry an item through every message, list and file up to Ground Truth and back."""
    assert item.content is not None, (item.reason, item.detail)
    place = upload.at_line(item.line)
    body = text_message(place, item.content)
    assert len(body.encode()) <= MAXIMUM_BATCH_BYTES
    arrived = read_message(body, upload_bucket=UPLOADS, task_type=_TYPE)
    assert isinstance(arrived, Candidate)
    assert (arrived.source, arrived.origin, arrived.attempts) == (place, Origin.TEXT, 0)
    claim = ClaimedItem(arrived.source, part="p", content=arrived.content)
    claim = ClaimedItem.from_fields(json.loads(json.dumps(claim.fields())))
    (line,) = manifest_lines([claim], manifest_key="source", attribute="intent-label")
    assert len(line.splitlines()) == 1
    assert json.loads(line)["source"] == item.content.text
    back = returned_message(claim, run_id="r", attempts=1, reason="not_labeled", detail="")
    again = read_message(back, upload_bucket=UPLOADS, task_type=_TYPE)
    assert isinstance(again, Candidate)
    letter = dead_letter_message(
        again.source,
        again.content,
        run_id="r",
        attempts=3,
        generation=1,
        reason="attempts_exhausted",
        detail="not_labeled",
    )
    assert len(letter.encode()) <= MAXIMUM_BATCH_BYTES
    redriven = read_message(letter, upload_bucket=UPLOADS, task_type=_TYPE)
    assert isinstance(redriven, Candidate)
    assert redriven.origin is Origin.DEAD_LETTER
    assert redriven.content is not None
    return redriven.content


VISIBLE_TEXTS = TEXTS.filter(lambda text: not is_blank(text))


@given(VISIBLE_TEXTS, st.integers(1, 9))
def test_a_file_with_any_characters_comes_through_unchanged(text: str, size: int) -> None:
    (item,) = split("\ufeff" + text, items=TextItems.FILE, size=size)
    expected = with_line_feeds(text).replace("\ufeff", "")
    assert travelled(item, source("é.txt")) == TextContent(expected)


@given(st.lists(TEXTS, max_size=5), st.sampled_from(["\n", "\r\n"]), st.integers(1, 9))
@example(["a", "b"], "\r\n", 1)
def test_lines_with_any_characters_come_through_unchanged(
    lines: list[str], end: str, size: int
) -> None:
    lines = [line.replace("\n", "").replace("\r", "") for line in lines]
    found = split("\ufeff" + end.join(lines), size=size)
    expected = {
        number: line.replace("\ufeff", "")
        for number, line in enumerate(lines, start=1)
        if not is_blank(line)
    }
    if expected:
        carried = {item.line: travelled(item, source("a.txt")).text for item in found}
        assert carried == expected


@given(VISIBLE_TEXTS, st.dictionaries(_JSON_KEYS, _JSON, max_size=3))
def test_rows_with_any_characters_come_through_unchanged(text: str, extra: dict[str, Any]) -> None:
    handed = {key: it for key, it in extra.items() if not key.startswith("$")}
    (item,) = split(json.dumps({**extra, "source": text}), key="a.jsonl")
    assert travelled(item, source("a.jsonl")) == TextContent(text, handed)


@pytest.mark.parametrize("character", ["\x0b", "\x85", "🎉", "\uffff", '"'])
def test_the_longest_text_of_any_character_fits_a_message(character: str) -> None:
    text = character * 16_000 + "x"
    key = "k" * 20 + "\x01" * 1000 + ".txt"
    (item,) = split(text, key=key, size=65_536)
    assert travelled(item, source(key, etag="e" * 64, version_id="v" * 64)) == TextContent(text)


@pytest.mark.parametrize(
    "reason", ["text_too_long", "not_utf8", "unreadable_text", "malformed_row", "empty_object"]
)
def test_a_text_that_was_not_sent_is_rejected_for_its_reason(reason: str) -> None:
    place = source("a.txt", line=4)
    body = text_message(place, None, reason=reason, detail="what was wrong")
    read = read_message(body, upload_bucket=UPLOADS, task_type=_TYPE)
    assert read == Rejected(Reason(reason), "what was wrong", place, Origin.TEXT)


@pytest.mark.parametrize("reason", ["", "attempts_exhausted", "nonsense", None, [], 3])
def test_a_message_without_text_or_reason_is_malformed(reason: object) -> None:
    message = json.loads(text_message(source("a.txt", line=4), None))
    body = json.dumps({**message, "reason": reason})
    read = read_message(body, upload_bucket=UPLOADS, task_type=_TYPE)
    assert isinstance(read, Rejected)
    assert (read.reason, read.source) == (Reason.MALFORMED_EVENT, source("a.txt", line=4))


def test_an_event_of_a_text_file_that_was_not_split_is_malformed() -> None:
    body = json.dumps(s3_event(source("a.txt")))
    read = read_message(body, upload_bucket=UPLOADS, task_type=_TYPE)
    assert isinstance(read, Rejected)
    assert read.reason is Reason.MALFORMED_EVENT


@pytest.mark.parametrize(
    ("upload", "reason"),
    [
        (source("a.csv"), Reason.UNSUPPORTED_EXTENSION),
        (source("a.txt", size=0), Reason.EMPTY_OBJECT),
        (source("a.txt", size=200_000_000), Reason.FILE_TOO_LARGE),
        (source("a.txt", bucket="elsewhere"), Reason.FOREIGN_BUCKET),
    ],
)
def test_a_file_that_cannot_be_split_is_classified_like_any_object(
    upload: Any, reason: Reason
) -> None:
    read = read_message(text_message(upload, None), upload_bucket=UPLOADS, task_type=_TYPE)
    assert isinstance(read, Rejected)
    assert (read.reason, read.source) == (reason, upload)


@pytest.mark.parametrize(
    "changes",
    [
        {"text": 3},
        {"text": None},
        {"text": "\ud800"},
        {"extra": []},
        {"extra": {"x": float("nan")}},
        {"extra": json.loads("[" * 50 + "]" * 50)},
        {"extra": {"x": json.loads("[" * 50 + "]" * 50)}},
        {"item": {**source("a.txt").fields(), "line": 0}},
        {"item": {**source("a.txt").fields(), "line": True}},
        {"item": {**source("a.txt").fields(), "line": "4"}},
        {"item": {**source("a.txt").fields(), "line": 2**40}},
    ],
)
def test_an_envelope_that_no_splitter_wrote_is_malformed(changes: dict[str, Any]) -> None:
    message = json.loads(text_message(source("a.txt", line=4), TextContent("x", {"y": 1})))
    body = json.dumps({**message, **changes})
    read = read_message(body, upload_bucket=UPLOADS, task_type=_TYPE)
    assert isinstance(read, Rejected)
    assert read.reason is Reason.MALFORMED_EVENT
    assert read.source is None


def test_a_rejected_item_keeps_its_text() -> None:
    content = TextContent("x" * 20_001, {"ticket": 1})
    body = text_message(source("a.txt", line=4), content)
    read = read_message(body, upload_bucket=UPLOADS, task_type=_TYPE)
    assert isinstance(read, Rejected)
    assert (read.reason, read.content) == (Reason.TEXT_TOO_LONG, content)


def test_neither_a_text_nor_its_keys_show_in_a_message_of_an_error() -> None:
    content = TextContent("secret", {"name": "hidden"})
    shown = repr(ClaimedItem(source("a.txt", line=1), content=content))
    assert "secret" not in shown
    assert "hidden" not in shown
