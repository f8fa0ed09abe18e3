"""The uploads of a demo, and their expected outcomes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Folders whose names have caused errors elsewhere: blanks, plus and percent signs, accents.
FOLDERS = ("inbox", "scans of 2026", "a+b", "élèves/été", "100 %")


@dataclass(frozen=True)
class File:
    """An object to upload.

    Attributes:
        key: Its key in the upload bucket.
        body: Its content.
        lines: The items in it: None for the whole object, numbers for lines
            of a text file; nothing for a folder marker.
    """

    key: str
    body: bytes
    lines: tuple[int | None, ...] = (None,)


@dataclass(frozen=True)
class Item:
    """Something to be labeled.

    Attributes:
        key: Key of its file.
        truth: The correct label for the workers, in the form of the task type.
        label: The expected feature ``label`` of the record.
        line: Its line, None for a whole object.
        text: What the workers read, None for a picture.
    """

    key: str
    truth: Any
    label: str
    line: int | None = None
    text: str | None = None


@dataclass(frozen=True)
class Oddity:
    """Something that cannot be labeled.

    Attributes:
        key: Key of its file.
        reason: Why it is dead-lettered; None if it is only counted.
        line: Its line, None for a whole object.
    """

    key: str
    reason: str | None
    line: int | None = None


@dataclass(frozen=True)
class DataSet:
    """The data of one demo.

    Attributes:
        noun: What its items are, in the plural.
        files: What is uploaded.
        items: What must end in a record.
        oddities: What must not.
        overwritten: What is uploaded first, under keys that ``files`` has again.
    """

    noun: str
    files: Sequence[File]
    items: Sequence[Item]
    oddities: Sequence[Oddity]
    overwritten: Sequence[File]


def names_label(names: Iterable[str]) -> str:
    """Return the feature ``label`` of an item with several names: a sorted JSON array."""
    return json.dumps(sorted(set(names)), ensure_ascii=False, separators=(",", ":"))


def part_of(entries: Sequence[Any], count: int | None, noun: str) -> Sequence[Any]:
    """Return the first entries.

    Args:
        entries: What there is.
        count: How many are wanted, None for all.
        noun: What they are.

    Raises:
        ValueError: If there are fewer.
    """
    if count is None:
        return entries
    if not 1 <= count <= len(entries):
        message = f"there are {len(entries)} {noun}; ask for 1 to {len(entries)}, not {count}"
        raise ValueError(message)
    return entries[:count]
