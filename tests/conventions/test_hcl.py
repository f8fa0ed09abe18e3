"""Terraform files follow the conventions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conventions import hcl_rules as rules
from tests.conventions.hcl_rules import HclFile
from tests.conventions.sources import ROOT, module_files, module_folders, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

ROLE = """
resource "aws_iam_role" "a" {
  path                 = var.iam.path
  permissions_boundary = var.iam.permissions_boundary_arn
}
"""
VERSIONS = """
terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}
"""


def files_of(folder: Path) -> list[HclFile]:
    return [HclFile.read(path) for path in module_files() if path.parent == folder]


def all_files() -> list[HclFile]:
    return [HclFile.read(path) for path in module_files()]


def breaches(rule: Callable[[HclFile], list[str]], files: Iterable[HclFile]) -> list[str]:
    return [breach for file in files for breach in rule(file)]


def written(text: str, name: str = "main.tf") -> HclFile:
    return HclFile.parse(name, text)


def test_there_is_a_root_module_with_submodules() -> None:
    assert module_folders()[0] == ROOT
    assert len(module_folders()) >= 10


@pytest.mark.parametrize(
    "rule",
    [
        rules.order_breaches,
        rules.description_breaches,
        rules.attribute_order_breaches,
        rules.type_breaches,
        rules.nullable_breaches,
        rules.role_breaches,
        rules.resource_breaches,
        rules.partition_breaches,
    ],
    ids=lambda rule: rule.__name__,
)
def test_every_module_file_keeps_the_rule(rule: Callable[[HclFile], list[str]]) -> None:
    assert not breaches(rule, all_files())


def test_submodules_look_up_nothing_themselves() -> None:
    files = [HclFile.read(path) for path in module_files() if path.parent != ROOT]
    assert not breaches(rules.lookup_breaches, files)


def test_resources_that_hold_data_are_never_replaced() -> None:
    assert not breaches(rules.replacement_breaches, all_files())
    kinds = {kind for file in all_files() for kind, _, _ in file.resources()}
    assert rules.REPLACING_ATTRIBUTES.keys() <= kinds


def test_account_region_and_partition_are_read_once() -> None:
    read = [data_type for file in files_of(ROOT) for data_type, _, _ in file.resources("data")]
    for data_type in ("aws_caller_identity", "aws_partition", "aws_service"):
        assert read.count(data_type) == 1, data_type


def test_version_constraints_are_the_same_everywhere() -> None:
    found = [
        breach
        for folder in module_folders()
        for breach in rules.version_breaches(shown(folder), files_of(folder))
    ]
    assert not found


def test_every_declaration_is_used() -> None:
    found = [
        breach
        for folder in module_folders()
        for breach in rules.unused_breaches(shown(folder), files_of(folder))
    ]
    assert not found


def test_no_partition_is_written_into_the_state_machine() -> None:
    for path in ROOT.glob("*.tftpl"):
        assert "arn:aws:" not in path.read_text(encoding="utf-8"), path.name


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (rules.order_breaches, 'variable "b" {}\nvariable "a" {}'),
        (rules.order_breaches, 'output "b" {}\noutput "a" {}'),
        (rules.description_breaches, 'variable "a" { description = "No period" }'),
        (rules.description_breaches, 'variable "a" {}'),
        (rules.description_breaches, 'output "a" { value = 1 }'),
        (
            rules.description_breaches,
            'variable "a" {\n  description = <<-EOT\n    Two.\n\n    - lines\n  EOT\n}',
        ),
        (
            rules.attribute_order_breaches,
            'variable "a" {\n  type = string\n  description = "A."\n}',
        ),
        (
            rules.attribute_order_breaches,
            'variable "a" {\n  description = "A."\n  nullable = false\n  default = ""\n}',
        ),
        (rules.type_breaches, 'variable "a" {}'),
        (rules.type_breaches, 'variable "a" { type = any }'),
        (rules.type_breaches, 'variable "a" { type = map(any) }'),
        (rules.type_breaches, 'variable "a" {\n  type = object({\n    x = optional(any)\n  })\n}'),
        (rules.nullable_breaches, 'variable "a" { default = "" }'),
        (rules.nullable_breaches, 'variable "a" { default = {} }'),
        (rules.nullable_breaches, 'variable "a" { default = 0 }'),
        (rules.nullable_breaches, 'variable "a" { default = false }'),
        (rules.nullable_breaches, 'variable "a" {\n  default = []\n  nullable = true\n}'),
        (
            rules.role_breaches,
            ROLE.replace("var.iam.permissions_boundary_arn", "null"),
        ),
        (
            rules.role_breaches,
            ROLE.replace("var.iam.path", '"/"'),
        ),
        (rules.resource_breaches, 'resource "aws_iam_policy_attachment" "a" {}'),
        (
            rules.resource_breaches,
            'resource "terraform_data" "a" {\n  provisioner "local-exec" {}\n}',
        ),
        (rules.resource_breaches, 'provider "aws" {}'),
        (rules.replacement_breaches, 'resource "aws_sqs_queue" "this" { name = "x" }'),
        (
            rules.replacement_breaches,
            'resource "aws_sqs_queue" "this" {\nlifecycle {\nignore_changes = [name]\n}\n}',
        ),
        (rules.lookup_breaches, 'data "aws_service" "sagemaker" {}'),
        (rules.lookup_breaches, 'data "aws_s3_bucket" "upload" {}'),
        (rules.partition_breaches, 'locals { key = "arn:aws:kms:us-east-1:1:key/1" }'),
    ],
)
def test_a_breach_is_found(rule: Callable[[HclFile], list[str]], text: str) -> None:
    assert len(rule(written(text))) == 1


def test_a_role_as_it_should_be_has_no_breach() -> None:
    assert not rules.role_breaches(written(ROLE))


def test_a_variable_as_it_should_be_has_no_breach() -> None:
    text = (
        'variable "a" {\n  description = <<-EOT\n    Two.\n\n    - lines.\n  EOT\n'
        "  type = map(string)\n  default = {}\n  nullable = false\n"
        '  validation {\n    condition = true\n    error_message = "No."\n  }\n}\n'
        'variable "anything" {\n  description = "Off by default."\n  type = string\n'
        "  default = null\n}\n"
    )
    for rule in (
        rules.order_breaches,
        rules.description_breaches,
        rules.attribute_order_breaches,
        rules.type_breaches,
        rules.nullable_breaches,
    ):
        assert not rule(written(text)), rule.__name__


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (">= 1.9", ">= 1.5"),
        (">= 5.100, < 7.0", "~> 5.0"),
        ("hashicorp/aws", "example/aws"),
        (
            "  required_providers {",
            '  required_providers {\n    random = {\n      source = "hashicorp/random"\n    }',
        ),
    ],
)
def test_another_constraint_is_found(old: str, new: str) -> None:
    text = VERSIONS.replace(old, new)
    assert len(rules.version_breaches("folder", [written(text, "versions.tf")])) == 1


def test_the_constraints_belong_into_one_file() -> None:
    good = written(VERSIONS, "versions.tf")
    assert not rules.version_breaches("folder", [good])
    assert rules.version_breaches("folder", [])
    assert rules.version_breaches("folder", [written(VERSIONS, "main.tf")])
    assert rules.version_breaches("folder", [good, written(VERSIONS, "main.tf")])


def test_an_unused_declaration_is_found() -> None:
    text = 'variable "a" {}\nvariable "ab" {}\nlocals {\n  c = var.ab\n  d = local.c\n}'
    assert rules.unused_breaches("folder", [written(text)]) == [
        "folder: var.a is not used",
        "folder: local.d is not used",
    ]
