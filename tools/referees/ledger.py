"""AWS's DynamoDB Local holds the ledger in the tests of the functions and of labelctl.

The tests of permissions are left out, because DynamoDB Local has none: those of labelctl's
policies, and those of doctor, which looks at a table that Terraform made in the sandbox.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from tools.referees.installation import npm_archive, program, python_environment
from tools.referees.report import ROOT
from tools.referees.verdicts import Disagreement, Judge, UnavailableError, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

#: The package of AWS Amplify that contains DynamoDB Local. Its other dependencies are not needed.
_PACKAGE = "amplify-dynamodb-simulator@2.9.30"
_INTEGRITY = (
    "sha512-xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2"
    "Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ=="
)
_PROGRAM = Path(__file__).parent / "programs" / "dynamodb_local.py"
_TESTS = ("tests/handlers", "tests/labelctl")
_LEFT_OUT = ("tests/labelctl/test_permissions.py", "tests/labelctl/test_doctor.py")
_SECONDS = 3600
_SECONDS_TO_STOP = 30


def verdict_of(version: str, results: dict[str, str]) -> Verdict:
    """Return the verdict of a run of the tests.

    Args:
        version: Of DynamoDB Local.
        results: Why each test failed, an empty text where it passed.
    """
    failed = [Disagreement(name, "passes", why) for name, why in results.items() if why]
    return Verdict(version, len(results), tuple(failed))


@contextmanager
def dynamodb_local(folder: Path) -> Iterator[tuple[str, str]]:
    """Run DynamoDB Local on the loopback interface.

    Args:
        folder: An empty folder for its files.

    Yields:
        Its version and its URL.

    Raises:
        UnavailableError: It cannot be installed or started.
    """
    program("java", "Java 17 or newer (Debian: openjdk-17-jre-headless)")
    python = python_environment("requirements-dynamodb-local.txt")
    with tarfile.open(npm_archive(_PACKAGE, _INTEGRITY)) as archive:
        archive.extractall(folder, filter="data")
    command = [str(python), str(_PROGRAM), str(folder / "package" / "emulator")]
    # It writes a file of its own into the working directory.
    with subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        words = [line.split() for line in _until_port(server)]
        try:
            version = next(line[1] for line in words if line[:1] == ["Version:"])
            yield version, f"http://127.0.0.1:{words[-1][1]}"
        finally:
            server.communicate(timeout=_SECONDS_TO_STOP)


def _until_port(server: subprocess.Popen[str]) -> Iterator[str]:
    for line in server.stdout or ():
        yield line
        if line.startswith("port "):
            return
    message = "DynamoDB Local ended before it had a port"
    raise UnavailableError(message)


def _client(url: str) -> DynamoDBClient:
    return boto3.client(
        "dynamodb",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - DynamoDB Local accepts any
    )


def _examine(folder: Path) -> Verdict:
    results = folder / "results.json"
    with dynamodb_local(folder) as (version, url):
        left_out = [f"--ignore={path}" for path in _LEFT_OUT]
        options = ["-q", "-n", "2", "-p", "tools.referees.hooks.ledger", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *left_out, *_TESTS],
            cwd=ROOT,
            env={**os.environ, "REFEREES_DYNAMODB": url, "REFEREES_RESULTS": str(results)},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        tables = _client(url).list_tables(Limit=1)["TableNames"]
    if not tables:
        message = "the tests did not use DynamoDB Local"
        raise UnavailableError(message)
    if not results.is_file():
        message = f"the tests did not run:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        raise UnavailableError(message)
    content = json.loads(results.read_text(encoding="utf-8"))
    return verdict_of(f"DynamoDB Local {version} ({_PACKAGE})", content)


JUDGE = Judge("ledger", "the ledger in tests/handlers and tests/labelctl", _examine)
