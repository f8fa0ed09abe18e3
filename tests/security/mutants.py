"""``make mutants``: breaks the module in one place after the other; a test must notice each.

Each mutant is made in a copy of the checkout, whose plan and input tests then run. A mutant
that no longer fits, or after which the module cannot be planned at all, is an error of the list.
Each rule on inputs must be what alone refuses one of the cases of ``tests/hcl``: without the rule
that case would fail.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.security import refusals

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("mutants.toml")
SECONDS_FOR_ONE = 400
_WORKERS = 2
_RULES = "rules on inputs"
_LEFT_OUT = (
    *(".git", ".venv*", ".cache", ".demo", ".live", ".terraform*", "*.tfstate*", "__pycache__"),
    *(".*_cache", ".hypothesis", "docs"),
)
_FAILED = re.compile(r"^FAILED (?P<test>.+?)(?: - (?P<why>.*))?$", re.MULTILINE)
_ERROR = re.compile(r"^ERROR (?P<test>.+)$", re.MULTILINE)


class UnfitError(Exception):
    """A mutant that does not fit the module any more."""


@dataclass(frozen=True)
class Mutant:
    """One mutant.

    Attributes:
        name: What is broken, in words.
        file: The file, from the root of the checkout.
        after: A text that occurs once in it, behind which the place is; "" for the beginning.
        old: What is replaced there.
        new: By what.
        test: The test that must notice, by pytest's name; one of its cases is enough.
    """

    name: str
    file: str
    after: str
    old: str
    new: str
    test: str

    def broken(self, text: str) -> str:
        """Break a file's text.

        Raises:
            UnfitError: If the place is not found, or not clear.
        """
        if self.after and text.count(self.after) != 1:
            message = f"{self.file} has {self.after!r} not once but {text.count(self.after)} times"
            raise UnfitError(message)
        start = text.index(self.after) + len(self.after)
        place = text.find(self.old, start)
        if place < 0:
            message = f"{self.file} has no {self.old!r} behind {self.after!r}"
            raise UnfitError(message)
        return text[:place] + self.new + text[place + len(self.old) :]


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant.

    Attributes:
        mutant: The mutant.
        caught_by: The test that failed; "" if none did.
        trouble: Why the mutant was no fair one; "" if it was.
        seconds: How long it took.
    """

    mutant: Mutant
    caught_by: str
    trouble: str
    seconds: float

    def line(self) -> str:
        """One line for the reader."""
        told = self.caught_by or self.trouble or "no test noticed"
        word = "caught" if self.caught_by else "ERROR " if self.trouble else "ALIVE "
        return f"{word} {self.seconds:5.1f} s  {self.mutant.name}: {told}"


def mutants() -> list[Mutant]:
    """The list."""
    parsed = tomllib.loads(LIST.read_text(encoding="utf-8"))["mutants"]
    return [Mutant(**each) for each in parsed]


def judge(mutant: Mutant) -> Verdict:
    """Break a copy of the checkout and run the test that should notice."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        folder = Path(name) / "checkout"
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*_LEFT_OUT))
        broken = folder / mutant.file
        try:
            broken.write_text(mutant.broken(broken.read_text(encoding="utf-8")), encoding="utf-8")
            caught_by, trouble = _run(folder, mutant.test)
        except UnfitError as error:
            caught_by, trouble = "", str(error)
    return Verdict(mutant, caught_by, trouble, time.monotonic() - started)


def environment_of(folder: Path) -> dict[str, str]:
    """Return an environment in which Python imports the packages of a copy of the checkout.

    Without it the installed packages would be imported, which read the module of this checkout.

    Args:
        folder: The copy.
    """
    sources = [*folder.glob("harness/*/src"), *folder.glob("*/src")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(str(source) for source in sources)}


def _run(folder: Path, test: str) -> tuple[str, str]:
    options = ("-q", "-x", "-n", "0", "-rfE", "--tb=short", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, test],
        cwd=folder,
        env=environment_of(folder),
        capture_output=True,
        text=True,
        timeout=SECONDS_FOR_ONE,
        check=False,
    )
    failed, error = _FAILED.search(done.stdout), _ERROR.search(done.stdout)
    if error or done.returncode not in (0, 1):
        return "", f"the tests cannot run: {error['test'] if error else done.stdout[-500:]}"
    if failed is None:
        return "", ""
    if "terraform plan failed" in done.stdout:
        return "", f"the module cannot be planned: {(failed['why'] or '')[:200]}"
    return failed["test"], ""


def main() -> int:
    """Judge every mutant, two at a time."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument(
        "--only", default="", help=f"a part of the names or files, or of '{_RULES}'"
    )
    arguments = parser.parse_args()
    chosen = [each for each in mutants() if arguments.only in f"{each.name} {each.file}"]
    started, caught = time.monotonic(), 0
    with ThreadPoolExecutor(_WORKERS) as threads:
        for number, verdict in enumerate(threads.map(judge, chosen), 1):
            caught += bool(verdict.caught_by)
            sys.stdout.write(f"{number}/{len(chosen)} {verdict.line()}\n")
            sys.stdout.flush()
    unproven = _dropped_rules() if arguments.only in _RULES else []
    seconds = time.monotonic() - started
    sys.stdout.write(f"mutants: {caught} of {len(chosen)} caught, {seconds:.0f} s\n")
    return 0 if caught == len(chosen) and not unproven else 1


def _dropped_rules() -> list[str]:
    """Tell which validations, preconditions and postconditions no case would miss."""
    unproven = refusals.unproven(refusals.refusals())
    for name in unproven:
        sys.stdout.write(f"ALIVE  {name}: no case is refused by it alone\n")
    total = len(refusals.rules())
    sys.stdout.write(f"{_RULES}: {total - len(unproven)} of {total} have such a case\n")
    return unproven


if __name__ == "__main__":
    sys.exit(main())
