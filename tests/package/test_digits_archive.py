"""The demo's pictures are what their README says."""

from __future__ import annotations

import csv
import io
import struct
import zipfile
import zlib
from collections import Counter

import pytest

from tools import make_digits_archive


@pytest.fixture(scope="module")
def contents() -> dict[str, bytes]:
    with zipfile.ZipFile(make_digits_archive.ARCHIVE) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def truth(contents: dict[str, bytes]) -> dict[str, str]:
    rows = csv.DictReader(io.StringIO(contents["truth.csv"].decode()))
    return {row["file"]: row["class"] for row in rows}


def test_every_digit_has_twenty_pictures(truth: dict[str, str]) -> None:
    assert Counter(truth.values()) == {str(digit): 20 for digit in range(10)}


def test_the_archive_holds_the_pictures_of_the_table_and_nothing_else(
    contents: dict[str, bytes], truth: dict[str, str]
) -> None:
    assert set(contents) == {*truth, "truth.csv"}


def test_every_picture_is_an_8_bit_greyscale_png_of_64_by_64_pixels(
    contents: dict[str, bytes], truth: dict[str, str]
) -> None:
    for name in truth:
        picture = contents[name]
        assert picture.startswith(b"\x89PNG\r\n\x1a\n"), name
        assert struct.unpack(">IIBB", picture[16:26]) == (64, 64, 8, 0), name


def test_no_two_pictures_are_equal(contents: dict[str, bytes], truth: dict[str, str]) -> None:
    assert len({contents[name] for name in truth}) == len(truth)


def test_a_written_picture_has_the_pixels_it_was_given() -> None:
    rows = [bytes([0, 255, 7]), bytes([1, 0, 255])]
    picture = make_digits_archive.png(rows)
    start = picture.index(b"IDAT") + 4
    (length,) = struct.unpack(">I", picture[start - 8 : start - 4])
    lines = zlib.decompress(picture[start : start + length])
    first, second = lines[:4], lines[4:]
    assert first == b"\x02" + rows[0]
    # The filter "up" stores the difference to the row above.
    assert second[0] == 2
    assert bytes((a + b) % 256 for a, b in zip(second[1:], rows[0], strict=True)) == rows[1]
