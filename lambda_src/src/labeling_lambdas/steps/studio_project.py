"""The project of a job in Label Studio: creating it, and importing its tasks.

Each step finds out what there is before it adds something, so that a later call can continue.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_lambdas import process
from labeling_lambdas.aws.artifacts import read_text_lines
from labeling_lambdas.aws.clients import THREADS
from labeling_lambdas.domain.label_studio.controls import ITEM_KEY, shows_text, task_data
from labeling_lambdas.domain.label_studio.job_projects import project_settings
from labeling_lambdas.domain.label_studio.predictions import given_label
from labeling_lambdas.domain.labels import UnreadableLineError
from labeling_lambdas.domain.manifest_keys import ITEM_ID_KEY
from labeling_lambdas.domain.states import JobStatus
from labeling_lambdas.domain.task_types import task_type
from labeling_lambdas.label_studio.client import Bucket
from labeling_lambdas.label_studio.errors import (
    LabelStudioRefusedError,
    LabelStudioUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeling_lambdas.aws.label_studio_jobs import LabelStudioJobs
    from labeling_lambdas.deadline import Deadline
    from labeling_lambdas.domain.label_studio.jobs import JobState, StudioJob
    from labeling_lambdas.label_studio.client import LabelStudio

#: Seconds that a batch may take.
_BATCH_SECONDS = 90
#: Tasks of one call: a batch is imported as a whole or not at all.
_BATCH = 500


@dataclass(eq=False, repr=False)
class StudioProject:
    """The project of one job, which later calls complete.

    Attributes:
        jobs: The jobs.
        studio: Label Studio.
        job: The job.
        region: Region of the upload bucket.
        deadline: When Lambda ends this function.
    """

    jobs: LabelStudioJobs
    studio: LabelStudio
    job: StudioJob
    region: str
    deadline: Deadline

    def prepare(self, state: JobState, *, stopped: bool) -> JobState:
        """Create the project if there is none, and import the missing tasks, if there is time.

        Args:
            state: How far the job is. If it has a project, that project exists.
            stopped: Whether a stop of the job was requested, so that nothing is added any more.

        Returns:
            The state; a job that cannot be offered to people as a whole fails.
        """
        state = state._replace(total=state.total or sum(1 for _ in self._texts()))
        try:
            if not state.project:
                state = self._with_project(state, create=not stopped)
            return state if stopped else self._imported(state)
        except (LabelStudioRefusedError, UnreadableLineError, ValueError) as error:
            return self._refused(state, str(error))

    def _with_project(self, state: JobState, *, create: bool) -> JobState:
        studio, settings = self.studio, project_settings(self.job)
        found = studio.projects(settings["title"])
        if not found:
            if not create:
                return state
            studio.create_project(settings)
            found = studio.projects(settings["title"])
        progress = studio.progress(found[0]) if found else None
        if progress is None:
            message = f"the project {settings['title']} was created and cannot be found"
            raise LabelStudioUnavailableError(message)
        for extra in found[1:]:
            # Left by a call whose answer was lost. Only the oldest one is ever filled.
            studio.delete_project(extra)
        # Kept before it has tasks: a project that vanishes is never made again, because people may
        # have worked on it.
        return self._keep(
            state._replace(
                project=found[0],
                url=studio.connection.url,
                project_created_at=progress.created_at,
            )
        )

    def _imported(self, state: JobState) -> JobState:
        studio, connected, may_be_there = self.studio, set[str](), True
        lines = itertools.islice(self._texts(), state.imported, None)
        with process.threads(THREADS) as threads:
            while batch := [json.loads(text) for text in itertools.islice(lines, _BATCH)]:
                if self.deadline.near(_BATCH_SECONDS):
                    break
                for name in sorted(self._buckets(batch) - connected):
                    studio.connect(state.project, Bucket(name, self.region))
                    connected.add(name)
                last = self._last_task_of(batch, state) if may_be_there else None
                if last is None:
                    tasks = list(threads.map(self._task, batch))
                    last = studio.import_tasks(state.project, tasks)
                # Only the first batch may have been imported by a call that did not end well.
                may_be_there = False
                imported = state.imported + len(batch)
                state = self._keep(state._replace(imported=imported, last_imported=last))
        return state

    def _last_task_of(self, batch: list[dict[str, Any]], state: JobState) -> int | None:
        """Return the number of the last task of a batch; None if it was not imported."""
        items = {line[ITEM_ID_KEY] for line in batch}
        found = None
        for page in self.studio.tasks(state.project, state.last_imported):
            numbers = (task["id"] for task in page.tasks if task["data"].get(ITEM_KEY) in items)
            found = max(numbers, default=found)
        return found

    def _buckets(self, lines: list[dict[str, Any]]) -> set[str]:
        kind = task_type(self.job.task_type)
        return (
            set() if shows_text(kind) else {_bucket_of(line[kind.manifest_key]) for line in lines}
        )

    def _task(self, line: dict[str, Any]) -> dict[str, Any]:
        kind = task_type(self.job.task_type)
        task: dict[str, Any] = {"data": task_data(line, kind)}
        if self.job.verification is not None:
            task["predictions"] = given_label(
                line, task_type=kind, attribute=self.job.attribute, read=self._read
            )
        return task

    def _read(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return self.jobs.client.get_object(Bucket=bucket, Key=key)["Body"].read()

    def _refused(self, state: JobState, reason: str) -> JobState:
        state = self.jobs.state(self.job.name)._replace(total=state.total)
        if not state.project:
            return self._keep(state.failed(reason))
        # People may have answered some of its tasks, and must not work on them any more.
        ending = JobStatus.FAILED
        return self._keep(state._replace(ending=ending, failure_reason=reason))

    def _texts(self) -> Iterator[str]:
        return read_text_lines(self.jobs.client, self.job.manifest_uri)

    def _keep(self, state: JobState) -> JobState:
        return self.jobs.keep(self.job.name, state)


def _bucket_of(uri: str) -> str:
    return uri.removeprefix("s3://").partition("/")[0]
