"""Python sources import what they may, and have short modules and telling names."""

from __future__ import annotations

import pytest

from tests.conventions import python_rules as rules
from tests.conventions.sources import (
    HARNESS,
    LABELCTL,
    LAMBDAS,
    ROOT,
    TOOLS,
    python_files,
    shown,
)

LAMBDA_FILES = python_files(LAMBDAS)
ALL_FILES = python_files(HARNESS, LABELCTL, LAMBDAS, TOOLS)


def dotted_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


LAMBDA_MODULES = {
    dotted_name(path.relative_to(LAMBDAS.parent).as_posix()): path.read_text(encoding="utf-8")
    for path in LAMBDA_FILES
}


def test_functions_need_only_what_the_runtime_has_and_the_domain_no_aws() -> None:
    breaches = [
        b for name, text in LAMBDA_MODULES.items() for b in rules.library_breaches(name, text)
    ]
    assert not breaches


def test_modules_are_short() -> None:
    breaches = [
        b
        for path in ALL_FILES
        for b in rules.length_breaches(shown(path), path.read_text(encoding="utf-8"))
    ]
    assert not breaches


def test_file_and_class_names_are_specific() -> None:
    files = [*ALL_FILES, *python_files(ROOT / "tests"), *(ROOT / "modules").iterdir()]
    breaches = [shown(path) for path in files if rules.vague_names(path.stem)]
    breaches += [
        f"{shown(path)}: {name}"
        for path in ALL_FILES
        for name in rules.defined_names(path.read_text(encoding="utf-8"))
        if rules.vague_names(name)
    ]
    assert not breaches


def test_no_partition_is_written_into_the_functions() -> None:
    breaches = [name for name, text in LAMBDA_MODULES.items() if "arn:aws:" in text]
    assert not breaches, "a partition comes from an ARN that was given, never from the code"


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("labeling_lambdas.domain.items", "import boto3"),
        ("labeling_lambdas.domain.items", "from botocore.exceptions import ClientError"),
        (
            "labeling_lambdas.domain.items",
            "if TYPE_CHECKING:\n    from mypy_boto3_s3 import S3Client",
        ),
        ("labeling_lambdas.aws.queues", "import requests"),
        ("labeling_lambdas.aws.queues", "from mypy_boto3_s3 import S3Client"),
    ],
)
def test_a_library_that_the_runtime_lacks_is_found(module: str, source: str) -> None:
    assert len(rules.library_breaches(module, source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "import boto3, json",
        "from botocore.config import Config",
        "if TYPE_CHECKING:\n    from mypy_boto3_s3 import S3Client",
    ],
)
def test_an_adapter_may_use_the_runtime_and_types(source: str) -> None:
    assert not rules.library_breaches("labeling_lambdas.aws.queues", source)


@pytest.mark.parametrize(("lines", "breaches"), [(400, 0), (401, 1)])
def test_a_module_over_the_limit_is_found(lines: int, breaches: int) -> None:
    assert len(rules.length_breaches("long.py", "x = 1\n" * lines)) == breaches


@pytest.mark.parametrize("name", ["queue_utils", "helpers", "RunManager", "misc", "util"])
def test_a_vague_name_is_found(name: str) -> None:
    assert rules.vague_names(name)


@pytest.mark.parametrize("name", ["utilisation", "queue_url", "ManagedKey", "commonality"])
def test_a_name_that_only_resembles_a_vague_one_is_allowed(name: str) -> None:
    assert not rules.vague_names(name)
