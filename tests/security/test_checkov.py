"""Scanners that others run on the module find nothing, but for what is waived with a reason."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from labeling_deployment.module import ROOT, copy_module
from tests.security.controls import controls

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 1500
SCANNERS = ROOT / ".venv-scan" / "bin"

#: Checks of Checkov that the module does not follow, by resource. The reasons are beside the
#: resources; a check that is added there without being added here fails.
WAIVED = {
    ("CKV2_AWS_34", "aws_ssm_parameter.published"),
    ("CKV2_AWS_62", "module.storage.aws_s3_bucket.this"),
    ("CKV_AWS_109", "module.encryption.aws_iam_policy_document.key"),
    ("CKV_AWS_111", "module.encryption.aws_iam_policy_document.key"),
    ("CKV_AWS_111", "module.encryption.aws_iam_policy_document.required"),
    ("CKV_AWS_116", "module.function.aws_lambda_function.this"),
    ("CKV_AWS_144", "module.storage.aws_s3_bucket.this"),
    ("CKV_AWS_18", "module.storage.aws_s3_bucket.this"),
    ("CKV_AWS_285", "module.workflow.aws_sfn_state_machine.this"),
    ("CKV_AWS_356", "module.encryption.aws_iam_policy_document.key"),
    ("CKV_AWS_356", "module.encryption.aws_iam_policy_document.required"),
}

#: The same for the example that deploys something besides the module.
EXAMPLE = "examples/label-studio-on-ecs"
WAIVED_IN_EXAMPLE = {
    ("CKV2_AWS_28", "aws_lb.this"),
    ("CKV2_AWS_5", "aws_security_group.this"),
    ("CKV2_AWS_57", "aws_secretsmanager_secret.this"),
    ("CKV_AWS_109", "aws_iam_policy_document.key"),
    ("CKV_AWS_111", "aws_iam_policy_document.key"),
    ("CKV_AWS_118", "aws_db_instance.this"),
    ("CKV_AWS_133", "aws_db_instance.this"),
    ("CKV_AWS_157", "aws_db_instance.this"),
    ("CKV_AWS_161", "aws_db_instance.this"),
    ("CKV_AWS_353", "aws_db_instance.this"),
    ("CKV_AWS_356", "aws_iam_policy_document.key"),
    ("CKV_AWS_378", "aws_lb_target_group.this"),
}

#: Controls that are met and that this version of Checkov does not judge: it has no check of this id
#: for these resources, or leaves a value alone that is an input.
UNJUDGED = {
    "CKV2_AWS_73",
    "CKV_AWS_338",
    "CKV_AWS_363",
    "CKV_AWS_379",
    "CKV_AWS_70",
}


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Checkov's results for the module as a user has it."""
    folder = copy_module(tmp_path_factory.mktemp("scan"))
    return scanned(folder, "--skip-path", "examples", "--skip-path", "tests")


@pytest.fixture(scope="module")
def example_scan() -> dict[str, Any]:
    """Checkov's results for the example."""
    return scanned(ROOT / EXAMPLE)


def scanned(folder: Path, *options: str) -> dict[str, Any]:
    """Let Checkov check a folder."""
    done = subprocess.run(
        [
            SCANNERS / "checkov",
            *("--directory", folder, "--framework", "terraform", "--output", "json"),
            *("--compact", *options),
        ],
        cwd=folder,
        # It would ask its vendor for texts; the answer is not needed and the address not reached.
        # After four similar rounds it would leave values unknown, and with them the key's count.
        env={**os.environ, "LOG_LEVEL": "CRITICAL", "RENDER_EDGES_DUPLICATE_ITER_COUNT": "8"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.stdout.startswith("{"), f"checkov gave no result:\n{done.stdout}\n{done.stderr}"
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.timeout(SECONDS)
def test_checkov_finds_nothing(scan: dict[str, Any]) -> None:
    failed = [(check["check_id"], check["resource"]) for check in scan["results"]["failed_checks"]]
    assert failed == []
    # A scan that read nothing would find nothing.
    assert scan["summary"]["parsing_errors"] == 0
    assert scan["summary"]["passed"] > 200


@pytest.mark.timeout(SECONDS)
def test_what_checkov_is_told_to_skip_is_listed_and_has_a_reason(scan: dict[str, Any]) -> None:
    assert listed_with_reasons(scan) == WAIVED


@pytest.mark.timeout(SECONDS)
def test_checkov_finds_nothing_in_the_example(example_scan: dict[str, Any]) -> None:
    failed = example_scan["results"]["failed_checks"]
    assert [(check["check_id"], check["resource"]) for check in failed] == []
    assert example_scan["summary"]["parsing_errors"] == 0
    assert example_scan["summary"]["passed"] > 50
    assert listed_with_reasons(example_scan) == WAIVED_IN_EXAMPLE


def listed_with_reasons(scan: dict[str, Any]) -> set[tuple[str, str]]:
    """Return what Checkov was told to skip; each must have a reason."""
    skipped = scan["results"]["skipped_checks"]
    for check in skipped:
        assert len(check["check_result"]["suppress_comment"]) >= 20, check["check_id"]
    return {(check["check_id"], re.sub(r"\[.*\]", "", check["resource"])) for check in skipped}


@pytest.mark.timeout(SECONDS)
def test_the_page_of_controls_says_what_checkov_found(scan: dict[str, Any]) -> None:
    passed = {check["check_id"] for check in scan["results"]["passed_checks"]}
    skipped = {check["check_id"] for check in scan["results"]["skipped_checks"]}
    rows = controls()
    waived = {check for row in rows if row.waived for check in row.checkov}
    met = {check for row in rows if not row.waived for check in row.checkov}
    assert skipped - waived == set()
    assert met & skipped == set()
    assert met - passed == UNJUDGED
