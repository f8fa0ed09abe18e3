"""Print the results of the commands as tables and bars. Not used with ``--json``."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress_bar import ProgressBar
from rich.table import Table

from labelctl.doctor.checks import State
from labelctl.doctor.smoke_label import SmokeLabel
from labelctl.durations import format_age

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from labelctl.checkpoint import BackfillCounts
    from labelctl.doctor.examination import Examination
    from labelctl.doctor.smoke import Smoke
    from labelctl.redrive import Redrive
    from labelctl.status import Status

_BAR_WIDTH = 20
_STATE_STYLES = {
    State.OK: "green",
    State.WARNING: "yellow",
    State.FAILED: "red",
    State.NOT_CHECKED: "magenta",
}


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for position, name in enumerate(columns):
        table.add_column(name, justify="right" if position else "left")
    return table


@contextmanager
def working(title: str, *, shown: bool) -> Iterator[Callable[[str], None]]:
    """Show progress on the standard error stream, if it is a terminal.

    Args:
        title: What is in progress.
        shown: Whether to show the progress.

    Yields:
        A function that changes the text after the title.
    """
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    console = Console(stderr=True, highlight=False)
    with Progress(
        *columns, console=console, transient=True, disable=not (shown and console.is_terminal)
    ) as progress:
        task = progress.add_task(title)
        yield lambda text: progress.update(task, description=f"{title}: {text}")


def show_status(status: Status) -> None:
    """Show the status of a pipeline."""
    console = Console(highlight=False, soft_wrap=True)
    queues = _table(f"Queues of {status.pipeline}", "queue", "waiting", "in flight", "oldest")
    for use, queue in status.queues.items():
        age = queue.oldest_age_seconds
        oldest = "" if age is None else format_age(age)
        queues.add_row(use.replace("_", "-"), str(queue.waiting), str(queue.in_flight), oldest)
    console.print(queues)
    if status.probe_mode:
        console.print(
            f"probe mode: {status.failed_jobs_in_a_row} labeling jobs in a row were rejected or"
            " failed, so the next run takes one item only"
        )
    elif status.failed_jobs_in_a_row:
        console.print(f"failed labeling jobs in a row: {status.failed_jobs_in_a_row}")
    if not status.runs:
        console.print("no open runs")
        return
    runs = _table("Open runs", "run", "state", "age", "claimed", "generation", "execution")
    for run in status.runs:
        claimed = run.run.counts.get("claimed", "")
        runs.add_row(
            run.run.run_id,
            run.run.state.value,
            format_age(run.age_seconds),
            str(claimed),
            str(run.run.generation),
            run.execution_status,
        )
    console.print(runs)
    _show_jobs(status, console)


def _show_jobs(status: Status, console: Console) -> None:
    jobs = _table("Labeling jobs", "run", "stage", "status", "done", "")
    for run in status.runs:
        for job in run.jobs:
            bar = ProgressBar(total=max(1, job.objects), completed=job.done, width=_BAR_WIDTH)
            done = f"{job.done}/{job.objects}"
            jobs.add_row(run.run.run_id, job.stage, job.status, done, bar)
    if jobs.row_count:
        console.print(jobs)
    for run in status.runs:
        for job in run.jobs:
            if job.failure_reason:
                console.print(f"{job.name}: {job.failure_reason}", markup=False)
        if run.execution_status not in ("RUNNING", "PENDING_REDRIVE"):
            console.print(
                f"run {run.run.run_id} has no running execution;"
                " the next scheduled execution takes it over"
            )


def show_examination(examination: Examination) -> None:
    """Show one line for each check, with cause and fix of what is wrong."""
    console = Console(highlight=False, soft_wrap=True)
    for result in examination.results:
        style = _STATE_STYLES[result.state]
        name = result.state.value.replace("_", " ")
        says = result.check.title
        if result.problems:
            says = "; ".join(f"{problem.cause}. Fix: {problem.fix}" for problem in result.problems)
        console.print(f"[{style}]{name:<12}[/{style}] {result.check.name:<22}", end="")
        console.print(says, markup=False)
    counts = ", ".join(
        f"{examination.count(state)} {state.value.replace('_', ' ')}" for state in State
    )
    console.print(f"{len(examination.results)} checks of {examination.pipeline}: {counts}")


def show_smoke(smoke: Smoke | SmokeLabel) -> None:
    """Show one line for each station, the fields of a stored record, and what is left."""
    console = Console(highlight=False, soft_wrap=True)
    for station in smoke.stations:
        style, name = ("green", "reached") if station.reached else ("red", "not reached")
        console.print(
            f"[{style}]{name:<12}[/{style}] {station.name:<12} {station.seconds:6.1f} s  ", end=""
        )
        console.print(station.detail, markup=False)
    record = smoke.record if isinstance(smoke, SmokeLabel) else {}
    for name, value in record.items():
        console.print(f"  {name:<18} {value}", markup=False)
    for remainder in smoke.left:
        console.print(f"left behind: {remainder}", markup=False)


def show_backfill(counts: BackfillCounts, *, dry_run: bool) -> None:
    """Show the counts of a backfill."""
    console = Console(highlight=False, soft_wrap=True)
    table = _table("Backfill, dry run" if dry_run else "Backfill", "objects", "reason", "number")
    table.columns[1].justify = "left"
    table.add_row("to send" if dry_run else "sent", "", str(counts.to_send))
    groups = {
        "in the ledger": counts.known,
        "cannot be labeled": counts.not_labelable,
        "held back": counts.held_back,
    }
    for name, reasons in groups.items():
        for reason, count in sorted(reasons.items()):
            table.add_row(name, reason, str(count))
    if counts.too_old:
        table.add_row("uploaded before --since", "", str(counts.too_old))
    table.add_row("listed", "", str(counts.listed))
    console.print(table)
    if counts.held_back:
        console.print(
            "held back: the event of an older version may still be in a queue; see docs/labelctl.md"
        )
    if counts.known.get("superseded"):
        console.print(
            f"{counts.known['superseded']} current versions are superseded in the ledger;"
            " copy such an object onto itself to have it labeled"
        )
    if not counts.to_send:
        console.print("there is nothing to send")
    elif dry_run:
        console.print("nothing was sent; add --send to send")


def show_export(summary: Mapping[str, Any], target: Path) -> None:
    """Show the sides of a training set with their labels, and what was left out.

    Args:
        summary: The contents of ``export.json``.
        target: The folder.
    """
    console = Console(highlight=False, soft_wrap=True)
    table = _table("Training set", "side", "items", *summary["classes"])
    for side, counts in summary["sides"].items():
        labels = (str(counts["labels"].get(name, 0)) for name in summary["classes"])
        table.add_row(side, str(counts["items"]), *labels)
    console.print(table)
    for side, counts in summary["sides"].items():
        if not counts["items"]:
            console.print(
                f"{side} is empty: a side is that of the object's key, and all lines of a text file"
                " are on one side, so a split needs more keys"
            )
    for reason, count in {**summary["removed"], **summary["left_out"]}.items():
        console.print(f"left out: {count} {reason.replace('_', ' ')}", markup=False)
    if summary["sha256"]:
        console.print(f"frozen as {summary['training_set']}: sha256 {summary['sha256']}")
    console.print(f"written to {target}", markup=False)


def show_redrive(redrive: Redrive, now: float) -> None:
    """Show the results of a redrive."""
    console = Console(highlight=False, soft_wrap=True)
    title = "Redrive" if redrive.send else "Redrive, dry run"
    table = _table(title, "reason", "found", "chosen", "sent", "oldest", "newest")
    for reason, counts in sorted(redrive.reasons.items()):
        table.add_row(
            reason,
            str(counts.found),
            str(counts.chosen),
            str(counts.sent),
            format_age(now - counts.oldest),
            format_age(now - counts.newest),
        )
    console.print(table if redrive.reasons else "the queue is empty")
    if redrive.undeleted:
        console.print(
            f"{redrive.undeleted} messages were sent but could not be deleted; their second"
            " delivery is dropped"
        )
    if not redrive.complete:
        console.print("stopped at --max; the queue may hold more")
    if redrive.reasons and not any(counts.chosen for counts in redrive.reasons.values()):
        console.print("no message was chosen; see --reason, --newer-than and --older-than")
    elif not redrive.send and redrive.reasons:
        console.print("nothing was sent; add --send to send")
