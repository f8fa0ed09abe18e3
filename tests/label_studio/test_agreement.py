"""The Label Studio in the process and the real one answer alike."""

from __future__ import annotations

import itertools
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from labeling_lambdas.domain.label_studio.projects import labeling_settings
from labeling_lambdas.domain.task_types import task_type
from labeling_lambdas.label_studio import client
from labeling_lambdas.label_studio.client import Bucket, LabelStudio
from labeling_lambdas.label_studio.connection import Connection
from labeling_lambdas.label_studio.errors import (
    LabelStudioRefusedError,
    LabelStudioTokenError,
    LabelStudioUnavailableError,
)
from tests.label_studio.place import GoneErrors, InProcess, Place, counts

if TYPE_CHECKING:
    from labeling_sandbox.label_studio.people import Person
    from labeling_sandbox.label_studio.server import LabelStudioServer

_KIND = task_type("text_single_label_classification")
_PAGE = 3
_CHOICE = {"from_name": "label", "to_name": "source", "type": "choices"}
#: The action on the tasks that nobody has answered.
_DELETE_TASKS = (
    "POST",
    "/api/dm/actions",
    {
        "filters": client._all_of(client._UNANSWERED),
        "selectedItems": {"all": True, "excluded": []},
    },
)
_LEGACY = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAGE_SIZE", _PAGE)
    monkeypatch.setattr(client, "_PROJECT_PAGE", _PAGE)


@pytest.fixture
def in_process_place() -> Place:
    return InProcess().place()


@pytest.fixture
def real_place(server: LabelStudioServer, studio: LabelStudio, people: list[Person]) -> Place:
    return Place(studio, people, lambda token: LabelStudio(Connection(server.url, token)))


@pytest.fixture(params=["in_process", "real"])
def place(request: pytest.FixtureRequest) -> Place:
    """Return the one in the process, then the real one, so that both are tested."""
    found: Place = request.getfixturevalue(f"{request.param}_place")
    return found


def settings_of(title: str, people: int = 2) -> dict[str, Any]:
    return labeling_settings(title, _KIND, ("yes", "no"), "", people)


def new_project(place: Place, tasks: int, people: int = 2) -> int:
    number = place.studio.create_project(settings_of(f"of {uuid.uuid4().hex}", people))
    if tasks:
        place.studio.import_tasks(number, [a_task(str(item)) for item in range(tasks)])
    return number


def a_task(item: str) -> dict[str, Any]:
    return {"data": {"text": f"text {item}", "item_id": item}}


def choosing(name: str) -> list[dict[str, Any]]:
    return [{**_CHOICE, "value": {"choices": [name]}}]


def tasks_of(place: Place, project: int, *, unfinished: bool = False) -> list[dict[str, Any]]:
    pages = list(place.studio.tasks(project, unfinished=unfinished))
    assert [page.is_last for page in pages] == [False] * (len(pages) - 1) + [True]
    return [task for page in pages for task in page.tasks]


def items_of(place: Place, project: int, *, unfinished: bool = False) -> list[str]:
    return [task["data"]["item_id"] for task in tasks_of(place, project, unfinished=unfinished)]


def delete_tasks(place: Place, project: int) -> Any:
    query = {"project": project, "id": "delete_tasks"}
    return place.studio.connection.call(*_DELETE_TASKS, query=query)


def status_of(place: Place, *arguments: Any, **query: Any) -> int:
    """Return the status with which a call is refused; 500 for one that may succeed later."""
    with pytest.raises((LabelStudioRefusedError, LabelStudioUnavailableError)) as raised:
        place.studio.connection.call(*arguments, query=query or None)
    return getattr(raised.value, "status", 500)


def test_several_projects_can_have_a_title_and_are_found_by_what_it_contains(place: Place) -> None:
    title = f"x{uuid.uuid4().hex}"
    names = [title, f"{title} copy", title.upper(), title, title]
    numbers = [place.studio.create_project(settings_of(name)) for name in names]
    assert numbers == sorted(numbers)
    assert place.studio.connection.call(
        "GET", "/api/projects/", query={"title": title, "page_size": 100}
    )["count"] == len(numbers)
    # The client looks at the exact title; settings have it in lower case.
    assert place.studio.projects(title) == [numbers[0], *numbers[2:]]
    place.studio.delete_project(numbers[0])
    assert place.studio.projects(title) == numbers[2:]
    assert place.studio.projects(title[:-1]) == []


@pytest.mark.parametrize(
    ("characters", "is_refused"), [(2, True), (3, False), (50, False), (51, True)]
)
def test_a_title_has_3_to_50_characters(place: Place, characters: int, is_refused: bool) -> None:
    title = uuid.uuid4().hex.ljust(60, "x")[:characters]
    if is_refused:
        settings = {**settings_of("any title"), "title": title}
        assert status_of(place, "POST", "/api/projects/", settings) == 400
    else:
        place.studio.delete_project(place.studio.create_project(settings_of(title)))


def test_an_import_appends_its_tasks_whether_they_are_there_or_not(place: Place) -> None:
    project = new_project(place, 2)
    place.studio.import_tasks(project, [a_task("1"), a_task("7")])
    tasks = tasks_of(place, project)
    assert [task["data"]["item_id"] for task in tasks] == ["0", "1", "1", "7"]
    assert all(first["id"] < second["id"] for first, second in itertools.pairwise(tasks))
    assert counts(place.studio.progress(project)) == (4, 0, 0)


def test_a_batch_is_imported_as_a_whole_or_not_at_all(place: Place) -> None:
    project = new_project(place, 1)
    batch = [a_task("1"), {"data": {"item_id": "without a text"}}, a_task("2")]
    assert status_of(place, "POST", f"/api/projects/{project}/import", batch) == 400
    assert items_of(place, project) == ["0"]


def test_a_task_is_finished_when_as_many_people_as_wanted_have_answered(place: Place) -> None:
    project = new_project(place, 2)
    task, other = (task["id"] for task in tasks_of(place, project))
    first, second, third = place.people
    first.skip(project, task)
    assert counts(place.studio.progress(project)) == (2, 0, 0)
    second.submit(project, task, choosing("yes"))
    second.submit(project, task, choosing("no"))
    # The same person counts once, and their answers twice.
    assert counts(place.studio.progress(project)) == (2, 0, 2)
    assert items_of(place, project, unfinished=True) == ["0", "1"]
    third.submit(project, task, [])
    assert counts(place.studio.progress(project)) == (2, 1, 3)
    assert items_of(place, project, unfinished=True) == ["1"]
    # One more than wanted is taken too.
    first.submit(project, task, choosing("yes"))
    assert counts(place.studio.progress(project)) == (2, 1, 4)
    annotations = tasks_of(place, project)[0]["annotations"]
    shown = sorted((it["created_at"], it["id"], it["was_cancelled"]) for it in annotations)
    assert [skipped for _, _, skipped in shown] == [True, False, False, False, False]
    assert len({str(it["completed_by"]) for it in annotations}) == len(place.people)
    assert {it["result"][0]["value"]["choices"][0] for it in annotations if it["result"]} == {
        "yes",
        "no",
    }
    assert other == tasks_of(place, project)[1]["id"]


def test_people_are_shown_what_they_have_not_seen_and_others_have_not_finished(
    place: Place,
) -> None:
    project = new_project(place, 3)
    first, second, third = place.people
    assert first.work(project, lambda _: choosing("yes")) == 3
    assert first.next_task(project) is None
    assert second.work(project, lambda _: None) == 3
    assert second.next_task(project) is None
    assert third.work(project, lambda _: choosing("no")) == 3
    assert counts(place.studio.progress(project)) == (3, 3, 6)


@pytest.mark.parametrize("count", [0, 1, _PAGE, _PAGE + 1, 2 * _PAGE])
def test_tasks_are_read_on_after_any_of_them_whatever_was_deleted(place: Place, count: int) -> None:
    project = new_project(place, count)
    numbers = [task["id"] for task in tasks_of(place, project)]
    assert numbers == sorted(numbers)
    assert len(numbers) == count
    for after in [0, *numbers]:
        pages = list(place.studio.tasks(project, after))
        found = [task["id"] for page in pages for task in page.tasks]
        assert found == [number for number in numbers if number > after]
        assert pages[-1].last_task == max([after, *numbers])
    if numbers:
        pages_left = place.studio.tasks(project)
        read = next(pages_left).tasks
        place.studio.connection.call("DELETE", f"/api/tasks/{numbers[0]}/")
        assert [task["id"] for page in pages_left for task in page.tasks] == numbers[len(read) :]


def test_an_import_tells_the_number_of_its_last_task(place: Place) -> None:
    project = new_project(place, 1)
    last = place.studio.import_tasks(project, [a_task("1"), a_task("2")])
    assert last == tasks_of(place, project)[-1]["id"]
    assert place.studio.import_tasks(new_project(place, 0), [a_task("1")]) > last


def test_a_page_after_the_last_one_is_refused(place: Place) -> None:
    project = new_project(place, _PAGE)
    query = {"project": project, "page": 2, "page_size": _PAGE}
    assert status_of(place, "GET", "/api/tasks/", **query) == 404


def test_what_nobody_has_answered_can_be_deleted_and_deleting_nothing_is_no_error(
    place: Place,
) -> None:
    project = new_project(place, 4)
    answered, skipped, untouched, _ = (task["id"] for task in tasks_of(place, project))
    first, second, _ = place.people
    first.submit(project, answered, [])
    first.skip(project, skipped)
    second.skip(project, answered)
    place.studio.delete_unanswered(project)
    place.studio.delete_unanswered(project)
    assert items_of(place, project) == ["0"]
    for gone in (skipped, untouched):
        with pytest.raises(GoneErrors):
            second.submit(project, gone, choosing("yes"))
    second.submit(project, answered, choosing("yes"))
    assert delete_tasks(place, project)["processed_items"] == 0
    emptied = new_project(place, 2)
    assert [delete_tasks(place, emptied)["processed_items"] for _ in range(2)] == [2, 0]
    place.studio.import_tasks(project, [a_task("9")])
    assert items_of(place, project) == ["0", "9"]


def test_nothing_can_be_done_with_a_project_that_was_deleted(place: Place) -> None:
    project = new_project(place, 1)
    (task,) = tasks_of(place, project)
    place.studio.delete_project(project)
    assert place.studio.progress(project) is None
    refused = [
        status_of(place, "DELETE", f"/api/projects/{project}/"),
        status_of(place, "POST", f"/api/projects/{project}/import", [a_task("1")]),
        status_of(place, "GET", "/api/tasks/", project=project),
        status_of(place, *_DELETE_TASKS, project=project, id="delete_tasks"),
    ]
    assert refused == [404] * len(refused)
    with pytest.raises(GoneErrors):
        place.people[0].submit(project, task["id"], choosing("yes"))
    assert place.people[0].next_task(project) is None


def test_a_bucket_is_connected_once(place: Place) -> None:
    project = new_project(place, 0)
    listed = ("GET", "/api/storages/s3")
    assert place.studio.connection.call(*listed, query={"project": project}) == []


def test_another_token_is_not_accepted(place: Place) -> None:
    place.studio.require_supported()
    with pytest.raises(LabelStudioTokenError):
        place.connect(_LEGACY).require_supported()


@pytest.mark.parametrize("character", ["\0", "\ud83d"])
def test_a_character_that_postgresql_does_not_store_refuses_the_batch(character: str) -> None:
    # The real one of the tests has SQLite, which stores both.
    place = InProcess().place()
    project = new_project(place, 1)
    with pytest.raises(LabelStudioUnavailableError):
        place.studio.import_tasks(project, [a_task("1"), a_task(f"a{character}b")])
    place.studio.import_tasks(project, [a_task("\U0001f389 \\u0000")])
    assert items_of(place, project) == ["0", "\U0001f389 \\u0000"]


def test_a_bucket_is_shown_by_its_project_only() -> None:
    place = InProcess().place()
    first, second = new_project(place, 0), new_project(place, 0)
    for _ in range(2):
        place.studio.connect(first, Bucket("uploads", "us-east-1"))
    listed = [
        place.studio.connection.call("GET", "/api/storages/s3", query={"project": project})
        for project in (first, second)
    ]
    assert [[storage["bucket"] for storage in storages] for storages in listed] == [["uploads"], []]
