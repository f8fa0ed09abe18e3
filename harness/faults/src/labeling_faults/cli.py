"""``labeling-faults``: runs the fault suite, or repeats one of its random histories."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads it from the annotations
from typing import Annotated

import typer

from labeling_deployment.deployment import MOST_ITEMS_PER_RUN
from labeling_faults import suite
from labeling_faults.histories.scenarios import SCENARIOS
from labeling_faults.load import days
from labeling_faults.load.arrivals import Curve
from labeling_faults.load.figures import figures_of
from labeling_faults.load.report import comes_to_rest
from labeling_faults.load.report import lines_of as lines_of_load
from labeling_faults.load.simulation import simulate
from labeling_faults.suite import Suite, lines_of

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def main() -> None:
    """Prove the pipeline's promises under faults, in one process and under a clock of its own."""


@app.command()
def run(
    histories: Annotated[int, typer.Option(min=0, help="Random histories to run.")] = 2000,
    first_seed: Annotated[int, typer.Option(help="Seed of the first history.")] = 0,
    processes: Annotated[int, typer.Option(min=1, help="Processes that work.")] = 2,
    stride: Annotated[
        int, typer.Option(min=1, help="Take only every so many-th crash point, for a quick look.")
    ] = 1,
) -> None:
    """Enumerate every crash point, run random histories and look for every seeded bug."""
    report = Suite(typer.echo, processes, stride).run(histories, first_seed)
    for line in lines_of(report):
        typer.echo(line)
    typer.echo(f"{report.seconds:.0f} s")
    for history in report.broken_histories[:1]:
        replay(history.seed)
    if not report.passed:
        raise typer.Exit(1)


@app.command()
def crash(
    scenario: Annotated[list[str], typer.Option(help="Name of a scenario; may be repeated.")],
    processes: Annotated[int, typer.Option(min=1, help="Processes that work.")] = 2,
    stride: Annotated[int, typer.Option(min=1, help="Take only every so many-th point.")] = 1,
) -> None:
    """Enumerate the crash points of some scenarios alone."""
    known = {it.name for it in SCENARIOS}
    if unknown := sorted(set(scenario) - known):
        message = f"no scenario has the name {', '.join(unknown)}; there are {sorted(known)}"
        raise typer.BadParameter(message)
    crashed = Suite(typer.echo, processes, stride).crash(frozenset(scenario))
    typer.echo(f"crash points: {crashed.points:,}, at {len(crashed.operations)} calls")
    typer.echo(f"violations: {len(crashed.broken)}")
    for it in crashed.broken:
        typer.echo(f"   {it}")
    if crashed.broken:
        raise typer.Exit(1)


@app.command()
def load(
    items: Annotated[
        int | None, typer.Option(min=1, help="Items of the day; all days of the page if not given.")
    ] = None,
    curve: Annotated[Curve, typer.Option(help="When they are uploaded.")] = Curve.DUMP,
    max_items_per_run: Annotated[
        int, typer.Option(min=1, max=MOST_ITEMS_PER_RUN, help="The module's setting.")
    ] = MOST_ITEMS_PER_RUN,
    minutes_between_runs: Annotated[float, typer.Option(min=1, help="Of the schedule.")] = 60,
    workers_per_hour: Annotated[
        float, typer.Option(min=0, help="Items that all workers label in an hour; 0 for enough.")
    ] = 0,
    keep: Annotated[Path | None, typer.Option(help="JSON file that keeps the figures.")] = None,
) -> None:
    """Let a day of many uploads pass under AWS's quotas, and tell what it took."""
    one = items and days.day_of(
        items,
        curve,
        max_items_per_run=max_items_per_run,
        minutes_between_runs=minutes_between_runs,
        workers_per_hour=workers_per_hour,
    )
    failed = False
    for day in [one] if one else days.days():
        outcome = simulate(day, typer.echo)
        figures = figures_of(outcome)
        for line in [*lines_of_load(figures), *outcome.violations]:
            typer.echo(line)
        # The page has days on which the pipeline does not come to rest.
        stuck = bool(one) and not comes_to_rest(figures)
        failed = failed or stuck or bool(outcome.violations)
        if keep:
            days.keep(keep, figures)
    if failed:
        raise typer.Exit(1)


@app.command()
def replay(seed: Annotated[int, typer.Argument(help="Seed of the history.")]) -> None:
    """Run one history again, and show the shortest one that breaks a promise the same way."""
    history, broken = suite.replayed(seed)
    typer.echo(f"== the history of seed {seed}, run again with: make faults SEED={seed}")
    for line in history.lines():
        typer.echo(f"   {line}")
    typer.echo(f"violations: {len(broken)}")
    for it in broken:
        typer.echo(f"   {it}")
    if broken:
        raise typer.Exit(1)
