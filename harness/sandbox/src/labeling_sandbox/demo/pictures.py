"""Pictures: real handwritten digits, one per picture or several at known positions."""

from __future__ import annotations

import csv
import io
import random
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_sandbox.demo.data_set import (
    FOLDERS,
    DataSet,
    File,
    Item,
    Oddity,
    names_label,
    part_of,
)
from labeling_sandbox.ground_truth import image_files

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_ARCHIVE = "digits.zip"
_CANVASES = 60
_WIDTH, _HEIGHT = 320, 240
_DIGIT = 64
_CELL = 80
_WHITE = 255
_MOST_DIGITS = 5
_EMPTY_CANVAS = 3

_ODD_FILES = (
    (File("inbox/empty.png", b""), "empty_object"),
    (File("inbox/read me first.txt", b"This is no picture.\n"), "unsupported_extension"),
    (File("a folder marker/", b"", lines=()), None),
)


@dataclass(frozen=True)
class _Digit:
    name: str
    body: bytes


@dataclass(frozen=True)
class _Canvas:
    """A picture with the boxes of its digits: class, left, top, width, height."""

    body: bytes
    boxes: list[dict[str, Any]]


def digits(data: Path, count: int | None) -> DataSet:
    """One digit in each picture, as many of each class.

    Args:
        data: Folder of the demo's data.
        count: How many pictures, None for all.

    Raises:
        ValueError: If there are fewer.
    """
    chosen = part_of(_digits(data), count, "pictures")
    items = [
        Item(_key("digit", position), digit.name, digit.name)
        for position, digit in enumerate(chosen)
    ]
    return _data_set("pictures", items, [digit.body for digit in chosen])


def canvases_with_classes(data: Path, count: int | None) -> DataSet:
    """Several digits in each picture, of which only the classes are known; see `digits`."""
    return _canvas_set(data, count, lambda boxes: sorted({box["class"] for box in boxes}))


def canvases_with_boxes(data: Path, count: int | None) -> DataSet:
    """Several digits in each picture, each in its box; see `digits`."""
    return _canvas_set(data, count, lambda boxes: boxes)


def canvases_with_regions(data: Path, count: int | None) -> DataSet:
    """Several digits in each picture, each with the region that it covers; see `digits`."""

    def truth(boxes: list[dict[str, Any]]) -> dict[str, Any]:
        regions = [
            {
                "class": box["class"],
                "box": {name: length for name, length in box.items() if name != "class"},
            }
            for box in boxes
        ]
        return {"size": [_WIDTH, _HEIGHT], "regions": regions}

    return _canvas_set(data, count, truth)


def _canvas_set(
    data: Path, count: int | None, truth: Callable[[list[dict[str, Any]]], Any]
) -> DataSet:
    numbers = part_of(range(_CANVASES), count, "canvases")
    drawn = _digits(data)
    canvases = [_canvas(drawn, number) for number in numbers]
    items = [
        Item(
            _key("canvas", position),
            truth(canvas.boxes),
            names_label(box["class"] for box in canvas.boxes),
        )
        for position, canvas in enumerate(canvases)
    ]
    return _data_set("canvases", items, [canvas.body for canvas in canvases])


def _data_set(noun: str, items: Sequence[Item], bodies: Sequence[bytes]) -> DataSet:
    files = [File(item.key, body) for item, body in zip(items, bodies, strict=True)]
    # The last picture is first uploaded with what another one shows.
    overwritten = File(items[-1].key, bodies[0])
    return DataSet(
        noun=noun,
        files=[*files, *(file for file, _ in _ODD_FILES)],
        items=items,
        oddities=[Oddity(file.key, reason) for file, reason in _ODD_FILES],
        overwritten=[overwritten],
    )


def _digits(data: Path) -> list[_Digit]:
    with zipfile.ZipFile(data / _ARCHIVE) as opened:
        rows = csv.DictReader(io.StringIO(opened.read("truth.csv").decode()))
        return [_Digit(row["class"], opened.read(row["file"])) for row in rows]


def _key(name: str, position: int) -> str:
    folder = FOLDERS[position % len(FOLDERS)]
    return f"{folder}/{name} {position // len(FOLDERS):03d}.png"


def _canvas(drawn: Sequence[_Digit], number: int) -> _Canvas:
    choice = random.Random(number)  # noqa: S311 - the same canvas on every machine
    columns, rows_of_cells = _WIDTH // _CELL, _HEIGHT // _CELL
    count = 0 if number == _EMPTY_CANVAS else 1 + number % _MOST_DIGITS
    rows = [bytearray([_WHITE] * _WIDTH) for _ in range(_HEIGHT)]
    boxes = []
    for cell in sorted(choice.sample(range(columns * rows_of_cells), count)):
        digit = choice.choice(drawn)
        left = cell % columns * _CELL + choice.randint(0, _CELL - _DIGIT)
        top = cell // columns * _CELL + choice.randint(0, _CELL - _DIGIT)
        for row, ink in zip(rows[top:], image_files.pixels(digit.body).rows, strict=False):
            row[left : left + _DIGIT] = ink
        boxes.append(
            {"class": digit.name, "left": left, "top": top, "width": _DIGIT, "height": _DIGIT}
        )
    return _Canvas(image_files.greyscale_png(rows), boxes)
