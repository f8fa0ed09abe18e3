"""Errors of Terraform are one line; tests/pipeline apply and destroy with it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from labeling_deployment import provider_mirror
from labeling_sandbox.terraform.runner import Terraform, TerraformError

if TYPE_CHECKING:
    from pathlib import Path


def _terraform(module: Path, text: str) -> Terraform:
    module.mkdir()
    (module / "main.tf").write_text(text)
    return Terraform(module, module.parent / "work", {}, deadline_seconds=60)


@pytest.mark.terraform
def test_failure_is_one_line_with_the_first_error(tmp_path: Path) -> None:
    terraform = _terraform(tmp_path / "module", 'output "x" {\n  value = var.missing\n}\n')
    terraform.init()
    with pytest.raises(TerraformError) as failed:
        terraform.plan()
    assert str(failed.value) == ("terraform plan failed: Reference to undeclared input variable")
    assert "var.missing" in failed.value.output


_CHECKED = """
variable "count_of_people" {
  type = number
  validation {
    condition     = var.count_of_people > 0
    error_message = "count_of_people: at least one person is needed, because nobody else labels."
  }
}
output "people" {
  value = var.count_of_people
}
"""


@pytest.mark.terraform
def test_a_given_value_replaces_that_of_a_file(tmp_path: Path) -> None:
    terraform = _terraform(tmp_path / "module", _CHECKED)
    file = tmp_path / "some.tfvars"
    file.write_text("count_of_people = 0")
    terraform.init()
    terraform.apply([file], {"count_of_people": 3})
    assert terraform.outputs() == {"people": 3}


@pytest.mark.terraform
def test_a_value_that_a_rule_refuses_is_named_with_the_rule(tmp_path: Path) -> None:
    terraform = _terraform(tmp_path / "module", _CHECKED)
    terraform.init()
    with pytest.raises(TerraformError) as failed:
        terraform.plan((), {"count_of_people": 0})
    assert str(failed.value) == (
        "terraform plan failed: Invalid value for variable: count_of_people: at least one person is"
        " needed, because nobody else labels."
    )


_ENDLESS = """
resource "terraform_data" "endless" {
  provisioner "local-exec" {
    command = "exec sleep 600"
  }
}
"""


@pytest.mark.terraform
def test_command_is_ended_at_its_deadline(tmp_path: Path) -> None:
    _terraform(tmp_path / "module", _ENDLESS).init()
    # On any machine, this apply does not end before the deadline.
    hasty = Terraform(tmp_path / "module", tmp_path / "work", {}, deadline_seconds=3)
    with pytest.raises(TerraformError, match="terraform apply took longer than 3 seconds"):
        hasty.apply()


@pytest.mark.terraform
def test_missing_provider_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "mirror"
    empty.mkdir()
    config = tmp_path / "config"
    config.write_text(provider_mirror.config_text(empty))
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(config))
    required = (
        'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}\n'
    )
    with pytest.raises(TerraformError, match="finds no hashicorp/aws provider"):
        _terraform(tmp_path / "module", required).init()


def test_missing_terraform_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TerraformError, match="terraform is not on the PATH"):
        Terraform(tmp_path, tmp_path / "work", {})


def _unpacked(root: Path) -> Path:
    folder = root / provider_mirror.REGISTRY / "hashicorp" / "aws" / "5.100.0" / "linux_amd64"
    folder.mkdir(parents=True)
    return root


def test_mirror_in_an_implied_folder_comes_first(tmp_path: Path) -> None:
    mirror = _unpacked(tmp_path / ".terraform.d" / "plugins")
    assert provider_mirror.find_mirror({"HOME": str(tmp_path)}) == mirror


def test_a_folder_that_others_can_write_is_not_a_mirror(tmp_path: Path) -> None:
    folder = _unpacked(tmp_path) / provider_mirror.REGISTRY
    folder.chmod(0o777)
    assert not provider_mirror._only_root_can_write(folder)
    folder.chmod(0o755)
    assert provider_mirror._only_root_can_write(folder) == (os.getuid() == 0)


def test_named_configuration_counts_only_when_it_exists(tmp_path: Path) -> None:
    named = tmp_path / "named"
    assert provider_mirror.named_config({"TF_CLI_CONFIG_FILE": str(named)}) is None
    named.write_text("")
    assert provider_mirror.named_config({"TF_CLI_CONFIG_FILE": str(named)}) == named
