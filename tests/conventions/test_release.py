"""All distributions have one version, and a check finds what prevents a release."""

from __future__ import annotations

import subprocess
from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.conventions.sources import ROOT
from tools import check_release
from tools.check_release import Entry

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 11, 23)
ENTRY = Entry("1.2.3", "2026-11-20", "### Added\n\n- Something.")
CHANGELOG = "# Changelog\n\n## [1.2.3] - 2026-11-20\n\nNew.\n\n## [1.2.2] - 2026-01-01\n\nOld.\n"
PAGES = {"README.md": '  version = "~> 1.2"\n'}


def test_module_and_distributions_have_one_version() -> None:
    entry = check_release.newest_entry((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    versions = check_release.distributions()
    assert {"lambda_src", "harness/sandbox"} <= set(versions)
    pages = {"README.md": (ROOT / "README.md").read_text(encoding="utf-8")}
    imported = check_release._imported_version()
    module = check_release.module_version((ROOT / "versions.tf").read_text(encoding="utf-8"))
    assert check_release.version_problems(entry, versions, module, imported, pages) == []
    assert entry.text


def test_every_distribution_is_compared(tmp_path: Path) -> None:
    for folder, version in (("one", "1.2.3"), ("other", "1.2.2")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "pyproject.toml").write_text(f'[project]\nversion = "{version}"\n')
    versions = check_release.distributions(tmp_path)
    assert check_release.version_problems(ENTRY, versions, "1.2.3", "1.2.3", {}) == [
        "other/pyproject.toml has version 1.2.2, the changelog 1.2.3"
    ]


def test_the_newest_entry_of_the_changelog_counts() -> None:
    assert check_release.newest_entry(CHANGELOG) == Entry("1.2.3", "2026-11-20", "New.")


@pytest.mark.parametrize(
    ("entry", "module", "imported", "pages", "problem"),
    [
        (Entry("", "", ""), "1.2.3", "1.2.3", PAGES, "no entry is no version"),
        (ENTRY, "1.2.2", "1.2.3", PAGES, "local.module_version is '1.2.2', not 1.2.3"),
        (ENTRY, "", "1.2.3", PAGES, "local.module_version is '', not 1.2.3"),
        (ENTRY, "1.2.3", "1.2.2", PAGES, "__version__ is 1.2.2, not 1.2.3"),
        (ENTRY, "1.2.3", "1.2.3", {"a.md": 'version = "~> 1.1"\n'}, "~> 1.1 does not admit 1.2.3"),
    ],
)
def test_another_version_is_found(
    entry: Entry, module: str, imported: str, pages: dict[str, str], problem: str
) -> None:
    (found,) = check_release.version_problems(entry, {}, module, imported, pages)
    assert problem in found


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (Entry("1.2.3", "Unreleased", "New."), "has no date but 'Unreleased'"),
        (Entry("1.2.3", "2026-11-24", "New."), "has not come yet"),
        (Entry("1.2.3", "2026-11-23", ""), "says nothing"),
    ],
)
def test_an_entry_that_is_not_finished_is_found(entry: Entry, problem: str) -> None:
    (found,) = check_release.date_problems(entry, TODAY)
    assert problem in found


def test_a_tag_of_another_commit_and_a_changed_checkout_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_release, "ROOT", tmp_path)

    def git(*arguments: str) -> None:
        name = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", *name, *arguments], cwd=tmp_path, check=True)

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "released")
    git("tag", "v1.2.3")
    assert check_release.checkout_problems("1.2.3") == []
    git("commit", "-q", "--allow-empty", "-m", "next")
    found = check_release.checkout_problems("1.2.3")
    assert found == ["the tag v1.2.3 exists already, at another commit"]
    (tmp_path / "file").touch()
    found = check_release.checkout_problems("1.2.4")
    assert found == ["the checkout has changes that are not committed"]


def test_a_finished_entry_has_no_problem() -> None:
    assert check_release.version_problems(ENTRY, {"one": "1.2.3"}, "1.2.3", "1.2.3", PAGES) == []
    assert check_release.date_problems(ENTRY, TODAY) == []
