"""A pipeline with what labelctl needs: SSM parameters, all queues, a splitter."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from typer.testing import CliRunner, Result

from labelctl.cli import app
from labeling_deployment.module import ROOT
from tests.domain.examples import TASK_TYPE
from tests.handlers.pipeline import Pipeline
from tests.handlers.places import SandboxPlace
from tests.sandbox.resources import make_role

if TYPE_CHECKING:
    from labeling_lambdas.domain.items import SourceObject
    from labeling_sandbox.server import Sandbox

TEXTS = "text_single_label_classification"
_PACKAGE = ROOT / "modules" / "function" / "package" / "labeling_lambdas.zip"


@dataclass
class Operated(Pipeline):
    """A pipeline with an operator.

    Attributes:
        undelivered_url: The queue of events that could not be delivered.
    """

    undelivered_url: str = ""

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox that the pipeline is in."""
        assert isinstance(self.place, SandboxPlace)
        return self.place.sandbox

    def publish(self, task_type: str = TASK_TYPE) -> None:
        """Create the resources that the module creates for labelctl."""
        sqs = self.client("sqs")
        self.undelivered_url = sqs.create_queue(QueueName=f"{self.name}-undelivered")["QueueUrl"]
        self.parameters(
            **{
                "dead-letter-queue-url": self.dead_letter_url,
                "feature-group-name": self.name,
                "ledger-table-name": self.table,
                "output-bucket-name": self.output,
                "state-machine-arn": self.machine_arn,
                "task-type": task_type,
                "undelivered-queue-url": self.undelivered_url,
                "upload-bucket-name": self.uploads,
                "upload-queue-url": self.intake_url,
            }
        )

    def parameters(self, **values: str) -> None:
        for name, value in values.items():
            self.client("ssm").put_parameter(
                Name=f"/{self.name}/{name}", Value=value, Type="String", Overwrite=True
            )

    @property
    def features(self) -> str:
        """The bucket of the offline store."""
        return f"{self.name}-features"

    def keep_offline(self, table_format: str) -> None:
        """Keep records in an offline store of a format, in a bucket of its own, as the module."""
        self.place.new_bucket(self.features, versioned=True)
        sagemaker = self.client("sagemaker")
        group = sagemaker.describe_feature_group(FeatureGroupName=self.name)
        sagemaker.delete_feature_group(FeatureGroupName=self.name)
        sagemaker.create_feature_group(
            FeatureGroupName=self.name,
            RecordIdentifierFeatureName="source_ref",
            EventTimeFeatureName="event_time",
            FeatureDefinitions=group["FeatureDefinitions"],
            OfflineStoreConfig={
                "S3StorageConfig": {"S3Uri": f"s3://{self.features}/offline-store"},
                "TableFormat": table_format,
            },
            RoleArn=group["RoleArn"],
        )

    def label_texts(self, text_items: str = "line", task: str = TEXTS) -> None:
        """Label texts from now on, with the shipped splitter."""
        self.configure(TASK_TYPE=task, TEXT_ITEMS=text_items)
        name = f"{self.name}-split-text"
        self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=make_role(self.sandbox, name, "lambda.amazonaws.com"),
            Handler="labeling_lambdas.handlers.split_text.handler",
            Code={"ZipFile": _PACKAGE.read_bytes()},
            Timeout=60,
            Environment={
                "Variables": {
                    "PIPELINE_NAME": self.name,
                    "UPLOAD_BUCKET": self.uploads,
                    "IGNORED_KEYS": "[]",
                    "INTAKE_QUEUE_URL": self.intake_url,
                    "TASK_TYPE": task,
                    "TEXT_ITEMS": text_items,
                }
            },
        )
        self.parameters(**{"task-type": task, "splitter-function-name": name})

    def labelctl(self, command: str, *arguments: str) -> Result:
        """Run a command in this process."""
        return CliRunner().invoke(app, [command, "--pipeline", self.name, *arguments])

    def answer(self, command: str, *arguments: str) -> Any:
        """Run a command that must succeed, and return its JSON."""
        result = self.labelctl(command, "--json", *arguments)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def error(self, command: str, *arguments: str, code: int = 1) -> str:
        """Run a command that must fail, and return its one-line message."""
        result = self.labelctl(command, *arguments)
        assert result.exit_code == code, result.output
        assert not result.stdout
        (line,) = result.stderr.splitlines()
        return line

    def label(self, sources: list[SourceObject]) -> None:
        """Label uploads, from their events to their records."""
        self.announce(sources)
        run = self.poll(execution="earlier")
        assert run["claimed"] == len(sources)
        job = self.ended_job(run, [self.labeled(source) for source in sources])
        plan = self.plan(run, job, execution="earlier")
        self.give_back(run, plan, self.store(run, plan))
        self.finish(run, execution="earlier")

    def dead_letter(self, *bodies: str) -> None:
        """Put messages on the dead-letter queue as they are."""
        for body in bodies:
            self.client("sqs").send_message(QueueUrl=self.dead_letter_url, MessageBody=body)
