"""The comparison with a schema of the provider, tried on the schema of the real one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from labeling_deployment.module import copy_module
from labeling_deployment.terraform import offline_environment, terraform_test
from tests.conventions.hcl_rules import HclFile
from tests.conventions.provider_schema import Schema, schema_breaches
from tests.conventions.sources import ROOT, module_files

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.terraform

NOWHERE = "http://127.0.0.1:9"
PROVIDER = "registry.terraform.io/hashicorp/aws"


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Schema:
    """What the provider that Terraform has here says of itself."""
    folder = copy_module(tmp_path_factory.mktemp("schema"))
    terraform = terraform_test(folder, offline_environment(folder, NOWHERE))
    terraform.setup()
    printed = terraform.execute_command("providers", "schema", "-json").out
    return Schema.of(json.loads(printed)["provider_schemas"][PROVIDER])


def _files() -> list[Path]:
    return [*module_files(), *sorted((ROOT / "examples").rglob("*.tf"))]


def test_what_the_real_provider_takes_has_no_breach(schema: Schema) -> None:
    breaches = [schema_breaches(HclFile.read(path), schema) for path in _files()]
    assert [each for found in breaches for each in found] == []


def test_the_stored_schema_and_the_real_one_know_the_same_types(schema: Schema) -> None:
    assert set(Schema.stored().types) <= set(schema.types)


def test_what_only_provider_6_has_is_found(schema: Schema) -> None:
    read = HclFile.parse("main.tf", "locals {\n  a = data.aws_region.current.region\n}\n")
    assert schema_breaches(read, schema) == ["main.tf: data.aws_region has no region to read"]
    assert schema_breaches(read, Schema.stored()) == []
