"""The command that exports training sets."""

from __future__ import annotations

from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer

from labelctl import screen, status
from labelctl.command_line import (
    INTERRUPTED,
    Json,
    PipelineName,
    Profile,
    Region,
    connected,
    fail,
    print_json,
    require_libraries,
    time_option,
)
from labelctl.export.formats.names import FormatName  # noqa: TC001 - typer reads it at run time
from labelctl.pipeline import find_pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Libraries that only this command needs.
_LIBRARIES = ("numpy", "PIL", "pyarrow", "pycocotools", "pyiceberg")


class FileChoice(StrEnum):
    """What becomes of the images."""

    COPY = "copy"
    LINK = "link"
    NONE = "none"


def export(  # noqa: PLR0913 - one parameter for each option
    *,
    pipeline: PipelineName,
    to: Annotated[Path, typer.Option(help="The folder to make.")],
    format_name: Annotated[
        FormatName, typer.Option("--format", help="What to make; it must fit the task type.")
    ],
    since: Annotated[
        str | None, typer.Option(help="Only labels made since this time (ISO-8601) or age (3d).")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="The labels as they were at this time or age.")
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(help="Only items with this label; may be given several times."),
    ] = None,
    record_status: Annotated[
        list[str] | None,
        typer.Option(
            "--status",
            help="Only records with this status, such as VERIFIED; may be given several times.",
        ),
    ] = None,
    min_confidence: Annotated[
        float | None, typer.Option(min=0, max=1, help="Only records of at least this confidence.")
    ] = None,
    prefix: Annotated[str, typer.Option(help="Only keys that begin with this.")] = "",
    split: Annotated[
        str | None, typer.Option(help="Shares of sides, such as train=0.8,val=0.1,test=0.1.")
    ] = None,
    files: Annotated[
        FileChoice | None,
        typer.Option(help="Copy images, link to copies in --mirror, or leave them out."),
    ] = None,
    mirror: Annotated[
        Path | None,
        typer.Option(file_okay=False, exists=True, help="A copy of the upload bucket."),
    ] = None,
    freeze: Annotated[
        str | None, typer.Option(help="Keep the list of records under this name, unchangeable.")
    ] = None,
    frozen: Annotated[
        str | None, typer.Option(help="Export the records that were frozen under this name.")
    ] = None,
    as_json: Json = False,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Make a training set of the stored labels.

    Needs the extra 'export'.
    """
    require_libraries(_LIBRARIES, "export")
    from labelctl.export.contents import Files  # noqa: PLC0415 - needs the libraries
    from labelctl.export.request import Request  # noqa: PLC0415
    from labelctl.export.run import Export  # noqa: PLC0415
    from labelctl.export.split import read_split  # noqa: PLC0415

    now = status.present()
    for option, text in (("--since", since), ("--until", until)):
        time_option(text, now, option)
    if split is not None:
        try:
            read_split(split)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--split") from error
    chosen = (since, until, label, record_status, min_confidence, prefix or None, split, freeze)
    if frozen is not None and any(option is not None for option in chosen):
        message = "its records and sides are fixed; give no option that chooses, splits or freezes"
        raise typer.BadParameter(message, param_hint="--frozen")
    request = Request(
        to,
        format_name,
        since,
        until,
        tuple(label or ()),
        tuple(record_status or ()),
        min_confidence,
        prefix,
        split,
        Files(files.value) if files else None,
        mirror,
        freeze,
        frozen,
    )
    with connected(region, profile) as connection:
        found = find_pipeline(connection, pipeline)
        with screen.working("export", shown=not as_json) as progress, _resumable(to):
            made = Export(connection, found, request, now, progress).run()
    if as_json:
        print_json({**made.summary, "target": str(made.target)})
    else:
        screen.show_export(made.summary, made.target)


@contextmanager
def _resumable(target: Path) -> Iterator[None]:
    """Say how to continue after an interruption."""
    try:
        yield
    except KeyboardInterrupt:
        fail(f"interrupted; the same command continues, or delete {target}.partial", INTERRUPTED)
