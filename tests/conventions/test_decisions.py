"""The index of decisions lists each file with its title, date and status."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import pytest

from tests.conventions.sources import ROOT

FOLDER = ROOT / "docs" / "decisions"
INDEX = (FOLDER / "README.md").read_text(encoding="utf-8")
FILES = {
    path.name: path.read_text(encoding="utf-8")
    for path in sorted(FOLDER.glob("*.md"))
    if path.name != "README.md"
}
HEAD = re.compile(
    r"# (?P<number>\d+)\. (?P<title>\S.*)\n\n- Date: (?P<date>\d{4}-\d\d-\d\d)\n"
    r"- Status: (?P<status>\S.*)\n\n"
)
ROW = re.compile(r"^\| \[(\d+)\]\(([^)]+)\) \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)
LINK = r"\[(\d+)\]\(([^)]+)\)"
STATUS = re.compile(
    rf"Accepted|Revised on \d{{4}}-\d\d-\d\d|(?:Revised|Superseded) by {LINK}(?:, {LINK})*"
)
DECISION = "# 7. Title\n\n- Date: 2026-11-23\n- Status: Accepted\n\nText.\n"


@dataclass(frozen=True)
class Decision:
    """A row of the index of decisions.

    Attributes:
        number: Its number, without leading zeros.
        file: The name of its file.
        title: Its title.
        date: When it was made, as YYYY-MM-DD.
        status: Accepted, or the decisions that revise or supersede it.
    """

    number: str
    file: str
    title: str
    date: str
    status: str


def decision(name: str, text: str) -> Decision:
    found = HEAD.match(text)
    assert found is not None, f"{name} does not begin with a title, a date and a status"
    return Decision(found["number"], name, found["title"], found["date"], found["status"])


def indexed(index: str) -> list[Decision]:
    return [
        Decision(number, file, title, when, status)
        for number, file, title, when, status in ROW.findall(index)
    ]


def status_problems(status: str, files: set[str]) -> list[str]:
    if not STATUS.fullmatch(status):
        return [f"{status} is no status"]
    return [
        f"{number} is not {file}"
        for number, file in re.findall(LINK, status)
        if file not in files or not file.startswith(f"{int(number):04}-")
    ]


def test_the_index_lists_each_decision_as_its_file_states_it() -> None:
    assert len(FILES) >= 35
    assert indexed(INDEX) == [decision(name, text) for name, text in FILES.items()]


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [decision(name, text).number for name, text in FILES.items()]
    assert numbers == [str(number) for number in range(1, len(FILES) + 1)]
    assert [name[:4] for name in FILES] == [f"{int(number):04}" for number in numbers]


@pytest.mark.parametrize("name", FILES)
def test_a_decision_has_a_date_and_a_known_status(name: str) -> None:
    found = decision(name, FILES[name])
    date.fromisoformat(found.date)  # raises for a day that does not exist
    assert status_problems(found.status, set(FILES)) == []


@pytest.mark.parametrize(
    "changed",
    [
        DECISION.replace("# 7. ", "# "),
        DECISION.replace("- Date: 2026-11-23\n", ""),
        DECISION.replace("2026-11-23", "November 2026"),
        DECISION.replace("- Status: Accepted\n", ""),
    ],
)
def test_a_decision_without_its_first_lines_is_found(changed: str) -> None:
    assert decision("0007-a.md", DECISION).title == "Title"
    with pytest.raises(AssertionError, match=r"0007-a\.md does not begin"):
        decision("0007-a.md", changed)


@pytest.mark.parametrize(
    "status", ["Final", "Revised by 8", "Revised by [8](0009-b.md)", "Superseded by [8](0008-c.md)"]
)
def test_a_status_with_a_missing_decision_is_found(status: str) -> None:
    files = {"0008-a.md", "0009-b.md"}
    assert status_problems("Revised by [8](0008-a.md), [9](0009-b.md)", files) == []
    assert status_problems(status, files)
