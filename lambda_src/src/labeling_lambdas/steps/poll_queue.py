"""One call of ``poll_queue``: drain the queue, then seal the run's list."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from labeling_lambdas import process
from labeling_lambdas.aws.clients import THREADS
from labeling_lambdas.aws.queues import HIDDEN_SECONDS, LONG_POLL_SECONDS
from labeling_lambdas.domain.intake_counts import Intake
from labeling_lambdas.domain.outcomes import PROBE_AFTER_FAILED_JOBS, Outcome
from labeling_lambdas.domain.states import RunState
from labeling_lambdas.errors import PollUnfinishedError, RunAliveError
from labeling_lambdas.steps.claim_list import part_of, part_prefix
from labeling_lambdas.steps.unfinished_parts import resolve_part

if TYPE_CHECKING:
    from labeling_lambdas.aws.artifacts import Artifacts
    from labeling_lambdas.aws.item_ledger import ItemLedger
    from labeling_lambdas.aws.poll_ledger import Poll, PollLedger
    from labeling_lambdas.aws.run_ledger import Run, RunLedger
    from labeling_lambdas.deadline import Deadline
    from labeling_lambdas.domain.run_scope import RunScope
    from labeling_lambdas.steps.draining import Drain

_log = logging.getLogger(__name__)

#: Seconds that sealing may take: it reads the counts of every part, several hundred at most.
SEALING_SECONDS = 30

#: Seconds after the first poll during which messages still belong to the backlog, so that a run
#: that is started by hand takes the uploads whose events are under way. EventBridge delivers an
#: event in about half a second, and S3 usually publishes it within seconds:
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
BACKLOG_SECONDS = 30

#: Seconds reserved for the response of a call that only waited.
_ANSWERING_SECONDS = 10

#: Consecutive calls that may be killed, or leave messages hidden, before the step fails with
#: PollUnfinishedError.
_MOST_UNFINISHED = 5


class Share(NamedTuple):
    """The share of one of several pollers that drain the queue at the same time.

    Attributes:
        poller: Number of the poller, from 1; 0 for the poll that comes after all others, takes what
            is left and seals the run.
        pollers: How many there are; 1 for the poll that comes after them.
    """

    poller: int = 0
    pollers: int = 1

    def of(self, items: int) -> int:
        """Return how many of the items that a run may claim this poller may claim."""
        return items // self.pollers + (0 < self.poller <= items % self.pollers)


class Polled(NamedTuple):
    """The result of a call of ``poll_queue``.

    Attributes:
        run_id: The run.
        generation: How many times the run was taken over.
        intake: What the call received; once the run is sealed, what the run received.
        more: Whether the function must be called again.
    """

    run_id: str
    generation: int
    intake: Intake
    more: bool


@dataclass(eq=False, repr=False)
class PollQueue:
    """The polling for one run.

    Attributes:
        scope: The run.
        share: The share of this poller.
        max_items: Items that the run may claim.
        drain: Empties the queue into the run.
        runs: The ledger's runs.
        polls: The ledger's polls.
        items: The ledger's items.
        artifacts: The run's files.
        deadline: When to stop.
    """

    scope: RunScope
    share: Share
    max_items: int
    drain: Drain
    runs: RunLedger
    polls: PollLedger
    items: ItemLedger
    artifacts: Artifacts
    deadline: Deadline

    def poll(self) -> Polled:
        """Drain the queue. When it is drained, the poll that comes last seals the run.

        Raises:
            PollUnfinishedError: If consecutive calls were killed or left messages hidden.
        """
        run = self.runs.find(self.scope.run_id)
        if run is not None and run.state is not RunState.POLLING:
            # An earlier call sealed the run, and its response was lost.
            return self.seal()
        intake, more = self._receive(run)
        run = run or self.runs.find(self.scope.run_id)
        if run is None:
            return Polled(self.scope.run_id, 0, intake, more)
        if more or self.share.poller:
            return Polled(run.run_id, run.generation, intake, more)
        if self.deadline.near(SEALING_SECONDS):
            return Polled(run.run_id, run.generation, intake, more=True)
        return self.seal()

    def _receive(self, run: Run | None) -> tuple[Intake, bool]:
        """Drain the queue; return what was received, and whether to call again."""
        name = self._poll_name()
        poll = self.polls.find(name)
        until = self._held_until(poll, run)
        if until > self.deadline.now:
            # An earlier call may still be claiming, or was killed and its messages are hidden; only
            # its lease shows when this ends. Returning earlier would leave the messages to a later
            # schedule.
            self.deadline.wait_until(until, leaving=_ANSWERING_SECONDS)
            return Intake(), True
        if poll.drained:
            # A repeat whose first call ended well, or a late duplicate of it.
            return Intake(), False
        if poll.unfinished >= _MOST_UNFINISHED:
            message = (
                f"{poll.unfinished} calls in a row for run {self.scope.run_id} were killed, or left"
                " messages hidden"
            )
            raise PollUnfinishedError(message)
        now = self.deadline.now
        lease = self.deadline.ends_at + LONG_POLL_SECONDS + HIDDEN_SECONDS
        if not self.polls.begin(name, poll, lease, now):
            return Intake(), True
        ended = False
        try:
            # Earlier calls of this poller have ended, and before the last poll those of all.
            earlier = Intake.total(self._resolved_parts(part_prefix(self.share.poller)).values())
            room = self.share.of(self._limit()) - earlier.claimed
            drained = self.drain.drain(room, (poll.began_at or now) + BACKLOG_SECONDS)
            ended = not drained.more
        finally:
            # Only a call that was killed leaves its lease. Recovery must not seal the run while
            # such a call may still be claiming.
            if self.drain.lease_until:
                self.runs.end_lease(self.scope, self.drain.lease_until, self.share.poller)
            self._end_lease(name, lease, drained=ended)
        if self.drain.hides:
            return Intake(), True
        return drained.intake, drained.more

    def _poll_name(self) -> str:
        run_id, poller = self.scope.run_id, self.share.poller
        return f"{run_id}#{poller}" if poller else run_id

    def _held_until(self, poll: Poll, run: Run | None) -> int:
        if run is None:
            return poll.lease_until
        poller = self.share.poller
        return max(poll.lease_until, run.leases.get(poller, 0) if poller else run.lease_until)

    def _end_lease(self, name: str, lease: int, *, drained: bool) -> None:
        if self.drain.hides:
            hidden_until = int(self.deadline.now) + 1 + HIDDEN_SECONDS
            self.polls.shorten(name, lease, hidden_until)
        else:
            self.polls.end(name, lease, drained=drained)

    def seal(self) -> Polled:
        """Resolve the parts that a killed call left, add up the counts, and seal the run.

        Raises:
            RunAliveError: If a call that has not ended may still be claiming.
        """
        run = self.runs.owned(self.scope)
        if run.state is not RunState.POLLING:
            intake = Intake.from_fields(run.counts)
            self._close_if_empty(intake)
            return Polled(run.run_id, run.generation, intake, more=False)
        if run.lease_until > self.deadline.now:
            message = (
                f"run {run.run_id} may still be polled until {run.lease_until} (epoch seconds);"
                " resume it after that"
            )
            raise RunAliveError(message)
        parts = self._resolved_parts()
        intake = Intake.total(parts.values())
        counts = intake.fields()
        self.artifacts.write("claims/index.json", {"parts": sorted(parts), "counts": counts})
        self.runs.seal(self.scope, counts)
        _log.info("run sealed", extra={"run_id": self.scope.run_id, **counts})
        self._close_if_empty(intake)
        return Polled(self.scope.run_id, run.generation, intake, more=False)

    def _close_if_empty(self, intake: Intake) -> None:
        # A call died between opening the run and listing its first part. If nothing was received,
        # the state machine ends without another step, so no other step would close the run.
        if not intake.received:
            self.runs.close(self.scope, outcome=Outcome.QUEUE_EMPTY.value, job_failed=None)

    def _resolved_parts(self, begin: str = "") -> dict[str, Intake]:
        """Return the counts of the parts whose names begin so, each with its claims listed."""
        finished = {part_of(name) for name in self.artifacts.names(f"claims/{begin}")}
        parts = [part_of(name) for name in self.artifacts.names(f"intake/{begin}")]
        for part in parts:
            if part not in finished:
                resolve_part(self.artifacts, self.items, run_id=self.scope.run_id, part=part)
        with process.threads(THREADS) as threads:
            return dict(zip(parts, threads.map(self._intake_of, parts), strict=True))

    def _intake_of(self, part: str) -> Intake:
        return Intake.from_fields(self.artifacts.read(f"claims/{part}.json")["counts"])

    def _limit(self) -> int:
        if self.runs.failed_jobs_in_a_row() < PROBE_AFTER_FAILED_JOBS:
            return self.max_items
        _log.warning("probe mode: the run claims one item", extra={"run_id": self.scope.run_id})
        return 1
