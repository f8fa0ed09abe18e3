"""The table of controls in docs/security.md."""

from __future__ import annotations

import re
from dataclasses import dataclass

from labeling_deployment.module import ROOT


@dataclass(frozen=True)
class Control:
    """A row of the table.

    Attributes:
        name: What it asks for.
        checkov: Checkov's ids of it.
        stands: Whether it is met, and where.
    """

    name: str
    checkov: frozenset[str]
    stands: str

    @property
    def tests(self) -> list[str]:
        """The tests that hold it."""
        return re.findall(r"`(test_\w+)`", self.stands)

    @property
    def waived(self) -> bool:
        """Whether some of it is waived, or left to an input."""
        return "Waived" in self.stands or "On demand" in self.stands


def controls() -> list[Control]:
    """Read the table."""
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    part = page[page.index("## Controls") : page.index("## Roles")]
    rows = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("| ")]
    return [
        Control(
            cells[0].strip(), frozenset(re.findall(r"CKV2?_AWS_\d+", cells[2])), cells[4].strip()
        )
        for cells in rows[1:]
    ]
