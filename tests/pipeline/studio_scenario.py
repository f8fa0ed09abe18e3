"""Scenarios with a pipeline whose items people label in Label Studio."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.pipeline.sandbox_scenario import SandboxScenario

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_sandbox.audit.auditor import Auditor
    from labeling_sandbox.demo.label_studio import LabelStudio
    from labeling_sandbox.demo.pipeline import Execution
    from labeling_sandbox.label_studio.owner import Project
    from tests.pipeline.deployment import Deployment
    from tests.scenarios.ending import Row

RUN_SECONDS = 600.0
#: The tasks that people answer before they pause.
_BEFORE_PAUSE = 2


class StudioScenario(SandboxScenario):
    """A scenario whose people work while it waits.

    With a delay they answer two tasks of a project, and the others when the delay has passed since
    the project was seen with answers and open tasks.
    """

    def __init__(self, deployment: Deployment, name: str, engine: LabelStudio) -> None:
        super().__init__(deployment, name)
        self.engine = engine
        self.delay_seconds = 0.0
        self._pauses_until: dict[int, float] = {}
        self._holds = False
        self._began = int(time.time() * 1000)

    def auditor(self) -> Auditor:
        return replace(super().auditor(), other_jobs=lambda: self.engine.jobs(self.pipeline))

    def behave(self) -> None:
        super().behave()
        self.workers(delay_seconds=0)

    def workers(self, *, delay_seconds: float = 0.0, **behaviour: float) -> None:
        self.delay_seconds = delay_seconds * self.deployment.sandbox.time_scale
        self.engine.instruct(self.pipeline, {"truth": self.truth, **behaviour})

    def end_of(self, execution_arn: str) -> Execution:
        return self.pipeline.wait(execution_arn, deadline_seconds=RUN_SECONDS, look=self.work)

    def work(self) -> None:
        """Let the function and the people do what they can do now."""
        self.engine.instruct(self.pipeline, {"truth": self.truth})
        self.engine.work.advance(self.pipeline)
        team, behaviour = self.engine.team, self.engine.behaviour
        team.work(behaviour, among=self._pauses, most=_BEFORE_PAUSE)
        team.work(behaviour, among=lambda project: not self._pauses(project))

    def end_pause(self) -> None:
        """Let the people go on with everything."""
        self.delay_seconds = 0.0
        self._pauses_until = {}

    def all_done(self) -> bool:
        """Whether people have answered everything in the newest project."""
        answered, total = self._answered()
        return 0 < total == answered

    def _answered(self) -> tuple[int, int]:
        # Not by Label Studio's own count, which misses answers that come at the same time.
        owner = self.engine.work.owner
        projects = owner.projects()
        if not projects:
            return 0, 0
        tasks = owner.tasks(projects[-1].number)
        answered = [task for task in tasks if len(task["annotations"]) >= projects[-1].people]
        return len(answered), len(tasks)

    def function_said(self, text: str) -> bool:
        """Whether the function that works on jobs has logged a text since the scenario began."""
        name = self.pipeline.outputs["function_arns"]["advance_label_studio_jobs"]
        found = self.client("logs").filter_log_events(
            logGroupName=f"/aws/lambda/{name.rpartition(':')[2]}", startTime=self._began
        )
        return any(text in event["message"] for event in found["events"])

    def let_work_lease_pass(self) -> None:
        """Let the time pass for which a call that failed keeps others from the jobs."""
        self.client("dynamodb").delete_item(
            TableName=self.output("ledger_table_name"), Key={"pk": {"S": "LEASE#label-studio"}}
        )

    def wait_alone(self, what: str, look: Callable[[], Any]) -> Any:
        """Look again and again while nobody works."""
        return super().wait_for(what, look)

    def _pauses(self, project: Project) -> bool:
        if self._holds and self.delay_seconds:
            return True
        until = self._pauses_until.setdefault(project.number, time.monotonic() + self.delay_seconds)
        return time.monotonic() < until

    def wait_for(self, what: str, look: Callable[[], Any]) -> Any:
        def work_and_look() -> Any:
            self.work()
            return look()

        return super().wait_for(what, work_and_look)

    def jobs(self) -> list[Row]:
        return [
            {
                "name": job.name,
                "created": job.created,
                "item_ids": list(job.items),
                "accepted_category": "accepted" if job.verifies else None,
            }
            for job in self.engine.jobs(self.pipeline)
        ]

    def busy_job(self) -> Row:
        def look() -> Row | None:
            answered, total = self._answered()
            return self.jobs()[-1] if 0 < answered < total else None

        # However long a look takes, people must not have gone on before it.
        self._holds = True
        found: Row = self.wait_for("a job that people label", look)
        self._holds = False
        self._pauses_until = {}
        return found
