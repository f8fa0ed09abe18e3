"""The functions' modules in a world, with its clock, clients, randomness and one thread."""

from __future__ import annotations

import importlib
import logging
import os
import pkgutil
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

from botocore.exceptions import ClientError

import labeling_lambdas
from labeling_lambdas import process
from labeling_lambdas.aws import clients
from labeling_lambdas.errors import LabelingError
from labeling_lambdas.handlers import advance_label_studio_jobs

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import ModuleType

    from labeling_faults.simulated_time.clock import Clock
    from labeling_faults.state_machine.executions import Execution
    from labeling_lambdas.label_studio.connection import Connection

_SERVICES = {
    "dynamodb": "dynamodb",
    "events": "events",
    "s3": "s3",
    "sagemaker": "sagemaker",
    "feature_store": "sagemaker-featurestore-runtime",
    "sqs": "sqs",
    "stepfunctions": "stepfunctions",
    "functions": "lambda",
    "secrets": "secretsmanager",
}

#: Sizes at which a few items make several threads, parts, transactions, shards and chunks.
SMALL_SIZES = {
    "labeling_lambdas.steps.draining": {"BATCH_MESSAGES": 3, "PART_MESSAGES": 4, "THREADS": 2},
    "labeling_lambdas.steps.claiming": {"CLAIMS_PER_TRANSACTION": 3},
    "labeling_lambdas.aws.item_rows": {"KEYS_PER_READ": 4},
    "labeling_lambdas.steps.shards": {"SHARD_ITEMS": 4},
    "labeling_lambdas.steps.update_feature_store": {"MAX_ACTIONS": 2},
    "labeling_lambdas.steps.return_items": {"MAX_ACTIONS": 3},
    "labeling_lambdas.aws.feature_store": {"BATCH_RECORDS": 2},
    "labeling_lambdas.label_studio.client": {"PAGE_SIZE": 2, "_PROJECT_PAGE": 2},
    "labeling_lambdas.steps.studio_output": {
        "_LINES_AT_ONCE": 2,
        "_LINES_OF_A_PART": 2,
        "_PAGES_OF_A_PART": 1,
    },
    "labeling_lambdas.steps.studio_project": {"_BATCH": 2},
}


class KilledError(BaseException):
    """The process of a function is gone. No function can catch it."""


class Host(Protocol):
    """The world that functions run in."""

    clock: Clock
    chance: random.Random
    environment: dict[str, str]
    invocations: list[Invocation]

    def client(self, service: str) -> Any:  # noqa: ANN401 - as boto3's is
        """Return a client."""

    def connection(self, url: str, token: str) -> Connection:
        """Return the way to Label Studio."""


@dataclass(eq=False)
class Invocation:
    """One call of a function, and Lambda's context object of it.

    Attributes:
        step: The function's step.
        aws_request_id: Name of the call.
        clock: The world's.
        ends_at: When Lambda ends it, epoch seconds.
        owner: The execution that called it, None if an event did.
        killed_by: Name of the error that ended the process; empty while it lives.
        abandoned: Whether it must not be called again.
    """

    step: str
    aws_request_id: str
    clock: Clock
    ends_at: float
    owner: Execution | None = None
    killed_by: str = ""
    abandoned: bool = False

    def get_remaining_time_in_millis(self) -> int:
        """Return milliseconds until Lambda ends the function."""
        return int((self.ends_at - self.clock.now) * 1000)

    def kill(self, error: str) -> None:
        """End the process here.

        Raises:
            KilledError: Always.
        """
        self.killed_by = self.killed_by or error
        raise KilledError

    def check(self) -> None:
        """Keep a dead process from doing anything, in a ``finally`` for example.

        Raises:
            KilledError: If it is dead, or out of time.
        """
        if self.killed_by:
            raise KilledError
        if self.clock.now >= self.ends_at:
            self.kill("Sandbox.Timedout")


class _SerialThreads:
    """A thread pool of no threads: what is submitted is done at once, in order."""

    def __init__(self, _threads: int = 1) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        pass

    def submit(self, work: Callable[..., Any], *arguments: object) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(work(*arguments))
        except (LabelingError, ClientError) as error:
            future.set_exception(error)
        return future

    def map(self, work: Callable[..., Any], *arguments: Iterable[Any]) -> Iterator[Any]:
        # As a real pool does, it works on after one piece of work has failed.
        futures = [self.submit(work, *them) for them in zip(*arguments, strict=False)]
        return (future.result() for future in futures)


_current: list[Host] = []
_applied: list[dict[str, str]] = []


def enter(host: Host) -> None:
    """Make a world the one that functions run in."""
    if _current != [host] or _applied != [host.environment]:
        _current[:] = [host]
        _applied[:] = [host.environment]
        os.environ.update(host.environment)


def _world() -> Host:
    if not _current:
        message = "a function runs outside of any world"
        raise RuntimeError(message)
    return _current[0]


def _sleep(seconds: float) -> None:
    world = _world()
    world.clock.sleep(seconds)
    if world.invocations:
        world.invocations[-1].check()


def _client_of(service: str) -> Callable[[], Any]:
    return lambda: _world().client(service)


def modules() -> list[ModuleType]:
    """Return every module of the functions."""
    found = pkgutil.walk_packages(labeling_lambdas.__path__, "labeling_lambdas.")
    return [importlib.import_module(module.name) for module in found]


@contextmanager
def installed(
    sizes: Mapping[str, Mapping[str, int]] = SMALL_SIZES,
    threads: Callable[[int], Any] = _SerialThreads,
    others: Iterable[tuple[object, str, object]] = (),
) -> Iterator[None]:
    """Let the functions run in worlds; afterwards their modules are as they were.

    Args:
        sizes: Sizes by module, in place of the functions' own.
        threads: Makes a pool of threads.
        others: What else is replaced: where, under which name, and by what.
    """
    replaced: list[tuple[object, str, object]] = []
    environment = dict(os.environ)

    def put(owner: object, name: str, value: object) -> None:
        replaced.append((owner, name, getattr(owner, name)))
        setattr(owner, name, value)

    for module in modules():
        for name, size in sizes.get(module.__name__, {}).items():
            put(module, name, size)
    for name, service in _SERVICES.items():
        put(clients, name, _client_of(service))
    put(
        advance_label_studio_jobs,
        "Connection",
        lambda url, token: _world().connection(url, token),
    )
    put(process, "now", lambda: _world().clock.now)
    put(process, "sleep", _sleep)
    put(process, "jitter", lambda most: _world().chance.uniform(0, most))
    put(process, "threads", threads)
    for owner, name, value in others:
        put(owner, name, value)
    # Metrics are lines of the standard output.
    put(process, "write_line", lambda _text: None)
    log = logging.getLogger("labeling_lambdas")
    put(log, "disabled", True)
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(level)
        for owner, name, original in reversed(replaced):
            setattr(owner, name, original)
        os.environ.clear()
        os.environ.update(environment)
        _current.clear()
