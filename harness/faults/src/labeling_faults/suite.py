"""The whole suite on several processes: crash points, random histories, long jobs, seeded bugs."""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from labeling_faults.configuration import plan_all
from labeling_faults.functions import runtime
from labeling_faults.histories import crashes, histories, long_jobs, shortening
from labeling_faults.histories.crashes import Crashed, CrashPoint
from labeling_faults.seeded_bugs import catches
from labeling_faults.seeded_bugs.all_bugs import SEEDED_BUGS

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence

    from labeling_faults.histories.histories import History
    from labeling_faults.seeded_bugs.catches import Catch

Part = TypeVar("Part")
Result = TypeVar("Result")

#: Pieces of work that a process takes at a time.
_CHUNK = 40

#: Seconds between two lines that tell how far the suite is.
_PROGRESS_SECONDS = 15.0

#: Broken promises that are shown; a bug breaks many at once.
_SHOWN = 5


@dataclass(frozen=True)
class BrokenHistory:
    """A history that broke a promise.

    Attributes:
        seed: Its seed.
        broken: The broken promises.
    """

    seed: int
    broken: list[str]


@dataclass
class Report:
    """What the suite found.

    Attributes:
        crashed: What came of the crash points.
        histories: Number of random histories.
        broken_histories: Those that broke a promise.
        catches: How each seeded bug was caught.
        long_jobs: Lines about runs with long jobs.
        broken_long_jobs: What was wrong with them.
        seconds: Time that everything took.
    """

    crashed: Crashed = field(default_factory=Crashed)
    histories: int = 0
    broken_histories: list[BrokenHistory] = field(default_factory=list)
    catches: list[Catch] = field(default_factory=list)
    long_jobs: list[str] = field(default_factory=list)
    broken_long_jobs: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def violations(self) -> int:
        """Broken promises, of a history as one."""
        return len(self.crashed.broken) + len(self.broken_histories) + len(self.broken_long_jobs)

    @property
    def caught(self) -> int:
        """Seeded bugs that were caught."""
        return sum(bool(it.broken) for it in self.catches)

    @property
    def passed(self) -> bool:
        """Whether no promise was broken and every seeded bug was caught."""
        return not self.violations and self.caught == len(self.catches)


@dataclass
class Suite:
    """Runs everything.

    Attributes:
        tell: Called with each line of progress.
        processes: How many processes work.
        stride: Only every so many-th crash point is taken; 1 takes all.
    """

    tell: Callable[[str], None]
    processes: int = 2
    stride: int = 1

    def run(self, histories: int, first_seed: int, bugs: Sequence[int] | None = None) -> Report:
        """Run the suite.

        Args:
            histories: Number of histories.
            first_seed: Seed of the first one.
            bugs: Positions of the seeded bugs to look for, all by default.
        """
        started = time.monotonic()
        report = Report()
        # Planned before the processes part, so that each has the plans.
        plan_all()
        with runtime.installed():
            points = list(crashes.crash_points())
        with self._pool(points) as pool:
            self._crash(pool, points[:: self.stride], report)
            self._run_histories(pool, range(first_seed, first_seed + histories), report)
            self._seed_bugs(pool, range(len(SEEDED_BUGS)) if bugs is None else bugs, report)
        with runtime.installed():
            report.long_jobs, report.broken_long_jobs = long_jobs.checked()
        report.seconds = time.monotonic() - started
        return report

    def crash(self, names: Container[str]) -> Crashed:
        """Enumerate the crash points of some scenarios alone.

        Args:
            names: Their names.
        """
        report = Report()
        plan_all()
        with runtime.installed():
            points = list(crashes.crash_points(names))
        with self._pool(points) as pool:
            self._crash(pool, points[:: self.stride], report)
        return report.crashed

    @contextmanager
    def _pool(self, points: Sequence[CrashPoint]) -> Iterator[ProcessPoolExecutor]:
        # A forked process has the points already; sent with each bug, they take longer than some.
        context = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(self.processes, context, _install, (points,)) as pool:
            yield pool

    def _crash(
        self, pool: ProcessPoolExecutor, points: Sequence[CrashPoint], report: Report
    ) -> None:
        for crashed in self._results(pool, crashes.crash, points, "crash points"):
            report.crashed.add(crashed)

    def _run_histories(
        self, pool: ProcessPoolExecutor, seeds: Sequence[int], report: Report
    ) -> None:
        for broken in self._results(pool, _broken_history, seeds, "histories"):
            report.histories += 1
            if broken.broken:
                report.broken_histories.append(broken)

    def _seed_bugs(
        self,
        pool: ProcessPoolExecutor,
        bugs: Sequence[int],
        report: Report,
    ) -> None:
        for catch in self._results(pool, _catch, bugs, "seeded bugs", chunk=1):
            report.catches.append(catch)

    def _results(
        self,
        pool: ProcessPoolExecutor,
        work: Callable[[Part], Result],
        parts: Sequence[Part],
        name: str,
        chunk: int = _CHUNK,
    ) -> Iterable[Result]:
        told = time.monotonic()
        for number, result in enumerate(pool.map(work, parts, chunksize=chunk), start=1):
            yield result
            if time.monotonic() - told > _PROGRESS_SECONDS:
                told = time.monotonic()
                self.tell(f"   {number:,} of {len(parts):,} {name}")
        self.tell(f"== {len(parts):,} {name}")


_entered: list[Any] = []
_points: list[CrashPoint] = []


def _install(points: Sequence[CrashPoint]) -> None:
    _points[:] = points
    # For the life of the process: it is entered and never exited.
    _entered.append(runtime.installed())
    _entered[-1].__enter__()


def _broken_history(seed: int) -> BrokenHistory:
    return BrokenHistory(seed, histories.broken_promises(histories.history_of(seed)))


def _catch(bug: int) -> Catch:
    return catches.catch(bug, _points)


def replayed(seed: int) -> tuple[History, list[str]]:
    """Run the history of a seed again; return the shortest one that breaks a promise."""
    with runtime.installed():
        history = histories.history_of(seed)
        broken = histories.broken_promises(history)
        if not broken:
            return history, []
        shortest = shortening.shortest(
            history, broken=lambda it: bool(histories.broken_promises(it))
        )
        return shortest, histories.broken_promises(shortest)


def lines_of(report: Report) -> Iterator[str]:
    """Yield what the suite found, in words."""
    yield (
        f"crash points enumerated: {report.crashed.points:,}, at"
        f" {len(report.crashed.operations)} calls of the functions"
    )
    yield f"random histories: {report.histories:,}"
    yield from report.long_jobs
    yield f"seeded bugs caught: {report.caught} of {len(report.catches)}"
    for catch in report.catches:
        bug = SEEDED_BUGS[catch.bug]
        told = f"after {catch.histories} histories" if catch.broken else "NOT CAUGHT"
        yield f"   {bug.invariant} {bug.name}: {told}"
    yield f"violations: {report.violations}"
    for broken in [*report.crashed.broken, *report.broken_long_jobs][:_SHOWN]:
        yield f"   {broken}"
    for history in report.broken_histories[:_SHOWN]:
        yield f"   seed {history.seed}: {history.broken[0]}"
