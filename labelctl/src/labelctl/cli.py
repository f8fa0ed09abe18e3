"""The command line."""

from __future__ import annotations

import shlex
import sys
import uuid
from contextlib import contextmanager
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer

from labelctl import dead_letters, screen, status
from labelctl.backfill import Backfill, RateLimit
from labelctl.checkpoint import BackfillCounts, Checkpoint
from labelctl.classify import Classifier
from labelctl.command_line import (
    INTERRUPTED,
    Json,
    PipelineName,
    Profile,
    Region,
    connected,
    fail,
    print_json,
    time_option,
)
from labelctl.doctor.checks import Subject
from labelctl.doctor.deployed import find_deployed
from labelctl.doctor.examination import Examination, examine
from labelctl.doctor.smoke import Smoke, smoke_test
from labelctl.doctor.smoke_label import SmokeLabel, announcement, smoke_label_test
from labelctl.durations import read_age
from labelctl.error_messages import LabelctlError, explained
from labelctl.estimate_command import estimate
from labelctl.export_command import export
from labelctl.ledger import Ledger
from labelctl.objects import listed_objects
from labelctl.pipeline import Pipeline, find_pipeline
from labelctl.preview import command as preview
from labelctl.redrive import Choice, Redrive
from labelctl.redrive import present as present_seconds
from labelctl.report import command as report
from labelctl.stopping import command as stopping
from labelctl.tracing import command as tracing
from labelctl.upload_events import UploadSender
from labeling_lambdas import __version__
from labeling_lambdas.aws.queues import Queue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from labelctl.connection import Connection

_SMOKE_SECONDS, _LABEL_SECONDS = 300.0, 3600.0

app = typer.Typer(
    help="Operate a deployed labeling pipeline.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


app.command()(export)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"labelctl {__version__}")
        raise typer.Exit


@app.callback()
def main(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version, and exit."
        ),
    ] = False,
) -> None:
    """Operate a deployed labeling pipeline."""


@app.command("status")
def status_command(
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
        now = status.present()
        with screen.working("reading", shown=not as_json):
            seen = status.StatusReader(connection, found, now).status(ages=age)
    if as_json:
        print_json(seen.fields())
    else:
        screen.show_status(seen)


@app.command()
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
            status.present(),
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


@app.command()
def backfill(  # noqa: PLR0913 - one parameter for each option
    *,
    pipeline: PipelineName,
    send: Annotated[bool, typer.Option("--send", help="Send; without it, only count.")] = False,
    prefix: Annotated[str, typer.Option(help="Only keys that begin with this.")] = "",
    since: Annotated[
        str | None,
        typer.Option(help="Only objects uploaded since this time (ISO-8601) or age (2h, 3d)."),
    ] = None,
    start_after: Annotated[str, typer.Option(help="Only keys that come after this one.")] = "",
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            help="File to keep the state in; the same command continues after an interruption.",
        ),
    ] = None,
    rate: Annotated[
        float, typer.Option(min=0.01, help="Maximum number of objects to send per second.")
    ] = 100.0,
    ignore_older_versions: Annotated[
        bool,
        typer.Option(
            "--ignore-older-versions",
            help="Send an object even if an older version of it is not in the ledger.",
        ),
    ] = False,
    as_json: Json = False,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Send objects that existed before the pipeline, or whose event was missed."""
    if checkpoint is not None and not send:
        message = "a dry run keeps no state; add --send"
        raise typer.BadParameter(message, param_hint="--checkpoint")
    now = status.present()
    since_time = time_option(since, now, "--since")
    counts = BackfillCounts()
    with connected(region, profile) as connection:
        found = find_pipeline(connection, pipeline)
        kept = None
        if checkpoint is not None:
            scope = {
                "pipeline": pipeline,
                "bucket": found.upload_bucket,
                "prefix": prefix,
                "since": since,
                "start_after": start_after,
            }
            kept = Checkpoint(checkpoint, scope)
            saved = kept.load()
            if saved is not None:
                counts, since_time = saved.counts, saved.since
        classifier = Classifier(
            found,
            Ledger(connection.client("dynamodb"), found.ledger_table),
            connection.client("s3"),
            now,
            since_time,
            ignore_older_versions,
        )
        objects = listed_objects(
            connection.client("s3"),
            found.upload_bucket,
            prefix=prefix,
            start_after=counts.last_key or start_after,
        )
        sender = UploadSender(connection, found) if send else None
        with (
            screen.working("backfill", shown=not as_json) as progress,
            _resumable(connection, counts, kept),
        ):
            Backfill(
                classifier,
                sender,
                RateLimit(rate),
                counts,
                kept,
                lambda so_far: progress(_progress_text(so_far)),
            ).run(objects)
        if kept is not None:
            kept.remove()
    if as_json:
        head = {
            "schema": "labelctl-backfill/1",
            "pipeline": pipeline,
            "bucket": found.upload_bucket,
            "prefix": prefix,
            "since": since_time.isoformat() if since_time else None,
            "dry_run": not send,
        }
        print_json({**head, **counts.fields()})
    else:
        screen.show_backfill(counts, dry_run=not send)


@app.command()
def redrive(  # noqa: PLR0913 - one parameter for each option
    *,
    pipeline: PipelineName,
    send: Annotated[bool, typer.Option("--send", help="Send; without it, only count.")] = False,
    reason: Annotated[
        list[str] | None, typer.Option(help="Only this reason; may be given several times.")
    ] = None,
    older_than: Annotated[
        str | None, typer.Option(help="Only messages of at least this age, such as 2h or 3d.")
    ] = None,
    newer_than: Annotated[
        str | None, typer.Option(help="Only messages of at most this age, such as 2h or 3d.")
    ] = None,
    most: Annotated[
        int | None, typer.Option("--max", min=1, help="Maximum number of messages.")
    ] = None,
    include_malformed: Annotated[
        bool,
        typer.Option("--include-malformed", help="Also messages that name no item."),
    ] = False,
    undelivered: Annotated[
        bool,
        typer.Option(
            "--undelivered", help="Events that could not be delivered, instead of dead letters."
        ),
    ] = False,
    as_json: Json = False,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Send dead letters back to the intake queue, where they start at their first attempt."""
    now = present_seconds()
    oldest, newest = _age(newer_than, "--newer-than"), _age(older_than, "--older-than")
    choice = Choice(
        frozenset(reason or ()),
        sent_before=now - newest.total_seconds() if newest else None,
        sent_after=now - oldest.total_seconds() if oldest else None,
        most=most,
        malformed=include_malformed,
    )
    with connected(region, profile) as connection:
        found = find_pipeline(connection, pipeline)
        client = connection.client("sqs")
        with screen.working("reading the queue", shown=not as_json) as progress:
            work = Redrive(
                client,
                found.undelivered_url if undelivered else found.dead_letter_url,
                Queue(client, found.intake_url),
                UploadSender(connection, found),
                lambda body: _read_message(body, found, undelivered=undelivered),
                choice,
                send,
                lambda seen: progress(f"{seen} messages"),
            )
            _run_redrive(work)
    if as_json:
        head = {
            "schema": "labelctl-redrive/1",
            "pipeline": pipeline,
            "queue": "undelivered" if undelivered else "dead_letter",
            "dry_run": not send,
        }
        print_json({**head, **work.fields(now)})
    else:
        screen.show_redrive(work, now)


app.command()(estimate)
app.command()(preview.preview)
app.command()(report.report)
app.command()(stopping.stop)
app.command()(stopping.resume)
app.command()(tracing.trace)


def _read_message(
    body: str, pipeline: Pipeline, *, undelivered: bool
) -> dead_letters.FailedMessage:
    read = dead_letters.read_undelivered if undelivered else dead_letters.read_dead_letter
    return read(body, pipeline)


def _run_redrive(work: Redrive) -> None:
    try:
        work.run()
    except KeyboardInterrupt:
        sent = sum(counts.sent for counts in work.reasons.values())
        fail(f"interrupted; {sent} messages were sent, the others are on their queue", INTERRUPTED)


@contextmanager
def _resumable(
    connection: Connection, counts: BackfillCounts, kept: Checkpoint | None
) -> Iterator[None]:
    """Print how to continue, if a backfill does not complete."""
    try:
        with explained(connection):
            yield
    except LabelctlError as error:
        message = f"{error}{_how_to_continue(counts, kept)}"
        raise LabelctlError(message) from error
    except KeyboardInterrupt:
        fail(f"interrupted{_how_to_continue(counts, kept)}", INTERRUPTED)


def _how_to_continue(counts: BackfillCounts, kept: Checkpoint | None) -> str:
    if not counts.sent:
        return ""
    how = "the same command" if kept else f"--start-after {shlex.quote(counts.last_key)}"
    return f"; {counts.sent} objects were sent, continue with {how}"


def _progress_text(counts: BackfillCounts) -> str:
    return f"{counts.listed} listed, {counts.to_send} to send, {counts.sent} sent"


def _age(text: str | None, option: str) -> timedelta | None:
    if text is None:
        return None
    try:
        return read_age(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error
