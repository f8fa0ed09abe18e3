"""Find the Chromium that the tests of workers' pages start, or install one.

In this order: one that is installed, Debian's package where it may be installed, and the build that
Playwright downloads. Once there is one, nothing is installed again.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Programs of an installed Chromium; the first that runs is taken. Ubuntu lets Chrome use its
#: sandbox, and not every Chromium: https://github.com/actions/runner-images/issues/12096
PROGRAMS = ("google-chrome", "chromium", "chromium-browser")
#: Without a font no text is drawn; without the sandbox only root can start the browser.
PACKAGES = ("chromium", "chromium-sandbox", "fonts-liberation")
MISSING = (
    "no Chromium was found and none could be installed; install one as the program chromium,"
    " chromium-browser or google-chrome (Debian: apt-get install chromium fonts-liberation),"
    " or let Playwright download one: .venv/bin/python -m playwright install chromium"
)
_DOWNLOAD = [sys.executable, "-m", "playwright", "install", "--no-shell", "chromium"]
_ANSWER_SECONDS = 60


def find() -> Path | None:
    """Return the program of a Chromium that runs, None if there is none."""
    return next((path for path in _candidates() if version(path)), None)


def _candidates() -> Iterator[Path]:
    for name in PROGRAMS:
        if path := shutil.which(name):
            yield Path(path)
    with sync_playwright() as playwright:
        downloaded = Path(playwright.chromium.executable_path)
    yield downloaded


def version(program: Path) -> str:
    """Return what a program says of its version; empty if it does not run.

    Ubuntu's chromium-browser is a script that only asks for a snap.
    """
    try:
        said = subprocess.run(
            [program, "--version"],
            check=True,
            capture_output=True,
            text=True,
            timeout=_ANSWER_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return said.stdout.strip()


def install() -> Path | None:
    """Install Debian's package, else Playwright's download.

    Returns:
        The program, None if neither gave one that runs.
    """
    for commands in (_debian_commands(), [_DOWNLOAD]):
        if commands and all(_run(command) for command in commands) and (found := find()):
            return found
    return None


def _debian_commands() -> list[list[str]]:
    """Return nothing where the package is not Debian's or this user may not install it."""
    if not shutil.which("apt-get") or _system() != "debian":
        return []
    as_root = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    if as_root and not _run([*as_root, "true"]):
        return []
    # Another apt-get may be at work: a new machine often updates itself.
    apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet=2"]
    apt += ["-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0"]
    return [[*apt, "update"], [*apt, "install", "--yes", "--no-install-recommends", *PACKAGES]]


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["ID"]
    except OSError:
        return ""


def _run(command: list[str]) -> bool:
    print(f"== browser: {' '.join(command)}", flush=True)
    try:
        done = subprocess.run(
            command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
    except OSError:
        return False
    return done.returncode == 0


def main() -> int:
    """Print the browser of the tests, and install it if it is missing."""
    found = find() or install()
    if found is None:
        print(f"error: {MISSING}", file=sys.stderr)
        return 1
    print(f"== browser: {found}, {version(found)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
