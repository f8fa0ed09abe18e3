"""A subset of PNG and JPEG: the size of a picture, and small pictures without a library.

PNG: https://www.w3.org/TR/png-3/; JPEG: ITU-T T.81, annex B.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_INDEXED = 3
_GREYSCALE = 0
#: Samples per pixel of PNG's colour types, as a viewer shows them: a palette means colours.
_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 1, 6: 3}
_NO_FILTER, _FILTER_UP = 0, 2
_JPEG_SIGNATURE = b"\xff\xd8"
#: Start-of-frame markers: 0xC0 to 0xCF without the three that define something else.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True)
class ImageSize:
    """The size of a picture.

    Attributes:
        width: In pixels.
        height: In pixels.
        channels: 1 for greyscale, 3 for colours.
    """

    width: int
    height: int
    channels: int


@dataclass(frozen=True)
class Pixels:
    """A picture with one byte for each pixel.

    Attributes:
        rows: Grey values, or indexes into the palette.
        palette: Colours of three bytes each, empty for greyscale.
    """

    rows: list[bytes]
    palette: list[bytes]


def size(content: bytes) -> ImageSize | None:
    """Return the size of a PNG or JPEG file, None if it is neither."""
    try:
        if content.startswith(_PNG_SIGNATURE):
            width, height, _depth, kind = struct.unpack(">IIBB", content[16:26])
            return ImageSize(width, height, _CHANNELS[kind])
        if content.startswith(_JPEG_SIGNATURE):
            return _jpeg_size(content)
    except (struct.error, KeyError, IndexError):
        return None
    return None


def _jpeg_size(content: bytes) -> ImageSize | None:
    position = len(_JPEG_SIGNATURE)
    while content[position] == 0xFF:  # noqa: PLR2004 - every marker begins with it
        marker = content[position + 1]
        (length,) = struct.unpack(">H", content[position + 2 : position + 4])
        if marker in _FRAMES:
            height, width, channels = struct.unpack(">HHB", content[position + 5 : position + 10])
            return ImageSize(width, height, channels)
        position += 2 + length
    return None


def greyscale_png(rows: Sequence[bytes | bytearray]) -> bytes:
    """Write a greyscale picture.

    Args:
        rows: The pixels, 0 black to 255 white; all rows equally long, at least one.
    """
    return _png(rows, _GREYSCALE, [])


def indexed_png(rows: Sequence[bytes | bytearray], palette: Sequence[bytes]) -> bytes:
    """Write a picture with a palette.

    Args:
        rows: Indexes into the palette; all rows equally long, at least one.
        palette: At most 256 colours of three bytes each.

    Raises:
        ValueError: The palette holds more colours.
    """
    most = 256
    if len(palette) > most:
        message = f"a PNG palette holds {most} colours, not {len(palette)}"
        raise ValueError(message)
    return _png(rows, _INDEXED, [(b"PLTE", b"".join(palette))])


def _png(
    rows: Sequence[bytes | bytearray], kind: int, chunks: Sequence[tuple[bytes, bytes]]
) -> bytes:
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, kind, 0, 0, 0)
    data = zlib.compress(b"".join(bytes([_NO_FILTER]) + row for row in rows))
    content = [(b"IHDR", header), *chunks, (b"IDAT", data), (b"IEND", b"")]
    return _PNG_SIGNATURE + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in content
    )


def pixels(content: bytes) -> Pixels:
    """Read a PNG file of one byte per pixel, in greyscale or with a palette.

    Raises:
        ValueError: The file is something else, or uses a filter that none of the project's files
            uses.
    """
    chunks: dict[bytes, bytes] = {}
    for name, body in _chunks(content):
        chunks[name] = chunks.get(name, b"") + body
    width, _height, depth, kind = struct.unpack(">IIBB", chunks.get(b"IHDR", bytes(13))[:10])
    if depth != 8 or kind not in (_GREYSCALE, _INDEXED):  # noqa: PLR2004 - bits
        message = "not a PNG file of one byte per pixel"
        raise ValueError(message)
    data = zlib.decompress(chunks[b"IDAT"])
    rows, above = [], bytes(width)
    for start in range(0, len(data), width + 1):
        above = _unfiltered(data[start], data[start + 1 : start + 1 + width], above)
        rows.append(above)
    colours = chunks.get(b"PLTE", b"")
    return Pixels(rows, [colours[at : at + 3] for at in range(0, len(colours), 3)])


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = len(_PNG_SIGNATURE)
    while position + 8 <= len(content):
        (length,) = struct.unpack(">I", content[position : position + 4])
        body = position + 8
        yield content[position + 4 : body], content[body : body + length]
        position = body + length + 4


def _unfiltered(kind: int, row: bytes, above: bytes) -> bytes:
    if kind == _NO_FILTER:
        return row
    if kind == _FILTER_UP:
        return bytes((value + upper) % 256 for value, upper in zip(row, above, strict=True))
    message = f"PNG filter {kind} is not known here"
    raise ValueError(message)
