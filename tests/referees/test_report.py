"""The report of ``make referees``, and the release that is refused without it."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from tools import check_release
from tools.referees import __main__ as runner
from tools.referees import report
from tools.referees.judges import JUDGES
from tools.referees.report import Entry, Report
from tools.referees.verdicts import Disagreement, Judge, UnavailableError, Verdict

if TYPE_CHECKING:
    from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"
AGREES = Entry("Judge 1.0", 10, 0)
OPEN = Entry("Judge 1.0", 10, 1, ({"case": "GetItem", "ours": "yes", "theirs": "no"},))
NAMES = ("iam", "ledger")


def agreeing(_folder: Path) -> Verdict:
    return Verdict("Judge 1.0", 10)


def disagreeing(_folder: Path) -> Verdict:
    return Verdict("Judge 2.0", 3, (Disagreement("GetItem", "yes", "no"),))


def unavailable(_folder: Path) -> Verdict:
    message = "java was not found on the PATH; install Java 17 or newer"
    raise UnavailableError(message)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A report of its own, and three judges."""
    path = tmp_path / "referees.json"
    judges = (
        Judge("calm", "one thing", agreeing),
        Judge("disagreeing", "another thing", disagreeing),
        Judge("unavailable", "a third thing", unavailable),
    )
    monkeypatch.setattr(report, "REPORT", path)
    monkeypatch.setattr(report, "current_commit", lambda: COMMIT)
    monkeypatch.setattr(runner, "JUDGES", judges)
    return path


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(runner.app, arguments)
    return result.exit_code, result.output


def test_a_run_prints_and_reports_version_cases_and_disagreements(file: Path) -> None:
    status, output = run("--only", "disagreeing")
    assert status == 1
    assert output.splitlines() == [
        "disagreeing        Judge 2.0: 3 cases, 1 disagreements, 1 unexplained",
        "  GetItem",
        "    ours: yes",
        "    theirs: no",
        "error: disagreeing",
    ]
    assert json.loads(file.read_text()) == {
        "commit": COMMIT,
        "judges": {
            "disagreeing": {
                "version": "Judge 2.0",
                "cases": 3,
                "disagreements": 1,
                "unexplained": [{"case": "GetItem", "ours": "yes", "theirs": "no"}],
            }
        },
    }


def test_a_judge_that_cannot_run_fails_the_run_and_is_not_reported(file: Path) -> None:
    status, output = run()
    assert status == 1
    assert "java was not found on the PATH" in output
    assert "error: disagreeing, unavailable" in output
    found = report.read(file)
    assert found is not None
    assert sorted(found.judges) == ["calm", "disagreeing"]


def test_judges_run_alone_are_added_to_the_report_of_the_same_commit(file: Path) -> None:
    assert run("--only", "calm") == (
        0,
        "calm               Judge 1.0: 10 cases, 0 disagreements, 0 unexplained\n",
    )
    report.add("third", AGREES, COMMIT, file)
    assert report.read(file) == Report(COMMIT, {"calm": AGREES, "third": AGREES})
    report.add("third", AGREES, "another", file)
    assert report.read(file) == Report("another", {"third": AGREES})


def test_a_name_that_no_judge_has_is_refused(file: Path) -> None:
    status, output = run("--only", "nobody")
    assert status == 2
    assert "no judge has 'nobody'" in output.replace("\n", " ")
    assert not file.exists()


def test_what_was_judged_while_the_checkout_changed_is_not_reported(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = iter([COMMIT, f"{COMMIT}-changed"])
    monkeypatch.setattr(report, "current_commit", lambda: next(commits))
    assert not runner.judged(Judge("one", "a thing", agreeing))
    assert not file.exists()


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (None, "the judges have not judged this commit; make referees"),
        (Report("old", dict.fromkeys(NAMES, AGREES)), f"have judged old, not {COMMIT}"),
        (Report(f"{COMMIT}-changed", dict.fromkeys(NAMES, AGREES)), "-changed, not"),
        (Report(COMMIT, {"iam": AGREES}), "the judge ledger has not judged this commit; "),
        (Report(COMMIT, {"iam": AGREES, "ledger": OPEN}), "ledger disagrees in 1 cases"),
    ],
)
def test_no_release_without_a_report_of_the_commit(found: Report | None, problem: str) -> None:
    (line,) = report.problems(found, COMMIT, NAMES)
    assert problem in line


def test_a_release_with_a_report_of_the_commit_has_no_problem() -> None:
    assert report.problems(Report(COMMIT, dict.fromkeys(NAMES, AGREES)), COMMIT, NAMES) == []


def test_release_check_asks_for_every_judge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "referees.json"
    monkeypatch.setattr(report, "REPORT", path)
    lines = "the judges have not judged this commit; make referees"
    assert lines in check_release.problems()
    for judge in JUDGES[1:]:
        report.add(judge.name, AGREES, report.current_commit(), path)
    found = [line for line in check_release.problems() if "judge" in line]
    missing = JUDGES[0].name
    message = f"the judge {missing} has not judged this commit; make referees ONLY={missing}"
    assert found == [message]


def test_a_changed_checkout_is_another_than_its_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "ROOT", tmp_path)
    name = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for arguments in (("init", "-q"), (*name, "commit", "-q", "--allow-empty", "-m", "a")):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    commit = report.current_commit()
    assert len(commit) == 40
    (tmp_path / "file").touch()
    assert report.current_commit() == f"{commit}-changed"
