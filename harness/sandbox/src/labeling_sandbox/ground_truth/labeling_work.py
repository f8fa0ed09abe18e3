"""Work on the objects of a job: labeling, or verification of their labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from labeling_sandbox.ground_truth import image_files, reviewers, worker_responses, workforce
from labeling_sandbox.ground_truth.answers.task import Answer, Failure, Outcome, Task
from labeling_sandbox.ground_truth.labeling_inputs import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from labeling_sandbox.ground_truth.answers.task import Category
    from labeling_sandbox.ground_truth.job_files import JobFiles
    from labeling_sandbox.ground_truth.task_kinds import LabelingKind, VerificationKind
    from labeling_sandbox.ground_truth.workforce import Workforce

Line = dict[str, Any]


@dataclass(frozen=True)
class Assignment:
    """What the workers of a job are given.

    Attributes:
        job_name: The labeling job.
        request: The members of the CreateLabelingJob request.
        categories: The label categories, in the order of their indexes.
        files: The job's files.
        workforce: How the workers behave.
    """

    job_name: str
    request: Mapping[str, Any]
    categories: Sequence[Category]
    files: JobFiles
    workforce: Workforce

    @property
    def workers(self) -> int:
        """How many workers see each object."""
        return int(self.request["HumanTaskConfig"]["NumberOfHumanWorkersPerDataObject"])

    def task(self, line: Line, size: image_files.ImageSize | None = None) -> Task:
        """Return the task of one object."""
        return Task(self.job_name, line, self.categories, self.workers, size)

    @property
    def region(self) -> str:
        """The region of the work team, which is that of the job."""
        return str(self.request["HumanTaskConfig"]["WorkteamArn"]).split(":")[3]

    def keep_answers(self, index: int, task: Task, contents: Sequence[Mapping[str, Any]]) -> None:
        """Write what each worker answered.

        Args:
            index: The place of the object in the manifest.
            task: The object.
            contents: The answers, by the name of the form's element.
        """
        moment = datetime.now(UTC)
        body = worker_responses.response(task, contents, self.workforce, self.region, moment)
        self.files.put(worker_responses.path_of(index, moment), body)


@dataclass
class BilledWork:
    """What is paid for.

    Attributes:
        shown: Objects that were shown to workers, or are charged as if they had been.
        shown_without_label: Those among them that had no label which could be verified.
        opinions: The categories that reviewers chose, by item.
        accepted_category: The category that accepts a label, None in a job that labels.
    """

    shown: int = 0
    shown_without_label: int = 0
    opinions: dict[str, list[str]] = field(default_factory=dict)
    accepted_category: str | None = None

    def show(self, *, labeled: bool = True) -> None:
        """Count an object that is shown."""
        self.shown += 1
        self.shown_without_label += not labeled

    def note(self, item: str, opinions: Sequence[reviewers.Opinion]) -> None:
        """Record the reviewers' opinions about an object's label."""
        self.opinions[item] = [opinion.category for opinion in opinions]


class Work(Protocol):
    """The work of one kind of job on batches of objects.

    Attributes:
        batch_objects: How many objects make a batch.
        effort: What is paid for.
    """

    batch_objects: int
    effort: BilledWork

    def prepare(self, batch: Sequence[tuple[int, Line]]) -> None:
        """Do what comes before workers see a batch of numbered lines."""

    def work_on(self, index: int, line: Line) -> Outcome | None:
        """Let workers work on one object.

        Returns:
            Its outcome, None if it is known only after the batch.
        """
        ...

    def consolidate(self) -> Mapping[int, Outcome]:
        """Return the outcomes of the objects of the batch that were left open."""
        ...


class Labeling:
    """Objects are labeled; see `Work`."""

    batch_objects = 1

    def __init__(self, assignment: Assignment, kind: LabelingKind) -> None:
        """Start with nothing done.

        Args:
            assignment: What the workers are given.
            kind: The task type.
        """
        self.effort = BilledWork()
        self._assignment = assignment
        self._kind = kind

    def prepare(self, batch: Sequence[tuple[int, Line]]) -> None:
        """See `Work`."""

    def work_on(self, index: int, line: Line) -> Outcome | None:
        """See `Work`."""
        content = self._assignment.files.load(line["source-ref"]) if "source-ref" in line else b""
        if isinstance(content, Failure):
            return content
        measures = self._kind.measures
        size = image_files.size(content) if measures else None
        if measures and size is None:
            return Failure(f"ClientError: Unable to load {line['source-ref']}: not an image")
        self.effort.show()
        task = self._assignment.task(line, size)
        outcome = workforce.work_on(task, self._kind.labeler, self._assignment.workforce)
        if isinstance(outcome, Answer):
            contents = [{self._kind.answer_name: content} for content in outcome.given]
            self._assignment.keep_answers(index, task, contents)
        return outcome

    def consolidate(self) -> Mapping[int, Outcome]:
        """See `Work`."""
        return {}


class Verification:
    """Verification of an earlier job's labels with the managed functions; see `Work`."""

    batch_objects = 1

    def __init__(self, assignment: Assignment, kind: VerificationKind, prior: str) -> None:
        """Start with nothing done.

        Args:
            assignment: What the workers are given.
            kind: The task type.
            prior: The label attribute that the template shows.

        Raises:
            InputError: The job would write over the labels that it verifies.
        """
        if assignment.request["LabelAttributeName"] == prior:
            message = (
                f"ClientError: LabelAttributeName must differ from {prior}, the attribute that is "
                "verified"
            )
            raise InputError(message)
        self._assignment = assignment
        self._prior = prior
        self._kind = kind
        self._categories = [category.name for category in assignment.categories]
        self.effort = BilledWork(
            accepted_category=reviewers.accepted_category(self._categories, assignment.workforce)
        )

    def prepare(self, batch: Sequence[tuple[int, Line]]) -> None:
        """See `Work`."""

    def work_on(self, index: int, line: Line) -> Outcome | None:
        """See `Work`."""
        missing = self._missing(line)
        if missing is not None:
            # The guide: such an object fails by itself, and may be charged.
            self.effort.show(labeled=False)
            return missing
        files = self._assignment.files
        picture = files.load(line["source-ref"])
        label = files.load(str(line[self._prior]), "label") if self._kind.is_file else b""
        for content in (picture, label):
            if isinstance(content, Failure):
                return content
        self.effort.show()
        task = self._assignment.task(line)
        right = self._is_right(task, line, lambda _uri: bytes(label))  # type: ignore[arg-type] # no Failure
        review = reviewers.Review(task.job_name, task.item, self._categories, task.workers, right)
        opinions = reviewers.opinions(review, self._assignment.workforce)
        if isinstance(opinions, Failure):
            return opinions
        self.effort.note(task.item, opinions)
        name = self._kind.answer_name
        contents = [{name: {"label": opinion.category}} for opinion in opinions]
        self._assignment.keep_answers(index, task, contents)
        return reviewers.consolidated(opinions, self._categories)

    def consolidate(self) -> Mapping[int, Outcome]:
        """See `Work`."""
        return {}

    def _missing(self, line: Line) -> Failure | None:
        metadata = line.get(f"{self._prior}-metadata")
        needed = self._kind.metadata
        if self._prior not in line or not isinstance(metadata, dict):
            return Failure(f"ClientError: The data object has no label {self._prior} to verify.")
        if "failure-reason" in metadata or needed not in metadata:
            return Failure(f"ClientError: The metadata of {self._prior} has no {needed}.")
        return None

    def _is_right(self, task: Task, line: Line, read: Callable[[str], bytes]) -> bool | None:
        truth = self._assignment.workforce.truth.get(task.subject)
        if truth is None:
            return None
        return self._kind.equals(line[self._prior], line[f"{self._prior}-metadata"], truth, read)


def has_label(line: Line) -> bool:
    """Tell whether a line holds any label of an earlier job."""
    return any(
        name in line and isinstance(metadata, dict) and "failure-reason" not in metadata
        for key, metadata in line.items()
        if key.endswith("-metadata") and (name := key.removesuffix("-metadata"))
    )
