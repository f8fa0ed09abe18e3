"""Masks whose pixels are class indexes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, UnidentifiedImageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_BITS = 8
_COLORS = 256


class UnreadableMaskError(Exception):
    """A file that is no image, or has a colour of no class. The message does not name the file."""


def write_index_mask(
    body: bytes, colors: Mapping[str, str], classes: Sequence[str], path: Path
) -> None:
    """Write a PNG with a palette, in which a pixel is 0, or the place of its class from 1 on.

    Args:
        body: The mask that Ground Truth wrote, an image in which each class has a colour.
        colors: The class of each colour, ``#rrggbb``; empty for the background.
        classes: All classes of the training set, fewer than 256.
        path: The file to write.

    Raises:
        UnreadableMaskError: If the mask cannot be converted.
    """
    index_of = {name: place for place, name in enumerate(classes, 1)} | {"": 0}
    pixels = _pixels(body)
    visible = pixels[..., 3] > 0
    codes = (
        pixels[..., 0].astype(np.uint32) << 2 * _BITS
        | pixels[..., 1].astype(np.uint32) << _BITS
        | pixels[..., 2]
    )
    indexes = np.zeros(codes.shape, np.uint8)
    known = ~visible
    for color, name in colors.items():
        found = visible & (codes == int(color.removeprefix("#"), 16))
        indexes[found] = index_of[name]
        known |= found
    if not known.all():
        message = "a pixel has the colour of no class"
        raise UnreadableMaskError(message)
    image = Image.fromarray(indexes)
    image.putpalette(palette(len(classes) + 1))
    image.save(path, format="PNG")


def read_indexes(path: Path) -> NDArray[np.uint8]:
    """Return the class index of each pixel, by row and column."""
    with Image.open(path) as image:
        return np.asarray(image)


def palette(entries: int) -> list[int]:
    """Return the colours of the first indexes as the Pascal VOC data sets have them.

    The bits of an index, three at a time, become the high bits of red, green and blue.

    Args:
        entries: Number of colours.

    Returns:
        Red, green and blue of each, from 0 to 255.
    """
    colors = []
    for index in range(min(entries, _COLORS)):
        color, left = [0, 0, 0], index
        for bit in range(_BITS - 1, -1, -1):
            for channel in range(3):
                color[channel] |= (left >> channel & 1) << bit
            left >>= 3
        colors += color
    return colors


def _pixels(body: bytes) -> NDArray[np.uint8]:
    try:
        with Image.open(io.BytesIO(body)) as image:
            return np.asarray(image.convert("RGBA"))
    except (UnidentifiedImageError, OSError) as error:
        message = "the mask is no image"
        raise UnreadableMaskError(message) from error
