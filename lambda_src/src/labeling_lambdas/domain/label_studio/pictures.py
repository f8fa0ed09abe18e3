"""The size of a picture, from the beginning of its file.

PNG: https://www.w3.org/TR/png-3/; JPEG: ITU-T T.81, annex B; rotation: Exif 2.32, tag 274.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from labeling_lambdas.domain.label_studio.palette_png import chunks_of

#: Bytes that are enough for the headers of nearly all pictures: colour profiles and previews come
#: before the size in a JPEG file, and have up to 64 kB each.
HEADER_BYTES = 262_144

#: Channels of PNG's colour types as a viewer shows them: a palette means colours.
_PNG_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 1, 6: 3}
_GREY, _COLOUR = 1, 3
_JPEG = b"\xff\xd8"
#: Markers that begin a frame: 0xC0 to 0xCF without the three that define tables.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_APP1 = 0xE1
_EXIF = b"Exif\0\0"
_ORIENTATION = 274
#: Orientations in which width and height are exchanged.
_TURNED = range(5, 9)


class PictureSize(NamedTuple):
    """The size of a picture as it is shown.

    Attributes:
        width: In pixels.
        height: In pixels.
        depth: Channels: 1 for grey, 3 for colours.
    """

    width: int
    height: int
    depth: int


def shown_size(head: bytes) -> PictureSize | None:
    """Return the size of a picture as browsers show it, turned as its Exif data says.

    Args:
        head: The beginning of the file, for example its first `HEADER_BYTES`.

    Returns:
        The size, or None if it is not known from these bytes.
    """
    try:
        return _jpeg_size(head) if head.startswith(_JPEG) else _png_size(head)
    except (ValueError, struct.error, IndexError, KeyError, StopIteration):
        return None


def _png_size(head: bytes) -> PictureSize:
    _, header = next(chunks_of(head))
    width, height, _, kind = struct.unpack_from(">IIBB", header)
    return PictureSize(width, height, _PNG_CHANNELS[kind])


def _jpeg_size(head: bytes) -> PictureSize | None:
    at, turned = len(_JPEG), False
    while head[at] == 0xFF:  # noqa: PLR2004 - every marker begins with it
        marker = head[at + 1]
        if marker == 0xFF:  # noqa: PLR2004 - a marker may have any number of them before it
            at += 1
            continue
        (length,) = struct.unpack_from(">H", head, at + 2)
        segment = head[at + 4 : at + 2 + length]
        if marker == _APP1 and segment.startswith(_EXIF):
            turned = _orientation(segment[len(_EXIF) :]) in _TURNED
        if marker in _FRAMES:
            height, width, components = struct.unpack_from(">HHB", segment, 1)
            depth = _GREY if components == 1 else _COLOUR
            return PictureSize(*((height, width) if turned else (width, height)), depth)
        at += 2 + length
    return None


def _orientation(exif: bytes) -> int:
    """Return the orientation, 1 if the data does not say it."""
    order = "<" if exif.startswith(b"II") else ">"
    try:
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, start)
        for place in range(count):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, start + 2 + 12 * place)
            if tag == _ORIENTATION:
                return int(value)
    except struct.error:
        pass
    return 1
