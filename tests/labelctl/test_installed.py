"""labelctl as users install it: from its wheel, with the checkout out of reach.

The wheel is the one of ``make dist``, which is built from the source distribution. The libraries
are those of the tests, so their installation is not proven here.
"""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from labeling_deployment.module import ROOT
from labeling_lambdas import __version__
from tests.labelctl.stored_labels import store_demo

if TYPE_CHECKING:
    from tests.labelctl.stage import Operated

PACKAGES = (
    ROOT / "labelctl" / "src" / "labelctl",
    ROOT / "lambda_src" / "src" / "labeling_lambdas",
)
TEMPLATE = (
    ROOT / "modules/ground_truth/templates/image_single_label_classification.liquid.html.tftpl"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``make dist`` builds."""
    folder = tmp_path_factory.mktemp("dist")
    command = ["-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT / "labelctl")]
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def labelctl(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, in an environment of its own."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, symlinks=True)
    place = ["--python", str(home), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *place], check=True, capture_output=True)
    (packages,) = home.glob("lib/python*/site-packages")
    # Libraries only: what is installed in editable mode is named by files that are not read here.
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"), "utf-8")
    return home / "bin" / "labelctl"


def run(program: Path, *arguments: str) -> str:
    """Run a command that must succeed, in a folder without a checkout, and return its output."""
    command = [str(program), *arguments]
    done = subprocess.run(command, cwd=program.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_has_every_file_of_labelctl_and_of_the_functions(wheel: Path) -> None:
    expected = {
        path.relative_to(package.parent).as_posix(): path.read_bytes()
        for package in PACKAGES
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    about = {name for name in entries if name.startswith(f"labelctl-{__version__}.dist-info/")}
    assert {name: entries[name] for name in entries.keys() - about} == expected
    (license_file,) = [name for name in about if name.endswith("/LICENSE")]
    assert entries[license_file] == (ROOT / "LICENSE").read_bytes()


def test_the_wheel_requires_nothing_of_this_machine(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(f"labelctl-{__version__}.dist-info/METADATA").decode()
    required = [line for line in metadata.splitlines() if line.startswith("Requires-Dist: ")]
    assert required
    assert not [line for line in required if "@" in line or "labeling" in line]
    assert str(ROOT) not in metadata


def test_the_environment_does_not_reach_the_checkout(labelctl: Path) -> None:
    code = "import labelctl, labeling_lambdas as l; print(labelctl.__file__, l.__file__, sep='\\n')"
    for line in run(labelctl.with_name("python"), "-c", code).splitlines():
        assert Path(line).is_relative_to(labelctl.parents[1]), line


def test_the_installed_program_knows_its_version(labelctl: Path) -> None:
    assert run(labelctl, "--version") == f"labelctl {__version__}\n"


def test_the_installed_program_reads_a_template(labelctl: Path) -> None:
    arguments = ("preview", "--template", str(TEMPLATE), "--labels", "cat,dog", "--lint")
    assert run(labelctl, *arguments) == "no faults\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("typed", "offered", "other"),
    [
        ("st", {"status", "stop"}, "redrive"),
        ("export --format pa", {"parquet", "pascal-voc"}, "coco"),
    ],
)
def test_shells_are_told_what_can_follow(
    labelctl: Path,
    shell: str,
    typed: str,
    offered: set[str],
    other: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = f"labelctl {typed}"
    monkeypatch.setenv("_LABELCTL_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", words)
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    told = set(re.findall(r"[a-z-]+", run(labelctl)))
    assert offered <= told
    assert other not in told


def test_the_installed_program_exports_and_reports(
    labelctl: Path, operated: Operated, tmp_path: Path
) -> None:
    store_demo(operated, "image_single_label_classification", 2)
    pipeline = ("--pipeline", operated.name)
    run(labelctl, "export", *pipeline, "--format", "parquet", "--to", str(tmp_path / "set"))
    assert (tmp_path / "set" / "export.json").is_file()
    run(labelctl, "report", *pipeline, "--no-open", "--to", str(tmp_path / "report.html"))
    page = (tmp_path / "report.html").read_text("utf-8")
    assert page.count("<img ") == 2
