"""The calls of Label Studio's API that a labeling job needs.

https://api.labelstud.io/api-reference
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from labeling_lambdas.label_studio.errors import (
    LabelStudioAddressError,
    LabelStudioRefusedError,
    LabelStudioVersionError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from labeling_lambdas.label_studio.connection import Connection

#: The oldest supported version: older ones have known vulnerabilities, see
#: https://github.com/HumanSignal/label-studio/security/advisories
MINIMUM_VERSION = (1, 23, 2)

#: Tasks of a page. Pages of tasks with masks are large.
PAGE_SIZE = 100

_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")
_PROJECTS = "/api/projects/"
_PROJECT_PAGE = 100


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


class Progress(NamedTuple):
    """How far the work on a project is.

    Attributes:
        tasks: Number of tasks.
        finished: Tasks that as many people as wanted have answered. Label Studio counts too few if
            people answer the same task at the same time.
        answers: Number of answers to all tasks.
    """

    tasks: int
    finished: int
    answers: int


class Page(NamedTuple):
    """Some of the tasks of a project, in the order of their numbers.

    Attributes:
        tasks: The tasks.
        is_last: Whether no page follows.
    """

    tasks: list[dict[str, Any]]
    is_last: bool


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


@dataclass(frozen=True, slots=True, eq=False, repr=False)
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
        found = self.connection.call_openly("/api/version/")
        release = found.get("release") if isinstance(found, dict) else None
        version = _VERSION.match(release) if isinstance(release, str) else None
        if version is None:
            message = f"{self.connection.url} does not state a version, so it is no Label Studio"
            raise LabelStudioAddressError(message)
        if tuple(int(part or 0) for part in version.groups()) < MINIMUM_VERSION:
            least = ".".join(map(str, MINIMUM_VERSION))
            message = f"Label Studio {version[0]} is too old; version {least} or newer is needed"
            raise LabelStudioVersionError(message)
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
            found += [int(one["id"]) for one in answer["results"] if one["title"] == title]
            if not answer["next"]:
                return sorted(found)
            page += 1

    def create_project(self, settings: Mapping[str, Any]) -> int:
        """Create a project, and return its number.

        Args:
            settings: For example those of `labeling_settings`.
        """
        return int(self.connection.call("POST", _PROJECTS, dict(settings))["id"])

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
        return Progress(
            int(found["task_number"]),
            int(found["finished_task_number"]),
            int(found["total_annotations_number"]),
        )

    def connect(self, project: int, bucket: Bucket) -> None:
        """Let a project show objects of a bucket; again does nothing.

        The bucket is read with the permissions of Label Studio itself.
        """
        storages = self.connection.call("GET", "/api/storages/s3", query={"project": project})
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

    def import_tasks(self, project: int, tasks: Sequence[Mapping[str, Any]]) -> None:
        """Add tasks to a project: all of them, or none if the call fails."""
        self.connection.call("POST", f"{_PROJECTS}{project}/import", list(tasks))

    def tasks(
        self, project: int, first_page: int = 1, *, unfinished: bool = False
    ) -> Iterator[Page]:
        """Yield the tasks of a project with their annotations, page by page; one page if none.

        Args:
            project: The project.
            first_page: The page to begin with, counted from 1. Label Studio refuses one that is
                after the last page.
            unfinished: Only the tasks that do not count as finished.
        """
        chosen = {"query": json.dumps({"filters": _all_of(_UNFINISHED)})} if unfinished else {}
        page = first_page
        while True:
            answer = self.connection.call(
                "GET",
                "/api/tasks/",
                query={
                    "project": project,
                    "page": page,
                    "page_size": PAGE_SIZE,
                    "fields": "all",
                    # Else the addresses of objects are replaced by links.
                    "resolve_uri": "false",
                    **chosen,
                },
            )
            is_last = page * PAGE_SIZE >= answer["total"]
            yield Page(answer["tasks"], is_last)
            if is_last:
                return
            page += 1

    def delete_unanswered(self, project: int) -> None:
        """Delete the tasks that nobody has answered, so that nobody works on them any more."""
        filters = _all_of(_UNANSWERED)
        query = {"project": project, "page_size": 1, "fields": "task_only"}
        chosen = json.dumps({"filters": filters})
        found = self.connection.call("GET", "/api/tasks/", query={**query, "query": chosen})
        if found["total"]:
            self.connection.call(
                "POST",
                "/api/dm/actions",
                {"filters": filters, "selectedItems": {"all": True, "excluded": []}},
                query={"project": project, "id": "delete_tasks"},
            )


def _all_of(*filters: Mapping[str, object]) -> dict[str, object]:
    return {"conjunction": "and", "items": list(filters)}
