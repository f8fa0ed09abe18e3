"""One pipeline in its own world: services, functions, state machine, workers and a clock."""

from __future__ import annotations

import dataclasses
import itertools
import json
import random
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from in_process_aws.account import Account
from in_process_aws.calls import nothing_chosen
from labeling_faults.configuration import deployed
from labeling_faults.functions.invocations import Functions
from labeling_faults.label_studio.connection import InProcessConnection
from labeling_faults.simulated_time.clock import Clock
from labeling_faults.simulated_time.event_queue import EventQueue
from labeling_faults.state_machine import definition
from labeling_faults.state_machine.executions import Execution, Executions
from labeling_faults.state_machine.interpreter import StateError
from labeling_faults.world.fault_points import Faults, NoFaults
from labeling_faults.world.label_studio import Studio
from labeling_faults.world.labeling_jobs import LabelingJobs
from labeling_faults.world.online_checks import OnlineChecks, named_source, source_of
from labeling_faults.world.step_functions import StepFunctions
from labeling_faults.world.uploads import object_created, refusals, text_items, uploaded_items
from labeling_faults.world.workforce import DAY, HOUR, Work, Workforce
from labeling_sandbox.audit.uploads import Upload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from in_process_aws.calls import Answer, Call
    from in_process_aws.queues import StoredMessage
    from labeling_faults.configuration import Configuration
    from labeling_faults.functions.runtime import Invocation
    from labeling_faults.state_machine.paths import Json

#: Seconds that a call takes.
_CALL_SECONDS = 0.02

#: After an error Lambda calls an asynchronous function again, twice.
#: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
_ASYNC_DELAYS = (60.0, 120.0)


#: Schedules until no work may be left.
_MOST_ROUNDS = 60

#: How long the world is left alone while messages wait, and while only jobs are under way.
_SHORT_PAUSE = 2 * HOUR
_LONG_PAUSES = (HOUR, 3 * HOUR, DAY, 3 * DAY, 8 * DAY, 8 * DAY, 8 * DAY)


@dataclass
class World:
    """One pipeline.

    Attributes:
        configuration: What its user has chosen.
        seed: Of its chance.
        faults: The faults of calls.
        strict: Whether requests are checked against botocore's models, which costs time.
        clock: Its time.
        calls: Number of calls that functions have made.
        uploads: Every item that was uploaded.
        undelivered: Events that no function took in three tries.
        refused_keys: Keys of objects whose records the feature group refuses for good.
    """

    configuration: Configuration
    seed: int = 0
    faults: Faults = field(default_factory=NoFaults)
    strict: bool = True
    clock: Clock = field(default_factory=Clock)
    calls: int = 0
    uploads: list[Upload] = field(default_factory=list)
    undelivered: list[tuple[str, Json]] = field(default_factory=list)
    refused_keys: set[str] = field(default_factory=set)
    invocations: list[Invocation] = field(default_factory=list)
    _names: Iterator[int] = field(default_factory=itertools.count)
    _pending_events: int = 0
    _sent: list[str] = field(default_factory=list)
    _indexes: dict[tuple[str, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Create what Terraform would create."""
        self.chance = random.Random(self.seed)
        self.event_queue = EventQueue(self.clock)
        self.account = Account(self.clock, observer=self, strict=self.strict)
        self.functions = Functions(self)
        self.executions = Executions(
            arn=deployed().state_machine.arn,
            definition=self._definition(),
            event_queue=self.event_queue,
            chance=self.chance,
            function=self.functions.call,
        )
        self.workforce = Workforce(
            self.account.sagemaker,
            self.event_queue,
            ended=self._job_ended,
            verification_attribute=deployed().verification_attribute,
        )
        self.jobs = LabelingJobs(self.account)
        self.studio = Studio(
            self.account, self.workforce, self.jobs, self.advance_label_studio_jobs
        )
        self.online_checks = OnlineChecks(self.account, self.studio.contents)
        self.executions.succeeded = self.online_checks.succeeded
        self.most_attempts = self.configuration.max_attempts
        self._create()
        self.end_service_faults()
        self._configure()

    def _create(self) -> None:
        account = self.account
        account.states.backend = StepFunctions(account, self.executions)
        # The module encrypts the state machine, and no function's role may use the key through it.
        account.states.key_refused = True
        account.s3.create_bucket(deployed().buckets["upload"], versioned=True)
        account.s3.create_bucket(deployed().buckets["output"], kms_key_arn=deployed().key_arn)
        for key, body in self.configuration.worker_files().items():
            account.s3.upload(deployed().buckets["output"], key, body)
        account.features.create_group(
            deployed().feature_group.name, deployed().feature_group.features
        )
        account.features.batched = self.configuration.batched_records
        self.ledger = account.dynamodb.create_table(
            deployed().ledger.name, deployed().ledger.key
        ).rows
        # An operator looks after dead letters before they expire.
        intake, dead_letters = deployed().queues["intake"], deployed().queues["dead_letter"]
        self.dead_letter_url = account.sqs.create_queue(
            dead_letters.name, retention_seconds=365 * DAY
        )
        self.intake_url = account.sqs.create_queue(
            intake.name,
            visibility_seconds=intake.visibility_seconds,
            retention_seconds=intake.retention_seconds,
            dead_letters=(dead_letters.name, intake.max_receives),
        )

    def _definition(self) -> dict[str, Any]:
        return definition.read(self.configuration.deployment.state_machine.definition)

    # The functions' host.

    def client(self, service: str) -> Any:  # noqa: ANN401 - as boto3's is
        """Return the client of a service, for functions and administrators alike."""
        return self.account.client(service)

    def connection(self, url: str, token: str) -> InProcessConnection:
        """Return the functions' way to Label Studio."""
        return InProcessConnection(self.studio.contents, url, token, observer=self)

    def _configure(self) -> None:
        token = {"LABEL_STUDIO_TOKEN_SECRET_ARN": self.studio.token_arn}
        self.environment = self.configuration.environment() | token

    # The account's observer, and Label Studio's.

    def before(self, call: Call) -> None:
        """See a call; those of functions take their time, and faults may be injected."""
        if not self.invocations:
            return
        self.invocations[-1].check()
        self.clock.sleep(_CALL_SECONDS)
        self.invocations[-1].check()
        self.studio.catch_up()
        number = self.calls
        self.calls += 1
        self._indexes[call.service, call.index] = number
        self.faults.before(self, number, call)
        self.invocations[-1].check()

    def after(self, call: Call, answer: Answer) -> None:
        """See an answer; the workers hear of their jobs whatever becomes of the function."""
        if call.operation == "CreateLabelingJob":
            self.workforce.job_created(call.parameters["LabelingJobName"])
        elif call.operation == "StopLabelingJob":
            self.workforce.job_stopping(call.parameters["LabelingJobName"])
        self.studio.after(call)
        if not self.invocations:
            return
        self.online_checks.after(call, answer, self.invocations[-1].owner)
        number = self._indexes.pop((call.service, call.index))
        self.faults.after(self, number, call, answer)
        self.invocations[-1].check()

    # What happens from outside.

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Let the world go on in the middle of a function."""
        inside, self.invocations = self.invocations, []
        try:
            yield
        finally:
            self.invocations = inside

    def run(self, seconds: float) -> None:
        """Let time pass and do what is due."""
        self.event_queue.run_until(self.clock.now + seconds)

    def upload(
        self, key: str, body: bytes = b"picture", *, event_delays: tuple[float, ...] = (1,)
    ) -> str:
        """Put an object into the upload bucket.

        Args:
            key: Its key; that of an object that is there makes a new version.
            body: Its bytes.
            event_delays: Seconds after which its event is delivered, once for each.

        Returns:
            The version.
        """
        stored = self.account.s3.upload(deployed().buckets["upload"], key, body)
        if not (key.endswith("/") and not body):
            self._note_upload(key, stored.version_id, body)
        event = object_created(deployed().buckets["upload"], key, stored, len(body))
        # The rule at the time of an event applies, not the rule at its delivery.
        splits = self.configuration.splits
        self._pending_events += len(event_delays)
        for delay in event_delays:
            self.event_queue.after(delay, lambda: self._deliver(event, splits=splits))
        return stored.version_id

    def _note_upload(self, key: str, version_id: str, body: bytes) -> None:
        splits = self.configuration.splits and key.endswith((".txt", ".jsonl", ".ndjson"))
        items = text_items(key, body, self.configuration.text_items) if splits else [(None, None)]
        self.uploads += [Upload(deployed().buckets["upload"], key, version_id, *it) for it in items]

    def _deliver(self, event: Json, *, splits: bool) -> None:
        self._pending_events -= 1
        if splits:
            self.invoke_by_event("split_text", event)
        else:
            self.send(json.dumps(event))

    def send(self, body: str) -> None:
        """Put a message on the intake queue."""
        answer = self.client("sqs").send_message(QueueUrl=self.intake_url, MessageBody=body)
        self._sent.append(answer["MessageId"])

    def apply(self, **changes: Any) -> None:  # noqa: ANN401 - fields of the configuration
        """Change settings, as ``terraform apply`` does.

        Executions that run keep their definition. The functions are given the new settings from
        their next call on, and those for verification go with it.
        """
        before, now = self.configuration, dataclasses.replace(self.configuration, **changes)
        # An operator removes Label Studio later, when no run needs it.
        now = dataclasses.replace(now, has_label_studio=before.uses_label_studio)
        self.configuration = now
        self.most_attempts = max(self.most_attempts, now.max_attempts)
        for key, body in now.worker_files().items():
            self.account.s3.upload(deployed().buckets["output"], key, body)
        for key in before.worker_files().keys() - now.worker_files().keys():
            self.client("s3").delete_object(Bucket=deployed().buckets["output"], Key=key)
        self._configure()
        self.executions.definition = self._definition()

    def redrive(self) -> None:
        """Move dead letters that are visible to the intake queue, as an operator does.

        Those whose label is there, but whose record was refused, stay: a redrive would start the
        item again, and it would be paid for again.
        """
        sqs = self.client("sqs")
        while True:
            answer = sqs.receive_message(QueueUrl=self.dead_letter_url, MaxNumberOfMessages=10)
            for message in answer.get("Messages", []):
                if "record_rejected" in message["Body"]:
                    continue
                self.send(message["Body"])
                sqs.delete_message(
                    QueueUrl=self.dead_letter_url, ReceiptHandle=message["ReceiptHandle"]
                )
            if not answer.get("Messages"):
                return

    def schedule(self, state_input: Json = None) -> Execution:
        """Start an execution as the schedule does, or by hand."""
        name = f"scheduled-{next(self._names):04d}"
        return self.executions.start(self.executions.arn, name, state_input or {})

    def schedule_and_run(self, seconds: float) -> Execution:
        """Start an execution as the schedule does, and let time pass."""
        execution = self.schedule()
        self.run(seconds)
        return execution

    def refuse_records(self, entries: Sequence[Mapping[str, Any]]) -> dict[int, tuple[str, str]]:
        """Refuse the records of some objects, as the feature group's chooser."""
        return refusals(deployed().buckets["upload"], self.refused_keys, entries)

    def carry_out_later(self, call: Call, seconds: float) -> None:
        """Let a call of Label Studio take effect after its caller has stopped waiting."""
        self.studio.carry_out_later(call, seconds, self.online_checks.after)

    def end_current_execution(self) -> None:
        """Abort the execution whose function is running; an event's function is not repeated."""
        invocation = self.invocations[-1]
        invocation.abandoned = True
        if invocation.owner is not None:
            self.executions.end(invocation.owner, "ABORTED")

    def invoke_by_event(self, step: str, event: Json, tries: int = 3) -> None:
        """Call a function as EventBridge does: again after an error, and then no more."""
        try:
            self.functions.call(step, event)
        except StateError:
            left = tries - 1
            if not left or self.functions.abandoned:
                self.undelivered.append((step, event))
                return
            delay = _ASYNC_DELAYS[-left]
            self.event_queue.after(delay, lambda: self.invoke_by_event(step, event, left))

    def _job_ended(self, name: str, delay: float) -> None:
        """Deliver the event of a job's end some time later."""
        event = self.account.sagemaker.jobs[name].event()
        self.event_queue.after(delay, lambda: self.invoke_by_event("job_state_change", event))

    def advance_label_studio_jobs(self) -> None:
        """Call the function, as its schedule does. Nothing repeats a call that fails."""
        with suppress(StateError):
            self.functions.call("advance_label_studio_jobs", {})

    def run_until_idle(self) -> bool:
        """End all faults and let schedules run until no work is left.

        Returns:
            Whether no work is left.
        """
        self.faults = NoFaults()
        self.workforce.plan = self.workforce.review = Work
        self.end_service_faults()
        pauses = itertools.chain(_LONG_PAUSES, itertools.repeat(DAY))
        for _ in range(_MOST_ROUNDS):
            for step, event in self._taken_undelivered():
                self.invoke_by_event(step, event)
            self.schedule()
            # Messages would expire in a long pause; runs send messages of texts in progress again.
            kept = all("text_in_progress" in it.body for it in self._waiting())
            self.run(next(pauses) if not self._waiting() else DAY if kept else _SHORT_PAUSE)
            if self.is_idle():
                return True
        return False

    def _waiting(self) -> list[StoredMessage]:
        return self.account.sqs.queues[self.intake_url].messages()

    def _taken_undelivered(self) -> list[tuple[str, Json]]:
        # An operator looks after upload events; a job's end is found by the schedule.
        taken = [entry for entry in self.undelivered if entry[0] == "split_text"]
        self.undelivered.clear()
        return taken

    def is_idle(self) -> bool:
        """Return whether nothing is under way and nothing waits."""
        return not any(self.unfinished_work().values())

    def unfinished_work(self) -> dict[str, Any]:
        """Return what is under way or waits."""
        return {
            "events of uploads": self._pending_events,
            "executions": [one.name for one in self.executions.running],
            "labeling jobs": [*self.workforce.unfinished(), *self.jobs.open_in_label_studio()],
            "undelivered": [step for step, _ in self.undelivered if step == "split_text"],
            "messages": [named_source(message.body) for message in self._waiting()],
            "open runs": self.open_runs(),
        }

    def redeliver(self, which: int) -> None:
        """Deliver a message that was sent before once more, in any state."""
        if self._sent:
            self.account.sqs.duplicate(self.intake_url, self._sent[which % len(self._sent)])

    def states(self) -> dict[Upload, str | None]:
        """Return the state that the ledger has of every upload."""
        rows = {source_of(row): row for key, row in self.ledger.items() if key.startswith("ITEM#")}
        items = uploaded_items(self.uploads, rows)
        return {it: rows.get(it.source, {}).get("item_state") for it in items}

    def open_runs(self) -> list[str]:
        """Return the runs that the ledger holds open."""
        return sorted(self.ledger.get("OPEN_RUNS", {}).get("run_ids", ()))

    def end_service_faults(self) -> None:
        """Let batches be taken whole from now on."""
        account = self.account
        account.sqs.refused = account.events.refused = nothing_chosen
        account.sqs.handed_over = lambda available: available
        account.dynamodb.unprocessed = account.features.unprocessed = nothing_chosen
        account.features.failing = self.refuse_records
