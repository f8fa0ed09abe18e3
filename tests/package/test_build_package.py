"""The Lambda package in the module is what the sources give, and it runs on its own."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import hcl2
import pytest

from tools import build_package

ROOT = Path(__file__).resolve().parents[2]
RUNTIME_PYTHON = ROOT / ".venv-runtime" / "bin" / "python"
SECONDS_FOR_A_BUILD = 300

# Isolated mode (-I) sees neither the working folder nor PYTHONPATH: only the unpacked package, the
# runtime client and boto3 can be imported, as in a Lambda function.
IMPORT_HANDLER = """
import importlib, pathlib, sys
folder, name = sys.argv[1:]
sys.path.insert(0, folder)
module_name, _, function = name.rpartition(".")
module = importlib.import_module(module_name)
assert callable(getattr(module, function)), name
home = pathlib.Path(folder)
for loaded in list(sys.modules.values()):
    if loaded.__name__.partition(".")[0] == "labeling_lambdas":
        assert home in pathlib.Path(loaded.__file__).parents, loaded.__file__
"""


def handlers_named_in_hcl() -> list[str]:
    """The functions of the module are the keys of local.functions in the root."""
    functions: dict[str, object] = {}
    for path in sorted(ROOT.glob("*.tf")):
        with path.open(encoding="utf-8") as stream:
            document = hcl2.load(stream)
        for block in document.get("locals", []):
            functions.update(block.get("functions", {}))
    names = sorted(name.strip('"') for name in functions if not name.startswith("__"))
    return [f"labeling_lambdas.handlers.{name}.handler" for name in names]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(build_package.PACKAGE) as archive:
        archive.extractall(folder)
    return folder


def build_in_child(output: Path, umask: int, time_zone: str) -> bytes:
    subprocess.run(
        [sys.executable, str(ROOT / "tools" / "build_package.py"), "--output", str(output)],
        check=True,
        timeout=SECONDS_FOR_A_BUILD,
        umask=umask,
        env={**os.environ, "TZ": time_zone, "PYTHONHASHSEED": "random"},
        capture_output=True,
    )
    return output.read_bytes()


def package_folder(tmp_path: Path, files: dict[str, bytes]) -> Path:
    source = tmp_path / "labeling_lambdas"
    for name, content in files.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return source


def test_the_package_in_the_module_is_what_the_sources_give() -> None:
    build_package.check(build_package.PACKAGE, build_package.build())


def test_two_builds_give_the_same_bytes_whatever_umask_and_time_zone(tmp_path: Path) -> None:
    first = build_in_child(tmp_path / "first.zip", 0o022, "UTC")
    second = build_in_child(tmp_path / "second.zip", 0o077, "Pacific/Auckland")
    assert first == second


def test_every_entry_is_stored_with_fixed_date_mode_and_system() -> None:
    with zipfile.ZipFile(build_package.PACKAGE) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    for entry in entries:
        assert entry.compress_type == zipfile.ZIP_STORED, entry.filename
        assert entry.date_time == (1980, 1, 1, 0, 0, 0), entry.filename
        assert entry.external_attr >> 16 == 0o100644, entry.filename
        assert entry.create_system == 3, entry.filename


def test_only_sources_data_and_typing_marker_are_packaged(tmp_path: Path) -> None:
    source = package_folder(
        tmp_path,
        {
            "__init__.py": b"",
            "data.json": b"{}\n",
            "py.typed": b"",
            "notes.txt": b"no",
            "__pycache__/__init__.cpython-311.pyc": b"no",
            "__pycache__/left_over.py": b"no",
        },
    )
    names = [path.name for path in build_package.source_files(source)]
    assert names == ["__init__.py", "data.json", "py.typed"]


def test_a_source_with_other_line_ends_is_refused(tmp_path: Path) -> None:
    source = package_folder(tmp_path, {"__init__.py": b"x = 1\r\n"})
    with pytest.raises(build_package.PackageError, match="line ends other than LF"):
        build_package.build(source)


def test_a_folder_without_sources_is_refused(tmp_path: Path) -> None:
    with pytest.raises(build_package.PackageError, match="no sources found"):
        build_package.build(tmp_path)


@pytest.mark.parametrize("content", [None, b"an older package"])
def test_a_stale_or_missing_package_is_told_with_the_command_that_mends_it(
    content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = tmp_path / "labeling_lambdas.zip"
    if content is not None:
        package.write_bytes(content)
    assert build_package.main(["--check", "--output", str(package)]) == 1
    assert "rebuild it with: python tools/build_package.py" in capsys.readouterr().err


def test_the_module_names_functions() -> None:
    assert len(handlers_named_in_hcl()) >= 9


@pytest.mark.parametrize("handler", handlers_named_in_hcl())
def test_a_handler_named_in_hcl_imports_from_the_package_alone(
    handler: str, unpacked: Path
) -> None:
    assert RUNTIME_PYTHON.exists(), "make the runtime's environment with: make test"
    outcome = subprocess.run(
        [str(RUNTIME_PYTHON), "-I", "-B", "-c", IMPORT_HANDLER, str(unpacked), handler],
        check=False,
        timeout=SECONDS_FOR_A_BUILD,
        capture_output=True,
        text=True,
        env={"AWS_DEFAULT_REGION": "us-east-1"},
    )
    assert outcome.returncode == 0, outcome.stderr
