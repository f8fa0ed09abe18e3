"""The pages of the documentation, and the blocks of code in them."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_deployment.module import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = re.compile(
    r"^(?:<!-- not run: (?P<reason>[^\n]+?) -->\n)?(?P<indent> *)```(?P<language>\w+)\n"
    r"(?P<code>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes:
        language: What stands behind the fence.
        code: Its text.
        not_run: Why no test runs it; empty where one must.
    """

    language: str
    code: str
    not_run: str


def pages() -> dict[str, str]:
    """Return the README, and every page for users and developers of the module."""
    paths = [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "examples").rglob("*.md"),
        *ROOT.glob("*/README.md"),
    ]
    return {shown(path): path.read_text(encoding="utf-8") for path in sorted(set(paths))}


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(text: str) -> list[Block]:
    return [
        Block(found["language"], textwrap.dedent(found["code"]), found["reason"] or "")
        for found in _BLOCK.finditer(text)
    ]


def shell_blocks(text: str) -> list[Block]:
    return [block for block in blocks(text) if block.language in ("bash", "console", "sh", "shell")]
