"""Reading the answers of the workers of runs, and comparing them with the labels."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from labelctl.report.agreement import IncomparableError, agreement, classes_of
from labelctl.report.answers import AnswerReader
from labelctl.report.workers import WorkersFigures
from labeling_lambdas.aws.artifacts import Artifacts, is_absent, read_text_lines
from labeling_lambdas.domain.identity import LABEL_STAGE, VERIFY_STAGE
from labeling_lambdas.domain.labels import UnreadableLineError
from labeling_lambdas.domain.manifest_keys import ITEM_ID_KEY
from labeling_lambdas.domain.output_lines import item_of, read_object, read_output_line
from labeling_lambdas.domain.verification import Verdict, read_verdict
from labeling_lambdas.steps.finish_run import REPORT
from labeling_lambdas.steps.kept_settings import kept_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import IO

    from labelctl.connection import Client
    from labelctl.pipeline import Pipeline
    from labelctl.report.answers import ObjectAnswers, Worker
    from labelctl.report.runs import RunFigures
    from labeling_lambdas.domain.kept_settings import LabelRules
    from labeling_lambdas.domain.labels import Label

_REPORTED = 1_000


@dataclass(frozen=True, slots=True)
class WorkerReader:
    """A reader of the figures of workers.

    Attributes:
        client: S3.
        output_bucket: The bucket with the files of runs and jobs.
        pipeline: The pipeline.
        progress: Told from time to time what is done.
        named: Whether workers are shown by what they are called.
    """

    client: Client
    output_bucket: str
    pipeline: Pipeline
    progress: Callable[[str], None]
    named: bool

    def read(self, runs: Sequence[RunFigures]) -> WorkersFigures:
        """Return the figures of the workers of runs that are closed.

        Labels of a run are on disk meanwhile. In memory are the names of its items.
        """
        figures = WorkersFigures(self.pipeline.name, self.pipeline.task_type.name, self.named)
        for run in runs:
            artifacts = Artifacts(self.client, self.output_bucket, "", run.run_id)
            report = artifacts.read_if_there(REPORT) if run.closed_at else None
            kept = kept_settings(artifacts, LABEL_STAGE)
            # After a change of the task type, answers of the earlier one are not comparable.
            if (
                report is None
                or kept is None
                or not (report["labeling_job"] or {}).get("output_uri")
                or kept.rules.task_type != figures.task_type
            ):
                continue
            verdicts = self._verdicts(artifacts, report["verification_job"])
            with tempfile.TemporaryFile() as file:
                labels = _Labels(kept.rules, file)
                labels.keep(self._lines(report["labeling_job"]))
                self._add(
                    figures, AnswerReader(artifacts, report["labeling_job"]), labels, verdicts
                )
        return figures

    def _add(
        self,
        figures: WorkersFigures,
        reader: AnswerReader,
        labels: _Labels,
        verdicts: Mapping[str, bool],
    ) -> None:
        for found in reader.read():
            figures.objects += 1
            self._add_object(
                figures, found, labels.find(found.item_id), verdicts.get(found.item_id)
            )
            if figures.objects % _REPORTED == 0:
                self.progress(f"answers to {figures.objects:,} objects")
        figures.unreadable += reader.unreadable

    def _add_object(
        self,
        figures: WorkersFigures,
        found: ObjectAnswers,
        label: Label | None,
        accepted: bool | None,
    ) -> None:
        chosen: dict[Worker, frozenset[str]] = {}
        for answer in found.answers:
            worker = figures.of(answer.worker)
            worker.answers += 1
            if answer.seconds is not None:
                worker.seconds.append(answer.seconds)
            if accepted is not None:
                worker.accepted.add(accepted)
            try:
                if "classification" in figures.task_type:
                    chosen[answer.worker] = classes_of(answer.content)
                # The label that one person alone made agrees with their answer.
                if label is not None and len(found.answers) > 1:
                    shared = agreement(figures.task_type, answer.content, label, self._mask)
                    worker.agreement.add(shared)
            except IncomparableError:
                worker.unusable += 1
        if len(chosen) > 1:
            figures.sample(found.item_id, chosen)
        if label is not None and figures.task_type.endswith("_single_label_classification"):
            figures.confusion.update((label.name, name) for it in chosen.values() for name in it)

    def _verdicts(self, artifacts: Artifacts, job: Mapping[str, Any] | None) -> dict[str, bool]:
        """Return by item whether reviewers of the run accepted its label."""
        kept = kept_settings(artifacts, VERIFY_STAGE) if job else None
        if job is None or kept is None or kept.verification is None:
            return {}
        verdicts = {}
        for text in self._lines(job):
            try:
                line = read_object(text)
            except UnreadableLineError:
                continue
            verdict = read_verdict(line, kept.verification)
            if isinstance(verdict, Verdict):
                verdicts[str(line.get(ITEM_ID_KEY))] = verdict.accepted
        return verdicts

    def _lines(self, job: Mapping[str, Any]) -> Iterator[str]:
        """Yield the lines of a job's output; none if it wrote none."""
        uri = str(job["output_uri"])
        if not uri:
            return
        try:
            yield from read_text_lines(self.client, uri)
        except ClientError as error:
            if not is_absent(self.client, uri, error):
                raise

    def _mask(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        try:
            content: bytes = self.client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if not is_absent(self.client, uri, error):
                raise
            message = "the mask was deleted"
            raise IncomparableError(message) from error
        return content


class _Labels:
    """The labels of a job, on disk and found by their item."""

    def __init__(self, rules: LabelRules, file: IO[bytes]) -> None:
        self._rules = rules
        self._file = file
        self._places: dict[str, int] = {}

    def keep(self, lines: Iterator[str]) -> None:
        """Write the lines of the job's output."""
        for text in lines:
            item = item_of(text)
            # A second line of an item is ignored, as where labels are stored.
            if item is not None and item not in self._places:
                self._places[item] = self._file.tell()
                self._file.write(text.encode() + b"\n")

    def find(self, item_id: str) -> Label | None:
        """Return the label of an item; None if it has none that can be read."""
        place = self._places.get(item_id)
        if place is None:
            return None
        self._file.seek(place)
        text = self._file.readline().decode()
        rules = self._rules
        try:
            found = read_output_line(
                text, task_type=rules.task_type, attribute=rules.attribute, labels=rules.labels
            )
        except UnreadableLineError:
            return None
        return found.label
