"""A deployed pipeline on which short plays are played, whole or with a permission missing."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from labeling_sandbox.demo.pipeline import PipelineError
from tests.pipeline.sandbox_scenario import SandboxScenario
from tests.sabotage.evidence import Evidence
from tests.scenarios.scenario import created_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_sandbox.audit.uploads import Upload
    from tests.pipeline.deployment import Deployment
    from tests.sabotage.plays import Play

_LOOK_SECONDS = 0.1
_PROOF_SECONDS = 1.0
_PLAY_SECONDS = 90.0
_REST_SECONDS = 40.0
_ROUNDS = 10
_RUNNING = "RUNNING"
_SETTLED = {"stored", "superseded"}


class CaughtError(Exception):
    """The missing permission was named, so there is nothing more to wait for."""


@dataclass
class Stage:
    """One play on a pipeline.

    Attributes:
        deployment: The pipeline.
        play: What is played.
        name: First part of the keys, fresh for each stage.
        proof: Looks whether the missing permission was named; gives what was said.
    """

    deployment: Deployment
    play: Play
    name: str
    proof: Callable[[Evidence], str | None] = field(default=lambda _evidence: None)

    def __post_init__(self) -> None:
        self.scenario = SandboxScenario(self.deployment, self.name)
        self.scenario.behave()
        self.evidence = Evidence(self.scenario)
        self._first_upload = len(self.deployment.uploads)
        self._looked = 0.0
        self.found: str | None = None

    @property
    def uploads(self) -> list[Upload]:
        """What was uploaded on this stage."""
        return self.deployment.uploads[self._first_upload :]

    def perform(self) -> str | None:
        """Play until the end or until the missing permission is named; return where it was."""
        try:
            self.play.act(self)
        except CaughtError:
            return self.found
        except (PipelineError, ClientError, AssertionError) as error:
            self.evidence.errors.append(str(error))
        self.found = self.proof(self.evidence)
        return self.found

    def wait_until(self, what: str, look: Callable[[], bool]) -> None:
        """Wait for something, or for the missing permission to be named.

        Raises:
            CaughtError: If the missing permission was named.
            AssertionError: If it does not come.
        """
        ends = time.monotonic() + _PLAY_SECONDS
        while not look():
            self._look_for_proof()
            assert time.monotonic() < ends, f"{what}: not within {_PLAY_SECONDS:.0f} s"
            time.sleep(_LOOK_SECONDS)

    def _look_for_proof(self) -> None:
        if time.monotonic() < self._looked + _PROOF_SECONDS:
            return
        self._looked = time.monotonic()
        self.found = self.proof(self.evidence)
        if self.found:
            raise CaughtError

    def start(self) -> str:
        """Fire the schedule."""
        return self.scenario.start()

    def end_of(self, execution_arn: str) -> None:
        """Wait for an execution to end."""
        status = self.scenario.status_of
        self.wait_until("the end of the execution", lambda: status(execution_arn) != _RUNNING)

    def run(self) -> str:
        """Fire the schedule and wait for the end; return the execution."""
        execution = self.start()
        self.end_of(execution)
        return execution

    def end_of_successors(self) -> None:
        """Wait until no execution of this stage is under way."""
        status = self.scenario.status_of
        self.wait_until(
            "the end of all executions",
            lambda: all(status(arn) != _RUNNING for arn in self.evidence.executions()),
        )

    def job_is(self, *statuses: str, name_ends: str = "") -> dict[str, Any]:
        """Wait until a labeling job of this stage's uploads, of such a name, has a status."""
        found: list[dict[str, Any]] = []

        def look() -> bool:
            jobs = self.scenario.jobs_with(self.uploads)
            found[:] = [
                job for job in jobs if job["status"] in statuses and job["name"].endswith(name_ends)
            ]
            return bool(found)

        self.wait_until(f"a labeling job that is {' or '.join(statuses)}", look)
        return found[-1]

    def settle(self) -> None:
        """With every permission restored: run until everything is stored, and audit.

        Raises:
            AssertionError: If an upload is lost or stuck, or a promise is broken.
        """
        self.scenario.behave()
        self._send_undelivered_again()
        for round_number in range(_ROUNDS):
            if self._at_rest(_REST_SECONDS if round_number else 0) and not self._unsettled():
                break
            self._wake(send_again=round_number > 0)
            self._quietly_wait(self.scenario.start())
        left = self._unsettled()
        assert not left, f"not stored although every permission is restored: {left}"
        self.scenario.audit()

    def _wake(self, *, send_again: bool) -> None:
        """Let pass what only takes time, and send again what never reached the queue."""
        queue = self.scenario.output("upload_queue_url").rpartition("/")[2]
        self.evidence.control(f"queues/{queue}/reveal", {})
        for key, row in self.scenario.rows().items():
            if key.startswith("RUN#") and "lease_until" in row and row["lease_until"] > 1:
                self._let_lease_pass(key)
        if send_again:
            for upload, row in zip(self.uploads, self.scenario.items(self.uploads), strict=True):
                if not row and upload.line in (None, 1):
                    self.play.deliver_again(self, created_event(upload))

    def _let_lease_pass(self, key: str) -> None:
        self.scenario.client("dynamodb").update_item(
            TableName=self.scenario.output("ledger_table_name"),
            Key={"pk": {"S": key}},
            UpdateExpression="SET lease_until = :past",
            ExpressionAttributeValues={":past": {"N": "1"}},
        )

    def _unsettled(self) -> list[str]:
        rows = self.scenario.items(self.uploads)
        open_runs = self.scenario.rows().get("OPEN_RUNS", {}).get("run_ids", set())
        left = [f"run {run}" for run in open_runs]
        for upload, row in zip(self.uploads, rows, strict=True):
            state = row.get("item_state", "unknown")
            given_up = state == "dead_lettered" and self.play.gives_up(upload)
            if state not in _SETTLED and not given_up:
                left.append(f"{upload.key} is {state} {row.get('reason', '')}")
        return left

    def _at_rest(self, seconds: float) -> bool:
        status, ends = self.scenario.status_of, time.monotonic() + seconds
        while any(status(arn) == _RUNNING for arn in self.evidence.executions()):
            if time.monotonic() >= ends:
                return False
            time.sleep(_LOOK_SECONDS)
        return True

    def _quietly_wait(self, execution_arn: str) -> None:
        ends = time.monotonic() + _PLAY_SECONDS
        while self.scenario.status_of(execution_arn) == _RUNNING and time.monotonic() < ends:
            time.sleep(_LOOK_SECONDS)
        # A successor that it has started has not begun yet.
        time.sleep(_LOOK_SECONDS)

    def _send_undelivered_again(self) -> None:
        """Do what an operator does with undelivered events; what a run makes up for is dropped."""
        self.evidence.control("undelivered/reset", {})
        self.evidence.control("events/drain", {"deadline_seconds": 30})
        self.evidence.control("undelivered/reset", {})
        sqs, url = self.scenario.client("sqs"), self.scenario.output("undelivered_queue_url")
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                body = json.loads(message["Body"])
                event = body.get("requestPayload", body)
                if event.get("source") == "aws.s3":
                    self.play.deliver_again(self, event)
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
