"""Masks: the class of each pixel by majority, and the files that hold them."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling_lambdas.domain.label_studio import palette_png
from labeling_lambdas.domain.label_studio.masks import agreed_mask, colour, paint
from labeling_lambdas.domain.label_studio.palette_png import Palette
from labeling_sandbox.ground_truth import image_files

_PEOPLE = st.integers(1, 9).flatmap(
    lambda size: st.lists(
        st.lists(st.integers(0, 3), min_size=size, max_size=size).map(bytes),
        min_size=1,
        max_size=9,
    )
)
_COLOURS = (b"\xff\xff\xff", b"\x2c\xa0\x2c", b"\x1f\x77\xb4")
_PICTURES = st.tuples(st.integers(1, 7), st.integers(1, 7)).flatmap(
    lambda size: st.builds(
        Palette,
        st.just(size[0]),
        st.just(size[1]),
        st.lists(st.integers(0, 2), min_size=size[0] * size[1], max_size=size[0] * size[1]).map(
            bytes
        ),
        st.just(_COLOURS),
    )
)


@given(_PEOPLE)
def test_a_pixel_has_the_class_of_more_than_half_else_background(masks: list[bytes]) -> None:
    merged = agreed_mask(masks)
    for place, found in enumerate(merged.pixels):
        painted = [mask[place] for mask in masks]
        winners = [index for index in set(painted) if 2 * painted.count(index) > len(masks)]
        assert found == (winners[0] if winners else 0)


@given(_PEOPLE)
def test_the_confidence_of_a_class_is_the_share_that_agrees_on_its_pixels(
    masks: list[bytes],
) -> None:
    merged = agreed_mask(masks)
    assert set(merged.confidences) == set(merged.pixels)
    for index, confidence in merged.confidences.items():
        places = [place for place, found in enumerate(merged.pixels) if found == index]
        agreeing = sum(mask[place] == index for mask in masks for place in places)
        expected = agreeing / len(places) / len(masks) if len(masks) > 1 else 0
        assert confidence == pytest.approx(expected, abs=0.0051)


def test_many_pixels_are_counted_quickly_enough_to_be_counted_at_all() -> None:
    size = 2_000_000
    merged = agreed_mask([bytes(size), b"\1" * size, b"\1" * size])
    assert merged.pixels == b"\1" * size
    assert merged.confidences == {1: 0.67}


@given(st.lists(st.integers(0, 255), max_size=60))
def test_only_opaque_pixels_are_painted(opacity: list[int]) -> None:
    mask = bytearray([7] * len(opacity))
    paint(mask, bytes(opacity), 3)
    assert list(mask) == [3 if value >= 128 else 7 for value in opacity]


@given(_PICTURES)
def test_another_reader_sees_the_pixels_and_colours_that_were_written(picture: Palette) -> None:
    content = palette_png.write(picture)
    seen = image_files.pixels(content)
    assert b"".join(seen.rows) == picture.indexes
    assert tuple(seen.palette) == picture.colours
    size = image_files.size(content)
    assert size is not None
    assert (size.width, size.height) == (picture.width, picture.height)


@given(_PICTURES, st.data())
def test_each_filter_of_a_row_is_read(picture: Palette, data: st.DataObject) -> None:
    rows, above = b"", bytes(picture.width)
    for row in range(picture.height):
        pixels = picture.indexes[row * picture.width : (row + 1) * picture.width]
        kind = data.draw(st.integers(0, 4))
        rows += bytes([kind]) + filtered(kind, pixels, above)
        above = pixels
    assert palette_png.read(png(picture.width, picture.height, rows)) == picture


def filtered(kind: int, row: bytes, above: bytes) -> bytes:
    """Filter a row as the PNG specification says, one byte for each pixel."""
    found = []
    for at, value in enumerate(row):
        a = row[at - 1] if at else 0
        b = above[at]
        c = above[at - 1] if at else 0
        p = a + b - c
        if abs(p - a) <= abs(p - b) and abs(p - a) <= abs(p - c):
            paeth = a
        else:
            paeth = b if abs(p - b) <= abs(p - c) else c
        found.append((value - (0, a, b, (a + b) // 2, paeth)[kind]) % 256)
    return bytes(found)


def png(width: int, height: int, rows: bytes, bits: int = 8, kind: int = 3) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    chunks = [
        (b"IHDR", header),
        (b"PLTE", b"".join(_COLOURS)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a",
        png(1, 1, b"\0\0", kind=0),
        png(1, 1, b"\0\0", bits=4),
        png(2, 2, b"\0\0\0"),  # too few pixels
        png(1, 1, b"\5\0"),  # a filter that does not exist
        png(1, 1, b"\0\0")[:50],
    ],
)
def test_a_file_that_is_no_mask_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="PNG"):
        palette_png.read(content)


def test_every_class_has_a_colour_of_its_own_and_none_that_of_the_background() -> None:
    colours = [colour(index) for index in range(palette_png.MOST_COLOURS)]
    assert len(set(colours)) == len(colours)
    assert colours[0] == "#ffffff"
