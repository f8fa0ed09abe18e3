"""The resources of a pipeline, made without Terraform, and a look at them."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from labeling_lambdas.aws import clients
from labeling_lambdas.domain.items import SourceObject
from tests.domain.examples import TASK_TYPE, job_settings, s3_event, verification_fields
from tests.handlers.faults import Faults
from tests.handlers.places import AccountPlace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Self

    import pytest

    from in_process_aws.account import Account
    from tests.handlers.places import Place

_FEATURES = {
    **dict.fromkeys(
        [
            *("source_ref", "event_time", "label", "label_json", "labeling_job", "status"),
            *("task_type", "label_schema", "source_version_id", "source_etag", "run_id"),
            *("extra_json", "site", "verification_job"),
        ],
        "String",
    ),
    "confidence": "Fractional",
    "attempts": "Integral",
}
_deserialize = TypeDeserializer().deserialize
_serialize = TypeSerializer().serialize


@dataclass
class Stage:
    """The resources of one pipeline.

    Attributes:
        place: Where they are.
        name: Name of the pipeline, fresh for each test.
        environment: Changes the functions' environment.
        faults: What goes wrong.
        intake_url: The intake queue.
        dead_letter_url: The dead-letter queue.
        started: When executions start, after which runs are named.
    """

    place: Place
    name: str
    environment: pytest.MonkeyPatch
    faults: Faults = field(default_factory=Faults)
    intake_url: str = ""
    dead_letter_url: str = ""
    started: str = "2026-01-02T03:04:05.678Z"

    @property
    def key_arn(self) -> str:
        """Key of the buckets."""
        return self.place.key_arn

    @property
    def role_arn(self) -> str:
        """Ground Truth's role, and the feature group's."""
        return self.place.role_arn

    @property
    def machine_arn(self) -> str:
        """A state machine whose executions wait."""
        return self.place.machine_arn

    @property
    def table(self) -> str:
        return f"{self.name}-ledger"

    @property
    def uploads(self) -> str:
        return f"{self.name}-upload"

    @property
    def output(self) -> str:
        return f"{self.name}-output"

    @property
    def account(self) -> Account:
        """The account in this process, for tests that run nowhere else."""
        assert isinstance(self.place, AccountPlace)
        return self.place.account

    def client(self, service: str) -> Any:
        """Return an administrator's client, whose calls no fault reaches."""
        return self.place.client(service)

    def create(self) -> Self:
        self.place.new_table(self.table)
        self.intake_url = self.place.new_queue(600, name=f"{self.name}-intake")
        self.dead_letter_url = self.place.new_queue(name=f"{self.name}-dead")
        self.place.new_bucket(self.uploads, versioned=True)
        self.place.new_bucket(self.output)
        self.place.new_group(self.name, _FEATURES)
        self.configure()
        for name, client in self.place.function_clients(self.faults).items():
            self.environment.setattr(clients, name, functools.cache(lambda client=client: client))
        return self

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
            "IGNORED_KEYS": "[]",
            "MAX_ITEMS_PER_RUN": "10000",
            "LABELING_JOB": json.dumps(settings._asdict()),
            "LABEL_ATTRIBUTE_NAME": "digit-label",
            "LABEL_SCHEMA": "sha256:0123456789abcdef",
            "LABELS": "null",
            "TEXT_ITEMS": "line",
            "MAX_ATTEMPTS": "3",
            "VERIFICATION": "null",
            "EXTRA_FEATURES": "{}",
            "FEATURE_GROUP_NAME": self.name,
            "EVENT_BUS_NAME": "default",
        }
        for name, value in {**values, **changes}.items():
            self.environment.setenv(name, value)

    def verify(self, **changes: Any) -> None:
        """Turn verification on."""
        settings = job_settings(
            role_arn=self.role_arn,
            template_s3_uri=f"s3://{self.output}/ground-truth/template.html",
            categories_s3_uri=f"s3://{self.output}/ground-truth/categories.json",
            label_attribute_name="digit-verification",
            workers_per_object=1,
        )
        self.environment.setenv("VERIFICATION", json.dumps(verification_fields(**changes)))
        self.environment.setenv("VERIFICATION_JOB", json.dumps(settings._asdict()))

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
        answer = self.client("s3").put_object(Bucket=self.uploads, Key=key, Body=body)
        return self.source(key, version_id=answer["VersionId"], size=len(body))

    def announce(self, sources: Iterable[SourceObject]) -> None:
        """Put the events of uploads on the intake queue."""
        self.send([json.dumps(s3_event(source)) for source in sources])

    def send(self, bodies: Sequence[str]) -> None:
        sqs = self.client("sqs")
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
        self.client("sqs").purge_queue(QueueUrl=self.dead_letter_url)
        self.send([json.dumps(body) for body in bodies])

    def expire_leases(self) -> None:
        """Let the time pass in which a function that was killed could still have claimed."""
        for key, row in self.rows().items():
            for lease in row:
                if not lease.startswith(("lease_until", "creating_until")) or not row[lease]:
                    continue
                self.client("dynamodb").update_item(
                    TableName=self.table,
                    Key={"pk": {"S": key}},
                    UpdateExpression=f"SET {lease} = :past",
                    ExpressionAttributeValues={":past": {"N": "1"}},
                )

    def expire_visibility(self) -> None:
        """Let what was received and not deleted come back."""
        sqs = self.client("sqs")
        for handle in self.faults.handles:
            try:
                sqs.change_message_visibility(
                    QueueUrl=self.intake_url, ReceiptHandle=handle, VisibilityTimeout=0
                )
            except sqs.exceptions.ClientError:
                continue
        self.faults.handles.clear()

    def put_rows(self, *rows: dict[str, Any]) -> None:
        """Write rows into the ledger as they are."""
        requests = [
            {"PutRequest": {"Item": {name: _serialize(value) for name, value in row.items()}}}
            for row in rows
        ]
        for start in range(0, len(requests), 25):
            self.client("dynamodb").batch_write_item(
                RequestItems={self.table: requests[start : start + 25]}
            )

    def write_file(self, run: Mapping[str, Any], name: str, value: object) -> None:
        self.client("s3").put_object(
            Bucket=self.output, Key=f"runs/{run['run_id']}/{name}", Body=json.dumps(value).encode()
        )

    def rows(self) -> dict[str, dict[str, Any]]:
        pages = self.client("dynamodb").get_paginator("scan")
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
        sqs = self.client("sqs")
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
        answer = self.client("sqs").get_queue_attributes(
            QueueUrl=self.intake_url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
        )
        return int(answer["Attributes"]["ApproximateNumberOfMessagesNotVisible"])

    def file(self, run: Mapping[str, Any], name: str) -> Any:
        body = self.client("s3").get_object(Bucket=self.output, Key=f"runs/{run['run_id']}/{name}")[
            "Body"
        ]
        return json.loads(body.read())

    def report(self, run: Mapping[str, Any]) -> Any:
        return self.file(run, "report.json")

    def records(self) -> dict[str, dict[str, str]]:
        online = self.place.records(self.name)["online"]
        return {record["source_ref"]: record for record in online}


def _decoded(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body
