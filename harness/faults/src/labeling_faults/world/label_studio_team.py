"""The people who label in the Label Studio of a world."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from labeling_faults.label_studio.api import Request, StatusError
from labeling_faults.label_studio.people import Person
from labeling_faults.world.workforce import HOUR, share

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labeling_faults.label_studio.api import LabelStudio
    from labeling_faults.label_studio.contents import Fields, Project, Task
    from labeling_faults.simulated_time.event_queue import EventQueue
    from labeling_faults.world.workforce import Work, Workforce

#: Numbers of the people; 1 is the owner of the token.
_PEOPLE = (2, 3, 4)
#: Shares of the tasks that the first person declines or that Label Studio never counts as finished,
#: and of the answers that are changed at once or given long after the task is shown.
_DECLINED, _MISCOUNTED, _CHANGED, _LATE = 0.1, 0.1, 0.1, 0.1
_LATE_SECONDS = 2 * HOUR
_VERDICT, _LABEL = "verdict", "label"


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
