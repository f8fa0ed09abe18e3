"""Files with one JSON value per line, in which judges and programs exchange their cases."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def read_lines(text: str) -> list[Any]:
    """Read the values of a text.

    Args:
        text: One JSON value per line. Other line ends of Unicode may stand in a value.
    """
    return [json.loads(line) for line in text.split("\n") if line]


def write_lines(file: Path, values: Iterable[Any]) -> None:
    """Write values, each on a line.

    Args:
        file: The file.
        values: What JSON can express.
    """
    lines = (json.dumps(value, sort_keys=True) for value in values)
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
