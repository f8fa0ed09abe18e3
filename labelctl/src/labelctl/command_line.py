"""What all commands share: their options, the connection, and how they end."""

from __future__ import annotations

import importlib
import json
import shlex
import sys
import tempfile
import webbrowser
from contextlib import contextmanager
from importlib.metadata import requires
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console

from labelctl.connection import Connection
from labelctl.durations import read_time
from labelctl.error_messages import LabelctlError, explained

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

#: Exit code after Ctrl-C.
INTERRUPTED = 130

PipelineName = Annotated[
    str,
    typer.Option("--pipeline", "-p", envvar="LABELCTL_PIPELINE", help="The module's job_name."),
]
Region = Annotated[
    str | None,
    typer.Option(
        # boto3 reads only the second variable; Lambda sets the first, and other SDKs read it.
        envvar=["AWS_REGION", "AWS_DEFAULT_REGION"],
        help="AWS region; else that of the profile.",
    ),
]
Profile = Annotated[str | None, typer.Option(help="Profile of the AWS CLI.")]
PageFile = Annotated[Path | None, typer.Option(dir_okay=False, help="Write the page to this file.")]
OpenPage = Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


@contextmanager
def connected(region: str | None, profile: str | None) -> Iterator[Connection]:
    """Connect to AWS, and end the command with a one-line message on errors of AWS."""
    connection = Connection(region, profile)
    try:
        with explained(connection):
            yield connection
    except LabelctlError as error:
        fail(str(error))


def time_option(text: str | None, now: datetime, option: str) -> datetime | None:
    """Read an option with a time or an age; None stays None.

    Args:
        text: The option's value.
        now: The time from which an age counts.
        option: Its name, for the error message.

    Raises:
        typer.BadParameter: If it is neither.
    """
    if text is None:
        return None
    try:
        return read_time(text, now)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error


def require_libraries(names: Sequence[str], extra: str) -> None:
    """End the command if a library is missing that not every command needs.

    Args:
        names: What is imported.
        extra: Name of the optional dependencies that have them.
    """
    for name in names:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            fail(f"{error.name} is not installed; install it with: {_install_command(extra)}")


def _install_command(extra: str) -> str:
    """Return what installs an extra's libraries; labelctl itself may come from anywhere."""
    needed = [one.split(";") for one in requires("labelctl") or ()]
    libraries = [name for name, *condition in needed if f"extra == '{extra}'" in "".join(condition)]
    return shlex.join([sys.executable, "-m", "pip", "install", *libraries])


def written_page(text: str, to: Path | None) -> Path:
    """Write an HTML page; end the command if it cannot be written.

    Args:
        text: The page.
        to: The file; None for a temporary one, which only its owner may read, because pages show
            what was uploaded.

    Returns:
        The file.
    """
    if to is None:
        with tempfile.NamedTemporaryFile(
            "w", suffix=".html", delete=False, encoding="utf-8"
        ) as file:
            file.write(text)
        return Path(file.name)
    try:
        to.write_text(text, "utf-8")
    except OSError as error:
        fail(f"{to} cannot be written: {error.strerror}; name another file with --to")
    return to


def show_in_browser(page: Path) -> None:
    """Open a page in the operator's browser."""
    webbrowser.open(page.resolve().as_uri())


def print_json(value: dict[str, Any]) -> None:
    """Print one JSON object on the standard output."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def fail(message: str, code: int = 1) -> NoReturn:
    """End the command with a one-line message on the standard error stream."""
    Console(stderr=True).print(
        f"error: {message}", style="red", soft_wrap=True, highlight=False, markup=False
    )
    raise typer.Exit(code=code)
