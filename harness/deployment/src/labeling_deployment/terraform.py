"""The environment of a Terraform process without a network, and what runs Terraform for a test."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import tftest

from labeling_deployment.plan_endpoint import plan_time_aws
from labeling_deployment.provider_mirror import config_text, find_mirror, named_config
from labeling_deployment.provider_process import attached_provider

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


def command_environment(work: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a Terraform process that talks to a local AWS.

    Args:
        work: An existing folder for the CLI configuration and for Terraform's own data.
        environment: Variables that point the provider at the local AWS.
    """
    # Profiles, regions and endpoints of the person who runs this must not reach the provider.
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))
    }
    config = named_config(os.environ)
    if config is None:
        config = work / "terraform.tfrc"
        config.write_text(config_text(find_mirror(os.environ)), encoding="utf-8")
    return {
        **inherited,
        # Terraform and its provider live for seconds: less garbage collection, a third less time.
        "GOGC": "400",
        # A call that the local AWS does not know fails at once instead of being repeated.
        "AWS_MAX_ATTEMPTS": "3",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "CHECKPOINT_DISABLE": "1",
        "TF_CLI_CONFIG_FILE": str(config),
        "TF_DATA_DIR": str(work / "data"),
        "TF_IN_AUTOMATION": "1",
        **environment,
    }


def offline_environment(folder: Path, endpoint: str, region: str = "us-east-1") -> dict[str, str]:
    """Give Terraform the local provider and a local AWS.

    Args:
        folder: Where Terraform's own files may go.
        endpoint: The URL that every AWS call goes to.
        region: The region.

    Returns:
        The whole environment of a Terraform process.
    """
    return command_environment(
        folder,
        {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
        },
    )


def terraform_test(folder: Path, environment: dict[str, str]) -> tftest.TerraformTest:
    """Return what runs Terraform in a folder, with no other environment than the given one."""
    test = tftest.TerraformTest(str(folder))
    test.env = environment
    return test


@contextmanager
def attached_terraform(folder: Path, environment: dict[str, str]) -> Iterator[tftest.TerraformTest]:
    """Initialize a folder, and keep one provider running for what Terraform does there.

    Args:
        folder: A root configuration.
        environment: That of a Terraform process.

    Yields:
        What runs Terraform in the folder.
    """
    terraform = terraform_test(folder, environment)
    terraform.init()
    with attached_provider(folder, environment) as terraform.env:
        yield terraform


@contextmanager
def planning_terraform(folder: Path, region: str = "us-east-1") -> Iterator[tftest.TerraformTest]:
    """Make a folder ready for plans without an AWS account.

    Args:
        folder: A root configuration without state.
        region: The region.

    Yields:
        What runs Terraform in the folder.
    """
    with (
        plan_time_aws() as endpoint,
        attached_terraform(folder, offline_environment(folder, endpoint, region)) as terraform,
    ):
        yield terraform
