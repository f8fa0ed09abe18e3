"""The command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from labelctl.backfill_command import backfill
from labelctl.doctor_command import doctor
from labelctl.estimate_command import estimate
from labelctl.export_command import export
from labelctl.preview.command import preview
from labelctl.redrive_command import redrive
from labelctl.report.command import report
from labelctl.status_command import status
from labelctl.stopping.command import resume, stop
from labelctl.tracing.command import trace
from labeling_lambdas import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Each command with what its help shows as examples.
_COMMANDS: Mapping[Callable[..., None], tuple[str, ...]] = {
    status: ("status --pipeline digits", "status --pipeline digits --age --json"),
    doctor: ("doctor --pipeline digits", "doctor --pipeline digits --smoke"),
    backfill: (
        "backfill --pipeline digits --since 3d",
        "backfill --pipeline digits --since 3d --send --checkpoint backfill.json",
    ),
    redrive: (
        "redrive --pipeline digits",
        "redrive --pipeline digits --reason labeling_job_failed --newer-than 2d --send",
    ),
    stop: ("stop --pipeline digits", "stop --pipeline digits --jobs --wait 900"),
    resume: ("resume --pipeline digits", "resume --pipeline digits --start"),
    trace: (
        "trace --pipeline digits inbox/seven.png",
        "trace --pipeline digits inbox/reviews.txt --line 12",
    ),
    report: (
        "report --pipeline digits --since 7d",
        "report --pipeline digits --run 20260131t120000-0123456789 --to run.html --no-open",
    ),
    export: (
        "export --pipeline digits --format jsonl --to digits",
        "export --pipeline digits --format coco --split train=0.8,test=0.2 --to digits-coco",
    ),
    preview: (
        "preview --pipeline digits inbox/seven.png",
        "preview --template my-page.liquid.html --labels cat,dog --lint",
    ),
    estimate: (
        "estimate --items 30000 --workers 3 --answer-price 0.012",
        "estimate --items 30000 --engine label_studio --server-month 150",
    ),
}
_EXIT_CODES = (
    "Exit codes: 0 done; 1 something is missing, was refused, or is wrong with what was looked at;"
    " 2 the command line is invalid; 130 interrupted."
)

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"labelctl {__version__}")
        raise typer.Exit


def _end_of_help(*examples: str) -> str:
    """Return what is below the options; an empty line is what begins a new one on the screen."""
    return "\n\n".join(["Examples:", *(f"  labelctl {one}" for one in examples), _EXIT_CODES])


@app.callback(epilog=_end_of_help("doctor --pipeline digits", "status --help"))
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


for _command, _examples in _COMMANDS.items():
    app.command(epilog=_end_of_help(*_examples))(_command)
