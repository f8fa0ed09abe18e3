"""The module's tests in Terraform's own language, and the text of its inputs."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from labeling_deployment.module import ROOT, copy_module
from labeling_deployment.terraform import offline_environment

if TYPE_CHECKING:
    from pathlib import Path

HCL_TESTS = "tests/hcl"


def variables_text() -> str:
    """Return the text of every file with inputs of the root module, in the order of their names."""
    files = sorted(ROOT.glob("variables*.tf"))
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def copy_module_with_tests(folder: Path) -> Path:
    """Copy the module's files and its tests into an empty folder; return the folder."""
    copy_module(folder)
    no_working_files = shutil.ignore_patterns(".terraform*", "*.tfstate*")
    shutil.copytree(ROOT / HCL_TESTS, folder / HCL_TESTS, ignore=no_working_files)
    return folder


def run_hcl_tests(
    folder: Path, command: str, *options: str, seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run Terraform in a copy of the module, for the tests that are written in its own language.

    Args:
        folder: The copy.
        command: ``init`` or ``test``.
        *options: Of the command.
        seconds: When to give up.

    Returns:
        The process, whatever its exit status.
    """
    return subprocess.run(
        ["terraform", command, "-no-color", f"-test-directory={HCL_TESTS}", *options],
        cwd=folder,
        # The provider is a mock: a call that reached for AWS would find nothing at this address.
        env=offline_environment(folder, "http://127.0.0.1:9"),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
