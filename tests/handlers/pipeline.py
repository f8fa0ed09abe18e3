"""A pipeline in the sandbox, without Terraform, whose functions are called in the test's process.

Events are made as the state machine's template makes them.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from labeling_lambdas.aws import clients
from labeling_lambdas.domain import identity
from labeling_lambdas.domain.items import ClaimedItem, SourceObject
from labeling_lambdas.handlers import (
    finish_run,
    job_state_change,
    plan_results,
    poll_queue,
    recover_runs,
    return_items,
    split_text,
    start_labeling_job,
    stop_job,
    update_feature_store,
)
from tests.domain.examples import TASK_TYPE, job_settings, labeled_line, s3_event
from tests.handlers.faults import Faults
from tests.sandbox.resources import control, make_key, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pytest

    from labeling_sandbox.server import Sandbox

STARTED = "2026-01-02T03:04:05.678Z"
CLASSES = ("zero", "one", "two")
_MAX_ROUNDS = 30
_deserialize = TypeDeserializer().deserialize


class Context:
    """Lambda's context, with as much time as the test says."""

    def __init__(self, seconds: float = 900.0, request_id: str = "") -> None:
        self.seconds = seconds
        self.aws_request_id = request_id or str(uuid.uuid4())

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


@dataclass
class Pipeline:
    """The resources of a pipeline and its functions.

    Attributes:
        sandbox: Where it lives.
        name: Name of the pipeline, fresh for each test.
        key_arn: Key of its buckets.
        role_arn: Ground Truth's role.
        machine_arn: A state machine whose executions wait.
        environment: Changes the functions' environment.
        faults: What goes wrong.
        intake_url: The intake queue.
        dead_letter_url: The dead-letter queue.
    """

    sandbox: Sandbox
    name: str
    key_arn: str
    role_arn: str
    machine_arn: str
    environment: pytest.MonkeyPatch
    faults: Faults = field(default_factory=Faults)
    intake_url: str = ""
    dead_letter_url: str = ""

    @property
    def table(self) -> str:
        return f"{self.name}-ledger"

    @property
    def uploads(self) -> str:
        return f"{self.name}-upload"

    @property
    def output(self) -> str:
        return f"{self.name}-output"

    def create(self) -> Pipeline:
        self.sandbox.client("dynamodb").create_table(
            TableName=self.table,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        sqs, s3 = self.sandbox.client("sqs"), self.sandbox.client("s3")
        self.intake_url = sqs.create_queue(
            QueueName=f"{self.name}-intake", Attributes={"VisibilityTimeout": "600"}
        )["QueueUrl"]
        self.dead_letter_url = sqs.create_queue(QueueName=f"{self.name}-dead")["QueueUrl"]
        for bucket in (self.uploads, self.output):
            s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=self.uploads, VersioningConfiguration={"Status": "Enabled"})
        self._create_feature_group()
        self.configure()
        self.faults.attach()
        return self

    def _create_feature_group(self) -> None:
        names = [
            *("source_ref", "event_time", "label", "label_json", "labeling_job", "status"),
            *("task_type", "label_schema", "source_version_id", "source_etag", "run_id"),
            *("extra_json", "site"),
        ]
        types = {**dict.fromkeys(names, "String"), "confidence": "Fractional"}
        types["attempts"] = "Integral"
        self.sandbox.client("sagemaker").create_feature_group(
            FeatureGroupName=self.name,
            RecordIdentifierFeatureName="source_ref",
            EventTimeFeatureName="event_time",
            FeatureDefinitions=[
                {"FeatureName": name, "FeatureType": kind} for name, kind in types.items()
            ],
            OnlineStoreConfig={"EnableOnlineStore": True},
            OfflineStoreConfig={"S3StorageConfig": {"S3Uri": f"s3://{self.output}/offline-store"}},
            RoleArn=self.role_arn,
        )

    def configure(self, **changes: str) -> None:
        """Set the functions' environment, as Terraform would, with changes."""
        settings = job_settings(
            role_arn=self.role_arn,
            template_s3_uri=f"s3://{self.output}/ground-truth/template.html",
            categories_s3_uri=f"s3://{self.output}/ground-truth/categories.json",
            workers_per_object=1,
        )
        values = {
            "PIPELINE_NAME": self.name,
            "LEDGER_TABLE": self.table,
            "OUTPUT_BUCKET": self.output,
            "KMS_KEY_ARN": self.key_arn,
            "UPLOAD_BUCKET": self.uploads,
            "INTAKE_QUEUE_URL": self.intake_url,
            "DEAD_LETTER_QUEUE_URL": self.dead_letter_url,
            "TASK_TYPE": TASK_TYPE,
            "MAX_ITEMS_PER_RUN": "10000",
            "LABELING_JOB": json.dumps(dataclasses.asdict(settings)),
            "LABEL_ATTRIBUTE_NAME": "digit-label",
            "LABEL_SCHEMA": "sha256:0123456789abcdef",
            "LABELS": "null",
            "TEXT_ITEMS": "line",
            "MAX_ATTEMPTS": "3",
            "EXTRA_FEATURES": "{}",
            "FEATURE_GROUP_NAME": self.name,
            "EVENT_BUS_NAME": "default",
        }
        for name, value in {**values, **changes}.items():
            self.environment.setenv(name, value)

    def source(self, key: str = "a.png", **fields: Any) -> SourceObject:
        defaults: dict[str, Any] = {
            "bucket": self.uploads,
            "key": key,
            "version_id": "v1",
            "etag": "e",
            "size": 10,
            "sequencer": "0A",
        }
        return SourceObject(**{**defaults, **fields})

    def sources(self, count: int) -> list[SourceObject]:
        return [self.source(f"{number:04d}.png") for number in range(count)]

    def upload(self, key: str, body: bytes = b"picture") -> SourceObject:
        """Put an object into the upload bucket and return its version."""
        answer = self.sandbox.client("s3").put_object(Bucket=self.uploads, Key=key, Body=body)
        return self.source(key, version_id=answer["VersionId"], size=len(body))

    def split(self, source: SourceObject, context: Context | None = None) -> dict[str, Any]:
        """Let the splitter have the event of an uploaded text file."""
        return split_text.handler(s3_event(source), context or Context())

    def announce(self, sources: Iterable[SourceObject]) -> None:
        """Put the events of uploads on the intake queue."""
        self.send([json.dumps(s3_event(source)) for source in sources])

    def send(self, bodies: Sequence[str]) -> None:
        sqs = self.sandbox.client("sqs")
        for start in range(0, len(bodies), 10):
            sqs.send_message_batch(
                QueueUrl=self.intake_url,
                Entries=[
                    {"Id": str(index), "MessageBody": body}
                    for index, body in enumerate(bodies[start : start + 10])
                ],
            )

    def redrive(self) -> None:
        """Move every dead letter to the intake queue, as an operator would."""
        bodies = self.dead_letters()
        self.sandbox.client("sqs").purge_queue(QueueUrl=self.dead_letter_url)
        self.send([json.dumps(body) for body in bodies])

    def expire_leases(self) -> None:
        """Let the time pass in which a function that was killed could still have claimed."""
        for key, row in self.rows().items():
            if row.get("lease_until"):
                self.sandbox.client("dynamodb").update_item(
                    TableName=self.table,
                    Key={"pk": {"S": key}},
                    UpdateExpression="SET lease_until = :past",
                    ExpressionAttributeValues={":past": {"N": "1"}},
                )

    def expire_visibility(self) -> None:
        """Let what was received and not deleted come back."""
        sqs = self.sandbox.client("sqs")
        for handle in self.faults.handles:
            try:
                sqs.change_message_visibility(
                    QueueUrl=self.intake_url, ReceiptHandle=handle, VisibilityTimeout=0
                )
            except sqs.exceptions.ClientError:
                continue
        self.faults.handles.clear()

    def execution(self, name: str = "one") -> str:
        return self.machine_arn.replace(":stateMachine:", ":execution:") + f":{self.name}-{name}"

    def begin_execution(self, name: str = "one") -> str:
        """Start an execution that waits, and return the token that it waits for."""
        sqs = self.sandbox.client("sqs")
        queue = sqs.create_queue(QueueName=f"{self.name}-{name}-tokens")["QueueUrl"]
        self.sandbox.client("stepfunctions").start_execution(
            stateMachineArn=self.machine_arn,
            name=f"{self.name}-{name}",
            input=json.dumps({"queue": queue}),
        )
        messages = wait_until(
            lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), "the token's message"
        )
        token: str = json.loads(messages[0]["Body"])["token"]
        return token

    def execution_status(self, execution_arn: str) -> tuple[str, Any]:
        """Return an execution's status and its output."""
        answer = self.sandbox.client("stepfunctions").describe_execution(executionArn=execution_arn)
        return answer["status"], json.loads(answer.get("output", "null"))

    def executions(self) -> list[str]:
        """Return the names of the executions that were started to resume a run."""
        runs = {key.partition("#")[2] for key in self.rows() if key.startswith("RUN#")}
        return [name for name in self._execution_names() if name.rpartition("-r")[0] in runs]

    def kill_execution(self, name: str = "one") -> None:
        self.sandbox.client("stepfunctions").stop_execution(executionArn=self.execution(name))

    def end(self) -> None:
        """Stop what would go on after the test."""
        states, sagemaker = (self.sandbox.client(it) for it in ("stepfunctions", "sagemaker"))
        prefix = self.machine_arn.replace(":stateMachine:", ":execution:")
        for name in (*self.executions(), *self._own_executions()):
            states.stop_execution(executionArn=f"{prefix}:{name}")
        for job in control(self.sandbox, "GET", "labeling-jobs"):
            if job["name"].startswith(self.name) and job["status"] in (
                "Initializing",
                "InProgress",
            ):
                # It may have ended in this moment.
                with contextlib.suppress(ClientError):
                    sagemaker.stop_labeling_job(LabelingJobName=job["name"])

    def _own_executions(self) -> list[str]:
        return [name for name in self._execution_names() if name.startswith(self.name)]

    def _execution_names(self) -> list[str]:
        pages = self.sandbox.client("stepfunctions").get_paginator("list_executions")
        return [
            entry["name"]
            for page in pages.paginate(stateMachineArn=self.machine_arn)
            for entry in page["executions"]
        ]

    def seed(self, count: int, **claim: int) -> tuple[dict[str, Any], list[SourceObject]]:
        """Put a sealed run with claims in place, without polling for them."""
        run_id = identity.run_id(self.execution(), STARTED)
        run = {"run_id": run_id, "generation": 0, "claimed": count, "received": count}
        sources = self.sources(count)
        attempts, generation = claim.get("attempts", 0), claim.get("generation", 0)
        counts = {"received": count, "claimed": count, "dropped": {}, "invalid": {}}
        self._put_rows(
            {
                "pk": f"RUN#{run_id}",
                "run_state": "sealed",
                "execution_arn": self.execution(),
                "generation": 0,
                "opened_at": STARTED,
                "lease_until": 0,
                "counts": counts,
            },
            {"pk": "OPEN_RUNS", "run_ids": {run_id}},
            *(
                {
                    "pk": f"ITEM#{source.item_id}",
                    "item_state": "claimed",
                    "run_id": run_id,
                    "part": "part",
                    "attempts": attempts,
                    "generation": generation,
                    "bucket": source.bucket,
                    "object_key": source.key,
                    "version_id": source.version_id,
                }
                for source in sources
            ),
            *(
                {"pk": f"KEY#{source.key_id}", "newest": source.order, "item_id": source.item_id}
                for source in sources
            ),
        )
        claims = [ClaimedItem(source, attempts, generation).fields() for source in sources]
        self.write_file(run, "claims/part.json", {"counts": counts, "items": claims})
        self.write_file(run, "claims/index.json", {"parts": ["part"], "counts": counts})
        return run, sources

    def _put_rows(self, *rows: dict[str, Any]) -> None:
        table = (
            boto3.session.Session()
            .resource(
                "dynamodb",
                endpoint_url=self.sandbox.endpoint,
                region_name=self.sandbox.region,
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
            .Table(self.table)
        )
        with table.batch_writer() as batch:
            for row in rows:
                batch.put_item(Item=row)

    def write_file(self, run: Mapping[str, Any], name: str, value: object) -> None:
        self.sandbox.client("s3").put_object(
            Bucket=self.output, Key=f"runs/{run['run_id']}/{name}", Body=json.dumps(value).encode()
        )

    def poll_once(
        self,
        run: Mapping[str, Any] | None = None,
        *,
        execution: str = "one",
        context: Context | None = None,
    ) -> dict[str, Any]:
        event: Any = {
            "execution_arn": self.execution(execution),
            "execution_started": STARTED,
            "run": run or {"resumed": False},
        }
        return poll_queue.handler(json_round_trip(event), context or Context())

    def poll(self, *, execution: str = "one", **arguments: Any) -> dict[str, Any]:
        """Poll as the state machine does, until nothing more is to come."""
        run: dict[str, Any] = {"resumed": False}
        for _ in range(_MAX_ROUNDS):
            run = self.poll_once(run, execution=execution, **arguments)
            if not run["more"]:
                return run
        message = "poll_queue wants to be called again for ever"
        raise AssertionError(message)

    def claim(self, count: int, *, execution: str = "one") -> dict[str, Any]:
        """Upload, announce and claim so many images."""
        self.announce(self.sources(count))
        run = self.poll(execution=execution)
        assert run["claimed"] == count
        return run

    def wait_event(
        self, run: Mapping[str, Any], *, execution: str = "one", **changes: Any
    ) -> dict[str, Any]:
        return {
            "execution_arn": self.execution(execution),
            "run_id": run["run_id"],
            "generation": run["generation"],
            "stage": "label",
            "task_token": f"token-{uuid.uuid4()}",
            "entered_at": STARTED,
            "retry_count": 0,
            **changes,
        }

    def start(self, run: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
        """Start the labeling job; return its name and what became of it."""
        event: Any = self.wait_event(run, **changes)
        return dict(start_labeling_job.handler(event, Context()))

    def stop(self, run: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
        event: Any = self.wait_event(run, entered_at="2026-01-02T04:00:00Z", **changes)
        return dict(stop_job.handler(event, Context()))

    def job_event(self, *names: str) -> dict[str, str]:
        arn = f"arn:aws:sagemaker:us-east-1:{self.sandbox.account}:labeling-job/"
        event = {"resources": [f"{arn}{name.lower()}" for name in names]}
        return job_state_change.handler(event, Context())

    def plan(
        self,
        run: Mapping[str, Any],
        job: dict[str, Any],
        *,
        execution: str = "one",
        context: Context | None = None,
    ) -> dict[str, Any]:
        event: Any = {
            "execution_arn": self.execution(execution),
            "run_id": run["run_id"],
            "labeling_job": job,
        }
        planned = plan_results.handler(json_round_trip(event), context or Context())
        return {**planned, "position": 0}

    def store(
        self, run: Mapping[str, Any], plan: Mapping[str, Any], context: Context | None = None
    ) -> list[dict[str, int]]:
        return [
            update_feature_store.handler(
                {"run_id": run["run_id"], "shard": shard}, context or Context()
            )
            for shard in plan["shards"]
        ]

    def give_back(
        self,
        run: Mapping[str, Any],
        plan: Mapping[str, Any],
        stored: Any = (),
        context: Context | None = None,
    ) -> dict[str, Any]:
        state = dict(plan)
        for _ in range(_MAX_ROUNDS):
            event: Any = {
                "run_id": run["run_id"],
                "return_shards": state["return_shards"],
                "stored": stored or [],
                "position": state["position"],
            }
            state = return_items.handler(json_round_trip(event), context or Context())
            if not state["more"]:
                return state
        message = "return_items wants to be called again for ever"
        raise AssertionError(message)

    def finish(self, run: Mapping[str, Any], *, execution: str = "one") -> dict[str, Any]:
        return finish_run.handler(
            {"execution_arn": self.execution(execution), "run_id": run["run_id"]}, Context()
        )

    def settle(self, run: Mapping[str, Any], job: dict[str, Any]) -> dict[str, Any]:
        """Do everything that follows the labeling job."""
        plan = self.plan(run, job)
        stored = self.store(run, plan)
        self.give_back(run, plan, stored)
        return self.finish(run)

    def recover(self, *, execution: str = "other", **event: Any) -> dict[str, Any]:
        whole: Any = {
            "state_machine_arn": self.machine_arn,
            "execution_arn": self.execution(execution),
            **event,
        }
        return recover_runs.handler(whole, Context())

    def job_name(self, run: Mapping[str, Any]) -> str:
        return f"{self.name}-{run['run_id']}-label"

    def ended_job(
        self,
        run: Mapping[str, Any],
        lines: Iterable[object] | None = None,
        status: str = "Completed",
    ) -> dict[str, Any]:
        """Write the output manifest of a labeling job and return how the job ended."""
        uri = ""
        if lines is not None:
            key = f"labeling-jobs/{self.job_name(run)}/manifests/output/output.manifest"
            body = "".join(
                (line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines
            )
            self.sandbox.client("s3").put_object(Bucket=self.output, Key=key, Body=body.encode())
            uri = f"s3://{self.output}/{key}"
        return {
            "name": self.job_name(run),
            "status": status,
            "output_uri": uri,
            "counters": {"TotalLabeled": 0},
            "failure_reason": "",
        }

    def labeled(self, source: SourceObject, **metadata: Any) -> dict[str, Any]:
        return {**labeled_line(source.item_id, **metadata), "source-ref": source.uri}

    def failed(self, source: SourceObject, reason: str = "ClientError: x") -> dict[str, Any]:
        metadata = {"failure-reason": reason, "retry-count": 1, "human-annotated": "true"}
        return {
            "source-ref": source.uri,
            "item-id": source.item_id,
            "digit-label-metadata": metadata,
        }

    def prepare_ground_truth(self) -> None:
        """Write what a labeling job of the simulated workforce reads."""
        s3 = self.sandbox.client("s3")
        categories = {
            "document-version": "2018-11-28",
            "labels": [{"label": name} for name in CLASSES],
        }
        element = '<crowd-image-classifier name="crowd-image-classifier"></crowd-image-classifier>'
        s3.put_object(
            Bucket=self.output,
            Key="ground-truth/template.html",
            Body=f"<crowd-form>{element}</crowd-form>".encode(),
        )
        s3.put_object(
            Bucket=self.output,
            Key="ground-truth/categories.json",
            Body=json.dumps(categories).encode(),
        )

    def rows(self) -> dict[str, dict[str, Any]]:
        pages = self.sandbox.client("dynamodb").get_paginator("scan")
        found = {}
        for page in pages.paginate(TableName=self.table, ConsistentRead=True):
            for encoded in page["Items"]:
                row = {name: _deserialize(value) for name, value in encoded.items()}
                found[row["pk"]] = row
        return found

    def item(self, source: SourceObject) -> dict[str, Any]:
        return self.rows()[f"ITEM#{source.item_id}"]

    def states(self, sources: Iterable[SourceObject]) -> list[str]:
        rows = self.rows()
        return [rows[f"ITEM#{source.item_id}"]["item_state"] for source in sources]

    def run_row(self, run: Mapping[str, Any]) -> dict[str, Any]:
        return self.rows()[f"RUN#{run['run_id']}"]

    def open_runs(self) -> set[str]:
        found: set[str] = self.rows().get("OPEN_RUNS", {}).get("run_ids", set())
        return found

    def waiting(self) -> list[Any]:
        return self._bodies(self.intake_url)

    def dead_letters(self) -> list[Any]:
        return self._bodies(self.dead_letter_url)

    def _bodies(self, url: str) -> list[Any]:
        """Return what is visible on a queue and leave it there."""
        sqs = self.sandbox.client("sqs")
        handles: list[str] = []
        bodies: list[Any] = []
        while True:
            answer = sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60, WaitTimeSeconds=0
            )
            if not answer.get("Messages"):
                break
            for message in answer["Messages"]:
                handles.append(message["ReceiptHandle"])
                bodies.append(_decoded(message["Body"]))
        for start in range(0, len(handles), 10):
            sqs.change_message_visibility_batch(
                QueueUrl=url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": handle, "VisibilityTimeout": 0}
                    for index, handle in enumerate(handles[start : start + 10])
                ],
            )
        return bodies

    def in_flight(self) -> int:
        """Return how many messages were received and not deleted."""
        answer = self.sandbox.client("sqs").get_queue_attributes(
            QueueUrl=self.intake_url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
        )
        return int(answer["Attributes"]["ApproximateNumberOfMessagesNotVisible"])

    def file(self, run: Mapping[str, Any], name: str) -> Any:
        body = self.sandbox.client("s3").get_object(
            Bucket=self.output, Key=f"runs/{run['run_id']}/{name}"
        )["Body"]
        return json.loads(body.read())

    def report(self, run: Mapping[str, Any]) -> Any:
        return self.file(run, "report.json")

    def records(self) -> dict[str, dict[str, str]]:
        contents = control(self.sandbox, "GET", f"records/{self.name}")
        return {record["source_ref"]: record for record in contents["online"]}


def json_round_trip(event: Any) -> Any:
    """Return an event as it comes out of the state machine."""
    return json.loads(json.dumps(event))


def _decoded(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body


def new_pipeline(
    sandbox: Sandbox, environment: pytest.MonkeyPatch, role_arn: str, machine_arn: str
) -> Pipeline:
    """Create a pipeline under a fresh name, and point the functions' clients at the sandbox."""
    for name, value in sandbox.environment().items():
        environment.setenv(name, value)
    clients.forget()
    name = f"p{uuid.uuid4().hex[:12]}"
    return Pipeline(sandbox, name, make_key(sandbox), role_arn, machine_arn, environment).create()
