"""The oldest Terraform that the module admits, and the newest that PyPI has, run the HCL tests."""

from __future__ import annotations

import functools
import json
from pathlib import Path

from tests.terraform_module import hcl_tests
from tools.referees.installation import python_environment, run
from tools.referees.verdicts import Disagreement, Judge, UnavailableError, Verdict

_PROGRAM = Path(__file__).parent / "programs" / "terraform.py"
_SECONDS = 3600


def verdict_of(version: str, output: str) -> Verdict:
    """Read the output of ``terraform test -json``.

    Args:
        version: Of Terraform.
        output: One JSON object per line.

    Returns:
        The verdict; each test that did not pass is a disagreement.
    """
    messages = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    # A file with several tests in progress reports a test more than once; the last report counts.
    results = {
        f"{entry['path']}: {entry['run']}": str(entry["status"])
        for entry in (each["test_run"] for each in messages if "test_run" in each)
        if "status" in entry
    }
    failed = [
        Disagreement(name, "passes", status) for name, status in results.items() if status != "pass"
    ]
    return Verdict(version, len(results), tuple(failed))


def _examine(requirements: str, folder: Path) -> Verdict:
    program = [str(python_environment(requirements)), str(_PROGRAM)]
    version = json.loads(run([*program, "version", "-json"]))["terraform_version"]
    package = (Path(__file__).parent / requirements).read_text(encoding="utf-8").strip()
    with hcl_tests(folder, _SECONDS, program) as tests:
        done = tests.run("-json", seconds=_SECONDS)
    verdict = verdict_of(f"Terraform {version} ({package})", done.stdout)
    if not verdict.cases or (done.returncode and not verdict.disagreements):
        message = f"terraform test ended with status {done.returncode}:\n{done.stderr[-2000:]}"
        raise UnavailableError(message)
    return verdict


JUDGES = tuple(
    Judge(name, "tests/hcl", functools.partial(_examine, requirements))
    for name, requirements in (
        ("terraform-oldest", "requirements-terraform-oldest.txt"),
        ("terraform-newest", "requirements-terraform-newest.txt"),
    )
)
