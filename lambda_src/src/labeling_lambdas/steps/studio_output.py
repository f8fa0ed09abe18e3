"""The output manifest of a job, collected from Label Studio page by page.

The tasks of a project are in the order of the manifest's lines, because they are imported in this
order and numbered as they are. Some may be missing, and others may have been added by its users.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from labeling_lambdas.aws.artifacts import is_absent, read_text_lines
from labeling_lambdas.domain.compact_json import compact_json
from labeling_lambdas.domain.label_studio.controls import ITEM_KEY
from labeling_lambdas.domain.label_studio.job_projects import labeling_project, output_line
from labeling_lambdas.domain.label_studio.pictures import HEADER_BYTES, shown_size
from labeling_lambdas.domain.manifest_keys import ITEM_ID_KEY
from labeling_lambdas.domain.output_lines import item_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from labeling_lambdas.aws.label_studio_jobs import JobFiles, LabelStudioJobs
    from labeling_lambdas.deadline import Deadline
    from labeling_lambdas.domain.label_studio.jobs import JobState, StudioJob
    from labeling_lambdas.domain.label_studio.pictures import PictureSize
    from labeling_lambdas.label_studio.client import LabelStudio, Page

_MASKS = "masks"
_OUTPUT = "manifests/output/output.manifest"
#: Seconds that a page may take: the answer of Label Studio, and masks of large pictures.
_PAGE_SECONDS = 90
#: Pages whose lines are in memory at a time, 1,000 lines.
_PAGES_OF_A_PART = 10


@dataclass(slots=True, eq=False, repr=False)
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
        remaining = {item_of(text) for text in self._texts(state.lines)}
        pages = self.studio.tasks(state.project, state.pages + 1)
        while not state.collected:
            batch = self._next_pages(pages)
            tasks = itertools.chain.from_iterable(page.tasks for page in batch)
            converted = list(self._converted(tasks, lines, remaining, state))
            state = state._replace(
                pages=state.pages + len(batch), collected=any(page.is_last for page in batch)
            )
            state = self._add(state, converted)
            if self.deadline.near(_PAGE_SECONDS):
                return state
        state = self._add(state, [self._line(line, [], state) for line in lines])
        self._files.write_stream(_OUTPUT, self._written(state.parts))
        return state._replace(output_uri=self._files.uri(_OUTPUT))

    def _next_pages(self, pages: Iterator[Page]) -> list[Page]:
        """Return the next pages, fewer than usual if time runs out."""
        found: list[Page] = []
        for page in pages:
            found.append(page)
            if len(found) == _PAGES_OF_A_PART or self.deadline.near(_PAGE_SECONDS):
                break
        return found

    def _converted(
        self,
        tasks: Iterable[dict[str, Any]],
        lines: Iterator[dict[str, Any]],
        remaining: set[str | None],
        state: JobState,
    ) -> Iterator[str]:
        for task in tasks:
            item = task["data"].get(ITEM_KEY)
            # A task that a user added, or a second one of an item.
            if item not in remaining:
                continue
            for line in lines:
                remaining.discard(line[ITEM_ID_KEY])
                is_its = line[ITEM_ID_KEY] == item
                yield self._line(line, task["annotations"] if is_its else [], state)
                if is_its:
                    break

    def _line(
        self, line: dict[str, Any], annotations: list[dict[str, Any]], state: JobState
    ) -> str:
        project = labeling_project(self.job, self._files.uri(_MASKS))
        needed = self.job.verification is None and project.needs_pictures and annotations
        picture = self._picture(str(line["source-ref"])) if needed else None
        found = output_line(
            self.job, line, annotations, project, picture=picture, expired=state.expired
        )
        if found.mask is not None:
            self._files.write_bytes(f"{_MASKS}/{line[ITEM_ID_KEY]}.png", found.mask)
        return compact_json(found.line) + "\n"

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

    def _add(self, state: JobState, lines: list[str]) -> JobState:
        # A part is written before the state that counts it, so that a call that died between the
        # two writes the same part again.
        if lines:
            self._files.write_text(_part(state.parts), "".join(lines))
        return self.jobs.keep(
            self.job.name,
            state._replace(
                lines=state.lines + len(lines),
                parts=state.parts + bool(lines),
            ),
        )

    def _written(self, parts: int) -> Iterator[str]:
        for number in range(parts):
            for text in read_text_lines(self.jobs.client, self._files.uri(_part(number))):
                yield text + "\n"

    def _lines(self, start: int) -> Iterator[dict[str, Any]]:
        return (json.loads(text) for text in self._texts(start))

    def _texts(self, start: int) -> Iterator[str]:
        return itertools.islice(
            read_text_lines(self.jobs.client, self.job.manifest_uri), start, None
        )

    @property
    def _files(self) -> JobFiles:
        return self.jobs.files(self.job.name)


def _part(number: int) -> str:
    return f"manifests/parts/{number:06d}.jsonl"
