"""Start the longest files of tests first, and end a run with a line for each kind of test."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from hypothesis import settings

if TYPE_CHECKING:
    import pytest

# No test depends on the seconds that an example takes on a busy machine.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")

#: What takes the most time: the last file to start would keep one core busy and the others idle.
#: Files that apply wait for minutes, as all of tests/pipeline does first, so others compute beside.
LONGEST_FIRST = (
    "tests/labelctl/test_doctor.py",
    "tests/hcl/test_terraform_test.py",
    "tests/plan/test_examples.py",
    "tests/labelctl/test_permissions.py",
    "tests/plan/test_kept_data.py",
    "tests/plan/test_changes.py",
    "tests/labelctl/test_backfill.py",
    "tests/sandbox/test_label_studio_on_ecs.py",
    "tests/label_studio/test_round_trip.py",
    "tests/live",
    "tests/label_studio/test_browser.py",
    "tests/plan",
    "tests/labelctl",
    "tests/statemachine",
    "tests/docs",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests of the longest files first; all others stay in order."""
    items.sort(key=lambda item: _place_of(item.nodeid))


def _place_of(node_id: str) -> int:
    places = enumerate(LONGEST_FIRST)
    return next((n for n, path in places if node_id.startswith(path)), len(LONGEST_FIRST))


def kind_of(node_id: str) -> str:
    """Tell the kind of a test: the folder below tests/ that it is in.

    Args:
        node_id: pytest's name of the test, with its path from the root.

    Returns:
        The folder's name.
    """
    parts = PurePosixPath(node_id.partition("::")[0]).parts
    return parts[1] if len(parts) > 2 else "tests"  # noqa: PLR2004  tests/<kind>/<file>


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the line of each kind, fixtures' time included."""
    seconds: Counter[str] = Counter()
    outcomes: dict[str, Counter[str]] = {}
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.getreports(outcome):
            outcomes.setdefault(kind_of(report.nodeid), Counter())[outcome] += 1
    # Reports under the empty name are those of setup and teardown that went well.
    for outcome in ("", "passed", "failed", "error"):
        for report in terminalreporter.getreports(outcome):
            seconds[kind_of(report.nodeid)] += getattr(report, "duration", 0)
    if outcomes:
        terminalreporter.section("kinds of tests")
    for kind, counts in sorted(outcomes.items()):
        tests = ", ".join(f"{counts[outcome]} {outcome}" for outcome in counts)
        terminalreporter.write_line(f"{kind:<14} {tests}, {seconds[kind]:.1f} s")
