"""The command ``status``."""

from __future__ import annotations

from typing import Annotated

import typer

from labelctl import screen
from labelctl.command_line import Json, PipelineName, Profile, Region, connected, print_json
from labelctl.pipeline import find_pipeline
from labelctl.status import StatusReader, present


def status(
    *,
    pipeline: PipelineName,
    age: Annotated[
        bool,
        typer.Option("--age", help="Read the age of each queue's oldest message from CloudWatch."),
    ] = False,
    as_json: Json = False,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Show the queues, the open runs and the progress of their labeling jobs."""
    with connected(region, profile) as connection:
        found = find_pipeline(connection, pipeline)
        now = present()
        with screen.working("reading", shown=not as_json):
            seen = StatusReader(connection, found, now).status(ages=age)
    if as_json:
        print_json(seen.fields())
    else:
        screen.show_status(seen)
