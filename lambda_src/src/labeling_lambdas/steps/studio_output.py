"""The output manifest of a job, collected from Label Studio page by page.

The tasks of a project are in the order of the manifest's lines, because they are imported in this
order and numbered as they are. Some may be missing, and others may have been added by its users.
"""

from __future__ import annotations

import functools
import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from labeling_lambdas import process
from labeling_lambdas.aws.artifacts import is_absent, read_text_lines
from labeling_lambdas.aws.clients import THREADS
from labeling_lambdas.domain.compact_json import compact_json
from labeling_lambdas.domain.label_studio.controls import ITEM_KEY
from labeling_lambdas.domain.label_studio.job_lines import labeling_project, output_line
from labeling_lambdas.domain.label_studio.pictures import HEADER_BYTES, shown_size
from labeling_lambdas.domain.label_studio.worker_responses import (
    has_large_answers,
    worker_response,
)
from labeling_lambdas.domain.manifest_keys import ITEM_ID_KEY
from labeling_lambdas.domain.output_lines import item_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Executor

    from labeling_lambdas.aws.label_studio_jobs import JobFiles, LabelStudioJobs
    from labeling_lambdas.deadline import Deadline
    from labeling_lambdas.domain.label_studio.jobs import JobState, StudioJob
    from labeling_lambdas.domain.label_studio.pictures import PictureSize
    from labeling_lambdas.label_studio.client import LabelStudio, Page

    #: A line of the manifest, and the annotations of its task.
    _Answered = tuple[dict[str, Any], list[dict[str, Any]]]

_MASKS = "masks"
_OUTPUT = "manifests/output/output.manifest"
#: Where Ground Truth keeps the answers of workers, too.
_RESPONSES = "annotations/worker-response/iteration-1"
#: Seconds that a page may take: the answer of Label Studio, and masks of large pictures.
_PAGE_SECONDS = 90
#: Pages of a part, 1,000 lines.
_PAGES_OF_A_PART = 10
_LINES_OF_A_PART = 1_000
#: Lines that wait for threads.
_LINES_AT_ONCE = 100


class _Line(NamedTuple):
    """A line of the output.

    Attributes:
        text: The line.
        is_labeled: Whether it has a label, or a verdict.
        response: The answers of each person, as a line; empty if there are none, or if they are in
            a file of their own.
    """

    text: str
    is_labeled: bool
    response: str


@dataclass(eq=False, repr=False)
class StudioOutput:
    """The collection of one job's output, which later calls continue.

    Attributes:
        jobs: The jobs.
        studio: Label Studio.
        job: The job.
        deadline: When Lambda ends this function.
    """

    jobs: LabelStudioJobs
    studio: LabelStudio
    job: StudioJob
    deadline: Deadline

    def collect(self, state: JobState) -> JobState:
        """Collect as much as there is time for.

        Args:
            state: How far the job is.

        Returns:
            The state; with the address of the output if it is complete.
        """
        lines = self._lines(state.lines)
        remaining = {item_of(text) for text in self._manifest(state.lines)}
        pages = self.studio.tasks(state.project, state.last_collected)
        # Most lines wait for S3: for the size of a picture, or until a mask is written.
        with process.threads(THREADS) as threads:
            while not state.collected:
                state = self._part(pages, lines, remaining, state, threads)
                if self.deadline.near(_PAGE_SECONDS):
                    return state
        # What nobody was shown, or nobody answered. In parts too, because it may be the whole job.
        while rest := [
            self._line((line, []), expired=state.expired)
            for line in itertools.islice(lines, _LINES_OF_A_PART)
        ]:
            state = self._add(state, rest)
        self._files.write_stream(_OUTPUT, self._written(state.parts))
        # Not what Label Studio counts: people may have answered since, and it can miscount.
        return state._replace(output_uri=self._files.uri(_OUTPUT), finished=state.labeled)

    def _part(
        self,
        pages: Iterator[Page],
        lines: Iterator[dict[str, Any]],
        remaining: set[str | None],
        state: JobState,
        threads: Executor,
    ) -> JobState:
        """Write the lines of the next pages, fewer than usual if time runs out."""
        converted: list[_Line] = []
        # Only one page is in memory at a time: pages of tasks with masks are large.
        for page in itertools.islice(pages, _PAGES_OF_A_PART):
            answered = _answered(page.tasks, lines, remaining)
            converted += self._converted(answered, threads, expired=state.expired)
            state = state._replace(last_collected=page.last_task, collected=page.is_last)
            if self.deadline.near(_PAGE_SECONDS):
                break
        return self._add(state, converted)

    def _converted(
        self, answered: Iterator[_Answered], threads: Executor, *, expired: bool
    ) -> Iterator[_Line]:
        write = functools.partial(self._line, expired=expired)
        # Between two tasks there are any number of lines whose tasks were deleted.
        while some := list(itertools.islice(answered, _LINES_AT_ONCE)):
            yield from threads.map(write, some)

    def _line(self, answered: _Answered, *, expired: bool) -> _Line:
        line, annotations = answered
        project = labeling_project(self.job, self._files.uri(_MASKS))
        needed = self.job.verification is None and project.needs_pictures and annotations
        picture = self._picture(str(line["source-ref"])) if needed else None
        found = output_line(self.job, line, annotations, project, picture=picture, expired=expired)
        if found.mask is not None:
            self._files.write_bytes(f"{_MASKS}/{line[ITEM_ID_KEY]}.png", found.mask)
        is_labeled = self.job.result_attribute in found.line
        response = self._response(line, annotations)
        return _Line(compact_json(found.line) + "\n", is_labeled, response)

    def _response(self, line: dict[str, Any], annotations: list[dict[str, Any]]) -> str:
        response = worker_response(self.job, line, annotations, self.studio.connection.url)
        if response is None:
            return ""
        text = compact_json(response) + "\n"
        if has_large_answers(self.job):
            self._files.write_text(f"{_RESPONSES}/{line[ITEM_ID_KEY]}/answers.json", text)
            return ""
        return text

    def _picture(self, uri: str) -> PictureSize | None:
        """Return the size of a picture, None if it cannot be read or was deleted since."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        client = self.jobs.client
        try:
            found = client.get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{HEADER_BYTES - 1}")
        except ClientError as error:
            if not is_absent(client, uri, error):
                raise
            return None
        return shown_size(found["Body"].read())

    def _add(self, state: JobState, lines: list[_Line]) -> JobState:
        # A part is written before the state that counts it, so that a call that died between the
        # two writes the same part again.
        if lines:
            # Also without answers: a call that died may have written others.
            responses = "".join(line.response for line in lines)
            self._files.write_text(f"{_RESPONSES}/part-{state.parts:06d}.jsonl", responses)
            text = "".join(line.text for line in lines)
            self._files.write_text(_part_name(state.parts), text)
        return self.jobs.keep(
            self.job.name,
            state._replace(
                lines=state.lines + len(lines),
                labeled=state.labeled + sum(line.is_labeled for line in lines),
                parts=state.parts + bool(lines),
            ),
        )

    def _written(self, parts: int) -> Iterator[str]:
        for number in range(parts):
            for text in read_text_lines(self.jobs.client, self._files.uri(_part_name(number))):
                yield text + "\n"

    def _lines(self, start: int) -> Iterator[dict[str, Any]]:
        return (json.loads(text) for text in self._manifest(start))

    def _manifest(self, start: int) -> Iterator[str]:
        return itertools.islice(
            read_text_lines(self.jobs.client, self.job.manifest_uri), start, None
        )

    @property
    def _files(self) -> JobFiles:
        return self.jobs.files(self.job.name)


def _answered(
    tasks: Iterable[dict[str, Any]],
    lines: Iterator[dict[str, Any]],
    remaining: set[str | None],
) -> Iterator[_Answered]:
    """Yield the lines up to those of the tasks, each with the annotations of its task."""
    for task in tasks:
        item = task["data"].get(ITEM_KEY)
        # A task that a user added, or a second one of an item.
        if item not in remaining:
            continue
        for line in lines:
            remaining.discard(line[ITEM_ID_KEY])
            is_its = line[ITEM_ID_KEY] == item
            yield line, task["annotations"] if is_its else []
            if is_its:
                break


def _part_name(number: int) -> str:
    return f"manifests/parts/{number:06d}.jsonl"
