"""Rules for Terraform files. Each returns the breaches that it finds, as sentences."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import hcl2

from tests.conventions.sources import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VARIABLE_ATTRIBUTES = ("description", "type", "default", "nullable", "validation")
VERSION_FILE = "versions.tf"
REQUIRED_TERRAFORM = ">= 1.9"
REQUIRED_PROVIDERS = {"aws": {"source": "hashicorp/aws", "version": ">= 5.100, < 7.0"}}
# These attach policies to, or detach them from, roles outside of the module.
EXCLUSIVE_RESOURCES = frozenset(
    {"aws_iam_policy_attachment", "aws_iam_role_policies_exclusive"}
    | {"aws_iam_role_policy_attachments_exclusive"}
)
# Resources that hold data, and their attributes for which the provider replaces them. A key has
# none: only its count could remove it, which kept_values.tf refuses.
REPLACING_ATTRIBUTES = {
    "aws_cloudwatch_log_group": frozenset({"name"}),
    "aws_dynamodb_table": frozenset({"hash_key", "name"}),
    "aws_s3_bucket": frozenset({"bucket"}),
    "aws_sagemaker_feature_group": frozenset(
        {"description", "event_time_feature_name", "feature_definition", "feature_group_name"}
        | {"offline_store_config", "online_store_config", "record_identifier_feature_name"}
        | {"role_arn"}
    ),
    "aws_sqs_queue": frozenset({"name"}),
}
# A submodule gets all values as inputs; this data source does not call AWS.
SUBMODULE_DATA_SOURCES = frozenset({"aws_iam_policy_document"})


@dataclass(frozen=True)
class HclFile:
    """One Terraform file.

    Attributes:
        name: For messages.
        text: As it is written.
        blocks: As python-hcl2 reads it.
    """

    name: str
    text: str
    blocks: dict[str, Any] = field(repr=False)

    @classmethod
    def parse(cls, name: str, text: str) -> HclFile:
        return cls(name, text, hcl2.loads(text))

    @classmethod
    @functools.cache
    def read(cls, path: Path) -> HclFile:
        """Parse a file of the checkout, once: all of them take seconds."""
        return cls.parse(shown(path), path.read_text(encoding="utf-8"))

    def labeled(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Return the blocks of one kind with a label, as (label, body)."""
        for block in self.blocks.get(kind, []):
            for label, body in block.items():
                if not label.startswith("__"):
                    yield unquoted(label), body

    def resources(self, kind: str = "resource") -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Return resources or data sources, as (type, label, body)."""
        for resource_type, named in self.labeled(kind):
            for label, body in named.items():
                if not label.startswith("__"):
                    yield resource_type, unquoted(label), body


def unquoted(value: object) -> str:
    """Return a value without its quotes, which python-hcl2 keeps."""
    return str(value).strip('"')


def attributes(body: dict[str, Any]) -> list[str]:
    return [name for name in body if not name.startswith("__")]


def description_of(body: dict[str, Any]) -> str:
    """Return the text of a description, without the marks of a heredoc."""
    text = unquoted(body.get("description", ""))
    heredoc = re.fullmatch(r"<<-?(\w+)\n(.*?)\s*\1", text, re.DOTALL)
    return (heredoc[2] if heredoc else text).strip()


def order_breaches(file: HclFile) -> list[str]:
    """Find variables and outputs out of alphabetical order."""
    breaches = []
    for kind in ("variable", "output"):
        names = [name for name, _ in file.labeled(kind)]
        breaches += [
            f"{file.name}: {kind} {later} belongs before {earlier}"
            for earlier, later in pairwise(names)
            if later < earlier
        ]
    return breaches


def description_breaches(file: HclFile) -> list[str]:
    """Find variables and outputs whose description is not a sentence."""
    return [
        f"{file.name}: {kind} {name} needs a description that ends with a period"
        for kind in ("variable", "output")
        for name, body in file.labeled(kind)
        if not description_of(body).endswith(".")
    ]


def attribute_order_breaches(file: HclFile) -> list[str]:
    """Find variables whose attributes are unknown or in another order."""
    breaches = []
    for name, body in file.labeled("variable"):
        found = attributes(body)
        if found != [known for known in VARIABLE_ATTRIBUTES if known in found]:
            breaches.append(f"{file.name}: variable {name} has {', '.join(found)} in this order")
    return breaches


def type_breaches(file: HclFile) -> list[str]:
    """Find variables without a type, or with an unspecific one."""
    return [
        f"{file.name}: variable {name} needs a type without any"
        for name, body in file.labeled("variable")
        if "type" not in body or re.search(r"\bany\b", str(body["type"]))
    ]


def nullable_breaches(file: HclFile) -> list[str]:
    """Find variables with a default that a caller's null would override."""
    return [
        f"{file.name}: variable {name} has a default, so it needs nullable = false"
        for name, body in file.labeled("variable")
        if body.get("default") is not None and body.get("nullable") is not False
    ]


def version_breaches(folder: str, files: list[HclFile]) -> list[str]:
    """Find a module whose version constraints are missing, differ, or are in several files."""
    found = [(file, block) for file in files for block in file.blocks.get("terraform", [])]
    if [file.name.rpartition("/")[2] for file, _ in found] != [VERSION_FILE]:
        return [f"{folder}: one terraform block is needed, in {VERSION_FILE}"]
    block = found[0][1]
    providers = {
        name: {key: unquoted(value) for key, value in provider.items()}
        for group in block.get("required_providers", [])
        for name, provider in group.items()
        if not name.startswith("__")
    }
    breaches = []
    if unquoted(block.get("required_version")) != REQUIRED_TERRAFORM:
        breaches.append(f"{folder}: required_version must be {REQUIRED_TERRAFORM}")
    if providers != REQUIRED_PROVIDERS:
        breaches.append(f"{folder}: required_providers must be {REQUIRED_PROVIDERS}")
    return breaches


def replacement_breaches(file: HclFile) -> list[str]:
    """Find resources with data that a changed value, or one unknown at plan, would replace."""
    breaches = []
    for kind, label, body in file.resources():
        lifecycle: dict[str, Any] = next(iter(body.get("lifecycle", [])), {})
        ignored = {str(name).strip("${}") for name in lifecycle.get("ignore_changes", [])}
        missing = sorted(REPLACING_ATTRIBUTES.get(kind, frozenset()) - ignored)
        if missing:
            breaches.append(f"{file.name}: {kind} {label} must ignore changes of {missing}")
        elif kind in REPLACING_ATTRIBUTES and "postcondition" not in lifecycle:
            breaches.append(f"{file.name}: {kind} {label} must refuse another name")
    return breaches


def role_breaches(file: HclFile) -> list[str]:
    """Find IAM roles that ignore the caller's path or permissions boundary."""
    expected = {"path": "${var.iam.path}"}
    expected["permissions_boundary"] = "${var.iam.permissions_boundary_arn}"
    return [
        f"{file.name}: role {label} must set {attribute} from var.iam"
        for resource_type, label, body in file.resources()
        if resource_type == "aws_iam_role"
        for attribute, value in expected.items()
        if body.get(attribute) != value
    ]


def resource_breaches(file: HclFile) -> list[str]:
    """Find resources and blocks that a module must not have."""
    breaches = [
        f"{file.name}: {resource_type} takes over what others own"
        for resource_type, _, _ in file.resources()
        if resource_type in EXCLUSIVE_RESOURCES
    ]
    breaches += [
        f"{file.name}: {resource_type}.{label} has a provisioner"
        for resource_type, label, body in file.resources()
        if "provisioner" in body
    ]
    if "provider" in file.blocks:
        breaches.append(f"{file.name}: a module takes its provider from the caller")
    return breaches


def lookup_breaches(file: HclFile) -> list[str]:
    """Find data sources with which a submodule would look something up itself."""
    return [
        f"{file.name}: data {data_type}.{label} belongs into the root"
        for data_type, label, _ in file.resources("data")
        if data_type not in SUBMODULE_DATA_SOURCES
    ]


def partition_breaches(file: HclFile) -> list[str]:
    """Find ARNs that are valid in one partition only."""
    return [
        f"{file.name}:{number} names a partition"
        for number, line in enumerate(file.text.splitlines(), start=1)
        if "arn:aws:" in line
    ]


def unused_breaches(folder: str, files: list[HclFile], templates: str = "") -> list[str]:
    """Find variables and locals of a module that nothing reads."""
    text = templates + "\n".join(file.text for file in files)
    declared = [("var", name) for file in files for name, _ in file.labeled("variable")]
    declared += [
        ("local", name)
        for file in files
        for block in file.blocks.get("locals", [])
        for name in attributes(block)
    ]
    return [
        f"{folder}: {kind}.{name} is not used"
        for kind, name in declared
        if not re.search(rf"\b{kind}\.{re.escape(name)}\b", text)
    ]
