"""Jobs whose projects are changed by their members, or refuse what they are sent."""

from __future__ import annotations

import json
import time
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from labeling_faults.label_studio import api
from labeling_faults.label_studio.connection import InProcessConnection, failure
from labeling_faults.label_studio.people import Person
from labeling_faults.simulated_time.clock import Clock
from labeling_lambdas.label_studio import client
from labeling_lambdas.label_studio.errors import (
    LabelStudioAnswerError,
    LabelStudioChangedError,
    LabelStudioUnavailableError,
)
from labeling_lambdas.steps import studio_output, studio_project
from labeling_sandbox.label_studio.audited_jobs import read_jobs
from labeling_sandbox.label_studio.results import ANSWERS
from tests.label_studio.engine import Changes, Engine, KilledError, only_project, output_of
from tests.label_studio.labeling import Job, studio_job
from tests.label_studio.place import ADDRESS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from in_process_aws.calls import Call
    from labeling_sandbox.server import Sandbox

_BATCH, _PAGE, _COUNT = 2, 2, 5
#: Only verdicts are read from Label Studio.
_NOBODY: Any = None


class _Calls:
    """Counts the changes, and may replace an answer or refuse a call."""

    def __init__(self, changes: Changes) -> None:
        self.changes = changes
        self.refuse: Callable[[api.Request], bool] = lambda _request: False
        self.replace: dict[str, Callable[[Any], Any]] = {}

    def before(self, call: Call) -> None:
        request = call.parameters["request"]
        if self.refuse(request):
            raise failure(request, HTTPStatus.BAD_REQUEST)

    def after(self, call: Call, answer: dict[str, Any]) -> None:
        replaced = self.replace.get(call.operation)
        if replaced is not None:
            answer["content"] = replaced(answer["content"])
        self.changes.made(call.operation.partition(" ")[0])


class Studio:
    """A Label Studio in the process, and the functions that work with it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.clock = Clock()
        self.contents = api.LabelStudio(self.clock)
        self.person = Person(self.contents, 2)
        self.engine = Engine(sandbox, self._connect)

    def _connect(self, changes: Changes) -> InProcessConnection:
        self.calls = _Calls(changes)
        return InProcessConnection(self.contents, ADDRESS, api.TOKEN, self.calls)

    def point_to(self, address: str, contents: api.LabelStudio) -> None:
        """Set `label_studio.url`, behind which there is a Label Studio."""
        connection = InProcessConnection(contents, address, api.TOKEN, self.calls)
        self.engine.studio = client.LabelStudio(connection)

    def delete_tasks(self, project: int, *places: int) -> None:
        """Delete tasks as a member of the project does."""
        numbers = [task.number for task in self.contents.projects[project].tasks]
        for place in places:
            self.engine.studio.connection.call("DELETE", f"/api/tasks/{numbers[place]}/")

    def items(self, project: int) -> list[str]:
        return [task.data["item_id"] for task in self.contents.projects[project].tasks]


@pytest.fixture(autouse=True)
def _small_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAGE_SIZE", _PAGE)
    monkeypatch.setattr(studio_output, "_PAGES_OF_A_PART", 1)
    monkeypatch.setattr(studio_project, "_BATCH", _BATCH)


@pytest.fixture
def studio(sandbox: Sandbox) -> Studio:
    return Studio(sandbox)


@pytest.fixture
def job(sandbox: Sandbox, studio: Studio) -> Job:
    """A job of one person that was created and not worked on yet."""
    found = Job(sandbox, "text_single_label_classification", _COUNT)
    studio.engine.jobs.create(studio_job(found, people=1).fields())
    return found


def lose_an_import(studio: Studio, job: Job, batches: int) -> int:
    """End the function after a batch was imported and before it is counted; return the project."""
    imports = 0

    def is_last(content: Any) -> Any:
        nonlocal imports
        imports += 1
        if imports == batches:
            raise KilledError
        return content

    studio.calls.replace["POST /api/projects/{}/import"] = is_last
    with pytest.raises(KilledError):
        studio.engine.advance()
    studio.calls.replace.clear()
    studio.engine.free_lease()
    return only_project(studio.engine, job)


def added(text: str) -> dict[str, Any]:
    return {"data": {"text": text, "item_id": f"of a member: {text}"}}


@pytest.mark.parametrize("batches", [1, 2, 3])
@pytest.mark.parametrize("change", ["nothing", "a task added", "the first deleted"])
def test_each_item_is_imported_once_though_the_answer_to_an_import_is_lost(
    change: str, batches: int, studio: Studio, job: Job
) -> None:
    project = lose_an_import(studio, job, batches)
    kept = list(job.objects)
    if change == "a task added":
        studio.engine.studio.import_tasks(project, [added("mine")])
    if change == "the first deleted" and batches < 3:
        # The first of the batch whose import was lost; the third batch has one item only.
        first = (batches - 1) * _BATCH
        studio.delete_tasks(project, first)
        del kept[first]
    studio.engine.advance()
    own = [item for item in studio.items(project) if not item.startswith("of a member")]
    assert own == kept


def test_a_task_that_was_deleted_is_not_imported_again(studio: Studio, job: Job) -> None:
    studio.engine.advance()
    project = only_project(studio.engine, job)
    studio.delete_tasks(project, 1)
    assert studio.engine.advance() == {job.project.job_name: "InProgress"}
    assert studio.items(project) == [item for at, item in enumerate(job.objects) if at != 1]


@pytest.mark.parametrize("deleted", [(0,), (1, 3), tuple(range(_COUNT))])
def test_a_job_ends_when_the_tasks_that_are_left_are_answered(
    deleted: tuple[int, ...], studio: Studio, job: Job
) -> None:
    studio.engine.advance()
    project = only_project(studio.engine, job)
    studio.delete_tasks(project, *deleted)
    studio.person.work(project, job.right)
    assert studio.engine.advance() == {job.project.job_name: "Completed"}
    found = output_of(studio.engine, job)
    assert [output.item_id for output in found] == list(job.objects)
    assert [at for at, output in enumerate(found) if not output.reached] == list(deleted)
    description = studio.engine.jobs.describe(job.project.job_name)
    assert description is not None
    assert description.counters["HumanLabeled"] == _COUNT - len(deleted)


def test_a_task_that_is_deleted_during_the_collection_moves_no_other_answer(
    studio: Studio, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.engine.advance()
    project = only_project(studio.engine, job)
    studio.person.work(project, job.right)
    # Enough time for a page.
    monkeypatch.setattr(studio_output, "_PAGE_SECONDS", 1000)
    assert studio.engine.advance() == {job.project.job_name: "InProgress"}
    assert studio.engine.jobs.state(job.project.job_name).lines == _PAGE
    # Of a page that was read: a page further on begins one task later now.
    studio.delete_tasks(project, 0)
    monkeypatch.setattr(studio_output, "_PAGE_SECONDS", 1)
    assert studio.engine.advance() == {job.project.job_name: "Completed"}
    found = output_of(studio.engine, job)
    assert [output.item_id for output in found] == list(job.objects)
    assert all(output.label is not None for output in found)


def test_a_job_ends_though_every_task_is_deleted_during_the_collection(
    studio: Studio, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.engine.advance()
    project = only_project(studio.engine, job)
    studio.person.work(project, job.right)
    monkeypatch.setattr(studio_output, "_PAGE_SECONDS", 1000)
    studio.engine.advance()
    studio.delete_tasks(project, *range(_COUNT))
    monkeypatch.setattr(studio_output, "_PAGE_SECONDS", 1)
    assert studio.engine.advance() == {job.project.job_name: "Completed"}
    labeled = [output.label is not None for output in output_of(studio.engine, job)]
    assert labeled == [True] * _PAGE + [False] * (_COUNT - _PAGE)


def test_a_project_that_refuses_the_rest_keeps_what_was_answered_and_offers_no_more(
    studio: Studio, job: Job
) -> None:
    last = list(job.objects)[-1]

    def has_last(request: api.Request) -> bool:
        return request.path.endswith("/import") and last in json.dumps(request.body)

    # People answer while the tasks are imported.
    project = lose_an_import(studio, job, 2)
    task = studio.person.next_task(project)
    assert task is not None
    studio.person.submit(project, task["id"], job.right(task))
    studio.calls.refuse = has_last
    assert studio.engine.advance() == {job.project.job_name: "Failed"}
    assert studio.person.next_task(project) is None
    description = studio.engine.jobs.describe(job.project.job_name)
    assert description is not None
    assert "HTTP 400" in description.failure_reason
    found = output_of(studio.engine, job)
    assert [output.item_id for output in found] == list(job.objects)
    assert [output.label is not None for output in found] == [True] + [False] * (_COUNT - 1)
    assert [output.reached for output in found] == [True] + [False] * (_COUNT - 1)


def test_a_task_that_a_member_adds_is_answered_before_the_job_ends(
    studio: Studio, job: Job
) -> None:
    studio.engine.advance()
    project = only_project(studio.engine, job)
    studio.engine.studio.import_tasks(project, [added("mine")])
    own = ANSWERS[job.name](next(iter(job.objects.values())).task, job.project.labels[0])
    answered = studio.person.work(
        project,
        lambda task: own if task["data"]["text"] == "mine" else job.right(task),
    )
    assert answered == _COUNT + 1
    assert studio.engine.advance() == {job.project.job_name: "Completed"}
    assert all(output.label is not None for output in output_of(studio.engine, job))


_OTHER: Mapping[str, Callable[[Any], Any]] = {
    "nothing": lambda _content: None,
    "a list": lambda content: [content],
    "a text": lambda _content: "fine",
    "an object": lambda _content: {"detail": "fine"},
    "other types": lambda content: {name: [name] for name in content},
}


@pytest.mark.parametrize("form", sorted(_OTHER))
@pytest.mark.parametrize(
    "operation",
    [
        "GET /api/projects/",
        "POST /api/projects/",
        "POST /api/projects/{}/import",
        "GET /api/projects/{}/",
        "GET /api/tasks/",
    ],
)
def test_an_answer_of_another_form_is_named_and_harms_nothing(
    operation: str, form: str, studio: Studio, job: Job
) -> None:
    studio.calls.replace[operation] = _OTHER[form]
    with pytest.raises(LabelStudioAnswerError, match="answers with something else than"):
        studio.engine.advance()
    studio.calls.replace.clear()
    studio.engine.free_lease()
    studio.engine.advance()
    project = only_project(studio.engine, job)
    assert studio.items(project) == list(job.objects)
    studio.person.work(project, job.right)
    studio.calls.replace[operation] = _OTHER[form]
    if operation.startswith("GET /api/tasks") or "{}/" in operation[-3:]:
        with pytest.raises(LabelStudioAnswerError):
            studio.engine.advance()
        studio.engine.free_lease()
    studio.calls.replace.clear()
    assert studio.engine.advance() == {job.project.job_name: "Completed"}
    assert all(output.label is not None for output in output_of(studio.engine, job))


@pytest.mark.parametrize(
    "change",
    [
        lambda tasks: [{**task, "data": None} for task in tasks],
        lambda tasks: [{**task, "annotations": {}} for task in tasks],
        lambda tasks: [{"id": task["id"]} for task in tasks],
        lambda tasks: tasks[::-1],
        lambda tasks: [tasks[0], *tasks],
        lambda _tasks: [],
        lambda tasks: [*tasks[:1], "a text"],
    ],
    ids=["no data", "annotations", "numbers only", "order", "twice", "none of some", "text"],
)
def test_a_page_that_would_lose_answers_is_not_read(
    change: Callable[[list[Any]], list[Any]], studio: Studio, job: Job
) -> None:
    studio.engine.advance()
    studio.person.work(only_project(studio.engine, job), job.right)
    studio.calls.replace["GET /api/tasks/"] = lambda content: {
        **content,
        "tasks": change(content["tasks"]) if content["tasks"] else [],
    }
    with pytest.raises(LabelStudioAnswerError, match="a list of tasks"):
        studio.engine.advance()
    studio.calls.replace.clear()
    studio.engine.free_lease()
    assert studio.engine.advance() == {job.project.job_name: "Completed"}
    assert all(output.label is not None for output in output_of(studio.engine, job))


def test_a_project_that_is_not_listed_yet_is_looked_for_again(studio: Studio, job: Job) -> None:
    studio.calls.replace["GET /api/projects/"] = lambda content: {**content, "results": []}
    with pytest.raises(LabelStudioUnavailableError, match="cannot be found"):
        studio.engine.advance()
    studio.calls.replace.clear()
    studio.engine.free_lease()
    assert studio.engine.advance() == {job.project.job_name: "InProgress"}
    assert len(studio.contents.projects) == 1


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_the_auditor_knows_the_end_of_a_job_without_a_label(
    status: str, sandbox: Sandbox, studio: Studio, job: Job
) -> None:
    # Else an item of it that is labeled again would count as in two jobs at once.
    studio.engine.advance()
    if status == "Failed":
        studio.engine.studio.delete_project(only_project(studio.engine, job))
    else:
        studio.engine.jobs.stop(job.project.job_name)
    before = time.time()
    (open_job,) = read_jobs(sandbox.client, studio.engine.bucket, _NOBODY)
    assert datetime.fromisoformat(open_job.modified).timestamp() >= before
    assert studio.engine.advance() == {job.project.job_name: status}
    (ended,) = read_jobs(sandbox.client, studio.engine.bucket, _NOBODY)
    (later,) = read_jobs(sandbox.client, studio.engine.bucket, _NOBODY)
    assert ended.modified == later.modified
    assert ended.labeled == frozenset()


_ELSEWHERE = "https://elsewhere.example.org"


def other_place(studio: Studio, *, with_project: bool) -> api.LabelStudio:
    """Another Label Studio; in it the number of the job's project may be that of a stranger's."""
    studio.clock.sleep(1)
    contents = api.LabelStudio(studio.clock)
    if with_project:
        request = api.Request("POST", "/api/projects/", {"title": "of a stranger"})
        contents.answer(request)
    return contents


def tasks_of(contents: api.LabelStudio) -> list[int]:
    return [len(project.tasks) for project in contents.projects.values()]


@pytest.mark.parametrize("with_project", [False, True])
@pytest.mark.parametrize("answered", [0, 1, _COUNT])
def test_a_job_waits_while_the_address_is_that_of_another_label_studio(
    answered: int, studio: Studio, job: Job, *, with_project: bool
) -> None:
    studio.engine.advance()
    project = only_project(studio.engine, job)
    for _ in range(answered):
        task = studio.person.next_task(project)
        assert task is not None
        studio.person.submit(project, task["id"], job.right(task))
    other = other_place(studio, with_project=with_project)
    state = studio.engine.jobs.state(job.project.job_name)
    studio.point_to(_ELSEWHERE, other)
    with pytest.raises(LabelStudioChangedError, match=f"{ADDRESS} and not at {_ELSEWHERE}"):
        studio.engine.advance()
    assert studio.engine.jobs.state(job.project.job_name) == state
    assert tasks_of(other) == [0] * with_project
    studio.engine.free_lease()
    studio.point_to(ADDRESS, studio.contents)
    studio.person.work(project, job.right)
    assert studio.engine.advance() == {job.project.job_name: "Completed"}
    assert all(output.label is not None for output in output_of(studio.engine, job))


@pytest.mark.parametrize("batches", [1, 2])
def test_no_task_is_imported_into_the_project_of_a_stranger(
    batches: int, studio: Studio, job: Job
) -> None:
    lose_an_import(studio, job, batches)
    other = other_place(studio, with_project=True)
    studio.point_to(_ELSEWHERE, other)
    with pytest.raises(LabelStudioChangedError):
        studio.engine.advance()
    assert tasks_of(other) == [0]


def test_no_answer_is_collected_from_the_project_of_a_stranger(
    studio: Studio, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.engine.advance()
    studio.person.work(only_project(studio.engine, job), job.right)
    monkeypatch.setattr(studio_output, "_PAGE_SECONDS", 1000)
    assert studio.engine.advance() == {job.project.job_name: "InProgress"}
    studio.point_to(_ELSEWHERE, other_place(studio, with_project=True))
    with pytest.raises(LabelStudioChangedError):
        studio.engine.advance()
    studio.engine.free_lease()
    studio.point_to(ADDRESS, studio.contents)
    monkeypatch.setattr(studio_output, "_PAGE_SECONDS", 1)
    assert studio.engine.advance() == {job.project.job_name: "Completed"}
    assert all(output.label is not None for output in output_of(studio.engine, job))


def test_other_jobs_are_worked_on_while_one_waits_for_its_address(
    sandbox: Sandbox, studio: Studio, job: Job
) -> None:
    studio.engine.advance()
    studio.point_to(_ELSEWHERE, other_place(studio, with_project=True))
    later = Job(sandbox, "text_single_label_classification", 1)
    studio.engine.jobs.create(studio_job(later, people=1).fields())
    with pytest.raises(LabelStudioChangedError, match=job.project.job_name):
        studio.engine.advance()
    assert studio.engine.jobs.state(later.project.job_name).imported == 1


@pytest.mark.parametrize("with_project", [False, True])
def test_a_stopped_job_whose_project_is_elsewhere_fails(
    studio: Studio, job: Job, *, with_project: bool
) -> None:
    studio.engine.advance()
    other = other_place(studio, with_project=with_project)
    studio.point_to(_ELSEWHERE, other)
    studio.engine.jobs.stop(job.project.job_name)
    assert studio.engine.advance() == {job.project.job_name: "Failed"}
    description = studio.engine.jobs.describe(job.project.job_name)
    assert description is not None
    assert ADDRESS in description.failure_reason
    assert studio.engine.reported == [job.project.job_name]
    assert len(other.projects) == with_project
    assert studio.engine.jobs.open_names() == []


def test_another_address_of_the_same_label_studio_changes_nothing(studio: Studio, job: Job) -> None:
    studio.engine.advance()
    project = only_project(studio.engine, job)
    studio.point_to(_ELSEWHERE, studio.contents)
    assert studio.engine.advance() == {job.project.job_name: "InProgress"}
    # From now on a project that is gone was deleted.
    studio.engine.studio.delete_project(project)
    assert studio.engine.advance() == {job.project.job_name: "Failed"}
    description = studio.engine.jobs.describe(job.project.job_name)
    assert description is not None
    assert "deleted in Label Studio" in description.failure_reason


def test_the_project_of_a_stranger_in_a_new_database_is_not_that_of_the_job(
    studio: Studio, job: Job
) -> None:
    studio.engine.advance()
    other = other_place(studio, with_project=True)
    studio.point_to(ADDRESS, other)
    assert studio.engine.advance() == {job.project.job_name: "Failed"}
    assert len(other.projects) == 1


def test_a_renamed_project_stays_the_project_of_its_job(studio: Studio, job: Job) -> None:
    studio.engine.advance()
    project = only_project(studio.engine, job)
    studio.contents.projects[project].settings["title"] = "renamed"
    studio.person.work(project, job.right)
    assert studio.engine.advance() == {job.project.job_name: "Completed"}
    assert all(output.label is not None for output in output_of(studio.engine, job))
