"""People who label in a Label Studio in memory."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labeling_faults.label_studio.api import LabelStudio
    from labeling_faults.label_studio.contents import Fields, Task


@dataclass(frozen=True)
class Person:
    """A user of Label Studio.

    Attributes:
        studio: Where the person labels.
        number: The number of their account.
    """

    studio: LabelStudio
    number: int

    def shown(self, project: int) -> list[Task]:
        """Return the tasks that the person is shown, one after the other."""
        found = self.studio.projects.get(project)
        if found is None:
            return []
        return [
            task
            for task in found.tasks
            if not any(it.person == self.number for it in task.annotations)
            and not task.is_finished(found.people)
        ]

    def next_task(self, project: int) -> Fields | None:
        """Return the task that the person is shown next, None if there is none left."""
        shown = self.shown(project)
        fields: Fields | None = json.loads(json.dumps(shown[0].fields())) if shown else None
        return fields

    def submit(self, project: int, task: int, results: Sequence[Fields]) -> None:
        """Give an answer.

        Raises:
            StatusError: If the task is gone.
        """
        self.studio.annotate(task, self.number, results, project=project)

    def skip(self, project: int, task: int) -> None:
        """Decline a task.

        Raises:
            StatusError: If the task is gone.
        """
        self.studio.annotate(task, self.number, None, project=project)

    def work(self, project: int, answer: Callable[[Fields], Sequence[Any] | None]) -> int:
        """Answer every task that the person is shown.

        Args:
            project: The project.
            answer: Returns the results for a task, or None to decline it.

        Returns:
            The number of tasks.
        """
        count = 0
        while (task := self.next_task(project)) is not None:
            results = answer(task)
            if results is None:
                self.skip(project, task["id"])
            else:
                self.submit(project, task["id"], results)
            count += 1
        return count
