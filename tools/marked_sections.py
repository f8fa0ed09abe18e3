"""Parts of a Markdown file that a tool writes, between two comments that name them.

Everything outside the comments is written by hand and stays as it is.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class MarkerError(Exception):
    """A file lacks the comments of a section, or has them twice."""


def replaced(text: str, sections: Mapping[str, str]) -> str:
    """Put new content between the comments of some sections.

    Args:
        text: The file's text.
        sections: Content by the section's name, without the empty lines around it.

    Returns:
        The text with these sections replaced.

    Raises:
        MarkerError: A section's comments are missing, or occur twice.
    """
    for name, content in sections.items():
        begin, end = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
        pattern = re.compile(rf"(?<={re.escape(begin)}\n).*?(?={re.escape(end)})", re.DOTALL)
        if len(pattern.findall(text)) != 1 or text.count(begin) != 1:
            message = f"the comments {begin} and {end} must stand in the file once"
            raise MarkerError(message)
        written = f"\n{content.strip()}\n\n".replace("\\", r"\\")
        text = pattern.sub(written, text)
    return text


def write_or_check(path: Path, sections: Mapping[str, str], *, check: bool, mend: str) -> int:
    """Write sections into a file, or compare it with them; say on the terminal what was done.

    Args:
        path: The Markdown file.
        sections: Content by the section's name.
        check: Whether to compare only.
        mend: The command that writes the file.

    Returns:
        The exit status of a tool: 0, or 1 with one line on standard error.
    """
    try:
        before = path.read_text(encoding="utf-8")
        after = replaced(before, sections)
        if not check:
            path.write_text(after, encoding="utf-8")
    except (MarkerError, OSError) as error:
        print(f"error: {path}: {error}", file=sys.stderr)
        return 1
    if check and before != after:
        print(f"error: {path} is not what the sources give; mend it: {mend}", file=sys.stderr)
        return 1
    print(f"{path}: {'up to date' if check else 'written'}")
    return 0


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Write a Markdown table.

    Args:
        head: The columns' names.
        rows: The cells, which may hold Markdown but no end of a line.

    Returns:
        The table's lines.
    """
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(map(_escaped, cells))} |" for cells in lines)


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")
