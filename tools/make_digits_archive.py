"""Make harness/sandbox/data/digits.zip, the pictures of the demo, from the UCI handwritten digits.

Needs scikit-learn, which ships the data set. It is no requirement of this project, as the archive
is checked in; install it in an environment of its own:

    python -m venv /tmp/digits && /tmp/digits/bin/pip install scikit-learn
    /tmp/digits/bin/python tools/make_digits_archive.py

The pictures' pixels are the same on every machine, their compressed bytes only with the same zlib.
"""

from __future__ import annotations

import argparse
import csv
import io
import struct
import sys
import zipfile
import zlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ARCHIVE = Path(__file__).resolve().parent.parent / "harness" / "sandbox" / "data" / "digits.zip"
PICTURES_PER_CLASS = 20
CLASSES = 10

# The data set counts inked dots in blocks of 4 x 4, so a value is 0 to 16.
INK_MAXIMUM = 16
WHITE = 255
# A picture of 8 x 8 blocks becomes one of 64 x 64 pixels, large enough to look at.
SCALE = 8

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREYSCALE_8_BIT = (8, 0, 0, 0, 0)
FILTER_UP = b"\x02"
# The earliest date a zip entry can hold.
FIXED_DATE = (1980, 1, 1, 0, 0, 0)
UNIX = 3
REGULAR_FILE_0644 = 0o100644 << 16


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """Frame one chunk of a PNG file.

    Args:
        kind: The four letters of its type.
        content: Its data.

    Returns:
        Length, type, data and checksum.
    """
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def png(rows: Sequence[bytes]) -> bytes:
    """Write an 8-bit greyscale picture as PNG.

    Args:
        rows: The pixels, 0 black to 255 white; all rows equally long, at least one.

    Returns:
        The file's bytes.
    """
    width = len(rows[0])
    header = struct.pack(">II", width, len(rows)) + bytes(GREYSCALE_8_BIT)
    above = [bytes(width), *rows]
    filtered = b"".join(
        FILTER_UP + bytes((pixel - upper) % 256 for pixel, upper in zip(row, before, strict=True))
        for row, before in zip(rows, above[:-1], strict=True)
    )
    return (
        PNG_SIGNATURE
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(filtered, 9))
        + png_chunk(b"IEND", b"")
    )


def enlarge(blocks: Sequence[Sequence[float]]) -> list[bytes]:
    """Turn one digit of the data set into rows of pixels, dark ink on white.

    Args:
        blocks: Ink per block, 0 to 16.

    Returns:
        Rows of pixels, each block repeated in both directions.
    """
    rows = []
    for line in blocks:
        pixels = [WHITE - round(ink * WHITE / INK_MAXIMUM) for ink in line]
        row = bytes(pixel for pixel in pixels for _ in range(SCALE))
        rows.extend([row] * SCALE)
    return rows


def chosen_digits() -> Iterator[tuple[str, str, bytes]]:
    """Read the first pictures of each class, in the data set's order.

    Yields:
        Name in the archive, class, PNG file.
    """
    from sklearn.datasets import load_digits  # noqa: PLC0415  --help works without it

    digits = load_digits()
    taken: Counter[int] = Counter()
    for index, (blocks, digit) in enumerate(zip(digits.images, digits.target, strict=True)):
        label = int(digit)
        if taken[label] < PICTURES_PER_CLASS:
            taken[label] += 1
            yield f"digits/{index:04d}.png", str(label), png(enlarge(blocks.tolist()))


def write_archive(target: Path) -> int:
    """Write the archive with its pictures and truth.csv.

    Args:
        target: The zip file; its folder exists.

    Returns:
        The number of pictures.
    """
    pictures = list(chosen_digits())
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(("file", "class"))
    writer.writerows((name, label) for name, label, _ in pictures)
    contents = {name: picture for name, _, picture in pictures}
    contents["truth.csv"] = table.getvalue().encode()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, FIXED_DATE)
            entry.create_system = UNIX
            entry.external_attr = REGULAR_FILE_0644
            archive.writestr(entry, contents[name])
    return len(pictures)


def main(arguments: list[str] | None = None) -> int:
    """Make the archive.

    Args:
        arguments: Command line without the program name; the process's own by default.

    Returns:
        The exit status: 0, or 1 with one line on standard error.
    """
    parser = argparse.ArgumentParser(description="Make the demo's archive of handwritten digits.")
    parser.add_argument("--output", type=Path, default=ARCHIVE, help="the archive's file")
    options = parser.parse_args(arguments)
    target: Path = options.output
    try:
        count = write_archive(target)
    except ModuleNotFoundError as error:
        print(f"error: {error}; install scikit-learn to make the archive", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if count != CLASSES * PICTURES_PER_CLASS:
        print(f"error: the data set gave {count} pictures", file=sys.stderr)
        return 1
    print(f"{target}: {count} pictures, {target.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
