"""Starting the jobs of a run: its labeling job and its verification job."""

from __future__ import annotations

import itertools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws.labeling_jobs import without_job
from labeling_lambdas.domain.engines import Engine
from labeling_lambdas.domain.job_settings import job_settings
from labeling_lambdas.domain.kept_settings import KeptSettings, settings_file
from labeling_lambdas.domain.label_studio.job_requests import studio_job_request
from labeling_lambdas.domain.labeling_jobs import LabelingJobSettings, labeling_job_request
from labeling_lambdas.domain.states import JobStatus, RunState
from labeling_lambdas.errors import (
    LabelingError,
    LabelingJobRefusedError,
)
from labeling_lambdas.steps.kept_settings import kept_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from labeling_lambdas.aws.artifacts import Artifacts
    from labeling_lambdas.aws.engines import LabelingEngine
    from labeling_lambdas.aws.job_ledger import TaskToken
    from labeling_lambdas.aws.run_ledger import RunLedger
    from labeling_lambdas.deadline import Deadline
    from labeling_lambdas.domain.run_scope import RunScope
    from labeling_lambdas.steps.completion import Completion

_log = logging.getLogger(__name__)

#: Seconds before a rejected request is sent again. SageMaker documents no error code for a role or
#: a policy that is not effective yet, so no rejection is final immediately. The job's name is
#: fixed, so a retry does not create a second job.
_REFUSED_PAUSES = (5, 15)

#: Seconds that one CreateLabelingJob may take, including the SDK's retries.
_CREATING_SECONDS = 60

#: The folder of a run that Ground Truth is allowed to read.
_MANIFESTS = "manifests"


@dataclass(eq=False, repr=False)
class StartJob:
    """The start of a labeling job of a run, or the adoption of the job that was started.

    Attributes:
        scope: The run.
        name: Name of the job.
        stage: ``label`` or ``verify``; part of the manifest's name.
        settings: The current settings. The settings of the first call are stored with the run, and
            apply.
        lines: Yields the lines of the manifest. It is called only if the job is to be created.
        runs: The ledger's runs.
        artifacts: The run's files.
        completion: The jobs and the states that wait for them.
        deadline: When Lambda ends this function.
        after_creation: Called when this call has created the job.
    """

    scope: RunScope
    name: str
    stage: str
    settings: KeptSettings
    lines: Callable[[KeptSettings], Iterator[str]]
    runs: RunLedger
    artifacts: Artifacts
    completion: Completion
    deadline: Deadline
    after_creation: Callable[[], object]

    def start(self, token: TaskToken) -> str:
        """Start the job. The state of the token is answered when the job ends.

        Returns:
            ``created`` or ``adopted``, or the result of :meth:`Completion.answer` for a job that
            has ended, or that is not needed because its manifest would be empty.

        Raises:
            RunTakenOverError: If the run belongs to another execution, or a newer state waits.
            LabelingJobRefusedError: If Ground Truth rejects the request permanently, or the run's
                items are already being settled.
        """
        run = self.runs.owned(self.scope)
        # Before the job exists, because its completion event may arrive immediately.
        job = self.completion.ledger.wait(self.name, self.scope.run_id, token)
        if job.result is not None:
            return self.completion.answer(job, job.result)
        if run.state is not RunState.SEALED:
            message = (
                f"run {self.scope.run_id} is {run.state}; a job is created for a sealed run only"
            )
            raise LabelingJobRefusedError(message)
        kept = self._kept_settings()
        lines = self.lines(kept)
        first = next(lines, None)
        if first is None:
            return self.completion.answer(job, without_job(self.name, JobStatus.SKIPPED))
        manifest = f"{_MANIFESTS}/{self.stage}.manifest"
        self.artifacts.write_stream(manifest, itertools.chain([first], lines))
        request = self._request(kept, self.artifacts.uri(manifest))
        created = self._create(kept.engine.value, request, token)
        _log.info(
            "labeling job started",
            extra={"run_id": self.scope.run_id, "labeling_job": self.name, "job_created": created},
        )
        if created:
            self.after_creation()
            return "created"
        answer = self.completion.report(self.name)
        return "adopted" if answer == "unfinished" else answer

    def _request(self, kept: KeptSettings, manifest_uri: str) -> dict[str, Any]:
        job = job_settings(kept.job)
        if isinstance(job, LabelingJobSettings):
            return labeling_job_request(
                job,
                name=self.name,
                manifest_uri=manifest_uri,
                output_bucket=self.artifacts.bucket,
                kms_key_arn=self.artifacts.kms_key_arn,
            )
        return studio_job_request(
            job,
            kept.rules,
            kept.verification,
            name=self.name,
            manifest_uri=manifest_uri,
            created_at=self.deadline.now,
        )

    def _create(self, engine: str, request: dict[str, Any], token: TaskToken) -> bool:
        # Writing the manifest takes time, in which the state may have failed and its job may have
        # been recorded as not created. From here on, a function that looks for the job waits for
        # this function.
        until = self.deadline.ends_at
        self.completion.ledger.begin_creating(self.name, token, until, engine)
        try:
            return self._create_patiently(self.completion.engine(engine), request)
        except LabelingError:
            self.completion.ledger.end_creating(self.name, token)
            raise

    def _create_patiently(self, engine: LabelingEngine, request: dict[str, Any]) -> bool:
        for pause in _REFUSED_PAUSES:
            try:
                return engine.create(request)
            except LabelingJobRefusedError as refusal:
                if self.deadline.near(pause + _CREATING_SECONDS):
                    raise
                _log.warning(
                    "labeling job refused; it will be retried",
                    extra={"run_id": self.scope.run_id, "problem": str(refusal)},
                )
            self.deadline.wait_until(self.deadline.now + pause, leaving=_CREATING_SECONDS)
        return engine.create(request)

    def _kept_settings(self) -> KeptSettings:
        # Before the job exists, and once for all calls: the answers of the job are read with the
        # settings that it was created with, even if Terraform changes them later.
        kept = kept_settings(self.artifacts, self.stage)
        if kept is not None:
            return kept
        settings = self.settings._replace(job=self._with_copies(self.settings.job))
        fields = self.artifacts.write_once(settings_file(self.stage), settings.fields())
        return KeptSettings.from_fields(fields)

    def _with_copies(self, job: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.settings.engine is not Engine.GROUND_TRUTH:
            return job
        # Terraform deletes template and categories when they change, and a job may take 30 days, so
        # each run has its own copies.
        template = job["template_s3_uri"]
        return {
            **job,
            "template_s3_uri": self.artifacts.keep(template, _MANIFESTS) if template else None,
            "categories_s3_uri": self.artifacts.keep(job["categories_s3_uri"], _MANIFESTS),
        }
