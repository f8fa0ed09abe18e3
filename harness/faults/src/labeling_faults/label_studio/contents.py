"""What a Label Studio holds: projects, their tasks, and the annotations of these."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Fields = dict[str, Any]

#: How long each person looks at a task.
_SECONDS = 9.5


@dataclass(frozen=True)
class Annotation:
    """What a person did with a task.

    Attributes:
        number: Its number.
        person: Number of the person.
        created_at: When, ISO-8601.
        results: What the person chose, drew or marked.
        skipped: Whether the person declined the task.
    """

    number: int
    person: int
    created_at: str
    results: tuple[Fields, ...]
    skipped: bool = False

    def fields(self) -> Fields:
        """Return the annotation as the API shows it."""
        return {
            "id": self.number,
            "completed_by": self.person,
            "created_at": self.created_at,
            "result": list(self.results),
            "was_cancelled": self.skipped,
            "lead_time": _SECONDS,
        }


@dataclass
class Task:
    """A task.

    Attributes:
        number: Its number, higher than that of every task before it.
        data: What people see.
        predictions: Labels that people see.
        annotations: What people did with it.
        miscounted: Whether it never counts as finished, as the real one does not count a task whose
            last answers come at the same moment.
    """

    number: int
    data: Fields
    predictions: list[Fields]
    annotations: list[Annotation] = field(default_factory=list)
    miscounted: bool = False

    @property
    def given(self) -> list[Annotation]:
        """Its annotations, without those of people who declined it."""
        return [annotation for annotation in self.annotations if not annotation.skipped]

    def is_finished(self, people: int) -> bool:
        """Return whether as many people as wanted have answered it; each counts once."""
        return len({annotation.person for annotation in self.given}) >= people

    def counts_as_finished(self, people: int) -> bool:
        """Return whether Label Studio says that as many people as wanted have answered it."""
        return self.is_finished(people) and not self.miscounted

    def fields(self) -> Fields:
        """Return the task as the API shows it with all fields."""
        return {
            "id": self.number,
            "data": self.data,
            "predictions": self.predictions,
            "annotations": [annotation.fields() for annotation in self.annotations],
            "total_annotations": len(self.given),
        }


@dataclass
class Project:
    """A project.

    Attributes:
        number: Its number, higher than that of every project before it.
        settings: Its settings.
        created_at: When it was created, ISO-8601.
        tasks: Its tasks, in the order of their numbers.
        storages: The buckets that it shows objects of.
    """

    number: int
    settings: Fields
    created_at: str
    tasks: list[Task] = field(default_factory=list)
    storages: list[Fields] = field(default_factory=list)

    @property
    def title(self) -> str:
        """Its title, which others may have too."""
        return str(self.settings["title"])

    @property
    def people(self) -> int:
        """How many people each task is shown to."""
        return int(self.settings.get("maximum_annotations", 1))

    def fields(self) -> Fields:
        """Return the project as the API shows it."""
        return {
            **self.settings,
            "id": self.number,
            "created_at": self.created_at,
            "task_number": len(self.tasks),
            "finished_task_number": sum(
                task.counts_as_finished(self.people) for task in self.tasks
            ),
            "total_annotations_number": sum(len(task.given) for task in self.tasks),
        }
