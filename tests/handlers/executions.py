"""Executions that wait, alive or dead, and the jobs that they wait for."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.handlers.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Mapping


class Executions(Stage):
    """A stage on which executions are started, asked and killed."""

    def execution(self, name: str = "one") -> str:
        return self.machine_arn.replace(":stateMachine:", ":execution:") + f":{self.name}-{name}"

    def begin_execution(self, name: str = "one") -> str:
        """Start an execution that waits, and return the token that it waits for."""
        return self.place.begin_execution(self.execution(name))

    def execution_end(self, name: str = "one") -> tuple[str, Any]:
        """Return an execution's status and its output, once it has ended."""
        return self.place.execution_end(self.execution(name))

    def executions(self) -> list[str]:
        """Return the names of the executions that were started to resume a run."""
        runs = {key.partition("#")[2] for key in self.rows() if key.startswith("RUN#")}
        return [name for name in self.place.execution_names() if name.rpartition("-r")[0] in runs]

    def kill_execution(self, name: str = "one") -> None:
        self.place.stop_execution(self.execution(name))

    def job_name(self, run: Mapping[str, Any], stage: str = "label") -> str:
        return f"{self.name}-{run['run_id']}-{stage}"

    def jobs(self) -> list[dict[str, Any]]:
        """Return the labeling jobs of this pipeline, each with its status and its items."""
        return [job for job in self.place.jobs() if job["name"].startswith(self.name)]

    def begin_job(self, run: Mapping[str, Any], stage: str = "label") -> None:
        """Let the workers begin with the job of a run."""
        self.place.begin_job(self.job_name(run, stage))

    def end_job(self, run: Mapping[str, Any], stage: str = "label") -> dict[str, Any]:
        """Let the workers do the job of a run, or end it if it is being stopped; return it."""
        self.place.end_job(self.job_name(run, stage))
        (job,) = [job for job in self.jobs() if job["name"] == self.job_name(run, stage)]
        return job

    def end(self) -> None:
        """Stop what would go on after the test."""
        self.place.detach()
        prefix = self.execution("").removesuffix(f"{self.name}-")
        own = [name for name in self.place.execution_names() if name.startswith(self.name)]
        for name in (*self.executions(), *own):
            self.place.stop_execution(f"{prefix}{name}")
        for job in self.jobs():
            if job["status"] in ("Initializing", "InProgress"):
                # It may have ended in this moment.
                with contextlib.suppress(ClientError):
                    self.client("sagemaker").stop_labeling_job(LabelingJobName=job["name"])
