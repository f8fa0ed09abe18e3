"""Every function of a run, measured on so many items, and the ceiling of each."""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labeling_bench import pipeline
from labeling_bench.tasks import CeilingTask, FunctionResult, FunctionTask
from labeling_bench.wire import ServedAccount
from labeling_deployment.deployment import TEXTS
from labeling_lambdas.steps.shards import SHARD_ITEMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).resolve().parents[4]

#: Shards, and lists of claims to give back, of which the slow ways measure no more: each is a call
#: of its own, so more of them tell nothing new.
_SAMPLED_SHARDS = 5

#: Calls of a ceiling. Poll's eight threads go in step: each makes 50 receives, then two writes and
#: ten transactions, then 50 deletes; so this many are whole rounds.
_CEILING_CALLS = 8 * 112 * 2

#: As many as claim for a run of the largest size, see ``pollers`` in locals.tf.
POLLERS = 4
_POLL = "poll_queue"
_STORE = "update_feature_store"
_PLAN = "plan_results"
_VERIFY = "start_verification_job"


@dataclass(frozen=True)
class Measurement:
    """One function on so many items.

    Attributes:
        function: Name of the handler.
        way: Which of its ways, empty if it has one only.
        size: Items of the run.
        items: Items that were measured; fewer than the run has where a sample tells enough.
        invocations: Calls of the handler.
        result: What its process has measured.
        ceiling: Calls per second that the same client makes when it does nothing else.
    """

    function: str
    way: str
    size: int
    items: int
    invocations: int
    result: FunctionResult
    ceiling: float

    @property
    def title(self) -> str:
        """Name with the way."""
        return f"{self.function} ({self.way})" if self.way else self.function

    @property
    def calls_per_item(self) -> float:
        """AWS calls for each item."""
        return self.result.calls_that_count / self.items

    @property
    def seconds_per_item(self) -> float:
        """Time for each item."""
        return self.result.seconds / self.items

    @property
    def rate(self) -> float:
        """Calls per second."""
        return self.result.calls_that_count / self.result.seconds

    @property
    def share(self) -> float:
        """Rate as a share of the ceiling."""
        return self.rate / self.ceiling


@dataclass(frozen=True)
class FanOut:
    """The same shards, stored by one function and by two at once.

    Attributes:
        speed_up: How much faster two are.
        cpu_alone: Processor seconds for each shard, one function at a time.
        cpu_together: The same of the two.
    """

    speed_up: float
    cpu_alone: float
    cpu_together: float


@contextmanager
def fresh_account(latency: float) -> Iterator[ServedAccount]:
    """Serve an empty account from a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/account"
        command = [sys.executable, "-m", "labeling_bench.service", path, str(latency)]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE) as process:
            try:
                yield ServedAccount.of_child(path, process.pid)
            finally:
                process.kill()


def run_tasks(*tasks: FunctionTask | CeilingTask) -> list[Any]:
    """Give each task a process, all at once; return their results."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number}.task" for number in range(len(tasks))]
        processes = []
        for task, file in zip(tasks, files, strict=True):
            file.write_bytes(pickle.dumps(task))
            # What a function prints goes to its log.
            command = [sys.executable, "-m", "labeling_bench.worker", str(file)]
            processes.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL))
        failed = [process for process in processes if process.wait()]
        if failed:
            message = f"{len(failed)} of {len(tasks)} measured processes failed, see above"
            raise RuntimeError(message)
        return [
            pickle.loads(file.with_suffix(".result").read_bytes())  # noqa: S301 - ours
            for file in files
        ]


def _task(
    account: ServedAccount,
    function: str,
    environment: dict[str, str],
    events: Sequence[dict[str, Any]],
    parties: int = 1,
) -> FunctionTask:
    limit = pipeline.timeout_seconds(function)
    return FunctionTask(account.path, function, environment, limit, list(events), parties)


@dataclass
class Run:
    """One run of the pipeline, step by step.

    Attributes:
        account: Where it runs.
        size: Its items.
        environment: Of the functions.
        tell: Shows progress.
    """

    account: ServedAccount
    size: int
    environment: dict[str, str]
    tell: Callable[[str], None]

    @classmethod
    def begin(cls, account: ServedAccount, size: int, tell: Callable[[str], None]) -> Run:
        """Create the resources of a run."""
        account.do(pipeline.create)
        return cls(account, size, pipeline.environment(), tell)

    def measure(
        self,
        function: str,
        events: Sequence[dict[str, Any]],
        *,
        account: ServedAccount | None = None,
        way: str = "",
        items: int | None = None,
        environment: dict[str, str] | None = None,
    ) -> Measurement:
        """Measure a function, then its ceiling on a copy of what it found."""
        account = account or self.account
        self.tell(f"{self.size:>7,} items: {function}{f' ({way})' if way else ''}")
        with tempfile.TemporaryDirectory() as folder, account.copy() as before:
            account.keep(_CEILING_CALLS)
            (result,) = run_tasks(
                _task(account, function, {**self.environment, **(environment or {})}, events)
            )
            calls = Path(folder) / "calls"
            account.dump(calls)
            account.keep(0)
            (ceiling,) = run_tasks(CeilingTask(before.path, str(calls), result.at_once))
        count = self.size if items is None else items
        return Measurement(function, way, self.size, count, len(events), result, ceiling)

    def wait_event(self, run: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return the event of a state that waits."""
        return {
            "execution_arn": pipeline.execution_arn(),
            "run_id": run["run_id"],
            "generation": run["generation"],
            "stage": "label",
            "task_token": "token",
            "entered_at": pipeline.STARTED,
            "retry_count": 0,
            **more,
        }


def measure_images(size: int, latency: float, tell: Callable[[str], None]) -> list[Measurement]:
    """Measure every function that a run of images calls."""
    found: list[Measurement] = []
    with fresh_account(latency) as account:
        run = Run.begin(account, size, tell)
        account.do(pipeline.announce_images, run.environment["INTAKE_QUEUE_URL"], size)
        poll = {
            "execution_arn": pipeline.execution_arn(),
            "execution_started": pipeline.STARTED,
            "run": {"resumed": False},
        }
        found.append(run.measure(_POLL, [poll]))
        polled = found[-1].result.answers[-1]
        require(polled["claimed"] == size and not polled["more"], f"claimed {polled}")

        found.append(run.measure("start_labeling_job", [run.wait_event(polled)]))
        name = found[-1].result.answers[0]["labeling_job"]
        reference = {"execution_arn": pipeline.execution_arn(), "run_id": polled["run_id"]}
        with account.copy() as failed:
            job = {
                "name": name,
                "status": "Failed",
                "output_uri": "",
                "counters": {},
                "failure_reason": "InternalServerError",
            }
            found.append(_measure_return(run, failed, {**reference, "labeling_job": job}))

        ended = account.do(pipeline.end_job, name)
        with account.copy() as verified:
            found += _measure_verification(run, verified, polled, ended)
        found.append(run.measure(_PLAN, [{**reference, "labeling_job": ended}]))
        plan = found[-1].result.answers[0]
        events = _store_events(polled["run_id"], plan)
        with account.copy() as older:
            older.do(pipeline.write_records_singly)
            sample = events[:_SAMPLED_SHARDS]
            measured = run.measure(_STORE, sample, account=older, way="PutRecord")
            stored = sum(answer["stored"] for answer in measured.result.answers)
            found.append(replace(measured, items=stored))
        found.append(run.measure(_STORE, events, way="BatchWriteRecord"))
        require(account.do(pipeline.stored_records) == size, "records are missing")
        found.append(run.measure("finish_run", [reference]))
        outcome = found[-1].result.answers[0]
        require(outcome["accounting_balanced"] and outcome["stored"] == size, f"{outcome}")
    return found


def _measure_verification(
    run: Run, account: ServedAccount, polled: dict[str, Any], ended: dict[str, Any]
) -> list[Measurement]:
    """Measure how labels are given to reviewers, and the plan where all of them were accepted."""
    changes = pipeline.environment(verified=True)
    event = run.wait_event(polled, stage="verify", labeling_job=ended)
    started = run.measure(_VERIFY, [event], account=account, environment=changes)
    answer = started.result.answers[0]
    require(answer["result"] == "created", f"{answer}")
    event = {
        "execution_arn": pipeline.execution_arn(),
        "run_id": polled["run_id"],
        "labeling_job": ended,
        "verification_job": account.do(pipeline.end_verification_job, answer["labeling_job"]),
    }
    planned = run.measure(_PLAN, [event], account=account, way="verified", environment=changes)
    require(not planned.result.answers[0]["return_shards"], "accepted labels are given back")
    return [started, planned]


def _measure_return(run: Run, account: ServedAccount, event: dict[str, Any]) -> Measurement:
    """Measure how the items of a job that failed go back to the queue."""
    (planned,) = run_tasks(_task(account, _PLAN, run.environment, [event]))
    plan = planned.answers[0]
    lists = plan["return_shards"]
    start = max(0, lists - _SAMPLED_SHARDS)
    items = run.size - start * SHARD_ITEMS  # Lists are filled one after the other.
    back = {
        **_folder_of(plan),
        "run_id": event["run_id"],
        "return_shards": lists,
        "stored": [],
        "position": start,
    }
    measured = run.measure("return_items", [back], account=account, items=items)
    require(not measured.result.answers[0]["more"], "return_items wants to be called again")
    waiting = account.do(pipeline.waiting_messages, run.environment["INTAKE_QUEUE_URL"])
    require(waiting == items, f"{waiting} messages are back, not {items}")
    return measured


def measure_texts(size: int, latency: float, tell: Callable[[str], None]) -> list[Measurement]:
    """Measure the function that splits uploaded texts."""
    with fresh_account(latency) as account:
        run = Run.begin(account, size, tell)
        run.environment = pipeline.environment(TEXTS)
        event = account.do(pipeline.upload_texts, size)
        measured = run.measure("split_text", [event])
        require(measured.result.answers[0]["texts"] == size, "texts are missing")
    return [measured]


def measure_fan_out(size: int, latency: float, tell: Callable[[str], None]) -> FanOut:
    """Store the shards of a run by one function, then the same by two at once."""
    with fresh_account(latency) as account:
        run = Run.begin(account, size, tell)
        account.do(pipeline.announce_images, run.environment["INTAKE_QUEUE_URL"], size)
        poll = {
            "execution_arn": pipeline.execution_arn(),
            "execution_started": pipeline.STARTED,
            "run": {"resumed": False},
        }
        polled = _answer(run, _POLL, poll)
        started = _answer(run, "start_labeling_job", run.wait_event(polled))
        reference = {"execution_arn": pipeline.execution_arn(), "run_id": polled["run_id"]}
        ended = account.do(pipeline.end_job, started["labeling_job"])
        plan = _answer(run, _PLAN, {**reference, "labeling_job": ended})
        events = _store_events(polled["run_id"], plan)
        tell(f"{size:>7,} items: {_STORE}, one function, then two at once")
        with account.copy() as copied:
            (alone,) = run_tasks(_task(copied, _STORE, run.environment, events))
        halves = (events[::2], events[1::2])
        with account.copy() as copied:
            together = run_tasks(
                *(_task(copied, _STORE, run.environment, half, parties=2) for half in halves)
            )
    lasted = max(it.ended for it in together) - min(it.began for it in together)
    return FanOut(
        speed_up=alone.seconds / lasted,
        cpu_alone=alone.cpu_seconds / len(events),
        cpu_together=sum(it.cpu_seconds for it in together) / len(events),
    )


def measure_pollers(size: int, latency: float, tell: Callable[[str], None]) -> float:
    """Drain the queue with one poller, then with as many as a large run has.

    Args:
        size: Messages on the queue.
        latency: Seconds of a call.
        tell: Shows progress.

    Returns:
        How much faster the pollers are together, without the receives that find nothing.
    """
    with fresh_account(latency) as account:
        run = Run.begin(account, size, tell)
        account.do(pipeline.announce_images, run.environment["INTAKE_QUEUE_URL"], size)
        events = [
            {
                "execution_arn": pipeline.execution_arn(),
                "execution_started": pipeline.STARTED,
                "run": {"resumed": False},
                "poller": number + 1,
                "pollers": pollers,
            }
            for pollers in (1, POLLERS)
            for number in range(pollers)
        ]
        tell(f"{size:>7,} items: {_POLL}, one poller, then {POLLERS} at once")
        seconds = []
        for polls in (events[:1], events[1:]):
            with account.copy() as copied:
                tasks = [
                    _task(copied, _POLL, run.environment, [poll], parties=len(polls))
                    for poll in polls
                ]
                results = run_tasks(*tasks)
            answers = [answer for result in results for answer in result.answers]
            claimed = sum(answer["claimed"] for answer in answers)
            require(claimed == size, f"{claimed} of {size} items are claimed")
            seconds.append(max(result.seconds for result in results))
    speed_up: float = seconds[0] / seconds[1]
    return speed_up


def _answer(run: Run, function: str, event: dict[str, Any]) -> Any:  # noqa: ANN401 - as it returns
    (result,) = run_tasks(_task(run.account, function, run.environment, [event]))
    return result.answers[0]


def _store_events(run_id: str, plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**_folder_of(plan), "run_id": run_id, "shard": shard} for shard in plan["shards"]]


def _folder_of(plan: dict[str, Any]) -> dict[str, Any]:
    return {name: plan[name] for name in ("folder",) if name in plan}


def require(holds: bool, text: str) -> None:
    """Raise an error if something else was measured than a run does."""
    if not holds:
        message = f"what was measured is not what a run does: {text}"
        raise RuntimeError(message)
