"""The labels for the claims of a run, from its labeling job or from the job of an earlier run."""

from __future__ import annotations

import dataclasses
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from labeling_lambdas.aws.artifacts import is_absent, read_text_lines
from labeling_lambdas.domain.compact_json import compact_json
from labeling_lambdas.domain.identity import LABEL_STAGE
from labeling_lambdas.domain.labels import UnreadableLineError
from labeling_lambdas.domain.manifest_lines import moved_line
from labeling_lambdas.domain.output_lines import OutputLine, item_of, read_object, read_output_line
from labeling_lambdas.domain.provenance import Provenance, RecordStatus
from labeling_lambdas.domain.states import JobStatus
from labeling_lambdas.errors import LabelingJobOutputMissingError
from labeling_lambdas.steps.claim_list import with_contents
from labeling_lambdas.steps.kept_settings import kept_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from labeling_lambdas.aws.artifacts import Artifacts
    from labeling_lambdas.domain.items import ClaimedItem
    from labeling_lambdas.domain.kept_settings import LabelRules
    from labeling_lambdas.domain.verification_settings import Verification

_log = logging.getLogger(__name__)

#: Number of kept labels in memory at a time, with the contents of their items: 50 MB of the 512 MB
#: that planning has, if each line and each content has the maximum length.
_KEPT_AT_A_TIME = 100


def output_lines(artifacts: Artifacts, job: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a job's output manifest; none if the job wrote none.

    Args:
        artifacts: The run's files.
        job: How the job ended.

    Raises:
        LabelingJobOutputMissingError: If a completed job has no output manifest.
    """
    uri = job["output_uri"]
    if not uri and job["status"] != JobStatus.COMPLETED:
        return
    try:
        yield from read_text_lines(artifacts.client, uri)
    except ClientError as error:
        # A job that failed or was stopped early names an output that it never wrote. If the
        # manifest of a completed job is missing, no item may be returned: its label was paid for.
        if not is_absent(artifacts.client, uri, error):
            raise
        if job["status"] == JobStatus.COMPLETED:
            message = (
                f"labeling job {job['name']} is completed and has no output manifest at {uri}; put"
                " it there, or an empty object if there are no labels, and the next run continues"
            )
            raise LabelingJobOutputMissingError(message) from None
        _log.warning("the job wrote no output", extra={"run_id": artifacts.run_id, "uri": uri})


class FoundLabel(NamedTuple):
    """The label of a claim, if it was found.

    Attributes:
        item: The claim.
        output: Its output line, None if it is absent or cannot be read.
        text: The same line, as Ground Truth wrote it.
        problem: Why the line cannot be read, without its content; empty if it can be read.
        labeling_job: Name of the job that wrote it.
        rules: Rules for reading the line, from the job that wrote it.
        judged: The origin of the label, if it does not need verification.
        moved: Whether the label was given to another item with the same text.
        attempts: For such a label, the number of labeling jobs that its text was in.
    """

    item: ClaimedItem
    rules: LabelRules
    output: OutputLine | None = None
    text: str = ""
    problem: str = ""
    labeling_job: str = ""
    judged: Provenance | None = None
    moved: bool = False
    attempts: int = 0


def _ignore(_: str) -> None:
    return


def _has_moved(item: ClaimedItem, row: Mapping[str, Any]) -> bool:
    """Return whether a kept label was given to another item with the same text."""
    return bool(row["item_id"] != item.item_id)


def is_to_be_verified(found: FoundLabel, verification: Verification, shown: LabelRules) -> bool:
    """Return whether a label is to be verified.

    Args:
        found: The label.
        verification: Determines which labels are verified.
        shown: The labels that the reviewers' page shows. A label that was kept under another task
            type has another format.
    """
    output = found.output
    return (
        output is not None
        and output.label is not None
        and found.judged is None
        and found.rules.same_form(shown)
        and verification.wants(output.item_id, found.text, output.line)
    )


@dataclass(eq=False, repr=False)
class ClaimLabels:
    """The output lines of a run, read with one line in memory at a time.

    Attributes:
        artifacts: The run's files.
        job: How the run's labeling job ended.
        rules: Rules for reading the lines of the run's own job.
        keep_unreadable: Called with each line of the job that cannot be read.
    """

    artifacts: Artifacts
    job: Mapping[str, Any]
    rules: LabelRules
    keep_unreadable: Callable[[str], object] = _ignore

    def find(self, claims: Mapping[str, ClaimedItem]) -> Iterator[FoundLabel]:
        """Yield every claim once, with its line if it has one.

        Args:
            claims: The claims, by item.
        """
        yield from self._new({key: item for key, item in claims.items() if not item.label_uri})
        yield from self._kept({key: item for key, item in claims.items() if item.label_uri})

    def _new(self, unseen: dict[str, ClaimedItem]) -> Iterator[FoundLabel]:
        for text in output_lines(self.artifacts, self.job):
            item_id = item_of(text)
            item = unseen.pop(item_id or "", None)
            if item is not None:
                found = FoundLabel(item, self.rules, text=text, labeling_job=self.job["name"])
                found = self._read(found)
                if found.problem:
                    self.keep_unreadable(text)
                yield found
            elif item_id is None:
                self.keep_unreadable(text)
        for item in unseen.values():
            yield FoundLabel(item, self.rules)

    def _kept(self, unseen: dict[str, ClaimedItem]) -> Iterator[FoundLabel]:
        wanted: dict[tuple[str, str], list[str]] = {}
        for item_id, item in unseen.items():
            wanted.setdefault((item.label_uri, item.text_id or item_id), []).append(item_id)
        for uri in sorted({item.label_uri for item in unseen.values()}):
            rules = self._rules_of(uri)
            gathered: list[tuple[ClaimedItem, dict[str, Any]]] = []
            for row in self._rows(uri):
                for item_id in wanted.pop((uri, row.get("text_id") or row["item_id"]), ()):
                    gathered.append((unseen.pop(item_id), row))
                if len(gathered) >= _KEPT_AT_A_TIME:
                    yield from self._kept_labels(gathered, rules)
                    gathered = []
            yield from self._kept_labels(gathered, rules)
        for item in unseen.values():
            _log.error(
                "the label of an item is lost",
                extra={"run_id": self.artifacts.run_id, "item_id": item.item_id},
            )
            yield FoundLabel(item, self.rules)

    def _kept_labels(
        self, gathered: Sequence[tuple[ClaimedItem, dict[str, Any]]], rules: LabelRules
    ) -> Iterator[FoundLabel]:
        # Further keys that were too large to keep are read for many items at once, because those of
        # a part are in one file.
        without = [item for item, row in gathered if _has_moved(item, row) and item.content is None]
        read = {item.item_id: item for item in with_contents(self.artifacts, without)}
        for item, row in gathered:
            yield self._read(self._kept_label(read.get(item.item_id, item), row, rules))

    def _rules_of(self, uri: str) -> LabelRules:
        """Return the rules for reading the labels in a file of an earlier run."""
        run_id = uri.partition("/runs/")[2].partition("/")[0]
        earlier = dataclasses.replace(self.artifacts, run_id=run_id)
        kept = kept_settings(earlier, LABEL_STAGE)
        # The labels may have changed, but this label was valid when it was given.
        return self.rules._replace(labels=None) if kept is None else kept.rules

    def _kept_label(self, item: ClaimedItem, row: dict[str, Any], rules: LabelRules) -> FoundLabel:
        rules = rules._replace(label_schema=row.get("label_schema", ""))
        judged = None
        if row.get("status"):
            # The label may be from an earlier run than the one that stored it.
            rules = rules._replace(
                task_type=row["task_type"], attribute=row["attribute"], labels=None
            )
            judged = Provenance(
                row["labeling_job"],
                rules.task_type,
                rules.label_schema,
                RecordStatus(row["status"]),
                row["verification_job"],
            )
        found = FoundLabel(
            item,
            rules,
            text=row["line"],
            labeling_job=row["labeling_job"],
            judged=judged,
            attempts=int(row.get("attempts", 0)),
        )
        if not _has_moved(item, row):
            return found
        line = moved_line(read_object(row["line"]), item, attribute=rules.attribute)
        return found._replace(text=compact_json(line), moved=True)

    def _rows(self, uri: str) -> Iterator[dict[str, Any]]:
        try:
            for text in read_text_lines(self.artifacts.client, uri):
                yield read_object(text)
        except ClientError as error:
            if not is_absent(self.artifacts.client, uri, error):
                raise
            _log.exception(
                "a file of labels is gone", extra={"run_id": self.artifacts.run_id, "uri": uri}
            )

    def _read(self, found: FoundLabel) -> FoundLabel:
        rules = found.rules
        try:
            output = read_output_line(
                found.text,
                task_type=rules.task_type,
                attribute=rules.attribute,
                labels=rules.labels,
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
