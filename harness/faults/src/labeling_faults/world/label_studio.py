"""Label Studio in a world: the people who label there, and the calls of the function for it."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from labeling_faults.configuration import deployed
from labeling_faults.label_studio.api import TOKEN, LabelStudio, Request, StatusError
from labeling_faults.label_studio.people import Person
from labeling_faults.world.workforce import DAY, HOUR, share

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from in_process_aws.account import Account
    from in_process_aws.calls import Answer, Call
    from labeling_faults.label_studio.contents import Fields, Project, Task
    from labeling_faults.simulated_time.event_queue import EventQueue
    from labeling_faults.world.labeling_jobs import LabelingJobs
    from labeling_faults.world.workforce import Work, Workforce

#: The first pause between two calls of the function, by how much each is longer than the one
#: before, and the longest.
_MINUTE, _GROWTH, _LONGEST_PAUSE = 60.0, 4, DAY
#: Numbers of the people; 1 is the owner of the token.
_PEOPLE = (2, 3, 4)
#: Shares of the tasks that the first person declines or that Label Studio never counts as finished,
#: and of the answers that are changed at once or given long after the task is shown.
_DECLINED, _MISCOUNTED, _CHANGED, _LATE = 0.1, 0.1, 0.1, 0.1
_LATE_SECONDS = 2 * HOUR
_VERDICT, _LABEL = "verdict", "label"
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


@dataclass
class Team:
    """The people who label in Label Studio.

    Attributes:
        studio: Where they label.
        event_queue: When they do.
        workforce: How jobs go, and what nobody can label.
        stop: Stops the job of a project, given its title, as an operator does.
        changed: Called when somebody has done something.
        answers: By number of a project, the class or category that people chose for each item.
    """

    studio: LabelStudio
    event_queue: EventQueue
    workforce: Workforce
    stop: Callable[[str], None]
    changed: Callable[[], None]
    answers: dict[int, dict[str, str]] = field(default_factory=dict)
    _work: dict[int, Work] = field(default_factory=dict)

    def tasks_imported(self, number: int) -> None:
        """Let people work on the tasks that a project has."""
        if number not in self._work:
            self._begin(number)
        for place, person in enumerate(_PEOPLE, start=1):
            seconds = self._work[number].seconds * place / len(_PEOPLE)
            self._later(seconds, functools.partial(self._label, number, person))

    def finish_all(self) -> None:
        """Let people answer now what they would answer later."""
        for number, person in itertools.product(self._work, _PEOPLE):
            self._label(number, person)
        self.changed()

    def delete_project(self, number: int) -> None:
        """Delete a project, as any member can."""
        self.studio.projects.pop(number, None)

    def delete_tasks(self, number: int, chosen: Callable[[Task], bool]) -> None:
        """Delete tasks of a project, as any member can."""
        if (project := self.studio.projects.get(number)) is not None:
            project.tasks = [task for task in project.tasks if not chosen(task)]

    def copy_tasks(self, number: int) -> None:
        """Add tasks to a project: copies of those that it has, and one of no item."""
        if (project := self.studio.projects.get(number)) is not None:
            data = [task.data for task in project.tasks]
            data += [{**data[0], "item_id": "of no item"}] if data else []
            tasks = [{"data": one} for one in data]
            self.studio.answer(Request("POST", f"/api/projects/{number}/import", tasks))
            self.tasks_imported(number)

    def begun(self) -> list[int]:
        """Return the numbers of the projects in which people work, or have worked."""
        return list(self._work)

    def _begin(self, number: int) -> None:
        project = self.studio.projects[number]
        verifies = _choices(project)[0] == _VERDICT
        work = self.workforce.review() if verifies else self.workforce.plan()
        self._work[number], self.answers[number] = work, {}
        if work.status == "Failed":
            self._later(work.seconds / 2, functools.partial(self.delete_project, number))
        elif work.status == "Stopped":
            self._later(work.seconds / 2, functools.partial(self.stop, project.title))
        if work.omitted:
            omitted = functools.partial(self._is_omitted, project, work)
            self._later(work.seconds / 4, functools.partial(self.delete_tasks, number, omitted))

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        def happen() -> None:
            act()
            self.changed()

        self.event_queue.after(seconds, happen)

    @staticmethod
    def _is_omitted(project: Project, work: Work, task: Task) -> bool:
        return _chance(project, task) < work.omitted

    def _label(self, number: int, person: int) -> None:
        """Let a person answer the tasks that they are shown."""
        labeler = Person(self.studio, person)
        for task in labeler.shown(number):
            for results in self._results(self.studio.projects[number], task, person):
                submit = functools.partial(self._submit, labeler, number, task, results)
                if share(f"late/{person}/{task.number}") < _LATE:
                    self._later(_LATE_SECONDS, submit)
                else:
                    submit()

    def _results(self, project: Project, task: Task, person: int) -> list[Sequence[Fields] | None]:
        """Return what a person answers, one after the other; None to decline the task."""
        work, (control, names) = self._work[project.number], _choices(project)
        chance = _chance(project, task) - work.omitted
        # A label whose verification fails is verified again, however often that is.
        unlabelable = control == _LABEL and self._is_unlabelable(task)
        if unlabelable or chance < work.failing:
            return [_unusable(control, task)]
        declined = person == _PEOPLE[0] and share(f"declined/{task.number}") < _DECLINED
        if declined or chance < work.failing + work.expiring:
            return [None]
        name = self._choice(project, task)
        if share(f"changed/{person}/{task.number}") < _CHANGED:
            return [_chosen(control, names[-1]), _chosen(control, name)]
        return [_chosen(control, name)]

    def _choice(self, project: Project, task: Task) -> str:
        control, names = _choices(project)
        if control == _VERDICT:
            rejecting = self._work[project.number].rejecting
            return names[share(f"{project.title}/{_item(task)}/verdict") < rejecting]
        known = self.workforce.truth.get(task.data.get("image", ""))
        return names[int(share(_item(task)) * len(names))] if known is None else known

    def _is_unlabelable(self, task: Task) -> bool:
        key = str(task.data.get("image", "")).rpartition("/")[2]
        return key in self.workforce.unlabelable

    def _submit(
        self, person: Person, project: int, task: Task, results: Sequence[Fields] | None
    ) -> None:
        try:
            if results is None:
                person.skip(project, task.number)
                return
            person.submit(project, task.number, results)
        except StatusError:
            # Somebody has deleted it meanwhile.
            return
        task.miscounted = share(f"miscounted/{task.number}") < _MISCOUNTED
        found = self.studio.projects[project]
        name = self._choice(found, task)
        if results == _chosen(_choices(found)[0], name):
            self.answers[project][_item(task)] = name


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


def _chance(project: Project, task: Task) -> float:
    return share(f"{project.title}/{_item(task)}")


def _item(task: Task) -> str:
    return str(task.data["item_id"])


def _choices(project: Project) -> tuple[str, tuple[str, ...]]:
    return _read_choices(project.settings["label_config"])


@functools.cache
def _read_choices(configuration: str) -> tuple[str, tuple[str, ...]]:
    """Return the control that people use, and what they can choose with it."""
    found = {
        control.get("name", ""): tuple(choice.get("value", "") for choice in control)
        for control in ET.fromstring(configuration).iter("Choices")  # noqa: S314 - ours
    }
    control = _VERDICT if _VERDICT in found else _LABEL
    return control, found[control]


def _chosen(control: str, name: str) -> list[Fields]:
    return [
        {"from_name": control, "to_name": "source", "type": "choices", "value": {"choices": [name]}}
    ]


def _unusable(control: str, task: Task) -> list[Fields]:
    """Return one of the answers that give no label, the same from everyone."""
    unknown_class, unknown_control = _chosen(control, "none of them"), _chosen("other", "any")
    answers: tuple[list[Fields], ...] = ([], unknown_class, unknown_control)
    return answers[int(share(f"unusable/{_item(task)}") * len(answers))]
