"""Label Studio in a world, and the calls of the function that works on its jobs."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_faults.configuration import deployed
from labeling_faults.label_studio.api import TOKEN, LabelStudio, Request, StatusError
from labeling_faults.world.label_studio_team import Team
from labeling_faults.world.workforce import DAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from in_process_aws.account import Account
    from in_process_aws.calls import Answer, Call
    from labeling_faults.simulated_time.event_queue import EventQueue
    from labeling_faults.world.labeling_jobs import LabelingJobs
    from labeling_faults.world.workforce import Workforce

#: The first pause between two calls of the function, by how much each is longer than the one
#: before, and the longest.
_MINUTE, _GROWTH, _LONGEST_PAUSE = 60.0, 4, DAY
_ANOTHER_CONFIGURATION = '<View><Text name="source" value="$text"/></View>'
_IMPORT = "POST /api/projects/{}/import"
#: Files that change what the function has to do.
_JOB_FILES = ("/job.json", "/stop.json", "/state.json")


@dataclass
class FunctionCalls:
    """The calls of the function that works on the jobs.

    A schedule calls it every minute. Here the pauses become longer while nothing happens, because
    calls that find nothing changed only take time.

    Attributes:
        event_queue: When calls are due.
        call: Calls the function.
        is_needed: Returns whether there are jobs that have not ended.
    """

    event_queue: EventQueue
    call: Callable[[], None]
    is_needed: Callable[[], object]
    _pause: float = _MINUTE
    _due: float | None = None

    def invoke(self) -> None:
        """Call the function as Lambda does for a caller who does not wait."""
        self.event_queue.after(1.0, self.call)

    def soon(self) -> None:
        """Let the schedule call it in a minute, because something has happened."""
        self._pause = _MINUTE
        self._plan()

    def _plan(self) -> None:
        due = self.event_queue.clock.now + self._pause
        if self._due is None or due < self._due:
            self._due = due
            self.event_queue.after(self._pause, functools.partial(self._scheduled, due))

    def _scheduled(self, due: float) -> None:
        if due != self._due:
            return
        self._due = None
        if self.is_needed():
            self._pause = min(self._pause * _GROWTH, _LONGEST_PAUSE)
            # First, because the call may be followed by one in a minute.
            self._plan()
            self.call()


class Studio:
    """Label Studio, its people, and the calls of the function that works on its jobs.

    Attributes:
        contents: What it holds.
        calls: The calls of the function.
        team: The people.
        token_arn: The secret with the token.
    """

    def __init__(
        self, account: Account, workforce: Workforce, jobs: LabelingJobs, call: Callable[[], None]
    ) -> None:
        """Start without projects.

        Args:
            account: The account with the jobs.
            workforce: How they go.
            jobs: The jobs.
            call: Calls the function.
        """
        self._account = account
        self._late: list[tuple[float, Callable[[], None]]] = []
        self.contents = LabelStudio(account.clock)
        self.calls = FunctionCalls(workforce.event_queue, call, jobs.open_in_label_studio)
        self.team = Team(
            self.contents, workforce.event_queue, workforce, self.stop_job, self.calls.soon
        )
        self.token_arn = account.secrets.create_secret("label-studio-token", TOKEN)
        account.functions.calls[deployed().environment["ADVANCE_FUNCTION"]] = self.calls.invoke

    def after(self, call: Call) -> None:
        """See a call that has taken effect."""
        if call.operation == _IMPORT:
            self.team.tasks_imported(call.parameters["request"].project)
        elif call.operation == "PutObject" and call.parameters["Key"].endswith(_JOB_FILES):
            self.calls.soon()
            _, name, file = call.parameters["Key"].rsplit("/", 2)
            if file == "job.json":
                self._open_another(name)

    def carry_out_later(
        self, call: Call, seconds: float, seen: Callable[[Call, Answer], None]
    ) -> None:
        """Carry out a call for which nobody waits any more.

        Args:
            call: The call.
            seconds: When it takes effect, from now.
            seen: Called with it and its answer.
        """

        def happen() -> None:
            try:
                answer = {"content": self.contents.answer(call.parameters["request"])}
            except StatusError:
                return
            self.after(call)
            seen(call, answer)

        self._late.append((self._account.clock.now + seconds, happen))
        self.team.event_queue.after(seconds, self.catch_up)

    def catch_up(self) -> None:
        """Carry out what is due by now, because functions may have let time pass."""
        now = self._account.clock.now
        due = [happen for moment, happen in self._late if moment <= now]
        self._late = [(moment, happen) for moment, happen in self._late if moment > now]
        for happen in due:
            happen()

    def _open_another(self, name: str) -> None:
        """Let another pipeline have a project whose title contains the name of a job."""
        settings = {"title": f"hot{name}", "label_config": _ANOTHER_CONFIGURATION}
        self.contents.answer(Request("POST", "/api/projects/", settings))

    def stop_job(self, name: str) -> None:
        """Stop a job, as an operator does."""
        bucket = deployed().buckets["output"]
        self._account.s3.upload(bucket, f"labeling-jobs/{name}/stop.json", b"{}")
        self.calls.soon()
