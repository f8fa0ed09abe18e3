"""Custom labeling workflows: the customer's functions prepare tasks and consolidate answers.

Rules: the developer guide's pages on the functions of custom labeling workflows, and events that
AWS's published samples show.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from labeling_sandbox.ground_truth import output_lines, reviewers
from labeling_sandbox.ground_truth.answers import equality
from labeling_sandbox.ground_truth.answers.task import Answer, Failure, Outcome
from labeling_sandbox.ground_truth.labeling_inputs import InputError
from labeling_sandbox.ground_truth.labeling_work import Assignment, BilledWork, Line, has_label

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from labeling_sandbox.ground_truth.reviewers import Opinion
    from labeling_sandbox.ground_truth.worker_templates import Question, Template
    from labeling_sandbox.iam.role_clients import Client

_VERSION = "2018-10-16"
_TRIES = 3
_RETRY_SECONDS = 1.0
#: Each thread may start a process of the function, which costs more than the calls themselves.
_THREADS = 2
_BATCH_OBJECTS = 50
#: Errors that a retry does not fix: the job fails, as for a template that the role may not read.
_PERMANENT = frozenset({"AccessDeniedException", "ResourceNotFoundException"})


class FunctionError(Exception):
    """A function that failed at every attempt."""


@dataclass(frozen=True)
class Functions:
    """The two functions of a workflow.

    Attributes:
        client: A Lambda client that acts as the labeling role.
        job_arn: The labeling job.
        request: The members of the CreateLabelingJob request.
        pause: Waits before another try.
    """

    client: Client
    job_arn: str
    request: Mapping[str, Any]
    pause: Callable[[float], None]

    def prepare(self, line: Line) -> object:
        """Call the pre-annotation function for the task of one object.

        Raises:
            FunctionError: It fails at every attempt.
            InputError: The role may not call it, or there is none.
        """
        arn = self.request["HumanTaskConfig"]["PreHumanTaskLambdaArn"]
        return self._call(arn, {"dataObject": line})

    def consolidate(self, uri: str, categories: Sequence[str] | None) -> object:
        """Call the consolidation function for the labels of a batch; see `prepare`.

        Args:
            uri: Where the workers' answers are.
            categories: The label categories, None if the job has none.
        """
        arn = self.request["HumanTaskConfig"]["AnnotationConsolidationConfig"][
            "AnnotationConsolidationLambdaArn"
        ]
        output = self.request["OutputConfig"]
        event = {
            "labelCategories": categories,
            "labelAttributeName": self.request["LabelAttributeName"],
            "roleArn": self.request["RoleArn"],
            "outputConfig": output["S3OutputPath"],
            "payload": {"s3Uri": uri},
        }
        key = output.get("KmsKeyId")
        return self._call(arn, {**event, "kmsKeyId": key} if key else event)

    def _call(self, arn: str, event: Mapping[str, Any]) -> object:
        body = json.dumps({"version": _VERSION, "labelingJobArn": self.job_arn, **event}).encode()
        reason = ""
        for attempt in range(_TRIES):
            if attempt:
                self.pause(_RETRY_SECONDS)
            try:
                answer = self.client.invoke(FunctionName=arn, Payload=body)
            except ClientError as error:
                reason = f"ClientError: Unable to call {arn}: {error}"
                if error.response["Error"]["Code"] in _PERMANENT:
                    raise InputError(reason) from error
                continue
            content = answer["Payload"].read()
            if "FunctionError" not in answer:
                return json.loads(content)
            reason = f"ClientError: The function {arn} failed."
        raise FunctionError(reason)


class CustomWorkflow:
    """Work on objects whose tasks and results come from the customer's functions; see `Work`."""

    batch_objects = _BATCH_OBJECTS

    def __init__(
        self, assignment: Assignment, functions: Functions, template: Template, question: Question
    ) -> None:
        """Start with nothing done.

        Args:
            assignment: What the workers are given.
            functions: The workflow's functions.
            template: What workers are shown.
            question: What the template asks them.
        """
        self.effort = BilledWork()
        self._assignment = assignment
        self._functions = functions
        self._visible = template.inputs
        self._question = question
        self._prepared: dict[int, Mapping[str, Any] | Failure] = {}
        self._answered: dict[int, tuple[Line, list[dict[str, Any]]]] = {}

    def prepare(self, batch: Sequence[tuple[int, Line]]) -> None:
        """See `Work`: one call of the pre-annotation function for each object."""
        attribute = self._assignment.request["LabelAttributeName"]
        waiting = [(index, line) for index, line in batch if attribute not in line]
        with ThreadPoolExecutor(_THREADS) as threads:
            inputs = threads.map(self._task_input, [line for _, line in waiting])
            self._prepared = dict(zip((index for index, _ in waiting), inputs, strict=True))

    def work_on(self, index: int, line: Line) -> Outcome | None:
        """See `Work`."""
        task_input = self._prepared[index]
        if isinstance(task_input, Failure):
            return task_input
        # Workers see of the input what the template shows, and nothing else of the line.
        seen = {name: value for name, value in task_input.items() if name in self._visible}
        categories = self._question.choices(seen)
        if categories is None:
            return Failure("ClientError: The task offers nothing to choose.")
        subject = seen.get("taskObject")
        if isinstance(subject, str) and subject.startswith("s3://"):
            picture = self._assignment.files.load(subject)
            if isinstance(picture, Failure):
                return picture
        self.effort.show(labeled=has_label(line))
        workforce = self._assignment.workforce
        self.effort.accepted_category = reviewers.accepted_category(categories, workforce)
        task = self._assignment.task(line)
        review = reviewers.Review(
            task.job_name, task.item, categories, task.workers, self._is_right(seen)
        )
        opinions = reviewers.opinions(review, workforce)
        if isinstance(opinions, Failure):
            return opinions
        self.effort.note(task.item, opinions)
        contents = [self._content(opinion) for opinion in opinions]
        self._assignment.keep_answers(index, task, contents)
        self._answered[index] = (line, contents)
        return None

    def consolidate(self) -> Mapping[int, Outcome]:
        """See `Work`: one call of the consolidation function for the batch.

        Objects without any work are never passed to it.
        """
        answered, self._answered = self._answered, {}
        if not answered:
            return {}
        payload = [
            self._payload_entry(index, line, contents)
            for index, (line, contents) in answered.items()
        ]
        moment = f"{datetime.now(UTC):{output_lines.MOMENT}}"
        path = (
            f"annotations/consolidated-annotation/consolidation-request/iteration-1/{moment}.json"
        )
        uri = self._assignment.files.put(path, json.dumps(payload, ensure_ascii=False).encode())
        names = [category.name for category in self._assignment.categories] or None
        try:
            result = self._functions.consolidate(uri, names)
        except FunctionError as error:
            return dict.fromkeys(answered, Failure(str(error)))
        attribute = self._assignment.request["LabelAttributeName"]
        labels = _labels(result, attribute)
        missing = Failure(f"ClientError: The consolidation gives no {attribute} for the object.")
        details = {"type": "groundtruth/custom"}
        return {
            index: Answer(labels[str(index)], details) if str(index) in labels else missing
            for index in answered
        }

    def _task_input(self, line: Line) -> Mapping[str, Any] | Failure:
        try:
            answer = self._functions.prepare(line)
        except FunctionError as error:
            return Failure(str(error))
        if not isinstance(answer, dict) or not isinstance(answer.get("taskInput"), dict):
            return Failure("ClientError: The pre-annotation function gives no taskInput.")
        is_required = answer.get("isHumanAnnotationRequired", True)
        if not isinstance(is_required, bool):
            return Failure("ClientError: isHumanAnnotationRequired is neither true nor false.")
        if not is_required:
            return Failure("ClientError: No worker was asked to annotate the data object.")
        task_input: Mapping[str, Any] = answer["taskInput"]
        return task_input

    def _is_right(self, seen: Mapping[str, Any]) -> bool | None:
        subject = seen.get("taskObject")
        truth = self._assignment.workforce.truth.get(str(subject))
        if truth is None:
            return None
        return equality.shown(subject, seen.get("given", []), seen.get("segments", []), truth)

    def _content(self, opinion: Opinion) -> dict[str, Any]:
        content: dict[str, Any] = {self._question.name: {"label": opinion.category}}
        if self._question.comment is not None:
            content[self._question.comment] = opinion.comment
        return content

    def _payload_entry(
        self, index: int, line: Line, contents: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        shown = (
            {"s3Uri": line["source-ref"]} if "source-ref" in line else {"content": line["source"]}
        )
        region = self._functions.job_arn.split(":")[3]
        return {
            "datasetObjectId": str(index),
            "dataObject": shown,
            "annotations": [
                {
                    "workerId": f"private.{region}.{number:016x}",
                    "annotationData": {"content": json.dumps(content)},
                }
                for number, content in enumerate(contents)
            ],
        }


def _labels(result: object, attribute: str) -> dict[str, Any]:
    """Return the labels of a consolidation by object; what has another form gives none."""
    labels: dict[str, Any] = {}
    for entry in result if isinstance(result, list) else ():
        consolidated = entry.get("consolidatedAnnotation") if isinstance(entry, dict) else None
        content = consolidated.get("content") if isinstance(consolidated, dict) else None
        if isinstance(content, dict) and attribute in content:
            labels[str(entry.get("datasetObjectId"))] = content[attribute]
    return labels
