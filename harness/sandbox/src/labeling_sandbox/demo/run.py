"""The demo from deployment to destroy."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from labeling_sandbox.demo import verification
from labeling_sandbox.demo.deployment import Deployment
from labeling_sandbox.demo.engines import GroundTruth
from labeling_sandbox.demo.label_studio import LabelStudio
from labeling_sandbox.demo.pipeline import Execution, Pipeline, PipelineError
from labeling_sandbox.demo.screen import RunResult, Screen
from labeling_sandbox.demo.task_types import DEFAULT_TASK, DEMO_TYPES, DemoType, matches_truth

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from labeling_sandbox.audit.auditor import Findings
    from labeling_sandbox.audit.uploads import Upload
    from labeling_sandbox.demo.data_set import DataSet, File
    from labeling_sandbox.demo.engines import DemoEngine
    from labeling_sandbox.server import Sandbox

_DATA = Path("harness/sandbox/data")

#: Settings of the demo in addition to the example's: its data may be deleted, and several workers
#: label each object, so that their agreement is shown.
_OVERRIDES = {
    "force_destroy": True,
    "kms_deletion_window_days": 7,
    "task": {"workers_per_object": 3},
}

#: Three attempts, and for each of the first runs one in which a label was not verified.
_MAX_RUNS = 6
#: From this run on nothing fails or expires, so that the last items are labeled.
_FAULTLESS_FROM_RUN = 3
_DUPLICATE_EVERY = 40
#: The module's default, which the example leaves as it is.
_MAX_ATTEMPTS = 3
_SHOWN_RECORDS = 2
_EXHAUSTED = "attempts_exhausted"


class Engine(StrEnum):
    """Where items are labeled."""

    GROUND_TRUTH = "ground_truth"
    LABEL_STUDIO = "label_studio"


@dataclass(frozen=True)
class DemoSettings:
    """What the demo does.

    Attributes:
        module: Folder of the Terraform module.
        task: The task type.
        items: Items to label, None for all that the task type's data has.
        error_rate: Share of wrong answers.
        failure_rate: Share of objects that fail in a job.
        expiry_rate: Share of objects that expire in a job.
        delay_seconds: How long workers take for a job.
        seed: Of the workers' choices.
        keep: Leave everything running until Ctrl-C.
        verify: Let reviewers verify every label; then workers and reviewers make mistakes, and the
            share of correct labels among the stored ones must match their rates.
        engine: Where items are labeled.
    """

    module: Path
    task: str = DEFAULT_TASK
    items: int | None = None
    error_rate: float = 0.0
    failure_rate: float = 0.06
    expiry_rate: float = 0.08
    delay_seconds: float = 3.0
    seed: int = 7
    keep: bool = False
    verify: bool = False
    engine: Engine = Engine.GROUND_TRUTH


def demo_engine(sandbox: Sandbox, settings: DemoSettings) -> DemoEngine:
    """Return where the items of a demo are labeled."""
    if settings.engine is Engine.GROUND_TRUTH:
        return GroundTruth(settings.verify)
    return LabelStudio(
        sandbox,
        settings.module,
        DEMO_TYPES[settings.task],
        settings.task,
        verify=settings.verify,
    )


@dataclass
class Demo:
    """One demo.

    Attributes:
        sandbox: The sandbox, started.
        settings: What to do.
        screen: Where to show it.
        engine: Where items are labeled.
    """

    sandbox: Sandbox
    settings: DemoSettings
    screen: Screen
    engine: DemoEngine
    _problems: list[str] = field(default_factory=list)
    _rates: verification.Rates = field(default_factory=verification.Rates)

    @property
    def demo_type(self) -> DemoType:
        """The demo of the task type."""
        return DEMO_TYPES[self.settings.task]

    def run(self) -> list[str]:
        """Deploy, label, audit and destroy.

        Returns:
            The problems, each in a sentence; empty if there are none.

        Raises:
            TerraformError: If Terraform fails.
            PipelineError: If the pipeline does not do what it is asked.
            ValueError: If the task type's data has fewer items than are asked for.
        """
        started = time.monotonic()
        data = self.demo_type.data(self.settings.module / _DATA, self.settings.items)
        deployment = Deployment(
            self.sandbox, self.settings.module, self.demo_type.variables, self.screen
        )
        with (
            self.engine.started() as inputs,
            deployment.applied({**_OVERRIDES, **inputs}) as pipeline,
        ):
            self.engine.begin(pipeline)
            uploads = self._upload(pipeline, data)
            results = self._run_until_done(pipeline, data)
            auditor = replace(pipeline.auditor(), other_jobs=lambda: self.engine.jobs(pipeline))
            findings = auditor.audit(uploads, max_attempts=_MAX_ATTEMPTS)
            self._show(results, findings)
            self._check_labels(pipeline, data, uploads, findings)
            self._check_oddities(data, findings)
            if self.settings.keep:
                self._keep_running(pipeline)
        self.screen.say(f"Finished after {time.monotonic() - started:.0f} s.")
        return self._problems + deployment.problems

    def _upload(self, pipeline: Pipeline, data: DataSet) -> list[Upload]:
        self.screen.say("Uploading")
        with self.screen.progress("objects", len(data.overwritten) + len(data.files)) as bar:
            uploads = self._put(pipeline, data.overwritten, bar.advance)
            pipeline.control("events/duplicate", {"every": _DUPLICATE_EVERY})
            uploads += self._put(pipeline, data.files, bar.advance)
        pipeline.drain_events()
        return uploads

    @staticmethod
    def _put(
        pipeline: Pipeline, files: Sequence[File], progress: Callable[[], None]
    ) -> list[Upload]:
        versions = pipeline.upload([(file.key, file.body) for file in files], progress)
        return [
            replace(version, line=line)
            for file, version in zip(files, versions, strict=True)
            for line in file.lines
        ]

    def _run_until_done(self, pipeline: Pipeline, data: DataSet) -> list[RunResult]:
        results: list[RunResult] = []
        while pipeline.messages_waiting():
            if len(results) == _MAX_RUNS:
                message = f"messages still wait after {_MAX_RUNS} runs"
                raise PipelineError(message)
            self._instruct_workforce(pipeline, data, run=len(results) + 1)
            results.append(self._run_once(pipeline, len(results) + 1))
        return results

    def _instruct_workforce(self, pipeline: Pipeline, data: DataSet, *, run: int) -> None:
        bucket = pipeline.outputs["upload_bucket_name"]
        faultless = run >= _FAULTLESS_FROM_RUN
        truth = {item.text or f"s3://{bucket}/{item.key}": item.truth for item in data.items}
        self.engine.instruct(
            pipeline,
            {
                "truth": truth,
                "error_rate": self.settings.error_rate,
                "failure_rate": 0.0 if faultless else self.settings.failure_rate,
                "expiry_rate": 0.0 if faultless else self.settings.expiry_rate,
                "delay_seconds": self.settings.delay_seconds,
                "seed": self.settings.seed,
                **(self._rates.workforce() if self.settings.verify else {}),
            },
        )

    def _run_once(self, pipeline: Pipeline, number: int) -> RunResult:
        pipeline.control("calls/reset", {})
        execution_arn = pipeline.fire_schedule()
        self.screen.say(f"Run {number}: the schedule fired")
        with self.screen.progress("labels") as bar:

            def look() -> None:
                bar.show(*self.engine.progress(pipeline))

            execution = pipeline.wait(
                execution_arn, deadline_seconds=self.engine.run_seconds, look=look
            )
            look()
        return RunResult(execution, self._report(pipeline, execution), pipeline.function_calls())

    def _report(self, pipeline: Pipeline, execution: Execution) -> dict[str, object] | None:
        for report in pipeline.auditor().reports():
            if report["execution_arn"] == execution.arn:
                return report
        return None

    def _show(self, results: Sequence[RunResult], findings: Findings) -> None:
        self.screen.runs(results)
        self.screen.steps(results)
        for uri in sorted(findings.records)[:_SHOWN_RECORDS]:
            self.screen.record(findings.records[uri])
        self._problems += findings.violations
        self._problems += [
            f"run {number} ended with {result.execution.error}"
            for number, result in enumerate(results, 1)
            if result.execution.error
        ]
        states = Counter(str(state) for state in findings.states.values())
        self.screen.say(f"Items by state: {dict(sorted(states.items()))}")
        verdict = "balanced" if not findings.violations else "NOT BALANCED"
        self.screen.say(f"Auditor: accounting {verdict}, {len(findings.violations)} violations")

    def _check_labels(
        self, pipeline: Pipeline, data: DataSet, uploads: Sequence[Upload], findings: Findings
    ) -> None:
        # The files come after what they overwrite, so the newest version of a line stays.
        newest = {(upload.key, upload.line): upload for upload in uploads}
        stored: list[Mapping[str, str]] = []
        right = 0
        for item in data.items:
            upload = newest[item.key, item.line]
            record = findings.records.get(upload.uri)
            if record is None or record["source_version_id"] != upload.version_id:
                continue
            stored.append(record)
            right += matches_truth(self.demo_type, record, item.label, item.truth, pipeline.read)
        total = len(data.items)
        self.screen.say(
            f"Stored: {len(stored)} of {total} {data.noun} in their newest version;"
            f" labels equal to the truth: {right} of {len(stored)}"
        )
        if self.settings.verify:
            self._check_accuracy(pipeline, stored, right)
            return
        if len(stored) != total:
            self._problems.append(f"{len(stored)} of {total} {data.noun} are stored")
        if not self.settings.error_rate and right != total:
            self._problems.append(f"{right} of {total} labels are right")

    def _check_accuracy(
        self, pipeline: Pipeline, stored: Sequence[Mapping[str, str]], right: int
    ) -> None:
        verdict = verification.check_verification(
            stored,
            right,
            rates=self._rates,
            reviewers=self.engine.reviewers(pipeline),
            max_attempts=_MAX_ATTEMPTS,
        )
        for line in verdict.lines:
            self.screen.say(line)
        self._problems += verdict.problems

    def _check_oddities(self, data: DataSet, findings: Findings) -> None:
        reasons = {
            (letter["item"]["key"], letter["item"].get("line")): letter["reason"]
            for letter in findings.dead_letters
            if "item" in letter
        }
        for oddity in data.oddities:
            found = reasons.pop((oddity.key, oddity.line), None)
            place = oddity.key if oddity.line is None else f"{oddity.key}, line {oddity.line}"
            if found:
                self.screen.say(f"Dead letter: {place}: {found}")
            if found != oddity.reason:
                wanted = oddity.reason or "no dead letter"
                self._problems.append(f"{place}: {wanted} expected, found {found}")
        if self.settings.verify:
            self._account_for_rejected(data, findings, reasons)
        self._problems += [f"{key}: dead-lettered as {why}" for (key, _), why in reasons.items()]

    def _account_for_rejected(
        self, data: DataSet, findings: Findings, reasons: dict[tuple[str, int | None], str]
    ) -> None:
        """Remove items that used up their attempts from the unexpected dead letters."""
        details = {
            (letter["item"]["key"], letter["item"].get("line")): letter.get("detail", "")
            for letter in findings.dead_letters
            if "item" in letter
        }
        dead = [
            (item.key, item.line)
            for item in data.items
            if reasons.get((item.key, item.line)) == _EXHAUSTED
        ]
        for key, line in dead:
            place = key if line is None else f"{key}, line {line}"
            self.screen.say(
                f"Dead letter: {place}: {reasons.pop((key, line))}: {details[key, line]}"
            )
        stored = sum(state == "stored" for state in findings.states.values())
        if stored + len(dead) != len(data.items):
            self._problems.append(
                f"{stored} stored and {len(dead)} dead-lettered of {len(data.items)} {data.noun}"
            )

    def _keep_running(self, pipeline: Pipeline) -> None:
        # AWS does it within 15 minutes; labelctl export reads the files.
        group = pipeline.outputs["feature_group_name"]
        pipeline.control(f"records/{group}/write-files", {})
        self.screen.say(f"The pipeline stays up at {self.sandbox.endpoint}; Ctrl-C destroys it.")
        for name, value in self.sandbox.environment().items():
            self.screen.say(f"  export {name}={value}")
        for name in ("upload_bucket_name", "upload_queue_url", "state_machine_arn"):
            self.screen.say(f"  {name} = {pipeline.outputs[name]}")
        try:
            while True:
                time.sleep(1)
        except KeyboardInterrupt:
            self.screen.say("Stopping")
