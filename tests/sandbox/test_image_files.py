"""Pictures are measured and written according to their formats."""

from __future__ import annotations

import struct

import pytest

from labeling_sandbox.ground_truth import image_files
from labeling_sandbox.ground_truth.image_files import ImageSize

ROWS = [bytes([0, 255, 7]), bytes([1, 0, 2])]


def test_a_greyscale_picture_can_be_read_back() -> None:
    picture = image_files.greyscale_png(ROWS)
    assert image_files.size(picture) == ImageSize(3, 2, 1)
    assert image_files.pixels(picture) == image_files.Pixels(ROWS, [])


def test_an_indexed_picture_keeps_its_palette() -> None:
    palette = [b"\xff\xff\xff", b"\x00\x10\x20", b"\x2c\xa0\x2c"]
    picture = image_files.indexed_png([bytearray([0, 1, 2])], palette)
    assert image_files.size(picture) == ImageSize(3, 1, 3)
    assert image_files.pixels(picture) == image_files.Pixels([bytes([0, 1, 2])], palette)


def test_a_palette_holds_256_colours() -> None:
    with pytest.raises(ValueError, match="256"):
        image_files.indexed_png([b"\x00"], [b"\x00\x00\x00"] * 257)


def test_a_jpeg_is_measured_by_its_frame() -> None:
    comment = b"\xff\xfe" + struct.pack(">H", 6) + b"text"
    frame = b"\xff\xc2" + struct.pack(">HBHHB", 17, 8, 480, 640, 3) + bytes(9)
    assert image_files.size(b"\xff\xd8" + comment + frame) == ImageSize(640, 480, 3)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"image",
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n" + bytes(16) + b"\x08\x09",
        b"\xff\xd8",
        b"\xff\xd8\xff\xfe\x00\x04ab",
        b"\xff\xd8\x00\x00",
    ],
)
def test_other_files_have_no_size(content: bytes) -> None:
    assert image_files.size(content) is None


def test_other_pictures_are_not_read() -> None:
    picture = image_files.greyscale_png(ROWS)
    in_colour = picture[:25] + b"\x02" + picture[26:]
    with pytest.raises(ValueError, match="one byte per pixel"):
        image_files.pixels(in_colour)
