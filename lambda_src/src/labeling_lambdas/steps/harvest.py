"""What labelers gave for the claims of a run: in its own labeling job, or in an earlier run's."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from labeling_lambdas.aws.artifacts import read_text_lines
from labeling_lambdas.domain.labels import UnreadableLineError
from labeling_lambdas.domain.output_lines import OutputLine, item_of, read_object, read_output_line
from labeling_lambdas.domain.states import JobStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from labeling_lambdas.aws.artifacts import Artifacts
    from labeling_lambdas.domain.items import ClaimedItem

_log = logging.getLogger(__name__)


def output_lines(artifacts: Artifacts, job: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a job's output manifest, none where it wrote none.

    Args:
        artifacts: The run's files.
        job: How the job ended.
    """
    uri = job["output_uri"]
    if not uri:
        return
    try:
        yield from read_text_lines(artifacts.client, uri)
    except artifacts.client.exceptions.NoSuchKey:
        # A job that failed or was stopped early names an output that it never wrote. Without
        # the manifest of a completed job nothing may be given back: it was paid for.
        if job["status"] == JobStatus.COMPLETED:
            raise
        _log.warning("the job wrote no output", extra={"run_id": artifacts.run_id, "uri": uri})


class Found(NamedTuple):
    """What is known of a claim's label.

    Attributes:
        item: The claim.
        output: Its output line, None if there is none or it cannot be read.
        text: The same line as Ground Truth wrote it.
        problem: Why the line cannot be read, without any of it; empty if it can.
        labeling_job: Name of the job that wrote it.
        label_schema: Version of labels and template of a label from an earlier run; empty for one
            of this run, or if it is not known.
    """

    item: ClaimedItem
    output: OutputLine | None = None
    text: str = ""
    problem: str = ""
    labeling_job: str = ""
    label_schema: str = ""


def _ignore(_: str) -> None:
    return


@dataclass(slots=True, eq=False, repr=False)
class Harvest:
    """Reads output lines, one at a time in memory.

    Attributes:
        artifacts: The run's files.
        job: How the run's labeling job ended.
        task_type: Name of the task type.
        attribute: Label attribute name.
        labels: The labels that workers could choose; None if they are not known.
        keep_unreadable: Told each line of the job that cannot be read.
    """

    artifacts: Artifacts
    job: Mapping[str, Any]
    task_type: str
    attribute: str
    labels: frozenset[str] | None
    keep_unreadable: Callable[[str], object] = _ignore

    def find(self, claims: Mapping[str, ClaimedItem]) -> Iterator[Found]:
        """Yield every claim once, with its line if there is one.

        Args:
            claims: The claims, by item.
        """
        yield from self._new({key: item for key, item in claims.items() if not item.label_uri})
        yield from self._kept({key: item for key, item in claims.items() if item.label_uri})

    def _new(self, unseen: dict[str, ClaimedItem]) -> Iterator[Found]:
        for text in output_lines(self.artifacts, self.job):
            item_id = item_of(text)
            item = unseen.pop(item_id or "", None)
            if item is not None:
                found = Found(item, text=text, labeling_job=self.job["name"])
                found = self._read(found, self.labels)
                if found.problem:
                    self.keep_unreadable(text)
                yield found
            elif item_id is None:
                self.keep_unreadable(text)
        for item in unseen.values():
            yield Found(item)

    def _kept(self, unseen: dict[str, ClaimedItem]) -> Iterator[Found]:
        for uri in sorted({item.label_uri for item in unseen.values()}):
            for row in self._rows(uri):
                item = unseen.get(row["item_id"])
                if item is not None and item.label_uri == uri:
                    del unseen[row["item_id"]]
                    found = Found(
                        item,
                        text=row["line"],
                        labeling_job=row["labeling_job"],
                        label_schema=row.get("label_schema", ""),
                    )
                    # Whatever the labels are now, it was one of them when it was given.
                    yield self._read(found, None)
        for item in unseen.values():
            _log.error(
                "the label of an item is lost",
                extra={"run_id": self.artifacts.run_id, "item_id": item.item_id},
            )
            yield Found(item)

    def _rows(self, uri: str) -> Iterator[dict[str, Any]]:
        try:
            for text in read_text_lines(self.artifacts.client, uri):
                yield read_object(text)
        except self.artifacts.client.exceptions.NoSuchKey:
            _log.exception(
                "a file of labels is gone", extra={"run_id": self.artifacts.run_id, "uri": uri}
            )

    def _read(self, found: Found, labels: frozenset[str] | None) -> Found:
        try:
            output = read_output_line(
                found.text, task_type=self.task_type, attribute=self.attribute, labels=labels
            )
        except UnreadableLineError as problem:
            _log.warning(
                "output line cannot be read",
                extra={
                    "run_id": self.artifacts.run_id,
                    "item_id": found.item.item_id,
                    "problem": str(problem),
                },
            )
            return found._replace(problem=str(problem))
        return found._replace(output=output)
