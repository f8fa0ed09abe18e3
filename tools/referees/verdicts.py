"""What a judge says, and which disagreements are explained."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

KNOWN_FILE = Path(__file__).with_name("known_disagreements.toml")


class UnavailableError(Exception):
    """A judge cannot be installed or started; the message says what is missing."""


@dataclass(frozen=True)
class Disagreement:
    """A case that the project and a judge decide differently.

    Attributes:
        case: What was judged.
        ours: What the project says.
        theirs: What the judge says.
    """

    case: str
    ours: str
    theirs: str


@dataclass(frozen=True)
class Verdict:
    """What a judge says of all its cases.

    Attributes:
        version: The version of the judge, with the name of its package.
        cases: How many cases it decided.
        disagreements: Those that it decides differently.
    """

    version: str
    cases: int
    disagreements: tuple[Disagreement, ...] = ()


@dataclass(frozen=True)
class Judge:
    """An independent implementation.

    Attributes:
        name: Its name on the command line and in the report.
        subject: What it judges.
        examine: Judges all cases; it may write into the empty folder that it is given.

    Raises:
        UnavailableError: By ``examine``: the judge cannot be installed or started.
    """

    name: str
    subject: str
    examine: Callable[[Path], Verdict]


@dataclass(frozen=True)
class Known:
    """A disagreement that is explained.

    Attributes:
        judge: The judge's name.
        case: A regular expression that matches the whole case.
        why: Why the two differ, and who is right.
        page: The page that says so.
    """

    judge: str
    case: str
    why: str
    page: str

    def explains(self, judge: str, disagreement: Disagreement) -> bool:
        """Tell whether this is the explanation of a judge's disagreement."""
        return judge == self.judge and re.fullmatch(self.case, disagreement.case) is not None


def known_disagreements(text: str | None = None) -> tuple[Known, ...]:
    """Read the explained disagreements.

    Args:
        text: TOML; that of the file if None.

    Returns:
        The explanations.
    """
    content = tomllib.loads(KNOWN_FILE.read_text(encoding="utf-8") if text is None else text)
    return tuple(Known(**entry) for entry in content.get("known", []))


def unexplained(judge: str, verdict: Verdict, known: Iterable[Known]) -> list[Disagreement]:
    """Return the disagreements without an explanation, and explanations without a disagreement.

    Args:
        judge: The judge's name.
        verdict: What it says.
        known: All explanations.

    Returns:
        Disagreements; that of an explanation that nothing needs says so.
    """
    mine = [entry for entry in known if entry.judge == judge]
    found = verdict.disagreements
    left = [each for each in found if not any(entry.explains(judge, each) for entry in mine)]
    return left + [
        Disagreement(entry.case, "listed in known_disagreements.toml", "does not occur: remove it")
        for entry in mine
        if not any(entry.explains(judge, each) for each in found)
    ]
