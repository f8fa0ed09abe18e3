"""Emptying the intake queue into a run: list, claim, delete, in this order.

Several threads receive messages. Each collects messages into a *part* and takes the part through
all three stages, so that no message waits for another thread.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from labeling_lambdas import process
from labeling_lambdas.aws.clients import THREADS
from labeling_lambdas.aws.queues import BATCH_MESSAGES, Message, Queue, is_refusal
from labeling_lambdas.domain.intake_counts import Intake
from labeling_lambdas.domain.items import ClaimedItem, text_id_of
from labeling_lambdas.domain.messages import (
    Candidate,
    Ignored,
    Origin,
    Rejected,
    read_message,
)
from labeling_lambdas.domain.states import Drop
from labeling_lambdas.steps.budget import Budget
from labeling_lambdas.steps.claim_list import part_prefix

if TYPE_CHECKING:
    from labeling_lambdas.aws.artifacts import Artifacts
    from labeling_lambdas.aws.run_ledger import RunLedger
    from labeling_lambdas.deadline import Deadline
    from labeling_lambdas.domain.run_scope import RunScope
    from labeling_lambdas.domain.task_types import TaskType
    from labeling_lambdas.steps.claiming import Claiming
    from labeling_lambdas.steps.dead_letters import DeadLetters

_log = logging.getLogger(__name__)

#: Maximum messages of one part. A part costs two objects, so a larger part needs fewer calls, and a
#: smaller part loses less work if the function dies.
PART_MESSAGES = 1000

#: Bytes of messages after which a part is complete, regardless of their number. Messages with texts
#: have up to 256 KiB, and every thread holds several representations of each at a time.
PART_BYTES = 1024 * 1024

#: Seconds before the deadline after which no message is received: time to list, claim and delete
#: the messages of each thread.
STOP_RECEIVING_SECONDS = 45

#: A thread stops after this many consecutive long polls without a message of the backlog. A single
#: one does not prove that none is left.
POLLS_WITHOUT_BACKLOG = 2


class Drained(NamedTuple):
    """The result of one call that drains the queue.

    Attributes:
        intake: Counts.
        more: Whether a thread stopped because its time ran out, and the run may claim more. If not,
            the last thread to stop found the backlog or the budget used up.
    """

    intake: Intake
    more: bool


@dataclass(eq=False, repr=False)
class Drain:
    """The draining of the queue for one run.

    Attributes:
        scope: The run.
        poller: Number of the poller, if several drain the queue at the same time; else 0.
        call_id: Distinguishes the parts of this call from those of other calls.
        upload_bucket: The only bucket whose objects are labeled.
        task_type: Determines which objects can be labeled.
        intake: The intake queue.
        dead_letters: Dead letters of messages that can never lead to a label.
        claiming: Claims items for the run.
        runs: The ledger's runs. The run is opened before its first part is written.
        artifacts: The run's files.
        deadline: When to stop.
        ignored_keys: Patterns of keys that are not uploads.
        budget: How many items may be claimed.
        backlog_until: When the last message of the backlog was sent, in epoch seconds.
        lease_until: The lease with which this call opens the run, in epoch seconds; 0 as long as it
            has not tried to.
    """

    scope: RunScope
    poller: int
    call_id: str
    upload_bucket: str
    task_type: TaskType
    intake: Queue
    dead_letters: DeadLetters
    claiming: Claiming
    runs: RunLedger
    artifacts: Artifacts
    deadline: Deadline
    ignored_keys: tuple[str, ...] = ()
    budget: Budget = field(default_factory=lambda: Budget(0))
    backlog_until: float = 0.0
    lease_until: int = 0
    _opening: threading.Lock = field(default_factory=threading.Lock)
    _failed: threading.Event = field(default_factory=threading.Event)
    _in_doubt: threading.Event = field(default_factory=threading.Event)
    _left: list[Message] = field(default_factory=list)
    _opened: bool = False

    def drain(self, room: int, backlog_until: float) -> Drained:
        """Receive until the backlog or the budget is used up, or the time runs out.

        Args:
            room: How many items may be claimed.
            backlog_until: Epoch seconds. Messages that were sent later are claimed if they are
                received, but are not waited for: uploads that keep coming would never let a run
                begin to label.
        """
        self.budget = Budget(room)
        self.backlog_until = backlog_until
        try:
            with process.threads(THREADS) as threads:
                results = list(threads.map(self._work, range(THREADS)))
        finally:
            # Only after all threads have stopped receiving, or they would receive them again.
            self._show_again(self._left)
        intake = Intake.total(part for parts, _ in results for part in parts)
        out_of_time = any(out_of_time for _, out_of_time in results)
        return Drained(intake, out_of_time and self.budget.left > 0)

    @property
    def hides(self) -> bool:
        """Whether received messages may be hidden that are neither claimed nor dropped."""
        return self._in_doubt.is_set()

    def _show_again(self, messages: list[Message]) -> None:
        if not self.intake.show_again(messages):
            self._in_doubt.set()

    def _receive(self, count: int) -> list[Message]:
        try:
            received = self.intake.receive(count)
        except Exception as error:
            # Unless SQS rejected it, the call may have taken effect.
            if not is_refusal(error):
                self._in_doubt.set()
            raise
        if not received.complete:
            self._in_doubt.set()
        return received.messages

    def _work(self, thread: int) -> tuple[list[Intake], bool]:
        held: list[Message] = []
        try:
            return self._receive_and_process(thread, held)
        finally:
            if held:
                # The step is retried immediately, and would have to wait for them.
                self._failed.set()
                self._show_again(held)

    def _receive_and_process(self, thread: int, held: list[Message]) -> tuple[list[Intake], bool]:
        parts: list[Intake] = []
        without_backlog = 0
        out_of_time = False
        while without_backlog < POLLS_WITHOUT_BACKLOG and not self._failed.is_set():
            out_of_time = self.deadline.near(STOP_RECEIVING_SECONDS)
            if out_of_time:
                break
            room = self.budget.reserve(BATCH_MESSAGES)
            if not room and not held:
                break
            received = self._receive(room) if room else []
            self.budget.release(room - len(received))
            held += received
            if room:
                backlog = any(message.sent_at <= self.backlog_until for message in received)
                without_backlog = 0 if backlog else without_backlog + 1
            if held and (not received or _full(held)):
                parts.append(self._process(self._part(thread, len(parts)), held))
                held.clear()
        if held:
            parts.append(self._process(self._part(thread, len(parts)), held))
            held.clear()
        return parts, out_of_time

    def _part(self, thread: int, number: int) -> str:
        return f"{part_prefix(self.poller)}{self.call_id}-{thread}-{number:04d}"

    def _process(self, part: str, messages: list[Message]) -> Intake:
        self._open_once()
        listed = [self._read(message) for message in messages]
        self.artifacts.write_lines(f"intake/{part}.jsonl", (entry.fields() for entry in listed))
        self._claim(part, listed)
        self._dead_letter(part, listed)
        claimed = [entry.verdict for entry in listed if isinstance(entry.verdict, ClaimedItem)]
        counts = _counts(listed)
        self.artifacts.write(
            f"claims/{part}.json",
            {"counts": counts.fields(), "items": [item.fields() for item in claimed]},
        )
        # The claims are now durable and listed, so the messages may be deleted.
        done = [entry.message for entry in listed if entry.verdict is not Drop.LEFT_IN_FLIGHT]
        refused = self.intake.delete(done)
        self._left += [entry.message for entry in listed if entry.verdict is Drop.LEFT_IN_FLIGHT]
        self.budget.release(len(messages) - len(claimed))
        _log.info(
            "part processed",
            extra={
                "run_id": self.scope.run_id,
                "part": part,
                **counts.fields(),
                "undeleted": refused,
            },
        )
        return counts

    def _open_once(self) -> None:
        with self._opening:
            if not self._opened:
                self.lease_until = self.lease_until or self.deadline.ends_at
                self.runs.open(self.scope, self.lease_until, self.poller)
                self._opened = True

    def _read(self, message: Message) -> _Entry:
        read = read_message(
            message.body,
            upload_bucket=self.upload_bucket,
            task_type=self.task_type,
            ignored_keys=self.ignored_keys,
        )
        return _Entry(message, read, Drop(read.kind) if isinstance(read, Ignored) else None)

    def _claim(self, part: str, listed: list[_Entry]) -> None:
        waiting = _distinct(listed)
        while waiting:
            # One version of a key at a time, the newest first: a transaction must not write one
            # key's row twice, and the ledger then shows that the other versions are superseded. The
            # same applies to a text, which may be on another line of another version.
            chosen = _one_of_each_text(_newest_of_each_key(waiting))
            verdicts = self.claiming.claim([candidate for candidate, _ in chosen.values()], part)
            for item, verdict in verdicts.items():
                chosen[item][1].verdict = verdict
            waiting = {item: pair for item, pair in waiting.items() if item not in chosen}

    def _dead_letter(self, part: str, listed: list[_Entry]) -> None:
        rejected = [entry for entry in listed if isinstance(entry.read, Rejected)]
        verdicts = self.dead_letters.send_rejected(
            [(entry.message, entry.read) for entry in rejected if isinstance(entry.read, Rejected)],
            part,
        )
        for entry, verdict in zip(rejected, verdicts, strict=True):
            entry.verdict = verdict


def _full(held: list[Message]) -> bool:
    return len(held) >= PART_MESSAGES or sum(len(message.body) for message in held) >= PART_BYTES


@dataclass(eq=False, repr=False)
class _Entry:
    """A message in a part."""

    message: Message
    read: Candidate | Rejected | Ignored
    verdict: ClaimedItem | Rejected | Drop | None

    def fields(self) -> dict[str, Any]:
        """Return the line of the write-ahead list, which can resolve the part after a crash."""
        fields: dict[str, Any] = {"message_id": self.message.message_id}
        if isinstance(self.read, Candidate):
            fields |= {
                "kind": "candidate",
                "item_id": self.read.source.item_id,
                "source": self.read.source.fields(),
                **(self.read.content.fields() if self.read.content else {}),
            }
        elif isinstance(self.read, Rejected):
            item = self.read.source.item_id if self.read.source else None
            fields |= {"kind": "invalid", "item_id": item, "reason": self.read.reason}
        else:
            fields |= {"kind": self.read.kind}
        return fields


def _distinct(listed: list[_Entry]) -> dict[str, tuple[Candidate, _Entry]]:
    """Return the candidates by item. A second message of an item is dropped as a duplicate.

    A redriven dead letter takes precedence: for any other message the item stays dead-lettered.
    """
    distinct: dict[str, tuple[Candidate, _Entry]] = {}
    for entry in listed:
        if not isinstance(entry.read, Candidate):
            continue
        item = entry.read.source.item_id
        known = distinct.get(item)
        if known is not None and _precedence(known[0]) >= _precedence(entry.read):
            entry.verdict = Drop.DUPLICATE
            continue
        if known is not None:
            known[1].verdict = Drop.DUPLICATE
        distinct[item] = (entry.read, entry)
    return distinct


def _precedence(candidate: Candidate) -> tuple[bool, int]:
    return candidate.origin is Origin.DEAD_LETTER, candidate.generation


def _newest_of_each_key(
    waiting: dict[str, tuple[Candidate, _Entry]],
) -> dict[str, tuple[Candidate, _Entry]]:
    newest: dict[str, tuple[Candidate, _Entry]] = {}
    for pair in waiting.values():
        source = pair[0].source
        known = newest.get(source.key_id)
        if known is None or source.order > known[0].source.order:
            newest[source.key_id] = pair
    return {pair[0].source.item_id: pair for pair in newest.values()}


def _one_of_each_text(
    chosen: dict[str, tuple[Candidate, _Entry]],
) -> dict[str, tuple[Candidate, _Entry]]:
    newest: dict[str, tuple[Candidate, _Entry]] = {}
    for item, pair in chosen.items():
        candidate = pair[0]
        text = text_id_of(candidate.source, candidate.content) or item
        known = newest.get(text)
        if known is None or candidate.source.order > known[0].source.order:
            newest[text] = pair
    return {candidate.source.item_id: (candidate, entry) for candidate, entry in newest.values()}


def _counts(listed: list[_Entry]) -> Intake:
    dropped: Counter[str] = Counter()
    invalid: Counter[str] = Counter()
    claimed = 0
    for entry in listed:
        if isinstance(entry.verdict, ClaimedItem):
            claimed += 1
        elif isinstance(entry.verdict, Rejected):
            invalid[entry.verdict.reason.value] += 1
        elif entry.verdict is not None:
            dropped[entry.verdict.value] += 1
    return Intake(len(listed), claimed, dict(dropped), dict(invalid))
