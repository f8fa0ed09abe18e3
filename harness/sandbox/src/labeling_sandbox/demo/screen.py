"""The output of the demo: progress while it runs, tables at the end."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from labeling_sandbox.demo.pipeline import Execution


_COLUMNS = (
    "run",
    "received",
    "claimed",
    "labeled",
    "stored",
    "returned",
    "dead-\nlettered",
    "dropped",
    "calls\nper item",
)


@dataclass(frozen=True)
class RunResult:
    """One scheduled run, as it is reported at the end.

    Attributes:
        execution: The execution.
        report: The run's report, None if the queue was empty.
        calls: AWS calls of the functions.
    """

    execution: Execution
    report: Mapping[str, Any] | None
    calls: int

    @property
    def outcome(self) -> str:
        """How the run ended, with the execution's error if there is one."""
        ended = self.report["outcome"] if self.report else "queue_empty"
        return f"{ended} ({self.execution.error})" if self.execution.error else str(ended)


@dataclass
class Screen:
    """The output to a terminal or to a file.

    Attributes:
        console: rich's console.
    """

    console: Console = field(default_factory=Console)

    def say(self, text: str) -> None:
        """Write a line."""
        self.console.print(text, highlight=False)

    @contextmanager
    def progress(self, title: str, total: int | None = None) -> Iterator[_Bar]:
        """Show a bar for as long as something takes; without a terminal, a line at its end."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(
            *columns, TimeElapsedColumn(), console=self.console, transient=True
        ) as progress:
            bar = _Bar(progress, progress.add_task(title, total=total))
            yield bar
            task = progress.tasks[0]
            seconds, done = task.elapsed or 0.0, int(task.completed)
        self.say(f"  {title}: {done}, {seconds:.1f} s" if done else f"  {title}: {seconds:.1f} s")

    def runs(self, runs: Sequence[RunResult]) -> None:
        """Show the outcomes, run by run."""
        # Nine columns fit a terminal of 80 characters only without lines between them.
        table = Table(title="Runs", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for name in _COLUMNS:
            table.add_column(name, justify="right")
        for number, run in enumerate(runs, 1):
            table.add_row(str(number), *_row(run))
        self.console.print(table)
        for number, run in enumerate(runs, 1):
            self.say(f"run {number}: {run.outcome}, {run.calls} AWS calls of the functions")
            for what, counts in _causes(run.report or {}):
                for cause, count in sorted(counts.items()):
                    self.say(f"  {what}: {count} {cause}")

    def steps(self, runs: Sequence[RunResult]) -> None:
        """Show the seconds per step, run by run."""
        names = list(dict.fromkeys(name for run in runs for name in run.execution.steps))
        waiting = [name for name in names if any(_shown(run, name) for run in runs)]
        table = Table(title="Seconds per step", title_justify="left")
        table.add_column("step")
        for number in range(1, len(runs) + 1):
            table.add_column(f"run {number}", justify="right")
        for name in waiting:
            table.add_row(name, *(_shown(run, name) for run in runs))
        table.add_row("history events", *(str(run.execution.events) for run in runs))
        self.console.print(table)

    def labels(self, records: Mapping[str, Mapping[str, str]]) -> None:
        """Show the label of each feature record."""
        table = Table(title=f"{len(records)} feature records", title_justify="left")
        table.add_column("source_ref", overflow="fold")
        table.add_column("label", overflow="fold")
        for uri in sorted(records):
            table.add_row(uri, records[uri]["label"])
        self.console.print(table)

    def record(self, record: Mapping[str, str]) -> None:
        """Show a feature record in full."""
        table = Table(title=record["source_ref"], title_justify="left", show_header=False)
        table.add_column("feature")
        table.add_column("value", overflow="fold")
        for name, text in record.items():
            table.add_row(name, text)
        self.console.print(table)


@dataclass(frozen=True)
class _Bar:
    progress: Progress
    task: Any

    def advance(self) -> None:
        """Count one more."""
        self.progress.advance(self.task)

    def show(self, completed: int, total: int) -> None:
        """Show an absolute count."""
        self.progress.update(self.task, completed=completed, total=total or None)


def _shown(run: RunResult, step: str) -> str:
    seconds = run.execution.steps.get(step)
    return f"{seconds:.2f}" if seconds is not None and seconds >= 0.005 else ""  # noqa: PLR2004


def _row(run: RunResult) -> list[str]:
    report = run.report
    if report is None:
        return ["0"] * (len(_COLUMNS) - 2) + [""]
    causes = dict(_causes(report))
    counters = (report["labeling_job"] or {}).get("counters", {})
    counts = [
        report["received"],
        report["claimed"],
        counters.get("TotalLabeled", 0),
        report["stored"],
        *(sum(causes[name].values()) for name in ("returned", "dead-lettered", "dropped")),
    ]
    per_item = f"{run.calls / report['claimed']:.2f}" if report["claimed"] else ""
    return [*map(str, counts), per_item]


def _causes(report: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, int]]]:
    """Yield what did not end in a record, each with its reasons."""
    if report:
        yield "returned", report["returned"]
        yield "dead-lettered", Counter(report["dead_lettered"]) + Counter(report["invalid"])
        yield "dropped", report["dropped"]
        yield "rejected by reviewers", report.get("rejected", {})
        yield (
            "labeled",
            {"and kept for verification": report["labeled"]} if report["labeled"] else {},
        )
        yield (
            "superseded",
            {"by a newer version": report["superseded"]} if report["superseded"] else {},
        )
