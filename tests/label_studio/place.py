"""The Label Studio of a test: the one in the process, or the real one, which must agree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import requests

from labeling_faults.label_studio import api
from labeling_faults.label_studio.connection import InProcessConnection
from labeling_faults.label_studio.people import Person
from labeling_faults.simulated_time.clock import Clock
from labeling_lambdas.label_studio.client import LabelStudio

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labeling_lambdas.label_studio.client import Progress

ADDRESS = "https://label-studio.example.org"

#: What a person gets who answers a task that is gone.
GoneErrors = (requests.HTTPError, api.StatusError)


def counts(progress: Progress | None) -> tuple[int, int, int]:
    """Return how many tasks, finished tasks and answers a project has."""
    assert progress is not None
    return progress.tasks, progress.finished, progress.answers


class Labeler(Protocol):
    """A person who labels."""

    def next_task(self, project: int) -> dict[str, Any] | None: ...

    def submit(self, project: int, task: int, results: list[dict[str, Any]]) -> None: ...

    def skip(self, project: int, task: int) -> None: ...

    def work(
        self, project: int, answer: Callable[[dict[str, Any]], list[dict[str, Any]] | None]
    ) -> int: ...


@dataclass(frozen=True)
class Place:
    """A Label Studio.

    Attributes:
        studio: The functions' client, with the owner's token.
        people: Three people with accounts of their own.
        connect: Returns a client with another token.
    """

    studio: LabelStudio
    people: Sequence[Labeler]
    connect: Callable[[str], LabelStudio]


@dataclass(frozen=True)
class InProcess:
    """What a test has of the one in the process."""

    contents: api.LabelStudio = field(default_factory=lambda: api.LabelStudio(Clock()))

    def connect(self, token: str) -> LabelStudio:
        return LabelStudio(InProcessConnection(self.contents, ADDRESS, token))

    def place(self) -> Place:
        people = [Person(self.contents, number) for number in range(2, 5)]
        return Place(self.connect(api.TOKEN), people, self.connect)
