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

    With a delay they answer two tasks of a project, and the others when the delay has passed.
    """

    def __init__(self, deployment: Deployment, name: str, engine: LabelStudio) -> None:
        super().__init__(deployment, name)
        self.engine = engine
        self.delay_seconds = 0.0
        self._pauses_until: dict[int, float] = {}

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

    def _pauses(self, project: Project) -> bool:
        until = self._pauses_until.setdefault(project.number, time.monotonic() + self.delay_seconds)
        return time.monotonic() < until

    def wait_for(self, what: str, look: Callable[[], Any]) -> Any:
        def work_and_look() -> Any:
            self.work()
            return look()

        return super().wait_for(what, work_and_look)

    def jobs(self) -> list[Row]:
        verdict = {True: "accepted", False: None}
        return [
            {
                "name": job.name,
                "created": job.created,
                "item_ids": list(job.items),
                "accepted_category": verdict[job.verifies],
            }
            for job in self.engine.jobs(self.pipeline)
        ]

    def busy_job(self) -> Row:
        def look() -> Row | None:
            projects = self.engine.work.owner.projects()
            if not projects or not 0 < projects[-1].finished < projects[-1].tasks:
                return None
            return self.jobs()[-1]

        found: Row = self.wait_for("a job that people label", look)
        return found
