"""The module as its users get it, and an environment to run Terraform in."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import tftest

from labeling_sandbox.terraform.runner import command_environment

ROOT = Path(__file__).resolve().parent.parent
HCL_TESTS = "tests/hcl"
TASK_TYPES = Path("lambda_src/src/labeling_lambdas/task_types.json")


def variables_text() -> str:
    """Return the text of every file with inputs of the root module, in the order of their names."""
    files = sorted(ROOT.glob("variables*.tf"))
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def copy_module(folder: Path) -> Path:
    """Copy the module's files, and its tests, so that Terraform writes nothing into the checkout.

    Args:
        folder: An empty folder.

    Returns:
        The same folder.
    """
    for pattern in ("*.tf", "*.tftpl"):
        for source in ROOT.glob(pattern):
            shutil.copy2(source, folder)
    no_working_files = shutil.ignore_patterns(".terraform*", "*.tfstate*")
    for name in ("modules", "examples", HCL_TESTS):
        shutil.copytree(ROOT / name, folder / name, ignore=no_working_files)
    (folder / TASK_TYPES).parent.mkdir(parents=True)
    shutil.copy2(ROOT / TASK_TYPES, folder / TASK_TYPES)
    return folder


def offline_environment(folder: Path, endpoint: str) -> dict[str, str]:
    """Give Terraform the local provider and a local AWS.

    Args:
        folder: Where Terraform's own files may go.
        endpoint: The URL that every AWS call goes to.

    Returns:
        The whole environment of a Terraform process.
    """
    return command_environment(
        folder,
        {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        },
    )


def terraform_test(folder: Path, environment: dict[str, str]) -> tftest.TerraformTest:
    """Return what runs Terraform in a folder, with no other environment than the given one."""
    test = tftest.TerraformTest(str(folder))
    test.env = environment
    return test


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
