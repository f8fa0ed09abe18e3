"""A pipeline under load: its functions overlap, their calls take time and use up quotas."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from labeling_faults.configuration import Configuration, deployed
from labeling_faults.functions.runtime import KilledError
from labeling_faults.load.concurrent_maps import ConcurrentInterpreter
from labeling_faults.load.limits import limits
from labeling_faults.load.measurements import Measurements, Moment
from labeling_faults.load.quota_use import QuotaUse
from labeling_faults.simulated_time.processes import Lock, ProcessClock, Threads
from labeling_faults.world.workforce import HOUR, Work
from labeling_faults.world.world import World
from labeling_lambdas.errors import LabelingError
from labeling_lambdas.steps import split_text
from labeling_lambdas.steps.draining import Drain, Drained

if TYPE_CHECKING:
    from in_process_aws.calls import Answer, Call
    from in_process_aws.queues import StoredQueue
    from labeling_faults.functions.runtime import Invocation

from botocore.exceptions import ClientError

#: How often the SDK tries a call, and the longest pause between two tries of its standard mode.
#: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
_TRIES, _LONGEST_PAUSE = 6, 20.0

#: How soon a long poll sees a message.
_GLANCE_SECONDS = 0.1

_EXPECTED = (LabelingError, ClientError, KilledError)


class LoadWorld(World):
    """A pipeline of the load model.

    Attributes:
        measured: What is seen.
        quotas: The use of the quotas.
        workers_per_hour: How many items all workers together label in an hour.
    """

    def __init__(self, configuration: Configuration, workers_per_hour: float) -> None:
        """Deploy the pipeline, with the functions' own sizes.

        Args:
            configuration: What its user has chosen.
            workers_per_hour: How many items all workers together label in an hour.
        """
        self.processes = ProcessClock()
        self.measured = Measurements()
        self.quotas = QuotaUse()
        self.workers_per_hour = workers_per_hour
        self._started: dict[str, float] = {}
        self._busy_until: dict[str, float] = {}
        self._workers_free_at = 0.0
        super().__init__(configuration, strict=False, clock=self.processes)
        self.began_at = self.clock.now
        self.processes.queue = self.event_queue
        self.executions.interpreter = functools.partial(ConcurrentInterpreter, clock=self.processes)
        self.functions.ended = self._function_ended
        self.account.sqs.wait = self._long_poll
        self.workforce.plan = self.workforce.review = self._work

    @property
    def invocations(self) -> list[Invocation]:
        """Calls of functions that the current process is in, the innermost last."""
        return self.processes.stack

    @invocations.setter
    def invocations(self, _invocations: list[Invocation]) -> None:
        pass

    @property
    def stored(self) -> int:
        """How many items have a record."""
        return len(self.account.features.groups[deployed().feature_group.name].newest)

    # The account's observer.

    def before(self, call: Call) -> None:
        """Let a call of a function take its time, as often as a quota refuses it."""
        if not self.invocations:
            return
        invocation = self.invocations[-1]
        invocation.check()
        self._compute(invocation, call.operation)
        for attempt in range(_TRIES):
            self.clock.sleep(limits().latency(call.service, call.operation))
            invocation.check()
            if not self.quotas.refusal(call, self.clock.now):
                self.calls += 1
                return
            self.clock.sleep(self.chance.uniform(0, min(2.0**attempt, _LONGEST_PAUSE)))
        raise self.account.error(call.service, call.operation, "ThrottlingException")

    def after(self, call: Call, answer: Answer) -> None:
        """Note a call; the workers hear of their jobs."""
        if call.operation == "CreateLabelingJob":
            self.workforce.job_created(call.parameters["LabelingJobName"])
        if self.invocations:
            self.measured.called(self.invocations[-1].step, call, answer)

    def _compute(self, invocation: Invocation, operation: str) -> None:
        """Wait for the processor of a function, and use it: its threads share one."""
        name, now = invocation.aws_request_id, self.clock.now
        self._started.setdefault(name, now)
        self.quotas.reach("concurrency", len(self._started))
        memory = deployed().functions[invocation.step].memory_mb
        done = max(now, self._busy_until.get(name, now))
        done += limits().processor_seconds(operation, memory)
        self._busy_until[name] = done
        self.clock.sleep(done - now)

    def _function_ended(self, invocation: Invocation) -> None:
        name = invocation.aws_request_id
        self._busy_until.pop(name, None)
        self.measured.ended(invocation, self._started.pop(name, self.clock.now))

    def _long_poll(self, queue: StoredQueue, seconds: float) -> None:
        until = self.clock.now + seconds
        while self.clock.now < until:
            queue.come_back(self.clock.now)
            message = queue.take()
            if message is not None:
                queue.put_back(message)
                return
            self.clock.sleep(min(_GLANCE_SECONDS, until - self.clock.now))

    def _work(self) -> Work:
        """Return how long the newest job takes: workers finish one job after the other."""
        name = list(self.account.sagemaker.jobs)[-1]
        objects = len(self.account.sagemaker.input_lines(name))
        self.quotas.reach("job_objects", objects)
        now = self.clock.now
        self._workers_free_at = (
            max(now, self._workers_free_at) + objects / self.workers_per_hour * HOUR
        )
        return Work(seconds=self._workers_free_at - now)

    def note_moment(self, uploaded: int) -> None:
        """Note the state of the pipeline."""
        waiting = self._waiting()
        oldest = min((message.sent_at for message in waiting), default=self.clock.now)
        labeling = len(self.workforce.unfinished())
        self.measured.moments.append(
            Moment(
                hour=(self.clock.now - self.began_at) / HOUR,
                uploaded=uploaded,
                waiting=len(waiting),
                oldest_hours=(self.clock.now - oldest) / HOUR,
                open_runs=len(self.open_runs()),
                labeling=labeling,
                stored=self.stored,
            )
        )
        self.quotas.reach("jobs", labeling)


def replacements(world: LoadWorld) -> list[tuple[object, str, object]]:
    """Return what the functions must be given so that their threads are processes of a world."""
    original = Drain.drain

    def drain(self: Drain, room: int, backlog_until: float) -> Drained:
        # A thread holds this lock while it calls AWS.
        self._opening = Lock(world.processes)  # type: ignore[assignment]
        return original(self, room, backlog_until)

    def wait(tasks: set[Any], **_options: object) -> tuple[set[Any], set[Any]]:
        first = next(iter(tasks))
        while not any(task.done() for task in tasks):
            world.processes.wait(first.waiting)
        return {it for it in tasks if it.done()}, {it for it in tasks if not it.done()}

    return [(Drain, "drain", drain), (split_text, "wait", wait)]


def threads_of(world: LoadWorld, count: int) -> Threads:
    """Return a pool of threads for the functions of a world."""
    return Threads(world.processes, count, _EXPECTED)
