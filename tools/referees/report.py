"""The report of a run, by which ``make release-check`` knows that the judges agree."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

    from tools.referees.verdicts import Disagreement, Verdict

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / ".cache" / "referees.json"
MEND = "make referees"


@dataclass(frozen=True)
class Entry:
    """One judge in the report.

    Attributes:
        version: The version of the judge.
        cases: How many cases it decided.
        disagreements: How many of them it decides differently.
        unexplained: Those without an explanation.
    """

    version: str
    cases: int
    disagreements: int
    unexplained: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True)
class Report:
    """What the judges said of one commit.

    Attributes:
        commit: The commit; with ``-changed`` where files differ from it.
        judges: Their entries by name.
    """

    commit: str
    judges: dict[str, Entry]


def entry_of(verdict: Verdict, unexplained: Collection[Disagreement]) -> Entry:
    """Return what the report says of a verdict."""
    open_ones = tuple(asdict(each) for each in unexplained)
    return Entry(verdict.version, verdict.cases, len(verdict.disagreements), open_ones)


def current_commit() -> str:
    """Return the checkout's commit, with ``-changed`` where files differ from it."""
    changed = "-changed" if _git("status", "--porcelain") else ""
    return _git("rev-parse", "HEAD") + changed


def read(path: Path | None = None) -> Report | None:
    """Return the report of the last run, or None where there is none.

    Args:
        path: The file; `REPORT` if None.
    """
    path = path or REPORT
    if not path.is_file():
        return None
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    judges = {
        name: Entry(**{**fields, "unexplained": tuple(fields["unexplained"])})
        for name, fields in content["judges"].items()
    }
    return Report(content["commit"], judges)


def add(name: str, entry: Entry, commit: str, path: Path | None = None) -> None:
    """Add a judge to the report of a commit; a report of another commit is replaced.

    Args:
        name: The judge.
        entry: What it said.
        commit: What it judged.
        path: The file; `REPORT` if None.
    """
    path = path or REPORT
    before = read(path)
    judges = before.judges if before is not None and before.commit == commit else {}
    report = Report(commit, {**judges, name: entry})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(report), indent=2) + "\n", encoding="utf-8")


def problems(report: Report | None, commit: str, judges: Collection[str]) -> list[str]:
    """Find what in the report prevents a release.

    Args:
        report: The report, if there is one.
        commit: The commit to be released.
        judges: The names of all judges.

    Returns:
        The problems, in words.
    """
    if report is None:
        return [f"the judges have not judged this commit; {MEND}"]
    if report.commit != commit:
        return [f"the judges have judged {report.commit}, not {commit}; {MEND}"]
    missing = [name for name in judges if name not in report.judges]
    found = [f"the judge {name} has not judged this commit; {MEND} ONLY={name}" for name in missing]
    return found + [
        f"the judge {name} disagrees in {len(entry.unexplained)} cases without an explanation "
        f"in tools/referees/known_disagreements.toml, such as {entry.unexplained[0]['case']}"
        for name, entry in report.judges.items()
        if entry.unexplained
    ]


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()
