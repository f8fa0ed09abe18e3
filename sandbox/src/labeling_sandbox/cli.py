"""The command line of the sandbox."""

from __future__ import annotations

import typer

app = typer.Typer(help="A local AWS for the labeling pipeline.", no_args_is_help=True)
