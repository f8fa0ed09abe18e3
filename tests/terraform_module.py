"""The module's tests in Terraform's own language, and the text of its inputs."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_deployment.module import ROOT, copy_module
from labeling_deployment.provider_process import attached_provider
from labeling_deployment.terraform import offline_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

HCL_TESTS = "tests/hcl"


def variables_text() -> str:
    """Return the text of every file with inputs of the root module, in the order of their names."""
    files = sorted(ROOT.glob("variables*.tf"))
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


@dataclass(frozen=True)
class HclTests:
    """The tests that are written in Terraform's own language, in a copy of the module.

    Attributes:
        folder: The copy, initialized.
        environment: That of Terraform, with a provider that it attaches to.
        program: Terraform, with arguments where it is started by another program.
    """

    folder: Path
    environment: dict[str, str]
    program: Sequence[str]

    def run(self, *options: str, seconds: float) -> subprocess.CompletedProcess[str]:
        """Run ``terraform test``, and return the process, whatever its exit status.

        Args:
            *options: Of the command.
            seconds: When to give up.
        """
        command = [*self.program, "test", *options]
        return _run(command, self.folder, environment=self.environment, seconds=seconds)


@contextmanager
def hcl_tests(
    folder: Path,
    seconds: float,
    program: Sequence[str] = ("terraform",),
    prepare: Callable[[Path], None] | None = None,
) -> Iterator[HclTests]:
    """Copy the module's files and its tests into an empty folder, ready to be run.

    Args:
        folder: The folder.
        seconds: When to give up the initialization.
        program: Terraform, with arguments where it is started by another program.
        prepare: Changes the test files in the folder before it is initialized.

    Raises:
        RuntimeError: If Terraform cannot initialize the copy.
    """
    copy_module(folder)
    no_working_files = shutil.ignore_patterns(".terraform*", "*.tfstate*")
    shutil.copytree(ROOT / HCL_TESTS, folder / HCL_TESTS, ignore=no_working_files)
    if prepare is not None:
        prepare(folder / HCL_TESTS)
    # The provider is a mock: a call that reached for AWS would find nothing at this address.
    environment = offline_environment(folder, "http://127.0.0.1:9")
    command = [*program, "init", "-input=false"]
    done = _run(command, folder, environment=environment, seconds=seconds)
    if done.returncode != 0:
        message = f"terraform init failed:\n{done.stdout}\n{done.stderr}"
        raise RuntimeError(message)
    with attached_provider(folder, environment) as attached:
        yield HclTests(folder, attached, program)


def _run(
    command: Sequence[str], folder: Path, *, environment: dict[str, str], seconds: float
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, "-no-color", f"-test-directory={HCL_TESTS}"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
