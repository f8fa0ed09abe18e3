"""Online checks of what the functions do in Label Studio."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from in_process_aws.sagemaker import ENDED_STATUSES

if TYPE_CHECKING:
    from in_process_aws.account import Account
    from in_process_aws.calls import Answer, Call
    from labeling_faults.label_studio.api import LabelStudio, Request
    from labeling_faults.label_studio.contents import Fields

_JOB, _STATE = "/job.json", "/state.json"
_RESPONSES = "/annotations/worker-response/"


@dataclass
class LabelStudioChecks:
    """Checks the functions' calls of Label Studio while a history runs.

    Attributes:
        account: The account with the jobs.
        studio: Label Studio.
        violations: Broken promises.
    """

    account: Account
    studio: LabelStudio
    violations: list[str]
    #: Titles of the projects that the functions created, by number.
    _titles: dict[int, str] = field(default_factory=dict)
    #: Numbers of the tasks that the functions imported, by project.
    _imported: dict[int, set[int]] = field(default_factory=dict)

    def after(self, call: Call, answer: Answer) -> None:
        """Check a call of Label Studio that has taken effect."""
        request: Request = call.parameters["request"]
        if call.operation == "POST /api/projects/":
            self._created(answer["content"]["id"], request.body["title"])
        elif call.operation == "POST /api/projects/{}/import":
            self._tasks_imported(request.project, len(request.body))
        elif call.operation == "DELETE /api/projects/{}/":
            self._deleted(request.project)
        elif call.operation == "POST /api/dm/actions":
            self._require_own(int(request.query["project"]))

    def _created(self, number: int, title: str) -> None:
        for other, its in self._titles.items():
            if its == title and self._imported.get(other):
                self.violations.append(
                    f"I3: project {title} is made again, people may have worked on the first one"
                )
        self._titles[number] = title

    def _tasks_imported(self, number: int, count: int) -> None:
        self._require_own(number)
        tasks = self.studio.projects[number].tasks
        imported = self._imported.setdefault(number, set())
        imported |= {task.number for task in tasks[-count:]}
        items = Counter(task.data["item_id"] for task in tasks if task.number in imported)
        doubled = [item for item, times in items.items() if times > 1]
        if doubled:
            self.violations.append(f"I3: {doubled} are asked for twice in project {number}")

    def _deleted(self, number: int) -> None:
        self._require_own(number)
        if self._imported.get(number):
            self.violations.append(f"I1: project {number} is deleted, people may have worked on it")

    def _require_own(self, number: int) -> None:
        if number not in self._titles:
            self.violations.append(f"I1: project {number} of somebody else is changed")

    def written(self, bucket: str, key: str) -> None:
        """Check a file of a job that was written."""
        if not key.endswith(_STATE):
            return
        state = json.loads(self.account.s3.body(bucket, key))
        if state["status"] not in ENDED_STATUSES:
            return
        output = f"{key.removesuffix(_STATE)}/manifests/output/output.manifest"
        if state["status"] == "Completed" and not self.account.s3.buckets[bucket].current(output):
            self.violations.append(f"I1: {key} says that the job has ended, it has no output")
        if self.account.s3.buckets[bucket].current(output):
            self._answers_kept(bucket, key.removesuffix(_STATE))
        project = self.studio.projects.get(state["project"])
        imported = self._imported.get(state["project"], set())
        for task in [] if project is None else project.tasks:
            if task.number in imported and not task.given:
                self.violations.append(
                    f"I3: people are still asked for {task.data.get('item_id')}, though its job"
                    f" {key.split('/')[1]} has ended"
                )

    def _answers_kept(self, bucket: str, folder: str) -> None:
        """Require of a job that has ended the answers of people to each labeled object, once."""
        job = json.loads(self.account.s3.body(bucket, folder + _JOB))
        attribute = (job["verification"] or job)["attribute"]
        output = self._lines(bucket, f"{folder}/manifests/output/output.manifest")
        labeled = Counter(line["item-id"] for line in output if attribute in line)
        kept = Counter(
            line["item-id"]
            for key in self.account.s3.buckets[bucket].objects
            if key.startswith(folder + _RESPONSES)
            for line in self._lines(bucket, key)
            if len(line["answers"]) >= job["people"]
        )
        if labeled - kept or max(kept.values(), default=1) > 1:
            self.violations.append(f"I1: the answers of people in {folder} are not those counted")

    def _lines(self, bucket: str, key: str) -> list[Fields]:
        text = self.account.s3.body(bucket, key).decode()
        return [json.loads(line) for line in text.splitlines() if line]
