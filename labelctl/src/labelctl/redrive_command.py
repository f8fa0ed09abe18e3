"""The command ``redrive``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from labelctl import dead_letters, screen
from labelctl.command_line import (
    INTERRUPTED,
    Json,
    PipelineName,
    Profile,
    Region,
    connected,
    fail,
    print_json,
)
from labelctl.durations import read_age
from labelctl.pipeline import find_pipeline
from labelctl.redrive import Choice, Redrive, present
from labelctl.upload_events import UploadSender
from labeling_lambdas.aws.queues import Queue

if TYPE_CHECKING:
    from datetime import timedelta

    from labelctl.pipeline import Pipeline


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
    now = present()
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
        fail(
            f"interrupted; {sent} messages were sent, the others are on their queue; the same"
            " command continues",
            INTERRUPTED,
        )


def _age(text: str | None, option: str) -> timedelta | None:
    if text is None:
        return None
    try:
        return read_age(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error
