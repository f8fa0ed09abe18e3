"""The calls of Label Studio's API that a labeling job needs.

https://api.labelstud.io/api-reference
"""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from labeling_lambdas.label_studio.errors import (
    LabelStudioAddressError,
    LabelStudioAnswerError,
    LabelStudioRefusedError,
    LabelStudioVersionError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from labeling_lambdas.label_studio.connection import Connection, OpenConnection

#: The oldest supported version: older ones have known vulnerabilities, see
#: https://github.com/HumanSignal/label-studio/security/advisories
MINIMUM_VERSION = (1, 23, 2)

#: Tasks of a page. Pages of tasks with masks are large.
PAGE_SIZE = 100

_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")
_PROJECTS = "/api/projects/"
_PROJECT_PAGE = 100
#: Fields of a task that are read, and their types.
_OF_A_TASK = (("data", dict), ("annotations", list))

#: Filters of the list of tasks: https://api.labelstud.io/api-reference/introduction/filters
_UNANSWERED: Mapping[str, object] = {
    "filter": "filter:tasks:total_annotations",
    "operator": "equal",
    "type": "Number",
    "value": 0,
}
_UNFINISHED: Mapping[str, object] = {
    "filter": "filter:tasks:completed_at",
    "operator": "empty",
    "type": "Datetime",
    "value": True,
}
_AFTER: Mapping[str, object] = {
    "filter": "filter:tasks:id",
    "operator": "greater",
    "type": "Number",
}


class Progress(NamedTuple):
    """How far the work on a project is.

    Attributes:
        tasks: Number of tasks.
        finished: Tasks that as many people as wanted have answered. Label Studio counts too few if
            people answer the same task at the same time.
        answers: Number of answers to all tasks.
        created_at: When the project was created, in epoch seconds; nobody can change it.
    """

    tasks: int
    finished: int
    answers: int
    created_at: float


class Page(NamedTuple):
    """Some of the tasks of a project, in the order of their numbers.

    Attributes:
        tasks: The tasks.
        is_last: Whether no page follows.
        last_task: Number of the last task, or of the one to read on after if there is none.
    """

    tasks: list[dict[str, Any]]
    is_last: bool
    last_task: int


class Bucket(NamedTuple):
    """A bucket whose objects people see, by addresses that Label Studio signs.

    Attributes:
        name: The bucket.
        region: Its region.
        minutes: How long an address is valid.
    """

    name: str
    region: str
    minutes: int = 15


def require_supported_version(connection: OpenConnection) -> None:
    """Check that there is a Label Studio of a supported version.

    Raises:
        LabelStudioAddressError: If there is something else.
        LabelStudioVersionError: If it is older.
        LabelStudioError: See `Connection.call`.
    """
    found = connection.call_openly("/api/version/")
    release = found.get("release") if isinstance(found, dict) else None
    version = _VERSION.match(release) if isinstance(release, str) else None
    if version is None:
        message = f"{connection.url} does not state a version, so it is no Label Studio"
        raise LabelStudioAddressError(message)
    if tuple(int(part or 0) for part in version.groups()) < MINIMUM_VERSION:
        least = ".".join(map(str, MINIMUM_VERSION))
        message = f"Label Studio {version[0]} is too old; version {least} or newer is needed"
        raise LabelStudioVersionError(message)


@dataclass(eq=False, repr=False)
class LabelStudio:
    """One Label Studio. For errors of all methods see `Connection.call`.

    Attributes:
        connection: The way to it.
    """

    connection: Connection

    def require_supported(self) -> None:
        """Check that there is a Label Studio of a supported version that accepts the token.

        Raises:
            LabelStudioVersionError: If it is older.
        """
        require_supported_version(self.connection)
        self.connection.call("GET", "/api/current-user/whoami")

    def projects(self, title: str) -> list[int]:
        """Return the numbers of the projects that have exactly this title, the oldest first."""
        found: list[int] = []
        page = 1
        while True:
            # The parameter finds titles that contain the text.
            query = {"title": title, "include": "id,title", "page": page}
            answer = self.connection.call(
                "GET", _PROJECTS, query={**query, "page_size": _PROJECT_PAGE}
            )
            with self._expected("a list of projects"):
                found += [int(one["id"]) for one in answer["results"] if one["title"] == title]
                if not answer["next"]:
                    return sorted(found)
            page += 1

    def create_project(self, settings: Mapping[str, Any]) -> int:
        """Create a project, and return its number.

        Args:
            settings: For example those of `labeling_settings`.
        """
        answer = self.connection.call("POST", _PROJECTS, dict(settings))
        with self._expected("a project"):
            return int(answer["id"])

    def delete_project(self, project: int) -> None:
        """Delete a project with everything in it."""
        self.connection.call("DELETE", f"{_PROJECTS}{project}/")

    def progress(self, project: int) -> Progress | None:
        """Return how far the work is, or None if the project does not exist any more."""
        try:
            found = self.connection.call("GET", f"{_PROJECTS}{project}/")
        except LabelStudioRefusedError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        with self._expected("the progress of a project"):
            return Progress(
                int(found["task_number"]),
                int(found["finished_task_number"]),
                int(found["total_annotations_number"]),
                datetime.fromisoformat(found["created_at"]).timestamp(),
            )

    def connect(self, project: int, bucket: Bucket) -> None:
        """Let a project show objects of a bucket; again does nothing.

        The bucket is read with the permissions of Label Studio itself.
        """
        storages = self.connection.call("GET", "/api/storages/s3", query={"project": project})
        with self._expected("a list of storages"):
            if any(storage["bucket"] == bucket.name for storage in storages):
                return
        self.connection.call(
            "POST",
            "/api/storages/s3",
            {
                "project": project,
                "title": bucket.name,
                "bucket": bucket.name,
                "region_name": bucket.region,
                "use_blob_urls": True,
                "presign": True,
                "presign_ttl": bucket.minutes,
            },
        )

    def import_tasks(self, project: int, tasks: Sequence[Mapping[str, Any]]) -> int:
        """Add tasks to a project: all of them, or none if the call fails.

        Returns:
            The number of the last task, higher than those of all tasks before it.
        """
        path = f"{_PROJECTS}{project}/import"
        answer = self.connection.call("POST", path, list(tasks), query={"return_task_ids": "true"})
        with self._expected("the numbers of the imported tasks"):
            return max(int(number) for number in answer["task_ids"])

    def tasks(self, project: int, after: int = 0, *, unfinished: bool = False) -> Iterator[Page]:
        """Yield the tasks of a project with their annotations, page by page; one page if none.

        Args:
            project: The project.
            after: Only the tasks whose number is higher. The next page follows the last task of the
                page before it, so that a task that is deleted meanwhile moves no other one.
            unfinished: Only the tasks that do not count as finished.
        """
        while True:
            filters = [{**_AFTER, "value": after}, *([_UNFINISHED] if unfinished else [])]
            answer = self.connection.call(
                "GET",
                "/api/tasks/",
                query={
                    "project": project,
                    "page_size": PAGE_SIZE,
                    "fields": "all",
                    # Else the addresses of objects are replaced by links.
                    "resolve_uri": "false",
                    "query": json.dumps({"filters": _all_of(*filters)}),
                },
            )
            with self._expected("a list of tasks"):
                page = _page_of(answer, after)
            yield page
            if page.is_last:
                return
            after = page.last_task

    def delete_unanswered(self, project: int) -> None:
        """Delete the tasks that nobody has answered, so that nobody works on them any more."""
        filters = _all_of(_UNANSWERED)
        query = {"project": project, "page_size": 1, "fields": "task_only"}
        chosen = json.dumps({"filters": filters})
        found = self.connection.call("GET", "/api/tasks/", query={**query, "query": chosen})
        with self._expected("a list of tasks"):
            is_any = int(found["total"]) > 0
        if is_any:
            self.connection.call(
                "POST",
                "/api/dm/actions",
                {"filters": filters, "selectedItems": {"all": True, "excluded": []}},
                query={"project": project, "id": "delete_tasks"},
            )

    @contextlib.contextmanager
    def _expected(self, what: str) -> Iterator[None]:
        """Name an answer that cannot be read, for example that of a later version."""
        try:
            yield
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            message = f"{self.connection.url} answers with something else than {what}"
            raise LabelStudioAnswerError(message) from error


def _page_of(answer: Any, after: int) -> Page:  # noqa: ANN401 - any JSON value
    tasks, total = answer["tasks"], int(answer["total"])
    if not all(isinstance(task[name], kind) for task in tasks for name, kind in _OF_A_TASK):
        raise TypeError
    numbers = [after, *(int(task["id"]) for task in tasks)]
    # Reading on after the last task would leave tasks out, or never end.
    if total > len(tasks) == 0 or any(one >= other for one, other in pairwise(numbers)):
        raise ValueError
    return Page(tasks, len(tasks) >= total, numbers[-1])


def _all_of(*filters: Mapping[str, object]) -> dict[str, object]:
    return {"conjunction": "and", "items": list(filters)}
