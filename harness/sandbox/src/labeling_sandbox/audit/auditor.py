"""Check the pipeline's invariants independently of its code.

Uploads are compared with the ledger, the queues, the records and the labeling jobs.

The auditor shares no code with the functions and does not rely on their reports: it reads the
requests to Ground Truth and Feature Store, and the messages on the queues, from the services.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer

from labeling_sandbox.audit import job_audit, text_audit
from labeling_sandbox.audit.uploads import Source, Upload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

#: Features that every record has; see the feature group's schema.
RECORD_FEATURES = frozenset(
    {
        "source_ref",
        "event_time",
        "label",
        "label_json",
        "labeling_job",
        "status",
        "task_type",
        "label_schema",
        "source_version_id",
        "source_etag",
        "run_id",
        "attempts",
    }
)

#: Columns that Feature Store adds to the offline store.
_STORE_COLUMNS = frozenset({"is_deleted", "write_time", "api_invocation_time"})

_AT_REST = frozenset({"stored", "superseded", "dead_lettered", "returned", "labeled"})
#: States whose items must be on the queue.
_WAITING = frozenset({"returned", "labeled"})
#: Messages of one SQS call.
_BATCH = 10
_deserialize = TypeDeserializer().deserialize


@dataclass(frozen=True)
class Resources:
    """Names of the audited resources.

    Attributes:
        ledger_table: The ledger.
        intake_queue_url: The intake queue.
        dead_letter_queue_url: The dead-letter queue.
        output_bucket: Where the runs' files are.
        feature_group: The feature group.
    """

    ledger_table: str
    intake_queue_url: str
    dead_letter_queue_url: str
    output_bucket: str
    feature_group: str


@dataclass(frozen=True)
class Findings:
    """The results of an audit.

    Attributes:
        violations: Broken promises, each in a sentence; empty if all hold.
        states: Per upload the item's state in the ledger, None if it is not in the ledger.
        records: The newest record of each ``source_ref``.
        dead_letters: The bodies on the dead-letter queue.
        waiting: The bodies on the intake queue.
    """

    violations: list[str]
    states: dict[Upload, str | None]
    records: dict[str, dict[str, str]]
    dead_letters: list[dict[str, Any]]
    waiting: list[dict[str, Any]]


@dataclass(frozen=True)
class Memory:
    """Data of earlier audits that does not change any more, to keep a long series fast.

    Attributes:
        jobs: Labeling jobs that have ended, by name.
        reports: Reports by key and entity tag.
    """

    jobs: dict[str, job_audit.Job] = field(default_factory=dict)
    reports: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Auditor:
    """An auditor of a pipeline without running executions and pending events.

    Attributes:
        client: Creates an administrator's client of a service.
        control: Reads one of the sandbox's control routes.
        resources: What to audit.
        memory: Shared by the audits of one pipeline.
        other_jobs: Reads the labeling jobs of other engines than Ground Truth, in their order.
    """

    client: Callable[[str], Any]
    control: Callable[[str], Any]
    resources: Resources
    memory: Memory = field(default_factory=Memory)
    other_jobs: Callable[[], list[job_audit.Job]] = list

    def audit(self, uploads: Iterable[Upload], *, max_attempts: int) -> Findings:
        """Check the invariants.

        Args:
            uploads: Every version that was uploaded, folder markers left out, in their order; of
                text files every line that is not blank.
            max_attempts: Attempts that an item may have.
        """
        rows = self._ledger()
        items = {_source(row): row for key, row in rows.items() if key.startswith("ITEM#")}
        messages = self._bodies(self.resources.intake_queue_url)
        dead_letters = self._bodies(self.resources.dead_letter_queue_url)
        contents = self._contents()
        records = _newest(contents["offline"])
        jobs = [
            *job_audit.read_jobs(self.client, self.control, self.memory.jobs),
            *self.other_jobs(),
        ]
        jobs.sort(key=lambda job: job.created)
        by_id = {
            row["pk"].removeprefix("ITEM#"): {**row, "source": source}
            for source, row in items.items()
        }
        uploads = list(uploads)
        shown = text_audit.subjects(uploads)
        subjects = {
            item: shown[row["source"]] for item, row in by_id.items() if row["source"] in shown
        }
        jobs_by_subject = [job.renamed(subjects) for job in jobs]
        found = {upload: items.get(upload.source) for upload in uploads}
        violations = [
            *_lost(found, _sources(messages)),
            *_dead_letters_without_message(items, dead_letters),
            *_records_and_ledger_disagree(items, contents["offline"]),
            *_open_runs(rows),
            *_attempts_and_reasons(items, max_attempts),
            *_incomplete(records),
            *_labels_not_kept(items, self._rows_named_by(items), subjects),
            *text_audit.not_the_newest(found, records),
            *job_audit.paid_twice(
                jobs_by_subject, {item: row["source"] for item, row in by_id.items()}
            ),
            *job_audit.contradicted(
                jobs_by_subject, by_id, _by_version(contents["offline"]), subjects
            ),
            *job_audit.unbalanced(self.reports(), contents["offline"], jobs),
        ]
        states = {upload: row["item_state"] if row else None for upload, row in found.items()}
        return Findings(violations, states, records, dead_letters, messages)

    def newest_records(self) -> dict[str, dict[str, str]]:
        """Return the newest record of each ``source_ref``."""
        return _newest(self._contents()["offline"])

    def _contents(self) -> dict[str, Any]:
        contents: dict[str, Any] = self.control(f"records/{self.resources.feature_group}")
        return contents

    def _ledger(self) -> dict[str, dict[str, Any]]:
        pages = self.client("dynamodb").get_paginator("scan")
        rows = {}
        for page in pages.paginate(TableName=self.resources.ledger_table, ConsistentRead=True):
            for encoded in page["Items"]:
                row = {name: _deserialize(value) for name, value in encoded.items()}
                rows[row["pk"]] = row
        return rows

    def _bodies(self, url: str) -> list[dict[str, Any]]:
        """Read every message of a queue and make it visible again."""
        sqs = self.client("sqs")
        handles, bodies = [], []
        while True:
            answer = sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=_BATCH, VisibilityTimeout=60, WaitTimeSeconds=0
            )
            messages = answer.get("Messages", [])
            if not messages:
                break
            handles += [message["ReceiptHandle"] for message in messages]
            bodies += [_decoded(message["Body"]) for message in messages]
        for start in range(0, len(handles), _BATCH):
            sqs.change_message_visibility_batch(
                QueueUrl=url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": handle, "VisibilityTimeout": 0}
                    for index, handle in enumerate(handles[start : start + _BATCH])
                ],
            )
        return bodies

    def _rows_named_by(self, items: Mapping[Source, Mapping[str, Any]]) -> dict[str, set[str]]:
        """Return the items in each file of kept labels that the ledger names."""
        uris = {row["label_uri"] for row in items.values() if row.get("label_uri")}
        return {
            uri: {row["item_id"] for row in job_audit.read_lines(self.client, uri)} for uri in uris
        }

    def reports(self) -> list[dict[str, Any]]:
        """Return the report of every run, the oldest first."""
        pages = self.client("s3").get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=self.resources.output_bucket, Prefix="runs/")
        entries = [
            (entry["Key"], entry["ETag"])
            for page in found
            for entry in page.get("Contents", [])
            if entry["Key"].endswith("/report.json")
        ]
        for key, tag in entries:
            if (key, tag) not in self.memory.reports:
                read = self.client("s3").get_object(Bucket=self.resources.output_bucket, Key=key)
                self.memory.reports[key, tag] = json.loads(read["Body"].read())
        return [self.memory.reports[entry] for entry in sorted(entries)]


def _newest(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Return the row with the latest event time of each identifier in the offline store."""
    newest: dict[str, dict[str, str]] = {}
    for row in sorted(rows, key=lambda row: str(row["event_time"])):
        newest[row["source_ref"]] = {
            name: text for name, text in row.items() if name not in _STORE_COLUMNS
        }
    return newest


def _source(row: Mapping[str, Any]) -> Source:
    line = row.get("source_line")
    return (
        row["bucket"],
        row["object_key"],
        row["version_id"],
        None if line is None else int(line),
    )


def _decoded(body: str) -> dict[str, Any]:
    try:
        decoded = json.loads(body)
    except ValueError:
        return {"body": body}
    return decoded if isinstance(decoded, dict) else {"body": body}


def _sources(bodies: Iterable[Mapping[str, Any]]) -> set[Source]:
    """Return the objects that messages name; a message may have any content."""
    sources = set()
    for body in bodies:
        item, detail = body.get("item"), body.get("detail")
        if isinstance(item, dict):
            sources.add((item["bucket"], item["key"], item["version_id"], item.get("line")))
        elif isinstance(detail, dict) and "bucket" in detail and "object" in detail:
            stored = detail["object"]
            version_id = stored.get("version-id", "")
            sources.add((detail["bucket"]["name"], stored["key"], version_id, None))
    return sources


def _lost(found: Mapping[Upload, Mapping[str, Any] | None], waiting: set[Source]) -> Iterable[str]:
    """Check I1: every upload is in the ledger or on the queue."""
    for upload, row in found.items():
        if row is None:
            if upload.source not in waiting:
                yield f"{upload.uri} version {upload.version_id} is lost: not known, not waiting"
        elif row["item_state"] not in _AT_REST:
            yield f"{upload.uri} is {row['item_state']} although no run is open"
        elif row["item_state"] in _WAITING and upload.source not in waiting:
            yield f"{upload.uri} is {row['item_state']} but is not on the queue"


def _dead_letters_without_message(
    items: Mapping[Source, Mapping[str, Any]], dead_letters: Iterable[Mapping[str, Any]]
) -> Iterable[str]:
    messages = _sources(dead_letters)
    for source, row in items.items():
        if row["item_state"] == "dead_lettered" and source not in messages:
            yield f"{source} is dead-lettered but not on the dead-letter queue"
    for body in dead_letters:
        if not body.get("reason"):
            yield f"a dead letter has no reason: {sorted(body)}"


def _records_and_ledger_disagree(
    items: Mapping[Source, Mapping[str, Any]], offline: Iterable[Mapping[str, str]]
) -> Iterable[str]:
    """Check I2: a claim is settled only after its record is written."""
    written = Counter((row["source_ref"], row["source_version_id"]) for row in offline)
    for named, row in items.items():
        upload = Upload(*named)
        source = (upload.uri, upload.version_id)
        if row["item_state"] == "stored" and not written[source]:
            yield f"{source} is stored according to the ledger, but has no record"
        if row["item_state"] != "stored" and written[source]:
            yield f"{source} has a record, but the ledger says {row['item_state']}"


def _labels_not_kept(
    items: Mapping[Source, Mapping[str, Any]],
    kept: Mapping[str, set[str]],
    subjects: Mapping[str, str],
) -> Iterable[str]:
    """A label that waits for its verification is kept, and so is one of a text for newer versions.

    No other row names one.
    """
    # The label may belong to another item with the same text.
    held = {uri: {subjects.get(item, item) for item in labeled} for uri, labeled in kept.items()}
    for source, row in items.items():
        uri, state = row.get("label_uri"), row["item_state"]
        item = row["pk"].removeprefix("ITEM#")
        named = state == "labeled" or (state == "stored" and item in subjects)
        if named and subjects.get(item, item) not in held.get(str(uri), ()):
            yield f"{source} is {state}, but its label is not in {uri}"
        refused = row.get("reason") == "record_rejected"
        if state in ("returned", "dead_lettered") and uri and not refused:
            yield f"{source} is {state}, but the ledger still names its label"


def _by_version(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Mapping[str, str]]:
    """Return the newest row of each version of what was uploaded."""
    ordered = sorted(rows, key=lambda row: str(row["event_time"]))
    return {(row["source_ref"], row["source_version_id"]): row for row in ordered}


def _open_runs(rows: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    open_runs = rows.get("OPEN_RUNS", {}).get("run_ids", set())
    for run in open_runs:
        yield f"run {run} is still open"


def _attempts_and_reasons(
    items: Mapping[Source, Mapping[str, Any]], max_attempts: int
) -> Iterable[str]:
    """Check I5: attempts are limited, and every return and dead letter has a reason."""
    for source, row in items.items():
        if row.get("attempts", 0) > max_attempts:
            yield f"{source} had {row['attempts']} attempts of {max_attempts}"
        if row["item_state"] in (*_WAITING, "dead_lettered") and not row.get("reason"):
            yield f"{source} is {row['item_state']} without a reason"


def _incomplete(records: Mapping[str, Mapping[str, str]]) -> Iterable[str]:
    for source, record in records.items():
        missing = RECORD_FEATURES - set(record)
        # An empty list of classes, boxes or entities has no confidence.
        if "confidence" not in record and record.get("label") != "[]":
            missing |= {"confidence"}
        if missing:
            yield f"the record of {source} lacks {', '.join(sorted(missing))}"
