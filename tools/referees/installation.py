"""The packages of the judges, each installed once below ``.cache/referees``."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tools.referees.report import ROOT
from tools.referees.verdicts import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

CACHE = ROOT / ".cache" / "referees"
PINS = Path(__file__).parent
SECONDS = 1200


def python_environment(requirements: str) -> Path:
    """Install a file of requirements into a virtual environment of its own.

    Args:
        requirements: The name of the file beside this one.

    Returns:
        The environment's Python.

    Raises:
        UnavailableError: A package cannot be installed.
    """
    pins = PINS / requirements
    folder = CACHE / pins.stem
    python = folder / "bin" / "python"
    if not _is_current(folder, pins):
        run([sys.executable, "-m", "venv", "--clear", str(folder)])
        options = ["--disable-pip-version-check", "-qq", "--only-binary", ":all:"]
        run([str(python), "-m", "pip", "install", *options, "--requirement", str(pins)])
        _mark(folder, pins)
    return python


def node_packages() -> Path:
    """Install the packages of ``package-lock.json``.

    Returns:
        The folder that contains ``node_modules``.

    Raises:
        UnavailableError: Node.js is missing, or a package cannot be installed.
    """
    program("node", "Node.js 20 or newer (Debian: nodejs and npm)")
    program("npm", "npm (Debian: npm)")
    lock, folder = PINS / "package-lock.json", CACHE / "node"
    if not _is_current(folder, lock):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(PINS / name, folder / name)
        # No package needs to run anything when it is installed.
        run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder)
        _mark(folder, lock)
    return folder


def program(name: str, what: str) -> str:
    """Return the path of a program.

    Args:
        name: Its name.
        what: What to install where it is missing.

    Raises:
        UnavailableError: It is not on the ``PATH``.
    """
    found = shutil.which(name)
    if found is None:
        message = f"{name} was not found on the PATH; install {what}"
        raise UnavailableError(message)
    return found


def npm_archive(package: str, integrity: str) -> Path:
    """Download the archive of a package of npm, without what it depends on.

    Args:
        package: Its name and version, with ``@`` between.
        integrity: The checksum that npm shows for it.

    Returns:
        The archive.

    Raises:
        UnavailableError: It cannot be downloaded, or is another one.
    """
    program("npm", "npm (Debian: npm)")
    file = CACHE / f"{package.replace('@', '-')}.tgz"
    if not file.is_file():
        CACHE.mkdir(parents=True, exist_ok=True)
        run(["npm", "pack", package, "--pack-destination", str(CACHE)])
    found = f"sha512-{base64.b64encode(hashlib.sha512(file.read_bytes()).digest()).decode()}"
    if found != integrity:
        message = f"{file} has the checksum {found}, not {integrity}; remove it and try again"
        raise UnavailableError(message)
    return file


def node_version(package: str) -> str:
    """Return the version of an installed package of Node.js.

    Args:
        package: Its name.
    """
    file = CACHE / "node" / "node_modules" / package / "package.json"
    return str(json.loads(file.read_text(encoding="utf-8"))["version"])


def run(
    command: list[str],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a program that has to succeed, and return its output.

    Args:
        command: Program and arguments.
        cwd: Where; here if None.
        environment: Variables that it gets in addition.

    Raises:
        UnavailableError: It failed.
    """
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        message = f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        raise UnavailableError(message)
    return done.stdout


def _is_current(folder: Path, pins: Path) -> bool:
    mark = folder / ".installed"
    return mark.is_file() and mark.read_bytes() == pins.read_bytes()


def _mark(folder: Path, pins: Path) -> None:
    shutil.copy(pins, folder / ".installed")
