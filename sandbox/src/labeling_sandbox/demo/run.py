"""The demo from beginning to end."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from labeling_sandbox.demo.leftovers import leftovers
from labeling_sandbox.demo.pictures import ODDITIES, Picture, pictures
from labeling_sandbox.demo.pipeline import Execution, Pipeline, PipelineError
from labeling_sandbox.demo.screen import RunResult, Screen
from labeling_sandbox.terraform import Terraform

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from labeling_sandbox.auditor import Findings, Upload
    from labeling_sandbox.server import Sandbox

_VARIABLES = Path("examples/tfvars/minimal.tfvars")
_ARCHIVE = Path("sandbox/data/digits.zip")

#: The demo's own settings on top of the example: its data may be deleted.
_OVERRIDES = {"force_destroy": True, "kms_deletion_window_days": 7}

_RUN_SECONDS = 300.0
_MAX_RUNS = 6
#: From this run on nothing fails or expires any more, so that the last items find their labels.
_FAULTLESS_FROM_RUN = 3
_DUPLICATE_EVERY = 40
#: The module's default, which the example leaves as it is.
_MAX_ATTEMPTS = 3
#: How Terraform's progress lines say that a resource is done.
_RESOURCE_DONE = (": Creation complete after", ": Destruction complete after")
_SHOWN_RECORDS = 2


@dataclass(frozen=True)
class DemoSettings:
    """What the demo does.

    Attributes:
        module: Folder of the Terraform module.
        items: Pictures to upload.
        error_rate: Share of wrong answers.
        failure_rate: Share of objects that fail in a job.
        expiry_rate: Share of objects that expire in a job.
        delay_seconds: How long workers take for a job.
        seed: Of the workers' choices.
        keep: Leave everything running until Ctrl-C.
    """

    module: Path
    items: int = 200
    error_rate: float = 0.0
    failure_rate: float = 0.06
    expiry_rate: float = 0.08
    delay_seconds: float = 3.0
    seed: int = 7
    keep: bool = False


@dataclass
class Demo:
    """One demo.

    Attributes:
        sandbox: The sandbox, started.
        settings: What to do.
        screen: Where to show it.
    """

    sandbox: Sandbox
    settings: DemoSettings
    screen: Screen
    _problems: list[str] = field(default_factory=list)

    def run(self) -> list[str]:
        """Deploy, label, audit and destroy.

        Returns:
            What went wrong, each in a sentence; empty if nothing did.

        Raises:
            TerraformError: If Terraform fails.
            PipelineError: If the pipeline does not do what it is asked.
        """
        started = time.monotonic()
        with self._deployed() as pipeline:
            digits = pictures(self.settings.module / _ARCHIVE, self.settings.items)
            uploads = self._upload(pipeline, digits)
            results = self._run_until_done(pipeline, digits)
            findings = pipeline.auditor().audit(uploads, max_attempts=_MAX_ATTEMPTS)
            self._show(digits, results, findings)
            if self.settings.keep:
                self._keep_running(pipeline)
        self.screen.say(f"Finished after {time.monotonic() - started:.0f} s.")
        return self._problems

    @contextmanager
    def _deployed(self) -> Iterator[Pipeline]:
        work = Path(tempfile.mkdtemp(prefix="labeling-demo-"))
        files = [self.settings.module / _VARIABLES]

        def count(line: str) -> None:
            if any(done in line for done in _RESOURCE_DONE):
                bar.advance()

        terraform = Terraform(
            self.settings.module, work, self.sandbox.environment(), progress=count
        )
        self.screen.say(f"Terraform applies the module with {_VARIABLES}")
        try:
            with self.screen.progress("resources created") as bar:
                terraform.init()
                terraform.apply(files, _OVERRIDES)
            try:
                yield Pipeline(self.sandbox, terraform.outputs())
                self._check_no_changes(terraform, files)
            finally:
                with self.screen.progress("resources destroyed") as bar:
                    terraform.destroy(files, _OVERRIDES)
            self._check_nothing_left()
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _check_no_changes(self, terraform: Terraform, files: Sequence[Path]) -> None:
        if terraform.plan(files, _OVERRIDES):
            self._problems.append("terraform plan shows changes after the apply")
        else:
            self.screen.say("  terraform plan: no changes")

    def _check_nothing_left(self) -> None:
        left = leftovers(self.sandbox)
        self._problems += [f"left after destroy: {name}" for name in left]
        self.screen.say(f"Left after destroy: {', '.join(left) or 'nothing'}")

    def _upload(self, pipeline: Pipeline, digits: Sequence[Picture]) -> list[Upload]:
        # The last picture is first uploaded with what another one shows, and overwritten.
        overwritten = (digits[-1].key, digits[0].body)
        oddities = [(it.key, it.body) for it in ODDITIES]
        objects = [(picture.key, picture.body) for picture in digits]
        self.screen.say("Uploading")
        with self.screen.progress("objects", len(objects) + len(oddities) + 1) as bar:
            uploads = pipeline.upload([overwritten], bar.advance)
            pipeline.control("events/duplicate", {"every": _DUPLICATE_EVERY})
            uploads += pipeline.upload([*objects, *oddities], bar.advance)
        pipeline.drain_events()
        return [upload for upload in uploads if not upload.key.endswith("/")]

    def _run_until_done(self, pipeline: Pipeline, digits: Sequence[Picture]) -> list[RunResult]:
        results: list[RunResult] = []
        while pipeline.messages_waiting():
            if len(results) == _MAX_RUNS:
                message = f"messages still wait after {_MAX_RUNS} runs"
                raise PipelineError(message)
            self._instruct_workforce(pipeline, digits, run=len(results) + 1)
            results.append(self._run_once(pipeline, len(results) + 1))
        return results

    def _instruct_workforce(
        self, pipeline: Pipeline, digits: Sequence[Picture], *, run: int
    ) -> None:
        bucket = pipeline.outputs["upload_bucket_name"]
        faultless = run >= _FAULTLESS_FROM_RUN
        pipeline.control(
            "workforce",
            {
                "truth": {f"s3://{bucket}/{picture.key}": picture.label for picture in digits},
                "error_rate": self.settings.error_rate,
                "failure_rate": 0.0 if faultless else self.settings.failure_rate,
                "expiry_rate": 0.0 if faultless else self.settings.expiry_rate,
                "delay_seconds": self.settings.delay_seconds,
                "seed": self.settings.seed,
            },
        )

    def _run_once(self, pipeline: Pipeline, number: int) -> RunResult:
        pipeline.control("calls/reset", {})
        execution_arn = pipeline.fire_schedule()
        self.screen.say(f"Run {number}: the schedule fired")
        with self.screen.progress("labels") as bar:

            def look() -> None:
                counters = pipeline.counters()
                total = sum(counters.values()) - counters.get("HumanLabeled", 0)
                bar.show(counters.get("TotalLabeled", 0), total)

            execution = pipeline.wait(execution_arn, deadline_seconds=_RUN_SECONDS, look=look)
            look()
        return RunResult(execution, self._report(pipeline, execution), pipeline.function_calls())

    def _report(self, pipeline: Pipeline, execution: Execution) -> dict[str, object] | None:
        for report in pipeline.auditor().reports():
            if report["execution_arn"] == execution.arn:
                return report
        return None

    def _show(
        self, digits: Sequence[Picture], results: Sequence[RunResult], findings: Findings
    ) -> None:
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
        self._check_labels(digits, findings)
        self._check_oddities(findings)
        states = Counter(str(state) for state in findings.states.values())
        self.screen.say(f"Items by state: {dict(sorted(states.items()))}")
        verdict = "balanced" if not findings.violations else "NOT BALANCED"
        self.screen.say(f"Auditor: accounting {verdict}, {len(findings.violations)} violations")

    def _check_labels(self, digits: Sequence[Picture], findings: Findings) -> None:
        truth = {picture.key: picture.label for picture in digits}
        stored = {upload for upload, state in findings.states.items() if state == "stored"}
        versions = {
            (upload.uri, findings.records[upload.uri]["source_version_id"] == upload.version_id)
            for upload in stored
            if upload.uri in findings.records
        }
        newest = sum(current for _, current in versions)
        right = sum(
            findings.records[upload.uri]["label"] == truth[upload.key]
            for upload in stored
            if upload.uri in findings.records
        )
        self.screen.say(
            f"Stored: {newest} of {len(digits)} pictures in their newest version;"
            f" labels equal to the truth: {right} of {len(stored)}"
        )
        if newest != len(digits):
            self._problems.append(f"{newest} of {len(digits)} pictures are stored")
        if not self.settings.error_rate and right != len(digits):
            self._problems.append(f"{right} of {len(digits)} labels are right")

    def _check_oddities(self, findings: Findings) -> None:
        reasons = {
            letter["item"]["key"]: letter["reason"]
            for letter in findings.dead_letters
            if "item" in letter
        }
        for oddity in ODDITIES:
            found = reasons.get(oddity.key)
            if found != oddity.reason:
                wanted = oddity.reason or "no dead letter"
                self._problems.append(f"{oddity.key}: {wanted} expected, found {found}")
        self.screen.say(f"Dead letters: {reasons}")

    def _keep_running(self, pipeline: Pipeline) -> None:
        self.screen.say(f"The pipeline stays up at {self.sandbox.endpoint}; end with Ctrl-C.")
        for name, value in self.sandbox.environment().items():
            self.screen.say(f"  export {name}={value}")
        for name in ("upload_bucket_name", "upload_queue_url", "state_machine_arn"):
            self.screen.say(f"  {name} = {pipeline.outputs[name]}")
        try:
            while True:
                time.sleep(1)
        except KeyboardInterrupt:
            self.screen.say("Stopping")
