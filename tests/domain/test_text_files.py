# ruff: noqa: RUF001 - letters of many alphabets are what these tests are about.
"""Text files as people's programs write them: encodings, line ends, padding, invisible lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling_lambdas.domain.reasons import Reason
from labeling_lambdas.domain.texts import TextItems, text_items
from labeling_lambdas.domain.visible_text import has_control_characters, is_blank
from tests.domain.test_texts import CHARACTERS, split, texts

_UPLOADS = Path(__file__).parents[1] / "fixtures" / "uploads"

#: Each with a byte order mark, or without one.
_WIDE = [
    pytest.param(encoding, mark, id=f"{encoding}-{'with' if mark else 'without'}-mark")
    for encoding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
    for mark in ("\ufeff", "")
]

_SAMPLES = {
    "english": ["I lost my password", "", "where is my parcel? 🎉", "x"],
    "curly quotes": ["“don’t” — naïve", "", "€ 5", "é"],
    "russian": ["Где моя посылка?", "", "забыл пароль", "я"],
    "greek": ["πού είναι το δέμα μου", "", "ξέχασα", "α"],
    "arabic": ["أين طردي؟", "", "نسيت كلمة المرور", "ا"],
    "hindi": ["मेरा पार्सल कहाँ है?", "", "पासवर्ड भूल गया", "म"],
    "thai": ["พัสดุของฉันอยู่ที่ไหน", "", "ลืมรหัสผ่าน", "ก"],
    "vietnamese": ["Bưu kiện của tôi ở đâu", "", "quên mật khẩu", "ơ"],
    "chinese": ["我的包裹在哪里？", "", "忘记密码了,请帮忙", "上"],
    "japanese": ["荷物はどこですか", "", "パスワードを忘れました 123", "の"],
    "hiragana": ["あのにはた", "", "すまなかもい", "の"],
    "korean": ["제 소포는 어디에 있나요?", "", "비밀번호를 잊었어요", "네"],
}


def _expected(sample: list[str]) -> list[tuple[int | None, str | None]]:
    shown: list[tuple[int | None, str | None]]
    shown = [(number, line) for number, line in enumerate(sample, start=1) if not is_blank(line)]
    return shown or [(None, Reason.EMPTY_OBJECT)]


@pytest.mark.parametrize("size", [1, 3, 100_000])
@pytest.mark.parametrize("sample", _SAMPLES.values(), ids=list(_SAMPLES))
@pytest.mark.parametrize(("encoding", "mark"), _WIDE)
def test_utf16_and_utf32_are_read_line_by_line(
    encoding: str, mark: str, sample: list[str], size: int
) -> None:
    content = (mark + "\r\n".join(sample) + "\r\n").encode(encoding)
    assert texts(split(content, size=size)) == _expected(sample)


@pytest.mark.parametrize("sample", _SAMPLES.values(), ids=list(_SAMPLES))
@pytest.mark.parametrize(("encoding", "mark"), _WIDE)
def test_utf16_and_utf32_are_read_as_a_whole(encoding: str, mark: str, sample: list[str]) -> None:
    content = (mark + "\n".join(sample)).encode(encoding)
    assert texts(split(content, items=TextItems.FILE)) == [(None, "\n".join(sample))]


@pytest.mark.parametrize("items", TextItems)
@pytest.mark.parametrize("sample", _SAMPLES.values(), ids=list(_SAMPLES))
@pytest.mark.parametrize(("encoding", "mark"), _WIDE)
def test_rows_are_read_in_utf16_and_utf32(
    encoding: str, mark: str, sample: list[str], items: TextItems
) -> None:
    rows = [json.dumps({"source": text, "n": 1}, ensure_ascii=False) for text in sample if text]
    found = split((mark + "\n".join(rows)).encode(encoding), key="a.jsonl", items=items)
    assert texts(found) == list(enumerate((text for text in sample if text), start=1))


def test_the_unicode_text_of_a_spreadsheet_is_read() -> None:
    content = (_UPLOADS / "excel-unicode-text.txt").read_bytes()
    expected = [(1, "please cancel my order"), (2, "where is my parcel")]
    assert texts(split(content)) == expected


def test_padding_and_invisible_characters_are_blank_lines() -> None:
    content = (_UPLOADS / "nul-padding.txt").read_bytes()
    assert texts(split(content)) == [(1, "one")]
    assert texts(split(content, items=TextItems.FILE)) == [(None, "one\n")]


@pytest.mark.parametrize(
    "line",
    [
        "\x1a",
        "\0" * 100_000,
        "\x1a\x1a \0",
        "\u200b",
        "\u200b\u200c\u200d\u2060",
        "\ufeff\ufeff",
        "\u2800\u2800",
        "\u3164",
        "\u115f\u1160\uffa0",
        "\u00ad",
        "\u200e\u200f\u202a\u202c",
        "\u2028\u2029\x85\x0b\x0c",
        "\u180e\u3000\u00a0\u2007",
        "\ufe0f\u034f",
        "\U000e0020\U000e007f\U000e0100",
        "\x01\x02\x7f\x80",
    ],
)
@pytest.mark.parametrize("items", TextItems)
def test_a_line_of_invisible_characters_is_blank(line: str, items: TextItems) -> None:
    assert texts(split(f"one\n{line}\nthree"))[::2] == [(1, "one")]
    assert texts(split(f"one\n{line}\nthree")) == [(1, "one"), (3, "three")]
    assert texts(split(line, items=items)) == [(None, Reason.EMPTY_OBJECT)]
    row = json.dumps({"source": line})
    assert texts(split(row, key="a.jsonl", items=items)) == [(1, Reason.MALFORMED_ROW)]


@pytest.mark.parametrize("line", ["\u06dd", "\u0301", "\ufffd", "\ufffc", "👩\u200d💻", ".", "ﾠx"])
def test_a_line_with_a_visible_character_is_an_item(line: str) -> None:
    assert texts(split(f"one\n{line}\n")) == [(1, "one"), (2, line)]


@pytest.mark.parametrize(
    "line", ["a\0b", "\x1b[31mred\x1b[0m", "bell\x07", "a\x7f", "don\x92t", "\x01\x02x", "x\x1ay"]
)
def test_control_characters_within_a_text_are_refused(line: str) -> None:
    assert texts(split(f"one\n{line}\nthree\n")) == [
        (1, "one"),
        (2, Reason.UNREADABLE_TEXT),
        (3, "three"),
    ]
    assert texts(split(line, items=TextItems.FILE)) == [(None, Reason.UNREADABLE_TEXT)]
    row = json.dumps({"source": line})
    assert texts(split(row, key="a.jsonl")) == [(1, Reason.UNREADABLE_TEXT)]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r\r\n", "\r"])
def test_each_line_end_ends_one_line(end: str, size: int) -> None:
    content = end.join(["one", "", "three", "four"])
    for last in ("", end):
        assert texts(split(content + last, size=size)) == [(1, "one"), (3, "three"), (4, "four")]
        whole = split(content + last, items=TextItems.FILE, size=size)
        expected = (content + last).replace(end, "\n")
        assert texts(whole) == [(None, expected)]
    rows = end.join(json.dumps({"source": text}) for text in ("one", "two"))
    assert texts(split(rows, key="a.jsonl", size=size)) == [(1, "one"), (2, "two")]


def test_a_doubled_carriage_return_is_not_part_of_the_text() -> None:
    content = (_UPLOADS / "crcrlf.txt").read_bytes()
    assert texts(split(content)) == [(1, "one"), (2, "two")]


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize(
    "content",
    [
        pytest.param("one\r\r\ntwo\rthree\nfour", id="each end once"),
        pytest.param("one\r\ntwo\r\r\nthree\r\nfour\r\r\n", id="converted in part"),
        pytest.param(
            "\ufeffone\rtwo\r\ufeffthree\r\ufefffour\r", id="joined files of old programs"
        ),
        pytest.param("one\r\r\n\ufefftwo\r\r\nthree\r\r\n\ufefffour", id="joined and converted"),
    ],
)
def test_a_file_with_mixed_line_ends_has_the_same_texts(
    content: str, encoding: str, size: int
) -> None:
    expected = list(enumerate(["one", "two", "three", "four"], start=1))
    assert texts(split(content.encode(encoding), size=size)) == expected
    rows = content
    for _, text in expected:
        rows = rows.replace(text, json.dumps({"source": text}))
    assert texts(split(rows.encode(encoding), key="a.jsonl", size=size)) == expected


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_byte_order_marks_of_joined_files_are_not_part_of_a_text(size: int) -> None:
    joined = "\ufeffone\n\ufefftwo\r\n\ufeff\nlast\ufeff"
    assert texts(split(joined, size=size)) == [(1, "one"), (2, "two"), (4, "last")]
    whole = split(joined, items=TextItems.FILE, size=size)
    assert texts(whole) == [(None, "one\ntwo\n\nlast")]
    rows = '\ufeff{"source":"one"}\n\ufeff{"source":"two"}\n\ufeff\n'
    assert texts(split(rows, key="a.jsonl", size=size)) == [(1, "one"), (2, "two")]
    wide = joined.encode("utf-16-le")
    assert texts(split(wide, size=size)) == [(1, "one"), (2, "two"), (4, "last")]


@pytest.mark.parametrize("size", [1, 1000])
def test_null_bytes_around_a_text_are_dropped(size: int) -> None:
    content = "\0\0\0one\n\0two\0\0\nlast\x1a\0\0"
    assert texts(split(content, size=size)) == [(1, "one"), (2, "two"), (3, "last")]
    assert texts(split('\0\0{"source":"one"}\n{"source":"two"}\x1a', key="a.jsonl")) == [
        (1, "one"),
        (2, "two"),
    ]


_LINES = st.lists(
    st.text(CHARACTERS.filter(lambda character: character not in "\r\n\ufeff"), max_size=20)
)


@given(_LINES, st.sampled_from(_WIDE), st.integers(1, 9))
def test_a_text_with_a_byte_order_mark_is_read_exactly(
    lines: list[str], wide: object, size: int
) -> None:
    encoding, _ = wide.values  # type: ignore[attr-defined]
    content = ("\ufeff" + "\n".join(lines)).encode(encoding)
    assert texts(split(content, size=size)) == _expected(lines)


@pytest.mark.parametrize(
    "letters",
    [
        "abcdefghijklmnopqrstuvwxyz ,.",
        "äöüß éèñ",
        "абвгдежз ийклмн,",
        "אבגד הוז",
        "กขคฆง ",
        "ابتث ",
    ],
)
@given(data=st.data())
def test_an_alphabet_without_a_byte_order_mark_is_read_exactly_or_refused(
    letters: str, data: st.DataObject
) -> None:
    lines = data.draw(st.lists(st.text(letters, min_size=1, max_size=30), min_size=1, max_size=6))
    encoding = data.draw(st.sampled_from(["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]))
    found = split("\r\n".join(lines).encode(encoding), size=5)
    given_texts = {item.content.text for item in found if item.content}
    assert given_texts <= set(lines)
    if len(lines) > 1 and sum(map(len, lines)) > 3:
        assert texts(found) == _expected(lines)


@given(
    st.lists(
        st.sampled_from(["one", "two", "of three", "x", "\0", "\0\0\0", "\x01", "\x1b[1m", "\n"]),
        max_size=40,
    )
)
def test_ascii_with_control_characters_is_never_taken_for_another_encoding(
    pieces: list[str],
) -> None:
    letters = sum(len(piece.strip("\0\x01\n")) for piece in pieces)
    content = "".join(pieces)
    for item in split(content):
        if item.content is not None and 2 * letters > len(content):
            assert item.content.text.isascii()
            assert not has_control_characters(item.content.text)


@given(st.binary(max_size=400), st.sampled_from(["a.txt", "a.jsonl"]), st.sampled_from(TextItems))
def test_no_bytes_are_read_as_an_unreadable_text(
    content: bytes, key: str, items: TextItems
) -> None:
    found = split(content, key=key, items=items)
    assert found
    for item in found:
        assert (item.content is None) == (item.reason is not None)
        if item.content is not None:
            assert not is_blank(item.content.text)
            assert not has_control_characters(item.content.text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-32-be"])
def test_the_encoding_is_recognised_without_holding_the_file(encoding: str) -> None:
    import tracemalloc

    line = ("where is my parcel\r\n" * 2000).encode(encoding)
    tracemalloc.start()
    found = text_items(
        (line for _ in range(30)), key="a.txt", items=TextItems.LINE, max_characters=20_000
    )
    assert sum(item.content is not None for item in found) == 60_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 1024 * 1024


def test_the_problem_names_the_place_of_undecodable_bytes() -> None:
    (item,) = split("caf\xe9".encode("latin-1"))
    assert item.detail == "byte 4 of the text is not UTF-8"
    wide = "\ufeffone\ntw".encode("utf-16-le") + b"\x00\xd8o\x00\n\x00"
    assert [(item.line, item.reason, item.detail) for item in split(wide)] == [
        (1, None, ""),
        (2, Reason.NOT_UTF8, "character 3 of the text is not UTF-16-LE"),
    ]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("items", TextItems)
def test_an_ambiguous_east_asian_line_is_refused_once(encoding: str, items: TextItems) -> None:
    content = "上海的包裹在哪里請幫忙我忘記密碼".encode(encoding)
    assert texts(split(content, items=items)) == [(None, Reason.NOT_UTF8)]
