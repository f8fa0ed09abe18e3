"""The object that workers of any task type can label in a smoke test."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from labelctl.doctor.stations import PREFIX
from labelctl.error_messages import LabelctlError
from labeling_lambdas.domain.ignored_keys import is_ignored

if TYPE_CHECKING:
    from labelctl.pipeline import Pipeline

_TEXT = b"This is a test of the labeling pipeline. Choose any label.\n"
_SIDE, _FRAME, _LIGHT, _DARK = 128, 32, 0xE0, 0x40


def object_to_label(pipeline: Pipeline, name: str) -> tuple[str, bytes]:
    """Return key and content of an object that the pipeline's workers can label.

    Args:
        pipeline: The pipeline.
        name: Name of the test.

    Raises:
        LabelctlError: If the pipeline ignores the key.
    """
    splits = pipeline.splits_uploads
    key = f"{PREFIX}{name}.{'txt' if splits else 'png'}"
    if is_ignored(key, pipeline.ignored_keys):
        message = (
            f"a pattern of ignored_keys matches {key}: nothing under {PREFIX} is labeled; take it"
            " out of ignored_keys, or test with --smoke, which labels nothing"
        )
        raise LabelctlError(message)
    return key, _TEXT if splits else _picture()


def _picture() -> bytes:
    """Return a PNG file: a dark square on a light ground.

    https://www.w3.org/TR/png-3/#11Chunks
    """
    inside = range(_FRAME, _SIDE - _FRAME)
    rows = b"".join(
        b"\0" + bytes(_DARK if x in inside and y in inside else _LIGHT for x in range(_SIDE))
        for y in range(_SIDE)
    )
    eight_bits_of_grey = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", eight_bits_of_grey), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
