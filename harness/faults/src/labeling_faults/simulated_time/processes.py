"""Processes under a simulated clock: each sleeps alone, while the others go on.

A process is a greenlet. It runs until it sleeps or waits, then the next action of the event queue
is due. So functions and their threads overlap in simulated time, and every history is the same.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from greenlet import getcurrent, greenlet

from labeling_faults.simulated_time.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from labeling_faults.simulated_time.event_queue import EventQueue

Result = TypeVar("Result")


class Process(greenlet):
    """A process.

    Attributes:
        stack: What it is working on, the innermost last; a process that it starts begins with it.
    """

    def __init__(self, work: Callable[[], None], hub: greenlet, stack: Iterable[Any]) -> None:
        """Prepare a process, which has not begun."""
        super().__init__(work, hub)
        self.stack = list(stack)


@dataclass(frozen=True, slots=True)
class _Resume:
    """The action that lets a process go on."""

    process: greenlet

    def __call__(self) -> None:
        self.process.switch()


@dataclass
class ProcessClock(Clock):
    """A clock under which a process that sleeps lets the others go on.

    Attributes:
        queue: What happens next, which must be set before any process sleeps.
        outside: What is worked on outside of all processes.
    """

    queue: EventQueue = field(init=False, repr=False)
    outside: list[Any] = field(default_factory=list, repr=False)

    @property
    def stack(self) -> list[Any]:
        """What the current process is working on, the innermost last."""
        here = getcurrent()
        return here.stack if isinstance(here, Process) else self.outside

    def perform(self, action: Callable[[], None]) -> None:
        """Perform an action of the event queue in a process of its own."""
        if isinstance(action, _Resume):
            action()
        else:
            Process(action, getcurrent(), ()).switch()

    def sleep(self, seconds: float) -> None:
        """Let the current process sleep. Outside of all processes, time passes at once."""
        here = getcurrent()
        if seconds < 0 or here.parent is None:
            super().sleep(seconds)
        else:
            self.queue.after(seconds, _Resume(here))
            here.parent.switch()

    def start(self, work: Callable[[], None]) -> None:
        """Start a process, which works on what the current one works on."""
        here = getcurrent()
        process = Process(work, here.parent or here, self.stack)
        self.queue.after(0.0, _Resume(process))

    def wait(self, waiting: deque[greenlet]) -> None:
        """Let the current process wait until it is woken."""
        here = getcurrent()
        if here.parent is None:
            message = "only a process can wait"
            raise RuntimeError(message)
        waiting.append(here)
        here.parent.switch()

    def wake(self, waiting: deque[greenlet]) -> None:
        """Let every process that waits go on."""
        while waiting:
            self.queue.after(0.0, _Resume(waiting.popleft()))


@dataclass
class Lock:
    """A lock among processes, which may be held while its owner sleeps."""

    clock: ProcessClock
    held: bool = False
    _waiting: deque[greenlet] = field(default_factory=deque)

    def __enter__(self) -> Self:
        """Take it, or wait for it."""
        while self.held:
            self.clock.wait(self._waiting)
        self.held = True
        return self

    def __exit__(self, *_exception: object) -> None:
        """Give it back."""
        self.held = False
        self.clock.wake(self._waiting)


class Task(Future[Result], Generic[Result]):
    """Work of a pool of threads, whose result a process can wait for."""

    def __init__(self, clock: ProcessClock, work: Callable[[], Result]) -> None:
        """Take the work."""
        super().__init__()
        self.clock = clock
        self.work = work
        self.waiting: deque[greenlet] = deque()

    def do(self, expected: tuple[type[BaseException], ...]) -> None:
        """Do the work; an error that is expected is its result."""
        try:
            self.set_result(self.work())
        except expected as error:
            self.set_exception(error)
        self.clock.wake(self.waiting)

    def result(self, timeout: float | None = None) -> Result:
        """Return the result when it is there."""
        while not self.done():
            self.clock.wait(self.waiting)
        return super().result(timeout)


@dataclass
class Threads:
    """A pool of threads, each of them a process, with the interface of ``ThreadPoolExecutor``.

    Attributes:
        clock: The clock.
        count: How many threads.
        expected: Errors that a piece of work may end with.
    """

    clock: ProcessClock
    count: int
    expected: tuple[type[BaseException], ...]
    _tasks: list[Task[Any]] = field(default_factory=list)
    _pending: deque[Task[Any]] = field(default_factory=deque)
    _running: int = 0

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Wait for everything that was submitted."""
        for task in self._tasks:
            while not task.done():
                self.clock.wait(task.waiting)

    def submit(self, work: Callable[..., Result], *arguments: object) -> Task[Result]:
        """Let a thread do a piece of work."""
        task = Task(self.clock, lambda: work(*arguments))
        self._tasks = [it for it in self._tasks if not it.done()]
        self._tasks.append(task)
        self._pending.append(task)
        if self._running < self.count:
            self._running += 1
            self.clock.start(self._work)
        return task

    def map(self, work: Callable[..., Result], *arguments: Iterable[Any]) -> Iterator[Result]:
        """Let threads do the same work on many things; return the results in their order."""
        tasks = [self.submit(work, *them) for them in zip(*arguments, strict=False)]
        return (task.result() for task in tasks)

    def _work(self) -> None:
        while self._pending:
            self._pending.popleft().do(self.expected)
        self._running -= 1
