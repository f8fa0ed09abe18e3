"""Starting and stopping a run's labeling job."""

from __future__ import annotations

import dataclasses
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_lambdas.aws.labeling_jobs import not_created
from labeling_lambdas.domain.claims import RunState
from labeling_lambdas.domain.labeling_jobs import (
    LabelingJobSettings,
    labeling_job_request,
    manifest_lines,
    newest_versions,
)
from labeling_lambdas.errors import LabelingJobRefusedError
from labeling_lambdas.steps.claims import claimed_items

if TYPE_CHECKING:
    from labeling_lambdas.aws.artifacts import Artifacts
    from labeling_lambdas.aws.job_ledger import JobLedger, TaskToken
    from labeling_lambdas.aws.labeling_jobs import LabelingJobs
    from labeling_lambdas.aws.run_ledger import RunLedger
    from labeling_lambdas.domain.task_types import TaskType
    from labeling_lambdas.steps.completion import Completion

_log = logging.getLogger(__name__)

#: The folder of a run that Ground Truth may read.
_MANIFESTS = "manifests"


@dataclass(frozen=True, slots=True)
class JobStart:
    """Starts the labeling job of a run, or adopts the one that was started.

    Attributes:
        name: Name of the job.
        run_id: The run.
        execution_arn: The execution that works on it.
        settings: What all labeling jobs have in common.
        task_type: Decides the form of the manifest.
        runs: The ledger's runs.
        waiting: The ledger's jobs.
        jobs: Ground Truth's jobs.
        artifacts: The run's files.
        completion: Answers the waiting state if the job has ended already.
    """

    name: str
    run_id: str
    execution_arn: str
    settings: LabelingJobSettings
    task_type: TaskType
    runs: RunLedger
    waiting: JobLedger
    jobs: LabelingJobs
    artifacts: Artifacts
    completion: Completion

    def start(self, token: TaskToken) -> str:
        """Start the job; the state that holds the token is answered when the job ends.

        Returns:
            ``created`` or ``adopted``, or what :meth:`Completion.report` says of an adopted job
            that has ended.

        Raises:
            RunTakenOverError: If the run is another execution's.
            LabelingJobRefusedError: If Ground Truth refuses the request for good, or the run's
                items are being settled already.
        """
        run = self.runs.owned(self.run_id, self.execution_arn)
        # Before the job exists: its completion event may come at once.
        job = self.waiting.wait(self.name, self.run_id, token)
        if job.result is not None:
            return self.completion.answer(job, job.result)
        if run.state is not RunState.SEALED:
            message = f"run {self.run_id} is {run.state}; a job is created for a sealed run only"
            raise LabelingJobRefusedError(message)
        manifest = f"{_MANIFESTS}/label.manifest"
        lines = self._write_manifest(manifest)
        created = self.jobs.create(
            labeling_job_request(
                self._settings_to_keep(),
                name=self.name,
                manifest_uri=self.artifacts.uri(manifest),
                output_bucket=self.artifacts.bucket,
                kms_key_arn=self.artifacts.kms_key_arn,
            )
        )
        _log.info(
            "labeling job started",
            extra={
                "run_id": self.run_id,
                "labeling_job": self.name,
                "items": lines,
                "job_created": created,
            },
        )
        if created:
            return "created"
        answer = self.completion.report(self.name)
        return "adopted" if answer == "unfinished" else answer

    def _settings_to_keep(self) -> LabelingJobSettings:
        # Terraform deletes template and categories when they change, and a job may go on for 30
        # days: each run has copies of its own. Their names hold the content's hash, so a repeated
        # call after a change leaves the copies of the running job as they are.
        template = self.settings.template_s3_uri
        return dataclasses.replace(
            self.settings,
            template_s3_uri=self.artifacts.keep(template, _MANIFESTS) if template else None,
            categories_s3_uri=self.artifacts.keep(self.settings.categories_s3_uri, _MANIFESTS),
        )

    def _write_manifest(self, name: str) -> int:
        # The claims are read twice rather than kept: the texts of one job need not fit in memory.
        newest = newest_versions(claimed_items(self.artifacts))
        self.artifacts.write_stream(
            name,
            manifest_lines(
                (item for item in claimed_items(self.artifacts) if item.item_id in newest),
                manifest_key=self.task_type.manifest_key,
                attribute=self.settings.label_attribute_name,
            ),
        )
        return len(newest)


@dataclass(frozen=True, slots=True)
class JobStop:
    """Brings a run's labeling job to its end, so that nobody works on items that are returned.

    Attributes:
        name: Name of the job.
        run_id: The run.
        execution_arn: The execution that works on it.
        runs: The ledger's runs.
        waiting: The ledger's jobs.
        jobs: Ground Truth's jobs.
        completion: Answers the waiting state.
    """

    name: str
    run_id: str
    execution_arn: str
    runs: RunLedger
    waiting: JobLedger
    jobs: LabelingJobs
    completion: Completion

    def stop(self, token: TaskToken) -> str:
        """Stop the job; the state that holds the token is answered when the job has ended.

        Returns:
            ``stopping``, or what :meth:`Completion.answer` says of a job that has ended or never
            came to be.

        Raises:
            RunTakenOverError: If the run is another execution's.
        """
        self.runs.owned(self.run_id, self.execution_arn)
        job = self.waiting.wait(self.name, self.run_id, token)
        description = self.jobs.describe(self.name)
        if description is None or not description.belongs_to(self.run_id):
            # Under a name that is taken there is a job of somebody else.
            return self.completion.answer(job, not_created(self.name))
        if description.ended:
            return self.completion.answer(job, description.result())
        if not description.stopping:
            self.jobs.stop(self.name)
        _log.info(
            "labeling job is being stopped",
            extra={"run_id": self.run_id, "labeling_job": self.name},
        )
        # It may have ended between the two calls, with an event that found the older token.
        answer = self.completion.report(self.name)
        return "stopping" if answer == "unfinished" else answer
