"""Text files as people's programs write them: encodings, line ends, padding, invisible lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labeling_lambdas.domain.texts import TextItems
from tests.domain.test_texts import split, texts

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
    return [(number, line) for number, line in enumerate(sample, start=1) if line]


@pytest.mark.xfail(strict=True, reason="each line is decoded as UTF-8 by itself")
@pytest.mark.parametrize("size", [1, 3, 100_000])
@pytest.mark.parametrize("sample", _SAMPLES.values(), ids=list(_SAMPLES))
@pytest.mark.parametrize(("encoding", "mark"), _WIDE)
def test_utf16_and_utf32_are_read_line_by_line(
    encoding: str, mark: str, sample: list[str], size: int
) -> None:
    content = (mark + "\r\n".join(sample) + "\r\n").encode(encoding)
    assert texts(split(content, size=size)) == _expected(sample)


@pytest.mark.xfail(strict=True, reason="each line is decoded as UTF-8 by itself")
@pytest.mark.parametrize("sample", _SAMPLES.values(), ids=list(_SAMPLES))
@pytest.mark.parametrize(("encoding", "mark"), _WIDE)
def test_utf16_and_utf32_are_read_as_a_whole(encoding: str, mark: str, sample: list[str]) -> None:
    content = (mark + "\n".join(sample)).encode(encoding)
    assert texts(split(content, items=TextItems.FILE)) == [(None, "\n".join(sample))]


@pytest.mark.xfail(strict=True, reason="each line is decoded as UTF-8 by itself")
@pytest.mark.parametrize("items", TextItems)
@pytest.mark.parametrize("sample", _SAMPLES.values(), ids=list(_SAMPLES))
@pytest.mark.parametrize(("encoding", "mark"), _WIDE)
def test_rows_are_read_in_utf16_and_utf32(
    encoding: str, mark: str, sample: list[str], items: TextItems
) -> None:
    rows = [json.dumps({"source": it, "n": 1}, ensure_ascii=False) for it in sample if it]
    found = split((mark + "\n".join(rows)).encode(encoding), key="a.jsonl", items=items)
    assert texts(found) == list(enumerate((it for it in sample if it), start=1))


@pytest.mark.xfail(strict=True, reason="each line is decoded as UTF-8 by itself")
def test_the_unicode_text_of_a_spreadsheet_is_read() -> None:
    content = (_UPLOADS / "excel-unicode-text.txt").read_bytes()
    expected = [(1, "please cancel my order"), (2, "where is my parcel")]
    assert texts(split(content)) == expected


@pytest.mark.xfail(strict=True, reason="each line is decoded as UTF-8 by itself")
def test_padding_and_what_shows_nothing_are_blank_lines() -> None:
    content = (_UPLOADS / "nul-padding.txt").read_bytes()
    assert texts(split(content)) == [(1, "one")]
    assert texts(split(content, items=TextItems.FILE)) == [(None, "one\n")]


@pytest.mark.xfail(strict=True, reason="each line is decoded as UTF-8 by itself")
def test_a_doubled_carriage_return_is_no_part_of_the_text() -> None:
    content = (_UPLOADS / "crcrlf.txt").read_bytes()
    assert texts(split(content)) == [(1, "one"), (2, "two")]


@pytest.mark.xfail(strict=True, reason="each line is decoded as UTF-8 by itself")
@pytest.mark.parametrize("size", [1, 2, 1000])
def test_byte_order_marks_of_joined_files_are_no_part_of_a_text(size: int) -> None:
    joined = "\ufeffone\n\ufefftwo\r\n\ufeff\nlast\ufeff"
    assert texts(split(joined, size=size)) == [(1, "one"), (2, "two"), (4, "last")]
    whole = split(joined, items=TextItems.FILE, size=size)
    assert texts(whole) == [(None, "one\ntwo\n\nlast")]
    rows = '\ufeff{"source":"one"}\n\ufeff{"source":"two"}\n\ufeff\n'
    assert texts(split(rows, key="a.jsonl", size=size)) == [(1, "one"), (2, "two")]
    wide = joined.encode("utf-16-le")
    assert texts(split(wide, size=size)) == [(1, "one"), (2, "two"), (4, "last")]


@pytest.mark.xfail(strict=True, reason="each line is decoded as UTF-8 by itself")
@pytest.mark.parametrize("size", [1, 1000])
def test_what_a_file_system_leaves_around_a_text_is_dropped(size: int) -> None:
    content = "\0\0\0one\n\0two\0\0\nlast\x1a\0\0"
    assert texts(split(content, size=size)) == [(1, "one"), (2, "two"), (3, "last")]
    assert texts(split('\0\0{"source":"one"}\n{"source":"two"}\x1a', key="a.jsonl")) == [
        (1, "one"),
        (2, "two"),
    ]
