"""The command ``report``."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer

from labelctl import screen, status
from labelctl.command_line import (
    INTERRUPTED,
    Json,
    OpenPage,
    PageFile,
    PipelineName,
    Profile,
    Region,
    connected,
    fail,
    print_json,
    require_libraries,
    show_in_browser,
    time_option,
    written_page,
)
from labelctl.pipeline import find_pipeline
from labelctl.report.scope import Scope

if TYPE_CHECKING:
    from labelctl.report.summary import Summary

#: Libraries that commands without this one do not need.
_LIBRARIES = ("jinja2", "matplotlib", "nltk", "numpy", "PIL", "pyarrow", "pyiceberg")


def report(  # noqa: PLR0913 - one parameter for each option
    *,
    pipeline: PipelineName,
    run: Annotated[str, typer.Option(help="Only this run.")] = "",
    since: Annotated[
        str | None, typer.Option(help="Only runs opened since this time (ISO-8601) or age (3d).")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Only runs opened before this time or age.")
    ] = None,
    labels: Annotated[
        bool, typer.Option("--labels/--no-labels", help="Read the stored labels.")
    ] = True,
    workers: Annotated[
        bool, typer.Option("--workers/--no-workers", help="Read the answers of single workers.")
    ] = True,
    name_workers: Annotated[
        bool, typer.Option("--name-workers", help="Show workers' ids in place of pseudonyms.")
    ] = False,
    pictures: Annotated[
        int, typer.Option(min=0, help="How many of the least certain items to show.")
    ] = 24,
    answer_price: Annotated[
        float, typer.Option(min=0, help="Dollars for one worker's answer, for the cost.")
    ] = 0.0,
    to: PageFile = None,
    open_page: OpenPage = True,
    as_json: Json = False,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Make an HTML page about a pipeline: where items are, what runs and workers did, and labels.

    Needs the extra 'report'.
    """
    if run and (since or until):
        message = "a run has a time of its own; give --run alone"
        raise typer.BadParameter(message, param_hint="--run")
    if name_workers and not workers:
        message = "nobody is named with --no-workers"
        raise typer.BadParameter(message, param_hint="--name-workers")
    now = status.present()
    scope = Scope(run, time_option(since, now, "--since"), time_option(until, now, "--until"))
    require_libraries(_LIBRARIES, "report")
    # They import those libraries.
    from labelctl.report.page import page  # noqa: PLC0415
    from labelctl.report.summary import SummaryReader, Workers  # noqa: PLC0415

    with connected(region, profile) as connection:
        found = find_pipeline(connection, pipeline)
        with screen.working("reading", shown=True) as progress:
            try:
                summary = SummaryReader(
                    connection,
                    found,
                    scope,
                    now,
                    progress,
                    labels,
                    Workers.NAMED
                    if name_workers
                    else Workers.HIDDEN
                    if workers
                    else Workers.LEFT_OUT,
                    # Nobody sees them without a page.
                    0 if as_json and to is None else pictures,
                    answer_price,
                ).read()
                progress("drawing")
                text = None if as_json and to is None else page(summary)
            except KeyboardInterrupt:
                fail("interrupted; nothing was written; repeat the command", INTERRUPTED)
    _give(summary, text, to, as_json=as_json, open_page=open_page and not as_json)


def _give(
    summary: Summary, text: str | None, to: Path | None, *, as_json: bool, open_page: bool
) -> None:
    path = None if text is None else written_page(text, to)
    if as_json:
        print_json({**summary.fields(), "page": str(path) if path else None})
    else:
        typer.echo(path)
    if open_page and path is not None:
        show_in_browser(path)
