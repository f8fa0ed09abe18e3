"""Online checks: invariants that are verified while a history runs.

It shares no code with the functions: it compares their requests with the state of the services.
Sentences begin with the broken invariant.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labeling_faults.configuration import deployed
from labeling_faults.label_studio.connection import SERVICE
from labeling_faults.world.label_studio_checks import LabelStudioChecks
from labeling_faults.world.labeling_jobs import LabelingJobs
from labeling_faults.world.uploads import shown_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from in_process_aws.account import Account
    from in_process_aws.calls import Answer, Call
    from in_process_aws.queues import StoredMessage
    from labeling_faults.label_studio.api import LabelStudio
    from labeling_faults.state_machine.executions import Execution
    from labeling_faults.world.labeling_jobs import Job

#: Bucket, key, version, and line of a text.
Source = tuple[str, str, str, int | None]

_NO_SOURCE: Source = ("", "", "", None)
#: States of items that only a message brings into the next run.
_WAITING_STATES = frozenset({"returned", "labeled"})
_OPEN_STATES = frozenset({"polling", "sealed", "settling"})


def named_source(body: str) -> Source | None:
    """Return the item that a message names, None if it names none."""
    try:
        message = json.loads(body)
        if "item" in message:
            item = message["item"]
            if item["key"].endswith("/") and not item["size"]:
                return None
            return (item["bucket"], item["key"], item["version_id"], item.get("line"))
        stored = message["detail"]["object"]
        if stored["key"].endswith("/") and not stored["size"]:
            return None
        return (message["detail"]["bucket"]["name"], stored["key"], stored["version-id"], None)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


@dataclass
class OnlineChecks:
    """Checks the calls of the functions while a history runs.

    Attributes:
        account: What they call.
        studio: The Label Studio that they call.
        violations: Broken promises.
    """

    account: Account
    studio: LabelStudio
    violations: list[str] = field(default_factory=list)
    _labeled: dict[str, dict[str, str]] = field(default_factory=dict)
    _named: dict[str, list[str]] = field(default_factory=dict)
    #: Messages by execution and receipt handle that no call has tried to delete.
    _received: dict[str, dict[str, StoredMessage]] = field(default_factory=dict)
    _texts: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _records: set[tuple[str, str]] = field(default_factory=set)
    _records_read: int = 0

    def after(self, call: Call, answer: Answer, owner: Execution | None = None) -> None:
        """Check a call that has taken effect.

        Args:
            call: The call.
            answer: Its answer, which may not reach the function.
            owner: The execution whose function has made it.
        """
        if call.service == SERVICE:
            self._label_studio.after(call, answer)
        elif call.operation == "ReceiveMessage" and owner is not None:
            self._receive(call.parameters, answer, owner)
        elif call.operation == "DeleteMessageBatch":
            self._deleted(call.parameters)
        elif call.operation in ("TransactWriteItems", "UpdateItem"):
            self._written(call.parameters)
        elif call.operation in ("PutRecord", "BatchWriteRecord"):
            self._recorded(call.parameters)
        elif call.operation == "CreateLabelingJob":
            self._job_created(call.parameters["LabelingJobName"])
        elif call.operation == "PutObject":
            self._label_studio.written(call.parameters["Bucket"], call.parameters["Key"])
            if call.parameters["Key"].endswith("/job.json"):
                self._job_created(call.parameters["Key"].split("/")[1])

    def __post_init__(self) -> None:
        self._label_studio = LabelStudioChecks(self.account, self.studio, self.violations)

    @property
    def _jobs(self) -> LabelingJobs:
        return LabelingJobs(self.account)

    def _rows(self) -> dict[Any, dict[str, Any]]:
        return self.account.dynamodb.tables[deployed().ledger.name].rows

    def _items(self) -> dict[Source, dict[str, Any]]:
        table = self._rows()
        return {source_of(row): row for key, row in table.items() if key.startswith("ITEM#")}

    def _deleted(self, parameters: Mapping[str, Any]) -> None:
        """I2: a message goes only when the ledger, or another message, knows its item."""
        queue = self.account.sqs.queues[parameters["QueueUrl"]]
        gone = [queue.of_handle(entry["ReceiptHandle"]) for entry in parameters["Entries"]]
        sources = {named_source(message.body) for message in gone if message.deleted} - {None}
        items = self._items()
        waiting = {named_source(message.body) for message in self._messages()}
        for source in sources:
            row = items.get(source) if source is not None else None
            if source in waiting:
                continue
            if row is None:
                self.violations.append(f"I2: the message of {source} is deleted, it has no claim")
            elif row["item_state"] not in ("stored", "superseded") and not self._is_open(row):
                self.violations.append(
                    f"I2: the message of {source} is deleted, it is {row['item_state']} for"
                    " a run that is closed"
                )

        for received in self._received.values():
            for entry in parameters["Entries"]:
                received.pop(entry["ReceiptHandle"], None)

    def _receive(self, parameters: Mapping[str, Any], answer: Answer, owner: Execution) -> None:
        queue = self.account.sqs.queues[parameters["QueueUrl"]]
        received = self._received.setdefault(owner.arn, {})
        for message in answer.get("Messages", []):
            received[message["ReceiptHandle"]] = queue.of_handle(message["ReceiptHandle"])

    def succeeded(self, execution: Execution) -> None:
        """I6: what a successful execution has received is claimed, or can be received again."""
        items, now = self._items(), self.account.clock.now
        for handle, message in self._received.pop(execution.arn, {}).items():
            if message.deleted or message.handle != handle or message.visible_at <= now:
                continue
            row = items.get(named_source(message.body) or _NO_SOURCE)
            if row is None or row["item_state"] in _WAITING_STATES:
                self.violations.append(
                    f"I6: {execution.name} succeeded, and {named_source(message.body)}, which it"
                    f" has received, is hidden for {message.visible_at - now:.0f} s more"
                )

    def _messages(self) -> Iterable[Any]:
        for queue in self.account.sqs.queues.values():
            yield from queue.messages()

    def _is_open(self, row: Mapping[str, Any]) -> bool:
        run = self._rows().get(f"RUN#{row['run_id']}")
        return run is not None and run["run_state"] in _OPEN_STATES

    def _written(self, parameters: Mapping[str, Any]) -> None:
        """I2: a claim is settled as stored only after its record is written."""
        updates = [action["Update"] for action in parameters.get("TransactItems", [])]
        for update in updates or [parameters]:
            key = update["Key"]["pk"]["S"]
            if not key.startswith("ITEM#"):
                continue
            row = self._rows().get(key)
            if row is not None and row["item_state"] == "stored" and not self._has_record(row):
                self.violations.append(f"I2: {source_of(row)} is stored, it has no record")

    def _recorded(self, parameters: Mapping[str, Any]) -> None:
        """I2: a record is not written again once its claim is settled as stored."""
        stored = {_record_of(row) for row in self._rows().values() if _is_stored(row)}
        for entry in parameters.get("Entries", [parameters]):
            values = {it["FeatureName"]: it["ValueAsString"] for it in entry["Record"]}
            record = (values["source_ref"], values["source_version_id"])
            if record in stored:
                self.violations.append(f"I2: the record of {record} is written again, it is stored")

    def _has_record(self, row: Mapping[str, Any]) -> bool:
        history = self.account.features.groups[deployed().feature_group.name].history
        self._records |= {
            (record["source_ref"], record["source_version_id"])
            for record in history[self._records_read :]
        }
        self._records_read = len(history)
        return _record_of(row) in self._records

    def _job_created(self, name: str) -> None:
        """I3: an item is in one unfinished job at most, and in none once it is labeled."""
        jobs = self._jobs.all()
        (new,) = (job for job in jobs if job.name.lower() == name.lower())
        names = self._names_in(new)
        if len(set(names)) < len(names):
            self.violations.append(f"I3: job {name} holds an item twice")
        for other in jobs:
            if other is new:
                continue
            shared = set(names).intersection(self._names_in(other))
            if shared and not other.ended:
                self.violations.append(f"I3: {sorted(shared)} are in {other.name} and in {name}")
        again = set(names) & self._finished(jobs, verified=new.verifies)
        if again:
            self.violations.append(f"I3: {sorted(again)} are in {name}, they were done before")

    def _finished(self, jobs: Iterable[Job], *, verified: bool) -> set[str]:
        """Return what has a label that stands, or one that reviewers have accepted."""
        labeled: set[str] = set()
        accepted: set[str] = set()
        for job in sorted(jobs, key=lambda it: it.modified):
            named = self._named_by(job)
            if job.verifies:
                accepted |= {item for item, name in named.items() if name == job.accepted}
                labeled -= {item for item, name in named.items() if name != job.accepted}
            else:
                labeled |= set(named)
        return accepted if verified else labeled

    def _names_in(self, job: Job) -> list[str]:
        if job.name not in self._named:
            lines = self._jobs.lines(job.manifest_uri)
            self._named[job.name] = [self._shown(line["item-id"]) for line in lines]
        return self._named[job.name]

    def _shown(self, item: str) -> str:
        """Return what an item shows: of a line its text, which of its kind, and the file's key."""
        row = self._rows().get(f"ITEM#{item}")
        if row is None or row.get("source_line") is None:
            return item
        _, key, version, line = source_of(row)
        if (key, version) not in self._texts:
            versions = self.account.s3.buckets[deployed().buckets["upload"]].objects[key]
            (stored,) = (it for it in versions if it.version_id == version)
            self._texts[key, version] = _numbered(shown_texts(key, stored.body), key)
        return self._texts[key, version][int(line or 0) - 1]

    def _named_by(self, job: Job) -> dict[str, str]:
        """Return the class that a job gave each of its items, those left out that have none."""
        if job.name not in self._labeled:
            found = self._jobs.results(job)
            if not found:
                return {}
            self._labeled[job.name] = {self._shown(item): name for item, name in found.items()}
        return self._labeled[job.name]


def _is_stored(row: Mapping[str, Any]) -> bool:
    return row.get("item_state") == "stored"


def _record_of(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return what identifies the record of a ledger row: address and version of its object."""
    line = row.get("source_line")
    uri = f"s3://{row['bucket']}/{row['object_key']}" + ("" if line is None else f"#L{line}")
    return uri, row["version_id"]


def _numbered(texts: Iterable[str], key: str) -> list[str]:
    counts: Counter[str] = Counter()
    numbered = []
    for text in texts:
        counts[text] += 1
        numbered.append(f"{key}: {text} ({counts[text]})")
    return numbered


def source_of(row: Mapping[str, Any]) -> Source:
    """Return the item of a ledger row."""
    line = row.get("source_line")
    return (
        row["bucket"],
        row["object_key"],
        row["version_id"],
        None if line is None else int(line),
    )
