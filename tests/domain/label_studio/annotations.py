"""Annotations in Label Studio's form, written down from what its API returned."""

from __future__ import annotations

import itertools
from typing import Any

LABELS = ("dog", "cat", "bird")
WIDTH, HEIGHT = 8, 6
Result = dict[str, Any]
_numbers = itertools.count(1)


def annotation(
    *results: Result,
    person: int = 1,
    created_at: str = "2026-11-30T12:00:00.250000Z",
    skipped: bool = False,
    **fields: Any,
) -> dict[str, Any]:
    """Return one annotation; each has a number of its own."""
    return {
        "id": next(_numbers),
        "completed_by": person,
        "created_at": created_at,
        "was_cancelled": skipped,
        "result": list(results),
        **fields,
    }


def by_people(*answers: list[Result]) -> list[dict[str, Any]]:
    """Return the annotations of several people, one of each."""
    return [annotation(*results, person=person) for person, results in enumerate(answers, 1)]


def choices(*names: str, control: str = "label") -> Result:
    return _result(control, "choices", {"choices": list(names)})


def box(name: str, left: float, top: float, width: float, height: float, **value: Any) -> Result:
    """Return a box; distances in pixels of a picture of WIDTH and HEIGHT."""
    percent = {
        "x": 100 * left / WIDTH,
        "y": 100 * top / HEIGHT,
        "width": 100 * width / WIDTH,
        "height": 100 * height / HEIGHT,
    }
    value = {**percent, "rotation": 0, "rectanglelabels": [name], **value}
    return on_picture(_result("label", "rectanglelabels", value))


def brush(name: str, region: bytes) -> Result:
    """Return a painted region: a byte for each pixel, above 0 where it is painted."""
    value = {"format": "rle", "rle": list(run_lengths(region)), "brushlabels": [name]}
    return on_picture(_result("label", "brushlabels", value))


def span(name: str, start: int, end: int, text: str) -> Result:
    value = {"start": start, "end": end, "text": text, "labels": [name]}
    return _result("label", "labels", value)


def comment(text: str) -> Result:
    return _result("comment", "textarea", {"text": [text]})


def on_picture(result: Result, width: int = WIDTH, height: int = HEIGHT) -> Result:
    size = {"original_width": width, "original_height": height, "image_rotation": 0}
    return {**result, **size}


def _result(control: str, kind: str, value: dict[str, Any]) -> Result:
    return {"from_name": control, "to_name": "source", "type": kind, "value": value}


def run_lengths(region: bytes) -> bytes:
    """Return the run lengths of a picture whose four channels are the bytes of a region.

    All in one group of literal values, which the functions never write.
    """
    values = [value for value in region for _ in range(4)]
    bits = f"{len(values):032b}{7:05b}" + "".join(f"{size - 1:04b}" for size in (3, 4, 8, 16))
    for start in range(0, len(values), 1 << 16):
        part = values[start : start + (1 << 16)]
        bits += f"011{len(part) - 1:016b}" + "".join(f"{value:08b}" for value in part)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")
