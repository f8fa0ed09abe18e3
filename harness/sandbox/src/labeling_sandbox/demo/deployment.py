"""The module, applied into the sandbox and destroyed."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labeling_sandbox.demo.leftovers import leftovers
from labeling_sandbox.demo.pipeline import Pipeline
from labeling_sandbox.terraform.runner import Terraform

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labeling_sandbox.demo.screen import Screen
    from labeling_sandbox.server import Sandbox

#: The words for a finished resource in Terraform's progress lines.
_RESOURCE_DONE = (": Creation complete after", ": Destruction complete after")


@dataclass
class Deployment:
    """One deployment of the module.

    Attributes:
        sandbox: Where it is deployed.
        module: Folder of the Terraform module.
        variables: A variable file, below that folder.
        screen: Where to show it.
        problems: What a second plan would change, and what is left after destroy.
    """

    sandbox: Sandbox
    module: Path
    variables: Path
    screen: Screen
    problems: list[str] = field(default_factory=list)

    @contextmanager
    def applied(self, inputs: Mapping[str, Any]) -> Iterator[Pipeline]:
        """Apply, yield the pipeline, plan again, destroy and look for what is left.

        Args:
            inputs: The module's inputs beside those of the variable file.

        Raises:
            TerraformError: If Terraform fails.
        """
        foreign = set(leftovers(self.sandbox.client))
        work = Path(tempfile.mkdtemp(prefix="labeling-demo-"))
        files = [self.module / self.variables]

        def count(line: str) -> None:
            if any(done in line for done in _RESOURCE_DONE):
                bar.advance()

        terraform = Terraform(self.module, work, self.sandbox.environment(), progress=count)
        self.screen.say(f"Terraform applies the module with {self.variables}")
        try:
            with self.screen.progress("resources created") as bar:
                terraform.init()
                terraform.apply(files, inputs)
            try:
                yield Pipeline(self.sandbox, terraform.outputs())
                if terraform.plan(files, inputs):
                    self.problems.append("terraform plan shows changes after the apply")
                else:
                    self.screen.say("  terraform plan: no changes")
            finally:
                with self.screen.progress("resources destroyed") as bar:
                    terraform.destroy(files, inputs)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        left = [name for name in leftovers(self.sandbox.client) if name not in foreign]
        self.problems += [f"left after destroy: {name}" for name in left]
        self.screen.say(f"Left after destroy: {', '.join(left) or 'nothing'}")
