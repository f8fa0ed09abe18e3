"""The part of Label Studio's API that the functions call, in memory, and what its users do.

`tests/label_studio` holds it to the real one, with the exception of the characters that PostgreSQL
refuses: the tests' Label Studio has SQLite.
"""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from labeling_faults.label_studio.contents import Annotation, Fields, Project, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

RELEASE = "1.23.2"
#: The token of the owner.
TOKEN = "5" * 40

_TITLE_CHARACTERS = range(3, 51)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
#: A field of a task's data in a label configuration.
_SHOWN_FIELD = re.compile(r'value="\$(\w+)"')
_DEFAULT_PAGE = 100
_OWNER = 1

Route = tuple[str, re.Pattern[str], str]


class Clock(Protocol):
    """The time of a Label Studio."""

    @property
    def now(self) -> float:
        """Epoch seconds."""
        ...


class StatusError(Exception):
    """An answer with a status that says that nothing was done.

    Attributes:
        status: The HTTP status.
    """

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


@dataclass(frozen=True)
class Request:
    """A call of the API.

    Attributes:
        method: The HTTP method.
        path: The path.
        body: The content, any JSON value.
        query: The parameters.
    """

    method: str
    path: str
    body: Any = None
    query: Mapping[str, Any] = field(default_factory=dict)

    @property
    def project(self) -> int:
        """The number of the project that it is about, where the path has one."""
        return int(self.path.split("/")[3])

    @property
    def operation(self) -> str:
        """The call without the numbers of what it is about."""
        return f"{self.method} {re.sub('[0-9]+', '{}', self.path)}"


@dataclass
class LabelStudio:
    """A Label Studio.

    Attributes:
        clock: Its time.
        projects: Its projects by number.
    """

    clock: Clock
    projects: dict[int, Project] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def answer(self, request: Request) -> Any:  # noqa: ANN401 - any JSON value
        """Carry out a call.

        Raises:
            StatusError: If it is refused.
        """
        for method, path, name in _ROUTES:
            found = path.fullmatch(request.path)
            if found and method == request.method:
                carry_out: Callable[..., Any] = getattr(self, name)
                # As over a network: nobody shares what was sent.
                copied = Request(method, request.path, _copy(request.body), request.query)
                return _copy(carry_out(copied, *map(int, found.groups())))
        raise StatusError(HTTPStatus.NOT_FOUND)

    def annotate(
        self, task: int, person: int, results: Sequence[Fields] | None, *, project: int
    ) -> None:
        """Let a person answer a task, which they may do more than once.

        Args:
            task: Number of the task.
            person: Number of the person.
            results: What the person chose, drew or marked; None to decline the task.
            project: Number of its project.

        Raises:
            StatusError: If the task is gone.
        """
        held = self._project(project).tasks
        found = next((one for one in held if one.number == task), None)
        if found is None:
            raise StatusError(HTTPStatus.NOT_FOUND)
        found.annotations.append(
            Annotation(
                next(self._numbers),
                person,
                self._moment,
                _copy(tuple(results or ())),
                results is None,
            )
        )

    @property
    def _moment(self) -> str:
        return datetime.fromtimestamp(self.clock.now, UTC).isoformat()

    def _project(self, number: int) -> Project:
        if number not in self.projects:
            raise StatusError(HTTPStatus.NOT_FOUND)
        return self.projects[number]

    def _version(self, _request: Request) -> Fields:
        return {"release": RELEASE}

    def _whoami(self, _request: Request) -> Fields:
        return {"id": _OWNER}

    def _list_projects(self, request: Request) -> Fields:
        title = str(request.query.get("title", "")).lower()
        found = [one for one in self.projects.values() if title in one.title.lower()]
        # The newest first.
        shown, is_last = _page([one.fields() for one in reversed(found)], request.query)
        return {"count": len(found), "next": None if is_last else "next", "results": shown}

    def _create_project(self, request: Request) -> Fields:
        if len(request.body.get("title", "")) not in _TITLE_CHARACTERS:
            raise StatusError(HTTPStatus.BAD_REQUEST)
        _require_storable(request.body)
        project = Project(next(self._numbers), request.body, self._moment)
        self.projects[project.number] = project
        return project.fields()

    def _show_project(self, _request: Request, number: int) -> Fields:
        return self._project(number).fields()

    def _delete_project(self, _request: Request, number: int) -> None:
        del self.projects[self._project(number).number]

    def _import(self, request: Request, number: int) -> Fields:
        project = self._project(number)
        shown = set(_SHOWN_FIELD.findall(project.settings.get("label_config", "")))
        if not all(shown <= task["data"].keys() for task in request.body):
            raise StatusError(HTTPStatus.BAD_REQUEST)
        _require_storable(request.body)
        tasks = [
            Task(next(self._numbers), task["data"], task.get("predictions", []))
            for task in request.body
        ]
        project.tasks += tasks
        numbers = {"task_ids": [task.number for task in tasks]}
        is_asked = request.query.get("return_task_ids") == "true"
        return {"task_count": len(tasks), **(numbers if is_asked else {})}

    def _list_storages(self, request: Request) -> list[Fields]:
        return self._project(int(request.query["project"])).storages

    def _create_storage(self, request: Request) -> Fields:
        storages = self._project(int(request.body["project"])).storages
        storages.append({**request.body, "id": next(self._numbers)})
        return storages[-1]

    def _list_tasks(self, request: Request) -> Fields:
        project = self._project(int(request.query["project"]))
        filters = json.loads(request.query.get("query", "{}")).get("filters")
        found = [task for task in project.tasks if _is_chosen(task, project.people, filters)]
        shown, _ = _page([task.fields() for task in found], request.query)
        return {"tasks": shown, "total": len(found)}

    def _delete_task(self, _request: Request, number: int) -> None:
        for project in self.projects.values():
            for task in project.tasks:
                if task.number == number:
                    project.tasks.remove(task)
                    return
        raise StatusError(HTTPStatus.NOT_FOUND)

    def _act(self, request: Request) -> Fields:
        project = self._project(int(request.query["project"]))
        if request.query["id"] != "delete_tasks":
            message = f"the action {request.query['id']} is not one that the functions use"
            raise ValueError(message)
        filters = request.body["filters"]
        kept = [task for task in project.tasks if not _is_chosen(task, project.people, filters)]
        count = len(project.tasks) - len(kept)
        project.tasks = kept
        return {"processed_items": count}


_ROUTES: tuple[Route, ...] = tuple(
    (method, re.compile(path.replace("{}", "([0-9]+)")), name)
    for method, path, name in (
        ("GET", "/api/version/", "_version"),
        ("GET", "/api/current-user/whoami", "_whoami"),
        ("GET", "/api/projects/", "_list_projects"),
        ("POST", "/api/projects/", "_create_project"),
        ("GET", "/api/projects/{}/", "_show_project"),
        ("DELETE", "/api/projects/{}/", "_delete_project"),
        ("POST", "/api/projects/{}/import", "_import"),
        ("GET", "/api/storages/s3", "_list_storages"),
        ("POST", "/api/storages/s3", "_create_storage"),
        ("GET", "/api/tasks/", "_list_tasks"),
        ("DELETE", "/api/tasks/{}/", "_delete_task"),
        ("POST", "/api/dm/actions", "_act"),
    )
)


def _copy(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    return json.loads(json.dumps(value))


def _require_storable(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Refuse, as PostgreSQL does, a batch with a character that it cannot store."""
    if any(_UNSTORABLE.search(text) for text in _texts(value)):
        raise StatusError(HTTPStatus.INTERNAL_SERVER_ERROR)


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for entry in value:
            yield from _texts(entry)
    elif isinstance(value, dict):
        yield from _texts([*value, *value.values()])


def _page(entries: list[Fields], query: Mapping[str, Any]) -> tuple[list[Fields], bool]:
    """Return the entries of a page, and whether it is the last one."""
    number, size = int(query.get("page", 1)), int(query.get("page_size", _DEFAULT_PAGE))
    start = (number - 1) * size
    if number > 1 and start >= len(entries):
        raise StatusError(HTTPStatus.NOT_FOUND)
    return entries[start : start + size], start + size >= len(entries)


def _is_chosen(task: Task, people: int, filters: Mapping[str, Any] | None) -> bool:
    if filters is None:
        return True
    return all(_holds(task, people, chosen) for chosen in filters["items"])


def _holds(task: Task, people: int, chosen: Mapping[str, Any]) -> bool:
    name, operator, value = chosen["filter"], chosen["operator"], chosen["value"]
    if (name, operator) == ("filter:tasks:id", "greater"):
        return task.number > int(value)
    if (name, operator) == ("filter:tasks:total_annotations", "equal"):
        return len(task.given) == int(value)
    if (name, operator) == ("filter:tasks:completed_at", "empty"):
        return task.counts_as_finished(people) is not bool(value)
    message = f"the filter {name} {operator} is not one that the functions use"
    raise ValueError(message)
