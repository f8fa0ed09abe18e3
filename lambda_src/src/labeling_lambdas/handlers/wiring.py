"""Adapters made from a function's settings, the same way for every handler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeling_lambdas.aws import clients
from labeling_lambdas.aws.artifacts import Artifacts
from labeling_lambdas.aws.callbacks import Executions
from labeling_lambdas.aws.item_ledger import ItemLedger
from labeling_lambdas.aws.job_ledger import JobLedger
from labeling_lambdas.aws.labeling_jobs import LabelingJobs
from labeling_lambdas.aws.queues import Queue
from labeling_lambdas.aws.run_ledger import RunLedger
from labeling_lambdas.aws.uploads import Uploads
from labeling_lambdas.steps.completion import Completion

if TYPE_CHECKING:
    from labeling_lambdas.settings import ArtifactSettings, Settings


def run_ledger(settings: Settings) -> RunLedger:
    """Return the ledger's runs."""
    return RunLedger(clients.dynamodb(), settings.ledger_table)


def item_ledger(settings: Settings) -> ItemLedger:
    """Return the ledger's items."""
    return ItemLedger(clients.dynamodb(), settings.ledger_table)


def job_ledger(settings: Settings) -> JobLedger:
    """Return the ledger's labeling jobs."""
    return JobLedger(clients.dynamodb(), settings.ledger_table)


def artifacts(settings: ArtifactSettings, run_id: str) -> Artifacts:
    """Return a run's files."""
    return Artifacts(clients.s3(), settings.output_bucket, settings.kms_key_arn, run_id)


def queue(url: str) -> Queue:
    """Return a queue."""
    return Queue(clients.sqs(), url)


def uploads() -> Uploads:
    """Return the uploaded objects."""
    return Uploads(clients.s3())


def labeling_jobs() -> LabelingJobs:
    """Return Ground Truth's jobs."""
    return LabelingJobs(clients.sagemaker())


def executions() -> Executions:
    """Return the state machine's executions."""
    return Executions(clients.stepfunctions())


def completion(settings: Settings) -> Completion:
    """Return what answers waiting states."""
    return Completion(labeling_jobs(), job_ledger(settings), executions())
