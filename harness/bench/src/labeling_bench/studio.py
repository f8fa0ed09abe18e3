"""The work on a job in a real Label Studio, on so many pictures."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from labeling_bench import pictures, pipeline, studio_pipeline
from labeling_bench.measuring import ROOT, fresh_account, require, run_tasks
from labeling_bench.tasks import FunctionTask
from labeling_lambdas.domain.label_studio.job_projects import project_settings
from labeling_lambdas.domain.label_studio.jobs import JobState
from labeling_lambdas.label_studio.client import LabelStudio
from labeling_lambdas.label_studio.connection import Connection
from labeling_sandbox.label_studio.server import ENVIRONMENT, LabelStudioServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from labeling_bench.tasks import FunctionResult
    from labeling_bench.wire import ServedAccount

_FUNCTION = "advance_label_studio_jobs"
_POLLS = 5
_BATCH = 1_000
_MOST_INVOCATIONS = 50
#: Label Studio's own sync is one call.
_CALL_SECONDS = 3600.0
_ENDED = "Completed"


@dataclass(frozen=True)
class Work:
    """Some work on a job, in one or several calls of the function.

    Attributes:
        results: What the process of each call has measured.
        repeats: How often the same was done.
    """

    results: Sequence[FunctionResult]
    repeats: int = 1

    @property
    def seconds(self) -> float:
        """Time of all calls."""
        return sum(it.seconds for it in self.results) / self.repeats

    @property
    def cpu_seconds(self) -> float:
        """Processor time of all calls."""
        return sum(it.cpu_seconds for it in self.results) / self.repeats

    @property
    def aws_calls(self) -> float:
        """Calls of AWS."""
        return sum(it.calls_that_count for it in self.results) / self.repeats

    @property
    def studio_calls(self) -> float:
        """Calls of Label Studio's API."""
        return sum(it.requests for it in self.results) / self.repeats

    @property
    def peak_bytes(self) -> int:
        """The most memory of any of the processes."""
        return max(it.peak_bytes for it in self.results)


@dataclass(frozen=True)
class StudioMeasurement:
    """A job in Label Studio, from its creation to its end.

    Attributes:
        size: Its pictures.
        importing: From the first call until all tasks are in the project.
        polling: A call while people work and nothing has changed.
        collecting: From when all have answered until the output is written.
        synced: How many of the same pictures Label Studio's own sync imported.
        sync_seconds: What it needed, without the time to list the bucket.
    """

    size: int
    importing: Work
    polling: Work
    collecting: Work
    synced: int
    sync_seconds: float

    @property
    def studio_calls_per_item(self) -> float:
        """Calls of Label Studio's API to import and to collect an item."""
        return (self.importing.studio_calls + self.collecting.studio_calls) / self.size

    @property
    def aws_calls_per_item(self) -> float:
        """Calls of AWS to import and to collect an item."""
        return (self.importing.aws_calls + self.collecting.aws_calls) / self.size

    @property
    def import_share(self) -> float:
        """Time to import an item, as a share of what Label Studio's own sync needs for it."""
        return (self.importing.seconds / self.size) / (self.sync_seconds / self.synced)

    @property
    def peak_bytes(self) -> int:
        """The most memory of any call."""
        return max(it.peak_bytes for it in (self.importing, self.polling, self.collecting))


@dataclass(frozen=True)
class Place:
    """A started Label Studio and the S3 that it reads.

    Attributes:
        server: Label Studio.
        aws: Variables with the address of S3.
        studio: Calls its API.
    """

    server: LabelStudioServer
    aws: dict[str, str]
    studio: LabelStudio


@contextmanager
def started(sizes: Sequence[int]) -> Iterator[Place]:
    """Start a Label Studio, and an S3 with a bucket of pictures for each size."""
    command = [sys.executable, "-m", "labeling_bench.pictures_service", *map(str, sizes)]
    with (
        tempfile.TemporaryDirectory(prefix="label-studio-") as folder,
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        try:
            told = process.stdout.readline() if process.stdout else ""
            require(bool(told), "S3 did not start")
            aws: dict[str, str] = json.loads(told)
            with LabelStudioServer(ROOT / ENVIRONMENT, Path(folder), aws) as server:
                connection = Connection(server.url, server.token, call_seconds=_CALL_SECONDS)
                yield Place(server, aws, LabelStudio(connection))
        finally:
            process.kill()


def measure(
    place: Place, size: int, latency: float, tell: Callable[[str], None]
) -> StudioMeasurement:
    """Measure the work on a job, and Label Studio's own import of the same pictures."""

    def say(what: str) -> None:
        tell(f"{size:>7,} items: {_FUNCTION} ({what})")

    with fresh_account(latency) as account:
        secret = account.do(studio_pipeline.create, size, place.server.token)
        job = _Job(account, place, secret, size)
        say("import")
        importing = job.begin(f"imported-{size}")
        say("poll")
        polling = job.poll()
        tell(f"{size:>7,} items: Label Studio's own sync")
        sync_seconds = job.sync()
        tell(f"{size:>7,} items: answers")
        job.answer(f"answered-{size}")
        say("collection")
        collecting = job.end(f"answered-{size}")
    synced = pictures.synced(size)
    return StudioMeasurement(size, importing, polling, collecting, synced, sync_seconds)


@dataclass(frozen=True)
class _Job:
    account: ServedAccount
    place: Place
    secret: str
    size: int

    def begin(self, name: str) -> Work:
        """Create a job, and call the function until all its tasks are imported."""
        self.account.do(studio_pipeline.create_job, name, self.size)
        title = self._settings(name)["title"]

        def is_done(_statuses: dict[str, str]) -> bool:
            (project,) = self.place.studio.projects(title)
            return self._tasks(project) == self.size

        return self._call_until(is_done)

    def poll(self) -> Work:
        """Call the function some times while nothing changes; then take the job off the list."""
        result = self._call([{}] * _POLLS)
        for statuses in result.answers:
            require(list(statuses.values()) == ["InProgress"], f"polled {statuses}")
        for name in result.answers[0]:
            self.account.do(studio_pipeline.close_job, name)
        return Work([result], _POLLS)

    def answer(self, name: str) -> None:
        """Create a job whose project has its tasks, and an answer to each.

        They are imported together: an answer that is given alone takes some 50 ms, which would be
        hours.
        """
        project = self.place.studio.create_project(self._settings(name))
        tasks = studio_pipeline.answered_tasks(self.size)
        last = 0
        while batch := list(itertools.islice(tasks, _BATCH)):
            last = self.place.studio.import_tasks(project, batch)
        progress = self.place.studio.progress(project)
        if progress is None:
            message = f"project {project} is gone"
            raise RuntimeError(message)
        state = JobState(
            project=project,
            url=self.place.studio.connection.url,
            project_created_at=progress.created_at,
            imported=self.size,
            last_imported=last,
            total=self.size,
        )
        self.account.do(studio_pipeline.create_job, name, self.size, state)

    def end(self, name: str) -> Work:
        """Call the function until it has collected all answers."""
        collecting = self._call_until(lambda statuses: statuses.get(name) == _ENDED)
        labeled = self.account.do(studio_pipeline.labeled_lines, name)
        require(labeled == self.size, f"{labeled} lines have a label")
        return collecting

    def sync(self) -> float:
        """Import the same pictures with Label Studio's own sync.

        Returns:
            Its seconds, without those in which the sandbox's S3 lists the bucket.
        """
        call = self.place.studio.connection.call
        project = self.place.studio.create_project(self._settings(f"synced-{self.size}"))
        storage = {
            "project": project,
            "bucket": pictures.bucket(self.size),
            "region_name": self.place.aws["AWS_REGION"],
            "regex_filter": ".*[.]png",
            "recursive_scan": True,
            "use_blob_urls": True,
        }
        number = call("POST", "/api/storages/s3", storage)["id"]
        start = time.perf_counter()
        answer = call("POST", f"/api/storages/s3/{number}/sync")
        seconds = time.perf_counter() - start
        require(answer["status"] == "completed", f"the sync is {answer['status']}")
        wanted = pictures.synced(self.size)
        require(self._tasks(project) == wanted, "the sync did not import all pictures")
        return seconds - self._listing_seconds()

    def _listing_seconds(self) -> float:
        aws = self.place.aws
        s3 = boto3.resource(
            "s3",
            endpoint_url=aws["AWS_ENDPOINT_URL"],
            region_name=aws["AWS_REGION"],
            aws_access_key_id=aws["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=aws["AWS_SECRET_ACCESS_KEY"],
        )
        start = time.perf_counter()
        count = sum(1 for _ in s3.Bucket(pictures.bucket(self.size)).objects.all())
        require(count == pictures.synced(self.size), f"{count} pictures in the bucket")
        return time.perf_counter() - start

    def _settings(self, name: str) -> dict[str, Any]:
        return project_settings(studio_pipeline.job(name, self.size))

    def _tasks(self, project: int) -> int:
        progress = self.place.studio.progress(project)
        return 0 if progress is None else progress.tasks

    def _call_until(self, is_done: Callable[[dict[str, str]], bool]) -> Work:
        results: list[FunctionResult] = []
        while not results or not is_done(results[-1].answers[0]):
            require(len(results) < _MOST_INVOCATIONS, "the function does not come to its end")
            results.append(self._call([{}]))
        return Work(results)

    def _call(self, events: list[dict[str, Any]]) -> FunctionResult:
        environment = {
            **pipeline.environment(),
            "AWS_REGION": self.place.aws["AWS_REGION"],
            "LABEL_STUDIO_URL": self.place.server.url,
            "LABEL_STUDIO_TOKEN_SECRET_ARN": self.secret,
        }
        limit = studio_pipeline.TIMEOUT_SECONDS
        (result,) = run_tasks(
            FunctionTask(self.account.path, _FUNCTION, environment, limit, events)
        )
        found: FunctionResult = result
        return found
