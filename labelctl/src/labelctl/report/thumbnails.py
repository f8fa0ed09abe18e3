"""Small pictures with boxes and masks drawn on them."""

from __future__ import annotations

import base64
import io
import warnings
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageColor, ImageDraw, UnidentifiedImageError

from labelctl.export.masks import read_indexes, write_index_mask

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labelctl.export.annotations import Annotation

#: Pixels of the longer edge.
_EDGE = 240
_QUALITY = 80
#: Share of a mask's colour in what it covers.
_OPACITY = 0.55


class UnreadableImageError(Exception):
    """A file that is no image, or too large a one. The message does not name the file."""


def thumbnail(
    body: bytes,
    mask: bytes | None,
    annotation: Annotation,
    colors: Mapping[str, str],
    scratch: Path,
) -> str:
    """Return a small JPEG picture as ``data:`` address.

    Args:
        body: The image.
        mask: Its mask as Ground Truth wrote it; None if there is none.
        annotation: Its label.
        colors: The colour of each class, ``#rrggbb``.
        scratch: A file for the mask.

    Raises:
        UnreadableImageError: If the image cannot be read.
        UnreadableMaskError: If the mask cannot be read.
    """
    image, size = _small(body)
    if mask is not None:
        write_index_mask(mask, annotation.colors, annotation.names, scratch)
        image = _painted(image, scratch, [colors[name] for name in annotation.names])
    width, height = annotation.size or size
    across, down = image.width / width, image.height / height
    draw = ImageDraw.Draw(image)
    for box in annotation.boxes:
        left, top = box.left * across, box.top * down
        right, bottom = left + box.width * across, top + box.height * down
        draw.rectangle((left, top, right, bottom), outline=colors[box.name], width=2)
    written = io.BytesIO()
    image.save(written, "JPEG", quality=_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(written.getvalue()).decode()}"


def _small(body: bytes) -> tuple[Image.Image, tuple[int, int]]:
    """Return a small image, and the size of the large one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(body)) as opened:
                size = opened.size
                # Of a JPEG file only as much is decoded as is needed.
                opened.draft("RGB", (_EDGE, _EDGE))
                image = opened.convert("RGB")
    except (
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
        UnidentifiedImageError,
        OSError,
    ) as error:
        raise UnreadableImageError from error
    scale = _EDGE / max(size)
    # The pixels of a tiny image stay sharp.
    way = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
    width, height = (max(1, round(edge * scale)) for edge in size)
    return image.resize((width, height), way), size


def _painted(image: Image.Image, mask: Path, colors: list[str]) -> Image.Image:
    indexes = Image.fromarray(read_indexes(mask))
    placed = np.asarray(indexes.resize(image.size, Image.Resampling.NEAREST))
    pixels = np.asarray(image).astype(np.float64)
    for index, color in enumerate(colors, 1):
        covered = placed == index
        paint = np.array(ImageColor.getrgb(color))
        pixels[covered] = (1 - _OPACITY) * pixels[covered] + _OPACITY * paint
    return Image.fromarray(pixels.astype(np.uint8))
