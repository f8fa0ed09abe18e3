"""The functions' work on jobs in Label Studio, with calls that can be lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws.label_studio_jobs import LabelStudioJobs
from labeling_lambdas.aws.lease_ledger import LeaseLedger
from labeling_lambdas.deadline import Deadline
from labeling_lambdas.domain.output_lines import OutputLine, read_output_line
from labeling_lambdas.label_studio.client import LabelStudio
from labeling_lambdas.label_studio.connection import Connection
from labeling_lambdas.steps.advance_label_studio_jobs import AdvanceLabelStudioJobs
from tests.in_process_aws.place import SandboxPlace
from tests.sandbox.resources import make_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from labeling_sandbox.server import Sandbox
    from tests.label_studio.labeling import Job

#: What changes something outside of the function.
_CHANGES = ("POST", "PUT", "PATCH", "DELETE", "put_object", "delete_object")


class KilledError(BaseException):
    """The end of a function's process, which no code of it can catch."""


class Changes:
    """Counts what changes something, and ends the function after one of them.

    Attributes:
        until_end: Changes until the end of the function; below 0 for never.
    """

    def __init__(self) -> None:
        self.until_end = -1

    def made(self, what: str) -> None:
        if what in _CHANGES:
            self.until_end -= 1
            if self.until_end == 0:
                raise KilledError


class CountedConnection(Connection):
    """A connection whose changes are counted."""

    def __init__(self, url: str, token: str, changes: Changes) -> None:
        super().__init__(url, token)
        self.changes = changes

    def call(
        self, method: str, path: str, body: object = None, *, query: Mapping[str, Any] | None = None
    ) -> Any:
        answer = super().call(method, path, body, query=query)
        self.changes.made(method)
        return answer


class _Client:
    """A client of S3 whose changes are counted."""

    def __init__(self, client: Any, changes: Changes) -> None:
        self._client, self._changes = client, changes

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name not in _CHANGES:
            return found

        def call(**parameters: Any) -> Any:
            answer = found(**parameters)
            self._changes.made(name)
            return answer

        return call


class Engine:
    """A pipeline's jobs in Label Studio, in a bucket and a ledger of their own.

    Attributes:
        jobs: What other functions call.
        reported: The names of the jobs whose end was reported.
        changes: Ends the function after a change.
        seconds: What is left of the function's time.
    """

    def __init__(self, sandbox: Sandbox, connect: Callable[[Changes], Connection]) -> None:
        place = SandboxPlace(sandbox, "")
        self.bucket = place.new_bucket()
        self.changes = Changes()
        self.client = _Client(sandbox.client("s3"), self.changes)
        self.jobs = LabelStudioJobs(self.client, self.bucket, make_key(sandbox))  # type: ignore[arg-type]
        self.leases = LeaseLedger(sandbox.client("dynamodb"), place.new_table())
        self.reported: list[str] = []
        self.seconds = 900.0
        self.region = sandbox.region
        self.studio = LabelStudio(connect(self.changes))

    def advance(self) -> dict[str, str]:
        """Call the function once."""
        return AdvanceLabelStudioJobs(
            self.jobs,
            self.studio,
            self.leases,
            self.reported.append,
            self.region,
            Deadline(lambda: self.seconds),
        ).advance()

    def free_lease(self) -> None:
        """Let the time pass for which an ended function keeps its lease."""
        self.leases.client.delete_item(
            TableName=self.leases.table, Key={"pk": {"S": "LEASE#label-studio"}}
        )

    def advance_while_it_is_killed(self) -> int:
        """Call the function until it comes to its end, ending it after 1 to 16 changes each time.

        Returns:
            How often it was ended.
        """
        for killed in range(100):
            self.changes.until_end = 1 + killed % 16
            try:
                self.advance()
            except KilledError:
                self.free_lease()
            else:
                self.changes.until_end = -1
                return killed
        message = "the function never comes to its end"
        raise AssertionError(message)


def only_project(engine: Engine, job: Job) -> int:
    (number,) = engine.studio.projects(job.project.job_name)
    return number


def output_of(engine: Engine, job: Job) -> list[OutputLine]:
    """Read the output of a job that has ended, as the functions do."""
    description = engine.jobs.describe(job.project.job_name)
    assert description is not None
    text = job.read(description.output_uri).decode()
    return [
        read_output_line(
            line, task_type=job.name, attribute="a-label", labels=frozenset(job.project.labels)
        )
        for line in text.splitlines()
    ]
