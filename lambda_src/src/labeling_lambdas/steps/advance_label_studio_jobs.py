"""The work on the labeling jobs that people do in Label Studio.

Each step finds out what there is before it adds something, so a call may die anywhere, and the next
one continues.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_lambdas.domain.label_studio.answers import UnusableAnswerError, counted
from labeling_lambdas.domain.label_studio.jobs import IN_PROGRESS
from labeling_lambdas.domain.states import JobStatus
from labeling_lambdas.label_studio.errors import LabelStudioChangedError, LabelStudioError

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_lambdas.aws.label_studio_jobs import LabelStudioJobs
    from labeling_lambdas.aws.lease_ledger import LeaseLedger
    from labeling_lambdas.deadline import Deadline
    from labeling_lambdas.domain.label_studio.jobs import JobState, StudioJob
    from labeling_lambdas.label_studio.client import LabelStudio, Progress
    from labeling_lambdas.steps.studio_project import StudioProject

_log = logging.getLogger(__name__)

_LEASE = "label-studio"
#: Seconds after the end of this function in which Label Studio may still work on its last call.
_LAST_CALL_SECONDS = 120
#: Seconds that a step may take.
_STEP_SECONDS = 90


@dataclass(eq=False, repr=False)
class AdvanceLabelStudioJobs:
    """The work that can be done now on all jobs that have not ended.

    Attributes:
        jobs: The jobs.
        studio: Label Studio.
        leases: The ledger's leases.
        report: Called with the name of each job that has ended; answers the state that waits.
        region: Region of the upload bucket.
        deadline: When Lambda ends this function.
    """

    jobs: LabelStudioJobs
    studio: LabelStudio
    leases: LeaseLedger
    report: Callable[[str], object]
    region: str
    deadline: Deadline

    def advance(self) -> dict[str, str]:
        """Do the work, if no other function does.

        Returns:
            By job name, its status.

        Raises:
            LabelStudioError: If the work on a job failed, after that on the others.
        """
        # Two functions at once would import tasks twice. A call that this one sent may still be
        # worked on when this function has been ended.
        until = self.deadline.ends_at + _LAST_CALL_SECONDS
        if not self.leases.take(_LEASE, until, self.deadline.now):
            _log.info("another function works on the jobs in Label Studio")
            return {}
        ended_well = False
        try:
            statuses = self._advance_all(self.jobs.open_names())
            ended_well = True
        finally:
            # After a call without an answer, Label Studio may still be busy with it.
            busy_until = int(self.deadline.now) + _LAST_CALL_SECONDS
            self.leases.shorten(_LEASE, until, 0 if ended_well else busy_until)
        return statuses

    def _advance_all(self, names: list[str]) -> dict[str, str]:
        if names:
            self.studio.require_supported()
        statuses: dict[str, str] = {}
        failure: LabelStudioError | None = None
        for name in names:
            if self.deadline.near(_STEP_SECONDS):
                break
            try:
                statuses[name] = self._advance(name)
            except LabelStudioError as error:
                # A project that cannot be worked on must not hold up the others.
                _log.exception("work in Label Studio failed", extra={"labeling_job": name})
                failure = failure or error
        if failure is not None:
            raise failure
        return statuses

    def _advance(self, name: str) -> str:
        job = self.jobs.find(name)
        if job is None:
            return "absent"
        state = self.jobs.state(name)
        if not state.ended:
            state = _Work(self, job).advance(state)
        if state.ended:
            self.report(name)
            # Last, so that a job whose end was not reported is looked at again.
            self.jobs.close(name)
        return state.status


@dataclass(eq=False, repr=False)
class _Work:
    """The work on one job."""

    all: AdvanceLabelStudioJobs
    job: StudioJob

    def advance(self, state: JobState) -> JobState:
        """Do what can be done for the job now, and return how far it is."""
        if not state.ending:
            state = self._prepared(state)
        if state.ended or not state.ending:
            return state
        # Answers that are collected do not need the project, which may be deleted since.
        if not state.collected:
            if self._progress(state) is None:
                return self._without_project(state)
            if not state.last_collected:
                self.all.studio.delete_unanswered(state.project)
        # A job is collected once, and most calls only look at its progress.
        from labeling_lambdas.steps.studio_output import StudioOutput  # noqa: PLC0415

        collection = StudioOutput(self.all.jobs, self.all.studio, self.job, self.all.deadline)
        state = collection.collect(state)
        return self._keep(state._replace(status=state.ending)) if state.output_uri else state

    def _prepared(self, state: JobState) -> JobState:
        """Return the state of a job that people can work on, or have worked on."""
        stopped = self.all.jobs.is_stopped(self.job.name)
        known = state
        if not state.project or (state.imported < state.total and not stopped):
            if state.project and self._progress(state) is None:
                return self._without_project(state)
            state = self._project.prepare(state, stopped=stopped)
            if state.ended or state.ending:
                return state
        if not state.project:
            # Stopped before there was anything to work on.
            return self._keep(state._replace(status=JobStatus.STOPPED))
        progress = self._progress(state)
        if progress is None:
            return self._without_project(state)
        state = self._with_progress(state, progress, stopped=stopped)
        # Most calls find that nothing has changed.
        return state if state == known else self._keep(state)

    def _with_progress(self, state: JobState, progress: Progress, *, stopped: bool) -> JobState:
        is_done = self._is_done(state, progress)
        expired = not (stopped or is_done) and self.job.expired(self.all.deadline.now)
        ending = ""
        if is_done or expired:
            ending = JobStatus.COMPLETED
        elif stopped:
            ending = JobStatus.STOPPED
        finished = min(progress.tasks if is_done else progress.finished, state.total)
        return state._replace(
            status=IN_PROGRESS,
            url=self._url,
            ending=ending,
            expired=expired,
            finished=finished,
        )

    def _progress(self, state: JobState) -> Progress | None:
        """Return how far the work on the job's own project is, or None if it is gone.

        Raises:
            LabelStudioChangedError: If it is in another Label Studio, and the job is not stopped.
        """
        found = self.all.studio.progress(state.project)
        if found is not None and found.created_at == state.project_created_at:
            return found
        if state.url != self._url and not self.all.jobs.is_stopped(self.job.name):
            message = (
                f"the project of {self.job.name} is at {state.url} and not at {self._url}. Set"
                " label_studio.url back until the job has ended, or stop the job: it then fails,"
                " and its items return without their answers"
            )
            raise LabelStudioChangedError(message)
        return None

    def _without_project(self, state: JobState) -> JobState:
        if state.url == self._url:
            return self._keep(state.failed("the project was deleted in Label Studio"))
        return self._keep(state.failed(f"stopped while its project was at {state.url}"))

    def _is_done(self, state: JobState, progress: Progress) -> bool:
        if state.imported < state.total:
            return False
        # Of the tasks that are there: a member of the project may have deleted or added some.
        if progress.finished >= progress.tasks:
            return True
        # Label Studio does not count a task as finished whose last answers came at the same time.
        # Nobody is shown it any more, so the job would wait for nothing until its time has passed.
        if progress.answers < progress.tasks * self.job.people:
            return False
        pages = self.all.studio.tasks(state.project, unfinished=True)
        return all(_is_answered(task, self.job.people) for page in pages for task in page.tasks)

    @property
    def _project(self) -> StudioProject:
        # Most calls find all tasks imported.
        from labeling_lambdas.steps.studio_project import StudioProject  # noqa: PLC0415

        every = self.all
        return StudioProject(every.jobs, every.studio, self.job, every.region, every.deadline)

    @property
    def _url(self) -> str:
        return self.all.studio.connection.url

    def _keep(self, state: JobState) -> JobState:
        return self.all.jobs.keep(self.job.name, state)


def _is_answered(task: dict[str, Any], people: int) -> bool:
    try:
        return len(counted(task["annotations"]).given) >= people
    except UnusableAnswerError:
        # The item's line in the output names the problem.
        return True
