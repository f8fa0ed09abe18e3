"""Terraform attaches to a provider that keeps running, and ends with the block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labeling_deployment import provider_process
from labeling_deployment.provider_process import ProviderError, attached_provider

if TYPE_CHECKING:
    from pathlib import Path


def installed(data: Path, script: str) -> dict[str, str]:
    """Install a program in place of the provider; return the environment of Terraform."""
    folder = data / "providers/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64"
    folder.mkdir(parents=True)
    program = folder / "terraform-provider-aws_v5.100.0_x5"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PATH": "/usr/bin:/bin", "TF_DATA_DIR": str(data)}


def test_terraform_is_told_where_the_provider_listens(tmp_path: Path) -> None:
    waiting = f"""trap 'touch {tmp_path}/ended; exit' TERM
echo "Provider started."
echo "	TF_REATTACH_PROVIDERS='{{\\"aws\\": 1}}'"
while :; do sleep 0.05; done"""
    environment = installed(tmp_path, waiting)
    with attached_provider(tmp_path, environment) as attached:
        assert attached == environment | {"TF_REATTACH_PROVIDERS": '{"aws": 1}'}
        assert not (tmp_path / "ended").exists()
    assert (tmp_path / "ended").exists()


def test_a_provider_that_does_not_listen_to_its_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_process, "_SECONDS_TO_END", 0.1)
    deaf = "trap '' TERM\necho TF_REATTACH_PROVIDERS='{}'\nwhile :; do sleep 0.05; done"
    with attached_provider(tmp_path, installed(tmp_path, deaf)) as attached:
        assert "TF_REATTACH_PROVIDERS" in attached


def test_a_provider_that_ends_at_once_is_an_error(tmp_path: Path) -> None:
    with (
        pytest.raises(ProviderError, match="ended before Terraform could attach"),
        attached_provider(tmp_path, installed(tmp_path, "exit 1")),
    ):
        pass


def test_a_provider_that_is_not_installed_is_an_error(tmp_path: Path) -> None:
    with (
        pytest.raises(ProviderError, match="run terraform init there first"),
        attached_provider(tmp_path, {"TF_DATA_DIR": str(tmp_path)}),
    ):
        pass
