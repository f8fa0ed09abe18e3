"""Check that the checkout can be released: ``make release-check``.

One version stands for the module and all its distributions. The changelog names it with its date,
the README's constraint admits it, what is made from the code is current, and the judges of ``make
referees`` have judged the commit.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tools import build_package, cost_tables, reference_tables
from tools.referees import report as referees
from tools.referees.judges import JUDGES

ROOT = Path(__file__).resolve().parent.parent

_HEADING = re.compile(r"^## \[(?P<version>[^\]]+)\] - (?P<date>.+)$", re.MULTILINE)
_MODULE_VERSION = re.compile(r'^  module_version = "(.*)"$', re.MULTILINE)
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_CONSTRAINT = re.compile(r'^ *version += "~> (\d+)\.(\d+)"$', re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """The newest entry of the changelog.

    Attributes:
        version: Its version.
        date: Its date, or a word in its place.
        text: What it says.
    """

    version: str
    date: str
    text: str


def distributions(root: Path = ROOT) -> dict[str, str]:
    """Give the version of each distribution.

    Args:
        root: The repository.

    Returns:
        Versions by the folder of the distribution.
    """
    files = [*root.glob("*/pyproject.toml"), *root.glob("harness/*/pyproject.toml")]
    projects = {file: tomllib.loads(file.read_text(encoding="utf-8")) for file in sorted(files)}
    return {
        file.parent.relative_to(root).as_posix(): project["project"]["version"]
        for file, project in projects.items()
    }


def newest_entry(changelog: str) -> Entry:
    """Read the newest entry of a changelog.

    Args:
        changelog: Its text.

    Returns:
        The entry; an empty one where there is none.
    """
    headings = list(_HEADING.finditer(changelog))
    if not headings:
        return Entry("", "", "")
    end = headings[1].start() if len(headings) > 1 else len(changelog)
    first = headings[0]
    return Entry(first["version"], first["date"], changelog[first.end() : end].strip())


def module_version(versions_tf: str) -> str:
    """Read the version that the module publishes for labelctl.

    Args:
        versions_tf: The text of ``versions.tf``.

    Returns:
        The version; an empty text where there is none.
    """
    found = _MODULE_VERSION.search(versions_tf)
    return found[1] if found else ""


def version_problems(
    entry: Entry, versions: dict[str, str], module: str, imported: str, pages: dict[str, str]
) -> list[str]:
    """Find what does not agree with the newest version.

    Args:
        entry: The changelog's newest entry.
        versions: Versions by distribution.
        module: The version that the module publishes.
        imported: The version that the functions' package says of itself.
        pages: Texts of pages by name.

    Returns:
        The problems, in words.
    """
    version = _VERSION.fullmatch(entry.version)
    if version is None:
        return [f"CHANGELOG.md: {entry.version or 'no entry'} is no version like 1.2.3"]
    problems = [
        f"{folder}/pyproject.toml has version {found}, the changelog {entry.version}"
        for folder, found in versions.items()
        if found != entry.version
    ]
    if module != entry.version:
        problems.append(f"versions.tf: local.module_version is {module!r}, not {entry.version}")
    if imported != entry.version:
        problems.append(f"labeling_lambdas.__version__ is {imported}, not {entry.version}")
    for name, text in pages.items():
        problems += [
            f"{name}: version ~> {major}.{minor} does not admit {entry.version}"
            for major, minor in _CONSTRAINT.findall(text)
            if (major, minor) != version.group(1, 2)
        ]
    return problems


def date_problems(entry: Entry, today: date) -> list[str]:
    """Find what keeps the newest entry from being released.

    Args:
        entry: The entry.
        today: The day of the release.

    Returns:
        The problems, in words.
    """
    problems = [] if entry.text else [f"CHANGELOG.md: {entry.version} says nothing"]
    try:
        released = date.fromisoformat(entry.date)
    except ValueError:
        return [*problems, f"CHANGELOG.md: {entry.version} has no date but {entry.date!r}"]
    if released > today:
        problems.append(f"CHANGELOG.md: {entry.date} has not come yet")
    return problems


def checkout_problems(version: str) -> list[str]:
    """Find what git has against a release.

    Args:
        version: The version to be released.

    Returns:
        The problems, in words.
    """
    problems = []
    if _git("status", "--porcelain"):
        problems.append("the checkout has changes that are not committed")
    tag = f"v{version}"
    # The workflow of a release starts with the tag of its commit.
    if _git("tag", "--list", tag) and tag not in _git("tag", "--points-at", "HEAD").splitlines():
        problems.append(f"the tag {tag} exists already, at another commit")
    return problems


def problems() -> list[str]:
    """Find everything that keeps the checkout from being released.

    Returns:
        The problems, in words.
    """
    entry = newest_entry((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    pages = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    }
    module = module_version((ROOT / "versions.tf").read_text(encoding="utf-8"))
    found = version_problems(entry, distributions(), module, _imported_version(), pages)
    found += date_problems(entry, date.today())  # noqa: DTZ011 - the day where it is released
    found += checkout_problems(entry.version)
    if build_package.PACKAGE.read_bytes() != build_package.build():
        found.append("the functions' package differs from the sources; make package")
    if reference_tables.main(["--check"]) or cost_tables.main(["--check"]):
        found.append("the documentation differs from the code; make docs")
    names = [judge.name for judge in JUDGES]
    return found + referees.problems(referees.read(), referees.current_commit(), names)


def _imported_version() -> str:
    source = (build_package.SOURCE / "__init__.py").read_text(encoding="utf-8")
    (version,) = re.findall(r'^__version__ = "(.*)"$', source, re.MULTILINE)
    return str(version)


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def main() -> int:
    """Say whether the checkout can be released.

    Returns:
        The exit status: 0, or 1 with a line on standard error for each problem.
    """
    found = problems()
    for problem in found:
        print(f"error: {problem}", file=sys.stderr)
    if not found:
        print("The checkout can be released.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
