"""A team of simulated people who work on all open projects, with the choices of the workforce."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_sandbox.ground_truth import image_files
from labeling_sandbox.ground_truth.answers.task import Category, Task
from labeling_sandbox.ground_truth.reviewers import Review, opinions
from labeling_sandbox.ground_truth.workforce import choices, random_failure
from labeling_sandbox.label_studio.results import Result, unusable, verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from labeling_sandbox.ground_truth.answers.equality import Equality, Read
    from labeling_sandbox.ground_truth.answers.task import Labeler
    from labeling_sandbox.ground_truth.workforce import Workforce
    from labeling_sandbox.label_studio.owner import Owner, Project
    from labeling_sandbox.label_studio.people import Person

Line = dict[str, Any]


@dataclass(frozen=True)
class Skills:
    """What people can do of one task type.

    Attributes:
        labeler: Makes mistakes.
        answer: Gives a truth as the results that a person submits.
        equals: Compares a given label with the truth.
        measures: Whether answers need the size of the picture.
    """

    labeler: Labeler
    answer: Callable[[Task, Any], list[Result]]
    equals: Equality
    measures: bool


@dataclass(frozen=True)
class Team:
    """People who label and judge in the projects of one pipeline.

    Attributes:
        owner: Sees all projects.
        people: The people, each with an account.
        skills: What they can do.
        read: Reads an object by its ``s3://`` URI.
        given: Returns by item the line with the label that reviewers judge.
    """

    owner: Owner
    people: Sequence[Person]
    skills: Skills
    read: Read
    given: Callable[[], Mapping[str, Line]]

    def work(
        self,
        workforce: Workforce,
        *,
        among: Callable[[Project], bool] = lambda _project: True,
        most: int | None = None,
    ) -> int:
        """Answer every task that waits for an answer.

        Args:
            workforce: How the people behave.
            among: Chooses the projects; all by default.
            most: Of each project only so many tasks, the first ones; None for all.

        Returns:
            The number of answers.
        """
        return sum(
            self._work_on(project, workforce, most)
            for project in self.owner.projects()
            if project.finished < project.tasks and among(project)
        )

    def _work_on(self, project: Project, workforce: Workforce, most: int | None) -> int:
        listed = self.owner.tasks(project.number)[:most]
        tasks = {task["id"]: task["data"] for task in listed}
        given = self.given() if project.verifies else {}

        def answers(member: int) -> int:
            def results(shown: dict[str, Any]) -> list[Result]:
                data = tasks[shown["id"]]
                if project.verifies:
                    return self._judgement(project, given[data["item_id"]], workforce, member)
                return self._label(project, data, workforce, member)

            # What is imported meanwhile is done the next time.
            return self.people[member].work(project.number, results, among=tasks)

        with ThreadPoolExecutor(len(self.people)) as threads:
            return sum(threads.map(answers, range(len(self.people))))

    def _label(
        self, project: Project, data: Mapping[str, Any], workforce: Workforce, member: int
    ) -> list[Result]:
        task = self._task(project, data)
        choice = choices(workforce, project.title, task.item)
        if random_failure(workforce, choice) is not None:
            return unusable()
        truth = workforce.truth[task.subject]
        if choice.random() < workforce.label_error_rate:
            return self.skills.answer(task, self.skills.labeler.mistaken(task, truth, choice))
        own = random.Random(f"{workforce.seed}/{project.title}/{task.item}/{member}")  # noqa: S311
        if own.random() < workforce.error_rate_of(member):
            truth = self.skills.labeler.mistaken(task, truth, own)
        return self.skills.answer(task, truth)

    def _task(self, project: Project, data: Mapping[str, Any]) -> Task:
        categories = [Category(name) for name in project.categories]
        if "image" not in data:
            line = {"source": data["text"], "item-id": data["item_id"]}
            return Task(project.title, line, categories, project.people)
        line = {"source-ref": data["image"], "item-id": data["item_id"]}
        size = image_files.size(self.read(data["image"])) if self.skills.measures else None
        return Task(project.title, line, categories, project.people, size)

    def _judgement(
        self, project: Project, line: Line, workforce: Workforce, member: int
    ) -> list[Result]:
        attribute = next(key for key in line if f"{key}-metadata" in line)
        truth = workforce.truth[line.get("source-ref") or line["source"]]
        right = self.skills.equals(line[attribute], line[f"{attribute}-metadata"], truth, self.read)
        review = Review(project.title, line["item-id"], project.categories, len(self.people), right)
        given = opinions(review, workforce)
        if not isinstance(given, list):
            return unusable()
        return verdict(given[member].category, given[member].comment)
