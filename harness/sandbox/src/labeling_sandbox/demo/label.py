"""A few items that a person labels in a browser, from upload to feature record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_sandbox.demo.deployment import Deployment
from labeling_sandbox.demo.label_studio import JobWork, inputs, label_studio
from labeling_sandbox.demo.task_types import DEMO_TYPES
from labeling_sandbox.label_studio.owner import Owner

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labeling_sandbox.demo.data_set import DataSet
    from labeling_sandbox.demo.pipeline import Pipeline
    from labeling_sandbox.demo.screen import Screen
    from labeling_sandbox.label_studio.server import LabelStudioServer
    from labeling_sandbox.server import Sandbox

_DATA = "harness/sandbox/data"
_OVERRIDES: Mapping[str, Any] = {
    "force_destroy": True,
    "kms_deletion_window_days": 7,
    "task": {"workers_per_object": 1},
}
#: A person may take a break.
_LABELING_SECONDS = 7 * 24 * 3600.0


@dataclass(frozen=True)
class Labeling:
    """A person's labeling of a few items.

    Attributes:
        sandbox: The sandbox, started.
        screen: Where to show it.
        module: The checkout.
        task: The task type.
        items: Number of items.
        verify: Whether the person then judges the labels.
    """

    sandbox: Sandbox
    screen: Screen
    module: Path
    task: str
    items: int
    verify: bool

    def run(self) -> list[str]:
        """Deploy, wait for the person, show the records and destroy.

        Returns:
            The problems, each in a sentence; empty if there are none.

        Raises:
            LabelStudioError: If Label Studio does not start.
            TerraformError: If Terraform fails.
            PipelineError: If the pipeline does not do what it is asked.
            ValueError: If the task type's data has fewer items than are asked for.
        """
        demo_type = DEMO_TYPES[self.task]
        data = demo_type.data(self.module / _DATA, self.items)
        deployment = Deployment(self.sandbox, self.module, demo_type.variables, self.screen)
        self.screen.say("Label Studio starts")
        with (
            label_studio(self.sandbox, self.module) as (server, role),
            inputs(self.sandbox, server, role, verify=self.verify) as given,
            deployment.applied({**_OVERRIDES, **given}) as pipeline,
        ):
            self._upload(pipeline, data)
            self._label(pipeline, server)
            self._show(pipeline)
        return deployment.problems

    def _upload(self, pipeline: Pipeline, data: DataSet) -> None:
        keys = {item.key for item in data.items}
        files = [(file.key, file.body) for file in data.files if file.key in keys]
        with self.screen.progress("objects", len(files)) as bar:
            pipeline.upload(files, bar.advance)
        pipeline.drain_events()

    def _label(self, pipeline: Pipeline, server: LabelStudioServer) -> None:
        execution = pipeline.fire_schedule()
        self.screen.say(
            f"Label in a browser, in the project that appears within seconds:\n"
            f"  address   {server.url}\n"
            f"  user      {server.username}\n"
            f"  password  {server.password}\n"
            "Ctrl-C ends it and destroys everything."
        )
        work = JobWork(Owner(server))
        with self.screen.progress("labels") as bar:

            def look() -> None:
                work.advance(pipeline)
                bar.show(*work.done())

            pipeline.wait(execution, deadline_seconds=_LABELING_SECONDS, look=look)
            look()

    def _show(self, pipeline: Pipeline) -> None:
        records = pipeline.auditor().newest_records()
        self.screen.labels(records)
        for uri in sorted(records)[:1]:
            self.screen.record(records[uri])
