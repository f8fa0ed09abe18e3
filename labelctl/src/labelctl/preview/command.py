"""The command ``preview``."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from rich.console import Console

from labelctl.command_line import (
    Json,
    OpenPage,
    PageFile,
    Profile,
    Region,
    connected,
    fail,
    print_json,
    require_libraries,
    show_in_browser,
    written_page,
)
from labelctl.doctor.deployed import find_deployed
from labelctl.error_messages import LabelctlError
from labelctl.pipeline import find_pipeline
from labelctl.preview.filled_by_aws import filled_by_aws
from labelctl.preview.inputs import (
    LINK_SECONDS,
    example_input,
    local_object,
    local_text,
    uploaded_object,
    worker_files,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from labelctl.connection import Client, Connection

#: Libraries that only this command needs.
_LIBRARIES = ("liquid", "markupsafe")
_EXAMPLE = "An example text."


class Stage(StrEnum):
    """Whose page is shown."""

    LABEL = "label"
    VERIFY = "verify"


class _Page(NamedTuple):
    """A template with what it is filled with.

    Attributes:
        template: The template.
        task_input: The input of a task.
        labels: The label categories.
        fill: Returns the page.
    """

    template: str
    task_input: dict[str, Any]
    labels: tuple[str, ...]
    fill: Callable[[str, dict[str, Any]], str]


def preview(  # noqa: PLR0913 - one parameter for each option
    *,
    shown: Annotated[
        str | None,
        typer.Argument(
            metavar="OBJECT",
            help="Key of an upload; with --template, a picture or a .txt file.",
        ),
    ] = None,
    pipeline: Annotated[
        str | None,
        typer.Option("--pipeline", "-p", envvar="LABELCTL_PIPELINE", help="The module's job_name."),
    ] = None,
    stage: Annotated[
        Stage, typer.Option(help="The page of labelers, or that of reviewers.")
    ] = Stage.LABEL,
    template: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="A worker template, instead of that of a pipeline."
        ),
    ] = None,
    labels: Annotated[
        str, typer.Option(help="With --template: the label categories, between commas.")
    ] = "",
    aws: Annotated[
        bool, typer.Option("--aws", help="Let SageMaker fill the template of a pipeline.")
    ] = False,
    lint: Annotated[
        bool, typer.Option("--lint", help="List the faults of the template, and show no page.")
    ] = False,
    to: PageFile = None,
    open_page: OpenPage = True,
    as_json: Json = False,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Show the page that workers of Ground Truth see, or list the faults of its template.

    Needs the extra 'preview'.
    """
    require_libraries(_LIBRARIES, "preview")
    if template is not None:
        try:
            page = _of_template(template, shown, labels)
        except LabelctlError as error:
            fail(str(error))
    elif pipeline is not None:
        with connected(region, profile) as connection:
            page = _of_pipeline(connection, pipeline, stage, shown, aws=aws, needs_object=not lint)
            if not lint:
                _show_page(page, to, open_page=open_page, as_json=as_json)
                return
    else:
        message = "name a pipeline, or a template with --template"
        raise typer.BadParameter(message, param_hint="--pipeline")
    if lint:
        _show_faults(page, as_json=as_json)
    else:
        _show_page(page, to, open_page=open_page, as_json=as_json)


def _of_template(template: Path, shown: str | None, labels: str) -> _Page:
    chosen = tuple(name.strip() for name in labels.split(",") if name.strip())
    text = local_text(template)
    given = local_object(Path(shown)) if shown else _EXAMPLE
    return _Page(text, example_input(text, given, chosen), chosen, _filled_here(str))


def _of_pipeline(
    connection: Connection,
    name: str,
    stage: Stage,
    key: str | None,
    *,
    aws: bool,
    needs_object: bool,
) -> _Page:
    found, deployed = find_pipeline(connection, name), find_deployed(connection, name)
    job = deployed.jobs.get(stage)
    if job is None:
        message = (
            f"pipeline {name} has no page of Ground Truth for this stage: people label in Label"
            " Studio, or verification is off; see --stage, or show a template with --template"
        )
        raise LabelctlError(message)
    if key is None and needs_object:
        message = f"name an upload to show; list them with: aws s3 ls s3://{found.upload_bucket}/"
        raise LabelctlError(message)
    client = connection.client("s3")
    template, labels = worker_files(client, job)
    shown = uploaded_object(client, found, key) if key else _EXAMPLE
    fill = (
        partial(filled_by_aws, connection.client("sagemaker"), job.role_arn)
        if aws
        else _filled_here(lambda uri: _link(client, uri))
    )
    return _Page(template, example_input(template, shown, labels), labels, fill)


def _filled_here(sign: Callable[[str], str]) -> Callable[[str, dict[str, Any]], str]:
    # It imports the Liquid engine, which is optional.
    from labelctl.preview.pages import environment, rendered  # noqa: PLC0415

    return lambda template, task_input: rendered(template, task_input, environment(sign))


def _link(client: Client, uri: str) -> str:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return str(
        client.generate_presigned_url(
            "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=LINK_SECONDS
        )
    )


def _show_faults(page: _Page, *, as_json: bool) -> None:
    from labelctl.preview.lint import faults  # noqa: PLC0415

    found = faults(page.template, page.labels)
    if as_json:
        print_json({"schema": "labelctl-preview/1", "faults": [fault.fields() for fault in found]})
    else:
        console = Console(highlight=False, soft_wrap=True)
        for fault in found:
            place = f"line {fault.line}: " if fault.line else ""
            console.print(f"{place}{fault.cause} ({fault.rule})", markup=False)
        console.print(f"{len(found)} faults" if found else "no faults")
    if found:
        raise typer.Exit(code=1)


def _show_page(page: _Page, to: Path | None, *, open_page: bool, as_json: bool) -> None:
    try:
        text = page.fill(page.template, page.task_input)
    except LabelctlError as error:
        fail(str(error))
    path = written_page(text, to)
    if as_json:
        print_json({"schema": "labelctl-preview/1", "page": str(path)})
    else:
        typer.echo(path)
    if open_page:
        show_in_browser(path)
