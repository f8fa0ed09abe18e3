"""The command ``backfill``."""

from __future__ import annotations

import shlex
from contextlib import contextmanager
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer

from labelctl import screen
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
from labelctl.error_messages import LabelctlError, explained
from labelctl.ledger import Ledger
from labelctl.objects import listed_objects
from labelctl.pipeline import find_pipeline
from labelctl.status import present
from labelctl.upload_events import UploadSender

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelctl.connection import Connection


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
    now = present()
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
        how = _how_to_continue(counts, kept) or "; nothing was sent; repeat the command"
        fail(f"interrupted{how}", INTERRUPTED)


def _how_to_continue(counts: BackfillCounts, kept: Checkpoint | None) -> str:
    if not counts.sent:
        return ""
    how = "the same command" if kept else f"--start-after {shlex.quote(counts.last_key)}"
    return f"; {counts.sent} objects were sent, continue with {how}"


def _progress_text(counts: BackfillCounts) -> str:
    return f"{counts.listed} listed, {counts.to_send} to send, {counts.sent} sent"
