"""The size of a picture as it is shown."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling_lambdas.domain.label_studio.pictures import PictureSize, shown_size

_LENGTHS = st.integers(1, 60_000)


def jpeg(width: int, height: int, components: int = 3, *segments: bytes) -> bytes:
    frame = struct.pack(">BHHB", 8, height, width, components) + bytes(3 * components)
    return b"\xff\xd8" + b"".join(segments) + segment(0xC0, frame)


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def exif(orientation: int, order: str) -> bytes:
    """Return Exif data with another tag before the orientation."""
    start = b"II*\0" if order == "<" else b"MM\0*"
    entries = struct.pack(f"{order}HHIHH", 271, 2, 1, 65, 0)
    entries += struct.pack(f"{order}HHIHH", 274, 3, 1, orientation, 0)
    tiff = start + struct.pack(f"{order}IH", 8, 2) + entries
    return segment(0xE1, b"Exif\0\0" + tiff)


def png(width: int, height: int, kind: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(header)) + b"IHDR" + header


@given(_LENGTHS, _LENGTHS, st.sampled_from([(0, 1), (2, 3), (3, 3), (4, 1), (6, 3)]))
def test_the_size_of_a_png_file(width: int, height: int, kind: tuple[int, int]) -> None:
    found = shown_size(png(width, height, kind[0]))
    assert found == PictureSize(width, height, kind[1])


@given(_LENGTHS, _LENGTHS, st.sampled_from([(1, 1), (3, 3), (4, 3)]), st.binary(max_size=300))
def test_the_size_of_a_jpeg_file(
    width: int, height: int, components: tuple[int, int], profile: bytes
) -> None:
    before = (segment(0xE2, profile), b"\xff", segment(0xC4, b"table"))
    found = shown_size(jpeg(width, height, components[0], *before) + b"pixels")
    assert found == PictureSize(width, height, components[1])


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("orientation", "turned"), [(1, False), (3, False), (6, True), (8, True)])
def test_a_picture_that_was_taken_upright_is_shown_upright(
    order: str, orientation: int, turned: bool
) -> None:
    found = shown_size(jpeg(640, 480, 3, exif(orientation, order)))
    assert found is not None
    assert found[:2] == ((480, 640) if turned else (640, 480))


@given(st.binary(max_size=80), st.sampled_from([b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n"]))
def test_anything_else_has_no_known_size_and_does_no_harm(content: bytes, start: bytes) -> None:
    found = shown_size(start + content)
    assert found is None or all(length >= 0 for length in found)


def test_a_file_whose_headers_are_not_all_there_has_no_known_size() -> None:
    whole = jpeg(640, 480, 3, segment(0xE2, bytes(500)))
    assert shown_size(whole[:400]) is None
    damaged = segment(0xE1, b"Exif\0\0MM\0*\0\0\xff\xff")
    assert shown_size(jpeg(640, 480, 3, damaged)) == PictureSize(640, 480, 3)
