"""The pictures of the jobs in Label Studio, and the manifest that lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeling_lambdas.domain.compact_json import compact_json
from labeling_lambdas.domain.label_studio.palette_png import Palette, write
from labeling_lambdas.domain.label_studio.pictures import HEADER_BYTES
from labeling_lambdas.domain.manifest_keys import ITEM_ID_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH, HEIGHT = 640, 480

#: Pictures of which Label Studio's own sync imports no more: it takes one after the other, so more
#: of them tell nothing new.
_MOST_SYNCED = 10_000

#: A small picture.
PICTURE = write(Palette(WIDTH, HEIGHT, bytes(WIDTH * HEIGHT), (b"\x1b\x6c\xa8",)))
#: One with as many bytes as the function reads of a photo.
LARGE_PICTURE = PICTURE.ljust(HEADER_BYTES, b"\0")


def bucket(count: int) -> str:
    """Return the bucket of a job with so many pictures."""
    return f"pictures-{count}"


def synced(count: int) -> int:
    """Return how many of the pictures of a job Label Studio's own sync imports."""
    return min(count, _MOST_SYNCED)


def key(number: int) -> str:
    """Return the key of a picture."""
    return f"photos/image-{number:08d}.png"


def lines(count: int) -> Iterator[dict[str, str]]:
    """Yield the lines of a manifest of so many pictures."""
    for number in range(count):
        yield {"source-ref": f"s3://{bucket(count)}/{key(number)}", ITEM_ID_KEY: f"{number:032x}"}


def manifest(count: int) -> bytes:
    """Return a manifest of so many pictures."""
    return "".join(compact_json(line) + "\n" for line in lines(count)).encode()
