"""The command ``trace``."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from labelctl import screen
from labelctl.command_line import Json, PipelineName, Profile, Region, connected, print_json
from labelctl.doctor.deployed import find_deployed
from labelctl.pipeline import find_pipeline
from labelctl.tracing.events import What
from labelctl.tracing.trace import Tracer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelctl.pipeline import Pipeline
    from labelctl.tracing.events import Event
    from labelctl.tracing.trace import Trace

_LINE = re.compile(r"#L([1-9][0-9]*)$")


def trace(
    *,
    key: Annotated[
        str, typer.Argument(help="Key of an upload, or the source_ref of a feature record.")
    ],
    pipeline: PipelineName,
    line: Annotated[
        int | None, typer.Option(min=1, help="Number of a line of a text file, from 1.")
    ] = None,
    as_json: Json = False,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Show everything that happened to an upload, from its versions to its record."""
    with connected(region, profile) as connection:
        found = find_pipeline(connection, pipeline)
        deployed = find_deployed(connection, pipeline)
        key, line = _object(key, line, found)
        with screen.working("reading", shown=not as_json) as progress:
            tracer = Tracer(connection, found, deployed.output_bucket, progress)
            history = tracer.trace(key, line)
    if as_json:
        print_json({"schema": "labelctl-trace/1", "pipeline": pipeline, **history.fields()})
    else:
        _show(history)


def _object(key: str, line: int | None, pipeline: Pipeline) -> tuple[str, int | None]:
    """Return the key and the line that an argument names."""
    key = key.removeprefix(f"s3://{pipeline.upload_bucket}/")
    if key.startswith("s3://"):
        message = f"uploads of {pipeline.name} are in s3://{pipeline.upload_bucket}/"
        raise typer.BadParameter(message, param_hint="KEY")
    named = _LINE.search(key) if pipeline.splits_uploads and line is None else None
    return (key[: named.start()], int(named[1])) if named else (key, line)


def _show(history: Trace) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for text in _lines(history):
        console.print(text, markup=False)
    for version, state in history.states:
        console.print(f"now: version {version} is {state}", markup=False)
    console.print(
        f"answers asked for: {history.answers_asked_for}; runs looked at: {history.runs}",
        markup=False,
    )


def _lines(history: Trace) -> Iterator[str]:
    """Yield a line of text for each event; lines of a file to which the same happened are one."""
    texts = [_text(event) for event in history.events]
    counts = Counter(texts)
    for text in dict.fromkeys(texts):
        yield text if counts[text] == 1 else f"{text} ({counts[text]} lines)"


def _text(event: Event) -> str:
    parts = [event.at or " " * 20, event.what.value.replace("_", " ")]
    if event.version_id:
        parts.append(f"version {event.version_id}")
    if event.run_id:
        parts.append(f"run {event.run_id}")
    parts += _details(event)
    return "  ".join(parts)


def _details(event: Event) -> Iterator[str]:
    detail = event.detail
    if event.what is What.STORED:
        record = detail["record"]
        yield ", ".join(
            str(record[name]) for name in ("label", "confidence", "status") if name in record
        )
    elif event.what in (What.LABELING_JOB, What.VERIFICATION_JOB):
        yield f"{detail['name'] or ''} {detail['status'] or 'not ended'}".strip()
        yield f"{detail['people']} people"
    else:
        yield from (f"{name}: {value}" for name, value in detail.items() if value is not None)
