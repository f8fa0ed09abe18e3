"""Scenarios in the world of the fault suite: the real functions, and time that nobody waits for."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from labeling_faults.configuration import Configuration, deployed
from labeling_faults.world.audit import auditor_of, shown_jobs, violations_of
from labeling_faults.world.workforce import DAY, Work
from labeling_faults.world.world import World
from labeling_sandbox.audit.uploads import Upload
from labeling_sandbox.demo.pipeline import Execution
from tests.scenarios.scenario import MAX_ATTEMPTS, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from in_process_aws.calls import Answer, Call
    from labeling_faults.state_machine import executions
    from labeling_faults.world.fault_points import FaultTarget
    from labeling_sandbox.audit.auditor import Auditor
    from tests.scenarios.ending import Row

T = TypeVar("T")

#: Operations that an action allows, where they have names of their own.
_OPERATIONS = {
    "sqs:DeleteMessage": {"DeleteMessage", "DeleteMessageBatch"},
    "sqs:SendMessage": {"SendMessage", "SendMessageBatch"},
    "dynamodb:UpdateItem": {"UpdateItem", "TransactWriteItems"},
    "s3:PutObject": {"PutObject", "CreateMultipartUpload", "UploadPart"},
}
_RECORDS = {"PutRecord", "BatchWriteRecord"}
_LOOKS = 1000
_LOOK_SECONDS = 10.0
_EVENT_SECONDS = 3.0
_LONGEST = 50 * DAY


@dataclass
class ScenarioFaults:
    """Injects the faults that a scenario sets.

    Attributes:
        denied: Steps with the actions that were taken from their roles.
        denials: How often each action was denied.
        refused_jobs: Labeling jobs that the quota refuses yet.
        refused_records: Share of the writes of records that are refused.
        refusal: The code of such a refusal.
        at_claim: What happens after each claim.
    """

    denied: set[tuple[str, str]] = field(default_factory=set)
    denials: Counter[str] = field(default_factory=Counter)
    refused_jobs: int = 0
    refused_records: float = 0.0
    refusal: str = ""
    at_claim: Callable[[], None] | None = None

    def before(self, world: FaultTarget, _number: int, call: Call) -> None:
        step = world.invocations[-1].step
        for denied, action in self.denied:
            service, _, operation = action.partition(":")
            operations = _OPERATIONS.get(action, {operation})
            if denied == step and call.service == service and call.operation in operations:
                self.denials[action] += 1
                raise world.account.error(call.service, call.operation, "AccessDeniedException")
        if call.operation == "CreateLabelingJob" and self.refused_jobs:
            self.refused_jobs -= 1
            raise world.account.error(call.service, call.operation, "ResourceLimitExceeded")
        if call.operation in _RECORDS and world.chance.random() < self.refused_records:
            raise world.account.error(call.service, call.operation, self.refusal)

    def after(self, _world: FaultTarget, _number: int, call: Call, _answer: Answer) -> None:
        claims = call.operation == "TransactWriteItems" and "ITEM#" in str(call.parameters)
        if claims and self.at_claim is not None:
            self.at_claim()


class WorldScenario(Scenario):
    """A scenario in a world of its own."""

    # Sizes are small: the 31 items of the mixed upload make eight shards, with seven events each.
    most_events = 60 + 7 * 8

    def __init__(
        self,
        name: str,
        labeled_at_stop: frozenset[str] | None = None,
        *,
        sample_percent: float | None = None,
    ) -> None:
        super().__init__(name, labeled_at_stop=labeled_at_stop)
        self.told = ScenarioFaults()
        configuration = Configuration(max_attempts=MAX_ATTEMPTS, sample_percent=sample_percent)
        self.world = World(configuration, faults=self.told)
        self._work: dict[str, Any] = {}
        self._review: dict[str, Any] = {}
        self._faults: list[tuple[str, dict[str, Any]]] = []
        self._every = 0
        self._puts = 0
        self.world.workforce.plan = lambda: self._next_work("-label")
        self.world.workforce.review = lambda: self._next_work("-verify")
        if labeled_at_stop is not None:
            self.world.workforce.labeled_at_stop = frozenset(
                f"s3://{deployed().buckets['upload']}/{key}" for key in labeled_at_stop
            )

    def _next_work(self, name_ends: str) -> Work:
        work = dict(self._review if name_ends == "-verify" else self._work)
        for fault in self._faults:
            if name_ends.endswith(fault[0]):
                self._faults.remove(fault)
                work |= fault[1]
                break
        return Work(**work)

    def client(self, service: str) -> Any:
        return self.world.client(service)

    def output(self, name: str) -> str:
        return {
            "ledger_table_name": deployed().ledger.name,
            "upload_queue_url": self.world.intake_url,
            "dead_letter_queue_url": self.world.dead_letter_url,
        }[name]

    def auditor(self) -> Auditor:
        return auditor_of(self.world)

    def upload_keys(self, keys: Sequence[str]) -> list[Upload]:
        uploads = self.put([(key, b"a picture") for key in keys])
        for position, upload in enumerate(uploads):
            self.truth[upload.uri] = str(position % 10)
        self.world.workforce.truth = self.truth
        return uploads

    def put(self, objects: Sequence[tuple[str, bytes]]) -> list[Upload]:
        made = []
        for key, body in objects:
            self._puts += 1
            twice = self._every and self._puts % self._every == 0
            name = f"{self.name}/{key}"
            version = self.world.upload(name, body, event_delays=(1, 2) if twice else (1,))
            made.append(Upload(deployed().buckets["upload"], name, version))
        self.uploads += [it for it in made if not it.key.endswith("/")]
        self.world.run(_EVENT_SECONDS)
        return made

    def duplicate_events(self, every: int) -> None:
        self._every = every

    def send(self, message: Mapping[str, Any] | str) -> None:
        self.world.send(message if isinstance(message, str) else json.dumps(message))

    def redrive(self) -> None:
        self.world.redrive()

    def workers(self, **behaviour: float) -> None:
        names = {"delay_seconds": "seconds", "expiry_rate": "expiring", "failure_rate": "failing"}
        for name, value in behaviour.items():
            if name == "reject_right_rate":
                self._review["rejecting"] = value
            else:
                self._work[names[name]] = max(value, 60.0) if name == "delay_seconds" else value

    def let_expire(self, uploads: Sequence[Upload]) -> None:
        self._work["left_to_expire"] = frozenset(upload.uri for upload in uploads)

    def break_job(self, fault: str, count: int = 1, name_ends: str = "") -> None:
        if fault == "create_refused":
            self.told.refused_jobs = count
            return
        work: dict[str, dict[str, Any]] = {
            "job_failed": {"status": "Failed"},
            "lose_event": {"events": ()},
            "duplicate_event": {"events": (1.0, 1.0)},
        }
        self._faults += [(name_ends, work[fault])] * count

    def refuse_records(self, rate: float, code: str = "InternalFailure") -> None:
        self.told.refused_records, self.told.refusal = rate, code

    @contextmanager
    def without(self, step: str, action: str) -> Iterator[None]:
        self.told.denied.add((step, action))
        try:
            yield
        finally:
            self.told.denied.remove((step, action))
            assert self.told.denials[action], f"{step} never needed {action}"

    def assert_denied(self, execution: Execution, action: str) -> None:
        assert self.told.denials[action], execution.arn

    def assert_alarmed(self, ended: Sequence[Execution]) -> None:
        """No alarm is deployed in this world."""

    def start(self, state_input: Row | None = None) -> str:
        return self.world.schedule(state_input).arn

    def start_together(self, count: int) -> list[str]:
        return [self.start() for _ in range(count)]

    def start_that_times_out(self) -> str:
        execution = self.world.schedule()
        end = self.world.executions.end
        self.world.event_queue.after(1200, lambda: end(execution, "TIMED_OUT", "States.Timeout"))
        return execution.arn

    def start_that_stops_waiting(self) -> str:
        self._work["seconds"] = 40 * DAY
        return self.start()

    def die_while_polling(self, uploads: Sequence[Upload], *, with_function: bool) -> str:
        execution = self.world.schedule()

        def die() -> None:
            # Sizes are small here: what the sandbox claims at once takes several transactions.
            if {row.get("item_state") for row in self.items(uploads)} != {"claimed"}:
                return
            self.told.at_claim = None
            invocation = self.world.invocations[-1]
            self.world.end_current_execution()
            if with_function:
                invocation.kill("Runtime.ExitError")

        self.told.at_claim = die
        self.world.run(_LOOK_SECONDS)
        assert any(row.get("item_state") == "claimed" for row in self.items(uploads))
        assert execution.status == "ABORTED"
        return execution.arn

    def end_of(self, execution_arn: str) -> Execution:
        execution = self._execution(execution_arn)
        ends = self.world.clock.now + _LONGEST
        while execution.running and self.world.clock.now < ends:
            self.world.run(_LOOK_SECONDS)
        return Execution(
            arn=execution_arn,
            status=execution.status,
            error=execution.error,
            steps=dict.fromkeys(execution.interpreter.states, 0.0),
            events=execution.interpreter.events,
        )

    def _execution(self, arn: str) -> executions.Execution:
        return self.world.executions.all[arn]

    def stop(self, execution_arn: str) -> None:
        self.world.executions.end(self._execution(execution_arn), "ABORTED")

    def status_of(self, execution_arn: str) -> str:
        return self._execution(execution_arn).status

    def executions_of(self, run_id: str) -> list[str]:
        names = self.world.executions.all
        return [arn for arn in names if arn.rpartition(":")[2].startswith(f"{run_id}-r")]

    def wait_for(self, what: str, look: Callable[[], T | None]) -> T:
        for _ in range(_LOOKS):
            found = look()
            if found:
                return found
            self.world.run(_LOOK_SECONDS)
        raise AssertionError(what)

    def jobs(self) -> list[Row]:
        return shown_jobs(self.world)

    def busy_job(self) -> Row:
        def look() -> Row | None:
            busy = self.world.workforce.unfinished()
            return next((job for job in self.jobs() if job["name"] in busy), None)

        return self.wait_for("a job that workers label", look)

    def let_lease_pass(self, run_id: str) -> None:
        row = self.rows()[f"RUN#{run_id}"]
        lease = max(row[name] for name in row if name.startswith("lease_until"))
        self.world.run(float(lease) - self.world.clock.now + 1)

    def messages_waiting(self) -> int:
        return len(self.world.account.sqs.queues[self.world.intake_url].messages())

    def feature_names(self) -> set[str]:
        return set(deployed().feature_group.features)

    def everything_uploaded(self) -> list[Upload]:
        return self.uploads

    def settle_events(self) -> None:
        self.world.run(_EVENT_SECONDS)

    def run_until_idle(self) -> list[str]:
        """Let all work end; return every promise that was broken."""
        is_idle = self.world.run_until_idle()
        return [*([] if is_idle else ["no rest"]), *violations_of(self.world)]
