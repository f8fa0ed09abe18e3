"""PNG files with a palette: one byte for each pixel, the index of its colour.

https://www.w3.org/TR/png-3/
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Colours of a palette.
MOST_COLOURS = 256

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">IIBBBBB")
_CHUNK = struct.Struct(">I4s")
_BITS = 8
_WITH_PALETTE = 3
#: Bytes for each chunk beside its content: length, name and checksum.
_FRAME_BYTES = 12


class Palette(NamedTuple):
    """A picture with a palette.

    Attributes:
        width: In pixels.
        height: In pixels.
        indexes: A byte for each pixel, row by row.
        colours: The colours, three bytes each.
    """

    width: int
    height: int
    indexes: bytes
    colours: tuple[bytes, ...]


def write(picture: Palette) -> bytes:
    """Return a picture as a PNG file."""
    width, height = picture.width, picture.height
    rows = b"".join(
        b"\0" + picture.indexes[start : start + width] for start in range(0, width * height, width)
    )
    header = _HEADER.pack(width, height, _BITS, _WITH_PALETTE, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"PLTE", b"".join(picture.colours)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


def read(content: bytes) -> Palette:
    """Read a PNG file with a palette and 8 bits for each pixel.

    Raises:
        ValueError: If it is something else, or damaged.
    """
    try:
        return _read(content)
    except (struct.error, zlib.error, IndexError, KeyError) as error:
        message = "the PNG file is damaged"
        raise ValueError(message) from error


def _read(content: bytes) -> Palette:
    parts: dict[bytes, bytes] = {}
    for name, body in chunks_of(content):
        parts[name] = parts.get(name, b"") + body
    width, height, bits, kind, _, _, interlaced = _HEADER.unpack(parts[b"IHDR"])
    if bits != _BITS or kind != _WITH_PALETTE or interlaced:
        message = "not a PNG file with a palette, 8 bits for each pixel and no interlacing"
        raise ValueError(message)
    expected = height * (width + 1)
    data = zlib.decompressobj().decompress(parts[b"IDAT"], expected)
    if len(data) != expected:
        message = "the PNG file has too few pixels"
        raise ValueError(message)
    colours = parts[b"PLTE"]
    return Palette(
        width,
        height,
        b"".join(_rows(data, width)),
        tuple(colours[at : at + 3] for at in range(0, len(colours), 3)),
    )


def chunks_of(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and content of each chunk of a PNG file, or of the beginning of one.

    Raises:
        ValueError: If it is no PNG file.
    """
    if not content.startswith(_SIGNATURE):
        message = "not a PNG file"
        raise ValueError(message)
    at = len(_SIGNATURE)
    while at + _CHUNK.size <= len(content):
        length, name = _CHUNK.unpack_from(content, at)
        yield name, content[at + _CHUNK.size : at + _CHUNK.size + length]
        at += length + _FRAME_BYTES


def _rows(data: bytes, width: int) -> Iterator[bytes]:
    above = bytes(width)
    for start in range(0, len(data), width + 1):
        above = _unfiltered(data[start], data[start + 1 : start + 1 + width], above)
        yield above


def _unfiltered(kind: int, row: bytes, above: bytes) -> bytes:
    if kind == 0:
        return row
    predict = (None, _left, _upper, _average, _paeth)[kind]
    if predict is None:
        return row
    found = bytearray()
    left = corner = 0
    for value, upper in zip(row, above, strict=True):
        left = (value + predict(left, upper, corner)) & 255
        corner = upper
        found.append(left)
    return bytes(found)


def _left(left: int, _upper: int, _corner: int) -> int:
    return left


def _upper(_left: int, upper: int, _corner: int) -> int:
    return upper


def _average(left: int, upper: int, _corner: int) -> int:
    return (left + upper) // 2


def _paeth(left: int, upper: int, corner: int) -> int:
    guess = left + upper - corner
    candidates: Sequence[int] = (left, upper, corner)
    return min(candidates, key=lambda candidate: abs(guess - candidate))
