"""The real module, applied into the sandbox once for all tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labeling_sandbox.demo.leftovers import leftovers
from labeling_sandbox.demo.pipeline import Pipeline
from labeling_sandbox.terraform import Terraform
from tests.terraform_module import copy_module

if TYPE_CHECKING:
    from pathlib import Path

    from labeling_sandbox.auditor import Upload
    from labeling_sandbox.server import Sandbox

MAX_ATTEMPTS = 2
SECONDS_FOR_ONE_COMMAND = 240
# Who may do what the buckets deny to everybody else.
ADMINISTRATOR_ROLE = "pipeline-administrator"
# The example with data that may be deleted. No test may meet a run that the clock started.
OVERRIDES = {
    "administrator_principal_arns": [f"arn:aws:iam::123456789012:role/{ADMINISTRATOR_ROLE}"],
    "force_destroy": True,
    # Every right that an input adds is among those that are looked at afterwards.
    "functions": {
        "tracing_enabled": True,
        "vpc": {"security_group_ids": ["sg-1"], "subnet_ids": ["subnet-1"]},
    },
    "kms_deletion_window_days": 7,
    "max_attempts": MAX_ATTEMPTS,
    "schedule": {"enabled": False},
    "tags": {"cost-center": "perception"},
}


@dataclass
class Deployment:
    """One deployed pipeline.

    Attributes:
        sandbox: Where it is deployed.
        terraform: Terraform with its state.
        variable_files: What it was applied with.
        pipeline: The pipeline, with an operator's eyes.
        foreign: What the account held before.
        changes_after_apply: Whether a second plan would have changed anything.
        uploads: Every version that any test uploaded, for the auditor.
        taken_away: Roles with the action that a test took out of their policies.
        exists: Whether it has not been destroyed.
    """

    sandbox: Sandbox
    terraform: Terraform
    variable_files: list[Path]
    pipeline: Pipeline
    foreign: set[str]
    changes_after_apply: bool
    uploads: list[Upload] = field(default_factory=list)
    taken_away: set[tuple[str, str]] = field(default_factory=set)
    exists: bool = True
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """An administrator's client; making one takes longer than most calls."""
        if service not in self.clients:
            self.clients[service] = self.sandbox.client(service)
        return self.clients[service]

    def destroy(self) -> None:
        """Destroy everything, unless that was done."""
        if self.exists:
            self.terraform.destroy(self.variable_files, OVERRIDES)
            self.exists = False

    def left(self) -> set[str]:
        """Return what is in the account and was not there before."""
        return set(leftovers(self.sandbox)) - self.foreign


def deploy(sandbox: Sandbox, folder: Path, example: str = "minimal") -> Deployment:
    """Apply an example, the smallest if none is named, then plan again."""
    foreign = set(leftovers(sandbox))
    module, work = folder / "module", folder / "work"
    module.mkdir()
    copy_module(module)
    files = [module / "examples" / "tfvars" / f"{example}.tfvars"]
    terraform = Terraform(
        module, work, sandbox.environment(), deadline_seconds=SECONDS_FOR_ONE_COMMAND
    )
    terraform.init()
    terraform.apply(files, OVERRIDES)
    changes = terraform.plan(files, OVERRIDES)
    pipeline = Pipeline(sandbox, terraform.outputs())
    pipeline.control("authorization/reset", {})
    return Deployment(sandbox, terraform, files, pipeline, foreign, changes)
