"""Which browser the tests take, and how one is installed where there is none."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

import pytest

from tools import chromium

if TYPE_CHECKING:
    from pathlib import Path

_BROWSER = "#!/bin/sh\necho Chromium 156\n"
#: Ubuntu's chromium-browser without its snap.
_NO_BROWSER = "#!/bin/sh\necho 'needs the chromium snap' >&2\nexit 1\n"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder with programs, on a Debian whose user is root; nothing was downloaded."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "env", "cp", "chmod"):
        (folder / name).symlink_to(f"/bin/{name}")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "downloads"))
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: {"ID": "debian"})
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    # A download that fails, as without a network.
    monkeypatch.setattr(chromium, "_DOWNLOAD", ["no-such-program", "download"])
    return folder


def place(folder: Path, name: str, text: str) -> Path:
    program = folder / name
    program.write_text(text)
    program.chmod(0o755)
    return program


def test_the_first_browser_that_runs_is_taken(programs: Path) -> None:
    place(programs, "chromium-browser", _NO_BROWSER)
    assert chromium.find() is None
    second = place(programs, "chromium", _BROWSER)
    assert chromium.find() == second
    first = place(programs, "google-chrome", _BROWSER)
    assert chromium.find() == first


def test_where_there_is_one_nothing_is_installed(
    programs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    place(programs, "apt-get", "#!/bin/sh\necho 'apt-get was called' >&2\n")
    found = place(programs, "chromium", _BROWSER)
    assert chromium.main() == 0
    assert capfd.readouterr() == (f"== browser: {found}, Chromium 156\n", "")


def test_debian_s_package_is_installed(programs: Path, capfd: pytest.CaptureFixture[str]) -> None:
    kept = place(programs, "kept", _BROWSER)
    install = f'case "$*" in *install*) cp {kept} {programs / "chromium"};; esac'
    place(programs, "apt-get", f"#!/bin/sh\n{install}\n")
    assert chromium.main() == 0
    printed = capfd.readouterr().out.splitlines()
    assert [line.split()[-1] for line in printed] == ["update", "fonts-liberation", "156"]


@pytest.mark.parametrize("missing", ["apt-get", "Debian", "sudo"])
def test_where_debian_s_package_may_not_be_installed_playwright_downloads_one(
    missing: str, programs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if missing != "apt-get":
        place(programs, "apt-get", "#!/bin/sh\nexit 3\n")
    if missing == "Debian":
        monkeypatch.setattr(platform, "freedesktop_os_release", lambda: {"ID": "ubuntu"})
    if missing == "sudo":
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        place(programs, "sudo", "#!/bin/sh\nexit 1\n")
    downloaded = place(tmp_path, "downloaded", _BROWSER)
    target = programs / "google-chrome"
    monkeypatch.setattr(chromium, "_DOWNLOAD", ["cp", str(downloaded), str(target)])
    assert chromium.install() == target


def test_where_none_can_be_had_the_message_says_what_to_install(
    programs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    place(programs, "apt-get", "#!/bin/sh\nexit 100\n")
    assert chromium.main() == 1
    error = capfd.readouterr().err
    assert error.startswith("error: no Chromium was found and none could be installed")
    assert "apt-get install chromium" in error
    assert "playwright install chromium" in error
