"""What the owner of a Label Studio sees of all projects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labeling_sandbox.label_studio.server import LabelStudioServer

#: Only of a Label Studio that hangs: on a machine with other work, an answer may take a minute.
_CALL_SECONDS = 600.0
_PAGE = 100
_LABEL, _VERDICT = "label", "verdict"


@dataclass(frozen=True)
class Project:
    """A project.

    Attributes:
        number: Its number.
        title: Its title.
        tasks: Number of its tasks.
        finished: How many of them as many people as wanted have answered.
        people: How many people each task is shown to.
        verifies: Whether people judge given labels in it.
        categories: What people can choose, in order: classes, or the categories of a verdict.
    """

    number: int
    title: str
    tasks: int
    finished: int
    people: int
    verifies: bool
    categories: tuple[str, ...]


class Owner:
    """The owner of a Label Studio, with the token that it was started with."""

    def __init__(self, server: LabelStudioServer) -> None:
        self._url = server.url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Token {server.token}"

    def projects(self) -> list[Project]:
        """Return all projects, the oldest first."""
        found = [
            _project(entry)
            for page in self._pages("/api/projects/", {})
            for entry in page["results"]
        ]
        return sorted(found, key=lambda project: project.number)

    def tasks(self, project: int) -> list[dict[str, Any]]:
        """Return the tasks of a project with their annotations, in the order of their import."""
        query = {"project": project, "fields": "all", "resolve_uri": "false"}
        pages = self._pages("/api/tasks/", query)
        return [task for page in pages for task in page["tasks"]]

    def _pages(self, path: str, query: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        seen, page = 0, 1
        while True:
            answer = self._session.get(
                f"{self._url}{path}",
                params={**query, "page": page, "page_size": _PAGE},
                timeout=_CALL_SECONDS,
            )
            answer.raise_for_status()
            found = answer.json()
            yield found
            seen += _PAGE
            page += 1
            if seen >= found.get("count", found.get("total", 0)):
                return


def _project(entry: Mapping[str, Any]) -> Project:
    controls = entry["parsed_label_config"]
    verifies = _VERDICT in controls
    return Project(
        number=entry["id"],
        title=entry["title"],
        tasks=entry["task_number"],
        finished=entry["finished_task_number"],
        people=entry["maximum_annotations"],
        verifies=verifies,
        categories=tuple(controls[_VERDICT if verifies else _LABEL]["labels"]),
    )
