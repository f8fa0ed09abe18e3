"""The command ``doctor``."""

from __future__ import annotations

import sys
import uuid
from typing import Annotated

import typer

from labelctl import screen
from labelctl.command_line import Json, PipelineName, Profile, Region, connected, print_json
from labelctl.doctor.checks import Subject
from labelctl.doctor.deployed import find_deployed
from labelctl.doctor.examination import Examination, examine
from labelctl.doctor.smoke import Smoke, smoke_test
from labelctl.doctor.smoke_label import SmokeLabel, announcement, smoke_label_test
from labelctl.pipeline import find_pipeline
from labelctl.status import present

_SMOKE_SECONDS, _LABEL_SECONDS = 300.0, 3600.0


def doctor(
    *,
    pipeline: PipelineName,
    smoke: Annotated[
        bool,
        typer.Option(
            "--smoke",
            help="Send an empty object through the pipeline instead; nothing is labeled.",
        ),
    ] = False,
    smoke_label: Annotated[
        bool,
        typer.Option("--smoke-label", help="Have workers label one object instead; asks first."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before --smoke-label.")] = False,
    deadline: Annotated[
        float | None,
        typer.Option(min=1, help="Seconds for a smoke test: 300, or 3600 with --smoke-label."),
    ] = None,
    as_json: Json = False,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Check a deployed pipeline, and show the cause and the fix of what is wrong."""
    if smoke and smoke_label:
        message = "--smoke labels nothing; give one of the two"
        raise typer.BadParameter(message, param_hint="--smoke-label")
    if smoke_label and not (yes or sys.stdin.isatty()):
        message = "it is paid for, and there is no terminal to ask on; add --yes"
        raise typer.BadParameter(message, param_hint="--smoke-label")
    name = f"smoke-{uuid.uuid4().hex}"
    with connected(region, profile) as connection:
        subject = Subject(
            connection,
            find_pipeline(connection, pipeline),
            find_deployed(connection, pipeline),
            present(),
        )
        if smoke_label and not yes:
            typer.echo(announcement(subject), err=True)
            typer.confirm("Have it labeled?", abort=True, err=True)
        made: Smoke | SmokeLabel | Examination
        with screen.working("checking", shown=not as_json) as progress:
            if smoke_label:
                made = smoke_label_test(subject, name, deadline or _LABEL_SECONDS, progress)
            elif smoke:
                made = smoke_test(subject, name, deadline or _SMOKE_SECONDS, progress)
            else:
                made = examine(subject, progress)
    if as_json:
        print_json(made.fields())
    elif isinstance(made, Examination):
        screen.show_examination(made)
    else:
        screen.show_smoke(made)
    if not made.passed:
        raise typer.Exit(code=1)
