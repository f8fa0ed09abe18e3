"""``make referees``: let independent implementations judge the module and its sandbox."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from tools.referees import report
from tools.referees.judges import JUDGES
from tools.referees.verdicts import (
    Judge,
    UnavailableError,
    known_disagreements,
    unexplained,
)

_SHOWN = 20

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    only: Annotated[str, typer.Option(help="A part of the names of the judges to run.")] = "",
    *,
    listed: Annotated[bool, typer.Option("--list", help="Only list the judges.")] = False,
) -> None:
    """Run the judges, and write what they say to .cache/referees.json."""
    chosen = [judge for judge in JUDGES if only in judge.name]
    if not chosen:
        names = ", ".join(judge.name for judge in JUDGES)
        message = f"no judge has {only!r} in its name; the judges are {names}"
        raise typer.BadParameter(message)
    if listed:
        for judge in chosen:
            typer.echo(f"{judge.name:<18} {judge.subject}")
        return
    failed = [judge.name for judge in chosen if not judged(judge)]
    if failed:
        typer.echo(f"error: {', '.join(failed)}", err=True)
        raise typer.Exit(1)


def judged(judge: Judge) -> bool:
    """Run one judge, print its verdict and add it to the report.

    Args:
        judge: The judge.

    Returns:
        Whether it ran and every disagreement is explained.
    """
    commit = report.current_commit()
    try:
        with tempfile.TemporaryDirectory() as folder:
            verdict = judge.examine(Path(folder))
    except UnavailableError as error:
        typer.echo(f"{judge.name:<18} not run: {error}", err=True)
        return False
    left = unexplained(judge.name, verdict, known_disagreements())
    entry = report.entry_of(verdict, left)
    typer.echo(
        f"{judge.name:<18} {entry.version}: {entry.cases} cases, "
        f"{entry.disagreements} disagreements, {len(left)} unexplained"
    )
    for each in left[:_SHOWN]:
        typer.echo(f"  {each.case}\n    ours: {each.ours}\n    theirs: {each.theirs}")
    # A change of a file while a judge ran makes its verdict one of neither state.
    if report.current_commit() != commit:
        typer.echo(f"{judge.name:<18} not reported: the checkout changed meanwhile", err=True)
        return False
    report.add(judge.name, entry, commit)
    return not left


if __name__ == "__main__":
    app()
