"""A provider that Terraform attaches to, in place of a new one for each run of a test.

``terraform test`` starts the provider and reads its schema once for each run, which takes more
processor time than the run does. A provider in debug mode keeps running, and Terraform attaches to
it: https://developer.hashicorp.com/terraform/plugin/debugging
"""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_VARIABLE = "TF_REATTACH_PROVIDERS"
#: The program of the AWS provider in Terraform's own data, once a folder is initialized.
_PROGRAM = "providers/registry.terraform.io/hashicorp/aws/*/*/terraform-provider-aws*"
_SECONDS_TO_END = 10


class ProviderError(Exception):
    """The provider is not installed, or ended before Terraform could attach to it."""


@contextmanager
def attached_provider(folder: Path, environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Keep a provider running for the Terraform commands of a block.

    Args:
        folder: Where Terraform is run, because the provider reads files by their path from there.
        environment: That of a Terraform process, once the folder is initialized.

    Yields:
        The environment of a Terraform process that attaches to it.

    Raises:
        ProviderError: If there is no provider to start, or if it does not start.
    """
    data = Path(environment["TF_DATA_DIR"]).resolve()
    program = next(data.glob(_PROGRAM), None)
    if program is None:
        message = f"no AWS provider in {data}; run terraform init there first"
        raise ProviderError(message)
    with subprocess.Popen(
        [program, "-debug"],
        cwd=folder,
        env=dict(environment),
        stdout=subprocess.PIPE,
        # Every call is logged here, whatever the level is.
        stderr=subprocess.DEVNULL,
        text=True,
    ) as provider:
        try:
            yield {**environment, _VARIABLE: _address(provider.stdout or ())}
        finally:
            provider.terminate()
            try:
                provider.wait(_SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                provider.kill()


def _address(lines: Iterable[str]) -> str:
    for line in lines:
        name, _, value = line.strip().partition("=")
        if name == _VARIABLE:
            return value.strip("'")
    message = "the AWS provider ended before Terraform could attach to it"
    raise ProviderError(message)
