"""What the demo uploads: real handwritten digits, and some objects that cannot be labeled."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: Folders whose names have been trouble elsewhere: blanks, plus and percent signs, accents. Each
#: holds the same file names.
FOLDERS = ("inbox", "scans of 2026", "a+b", "élèves/été", "100 %")


@dataclass(frozen=True)
class Picture:
    """A picture to be labeled.

    Attributes:
        key: Its key in the upload bucket.
        body: The PNG file.
        label: What it shows.
    """

    key: str
    body: bytes
    label: str


@dataclass(frozen=True)
class Oddity:
    """An object that cannot be labeled.

    Attributes:
        key: Its key.
        body: Its content.
        reason: Why it is dead-lettered; None if it is only counted.
    """

    key: str
    body: bytes
    reason: str | None


ODDITIES = (
    Oddity("inbox/empty.png", b"", "empty_object"),
    Oddity("inbox/read me first.txt", b"This is no picture.\n", "unsupported_extension"),
    Oddity("a folder marker/", b"", None),
)


def pictures(archive: Path, count: int) -> list[Picture]:
    """Read pictures from the archive of digits.

    Args:
        archive: ``digits.zip``.
        count: How many, at most as many as the archive holds.

    Raises:
        ValueError: If the archive holds fewer.
    """
    with zipfile.ZipFile(archive) as opened:
        rows = list(csv.DictReader(io.StringIO(opened.read("truth.csv").decode())))
        if not 1 <= count <= len(rows):
            message = (
                f"the archive holds {len(rows)} pictures; ask for 1 to {len(rows)}, not {count}"
            )
            raise ValueError(message)
        return [
            Picture(_key(position), opened.read(row["file"]), row["class"])
            for position, row in enumerate(rows[:count])
        ]


def _key(position: int) -> str:
    folder = FOLDERS[position % len(FOLDERS)]
    return f"{folder}/digit {position // len(FOLDERS):03d}.png"
