"""The real module, applied into the sandbox once for all tests of this folder."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labeling_deployment.module import copy_module
from labeling_sandbox.audit.auditor import Memory
from labeling_sandbox.demo.leftovers import leftovers
from labeling_sandbox.demo.pipeline import Pipeline
from labeling_sandbox.iam import calls
from labeling_sandbox.terraform.runner import Terraform
from tests.scenarios.scenario import MAX_ATTEMPTS

if TYPE_CHECKING:
    from pathlib import Path

    from labeling_sandbox.audit.uploads import Upload
    from labeling_sandbox.server import Sandbox

SECONDS_FOR_ONE_COMMAND = 1200
# Who may do what the buckets deny to everybody else.
ADMINISTRATOR_ROLE = "pipeline-administrator"
# The example with data that may be deleted. No test may meet a run that the clock started.
OVERRIDES = {
    "administrator_principal_arns": [f"arn:aws:iam::123456789012:role/{ADMINISTRATOR_ROLE}"],
    "force_destroy": True,
    # Every permission that an input adds is among those that are tested afterwards.
    "functions": {
        "tracing_enabled": True,
        "vpc": {"security_group_ids": ["sg-1"], "subnet_ids": ["subnet-1"]},
    },
    "kms_deletion_window_days": 7,
    "max_attempts": MAX_ATTEMPTS,
    "schedule": {"enabled": False},
    "tags": {"cost-center": "perception"},
}
#: What adds reviewers.
VERIFICATION = {
    "workteam_arn": "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
}
_GONE = re.compile(r"^\s*# (\S+) (?:will be destroyed|must be replaced)", re.MULTILINE)


@dataclass
class Deployment:
    """One deployed pipeline.

    Attributes:
        sandbox: Where it is deployed.
        terraform: Terraform with its state.
        variable_files: What it was applied with.
        pipeline: The pipeline, with an operator's eyes.
        foreign: What the account held before.
        changes_after_apply: Whether a second plan would have changed anything; None without one.
        deploying_calls: Services and operations that Terraform called for both.
        uploads: Every version that any test uploaded, for the auditor.
        taken_away: Roles with the action that a test took out of their policies.
        variables: What it was applied with beside them.
        gone_by_change: Resources that turning verification on has destroyed or replaced.
        exists: Whether it has not been destroyed.
        clients: An administrator's clients, by service.
        memory: What earlier audits read and later ones need not read again.
    """

    sandbox: Sandbox
    terraform: Terraform
    variable_files: list[Path]
    pipeline: Pipeline
    foreign: set[str]
    changes_after_apply: bool | None
    deploying_calls: set[tuple[str, str]]
    uploads: list[Upload] = field(default_factory=list)
    taken_away: set[tuple[str, str]] = field(default_factory=set)
    variables: dict[str, Any] = field(default_factory=dict)
    gone_by_change: list[str] | None = None
    exists: bool = True
    clients: dict[str, Any] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)

    def client(self, service: str) -> Any:
        """An administrator's client; making one takes longer than most calls."""
        if service not in self.clients:
            self.clients[service] = self.sandbox.client(service)
        return self.clients[service]

    def verify(self) -> None:
        """Apply once more, with verification switched on."""
        self.gone_by_change = self.change(verification=VERIFICATION)

    def change(self, **variables: object) -> list[str]:
        """Apply once more with other variables; return what it destroys or replaces."""
        self.variables.update(variables)
        output = self.terraform.apply(self.variable_files, self.variables)
        assert "Apply complete!" in output
        self.pipeline = Pipeline(self.sandbox, self.terraform.outputs())
        return _GONE.findall(output)

    def destroy(self) -> None:
        """Destroy everything, unless that was done."""
        if self.exists:
            self.terraform.destroy(self.variable_files, self.variables)
            self.exists = False

    def left(self) -> set[str]:
        """Return what is in the account and was not there before."""
        return set(leftovers(self.sandbox.client)) - self.foreign


def deploy(
    sandbox: Sandbox,
    folder: Path,
    example: str = "minimal",
    *,
    plan_again: bool = True,
    **variables: object,
) -> Deployment:
    """Apply an example, the smallest if none is named, then plan again.

    Args:
        sandbox: Where to deploy.
        folder: An empty folder for the module and Terraform's files.
        example: Name of a variable file in ``examples/tfvars``.
        plan_again: Whether to look for changes after the apply.
        variables: What to set besides.
    """
    chosen = {**OVERRIDES, **variables}
    foreign = set(leftovers(sandbox.client))
    module, work = folder / "module", folder / "work"
    module.mkdir()
    copy_module(module)
    files = [module / "examples" / "tfvars" / f"{example}.tfvars"]
    terraform = Terraform(
        module, work, sandbox.environment(), deadline_seconds=SECONDS_FOR_ONE_COMMAND
    )
    terraform.init()
    calls.reset()
    terraform.apply(files, chosen)
    changes = terraform.plan(files, chosen) if plan_again else None
    deploying_calls = {
        (entry["service"], entry["operation"])
        for entry in calls.entries()
        if entry["caller"] == calls.ADMINISTRATOR
    }
    pipeline = Pipeline(sandbox, terraform.outputs())
    pipeline.control("authorization/reset", {})
    return Deployment(
        sandbox,
        terraform,
        files,
        pipeline,
        foreign,
        changes,
        deploying_calls,
        variables=chosen,
    )
