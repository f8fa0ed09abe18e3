"""The commands ``stop`` and ``resume``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from labelctl import screen
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
from labelctl.doctor.deployed import find_deployed
from labelctl.pipeline import find_pipeline
from labelctl.stopping.runs import Stop
from labelctl.stopping.schedule import Schedule, require_enabled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelctl.stopping.runs import StoppedRun


def stop(
    *,
    pipeline: PipelineName,
    run: Annotated[
        list[str] | None,
        typer.Option(help="Only this open run, and not the schedule; may be given several times."),
    ] = None,
    jobs: Annotated[
        bool,
        typer.Option(
            "--jobs",
            help="Also stop the labeling jobs: what is labeled is stored, the rest returns.",
        ),
    ] = False,
    executions: Annotated[
        bool,
        typer.Option(
            "--executions",
            help="Also stop the executions: the runs stay open, and people go on labeling.",
        ),
    ] = False,
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to wait until what is stopped has ended.")
    ] = 0.0,
    as_json: Json = False,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Pause the schedule, so that no run starts, and stop open runs if asked to."""
    if run and not (jobs or executions):
        message = "say what to stop of the run: --jobs, --executions or both"
        raise typer.BadParameter(message, param_hint="--run")
    if wait and not (jobs or executions):
        message = "nothing is stopped that could be waited for; add --jobs or --executions"
        raise typer.BadParameter(message, param_hint="--wait")
    paused: bool | None = None
    with connected(region, profile) as connection:
        found = find_pipeline(connection, pipeline)
        deployed = find_deployed(connection, pipeline)
        if not run:
            paused = Schedule(connection.client("scheduler"), deployed.schedule).pause()
        with screen.working("stopping", shown=not as_json) as progress:
            work = Stop(connection, found, deployed, jobs, executions, wait, progress)
            try:
                work.stop(run or ())
            except KeyboardInterrupt:
                fail(f"interrupted; {_how_to_go_on(pipeline)}", INTERRUPTED)
    if as_json:
        head = {"schema": "labelctl-stop/1", "pipeline": pipeline, "schedule_paused": paused}
        print_json({**head, "runs": [one.fields() for one in work.runs]})
    else:
        _show(deployed.schedule, paused, work)
    if not work.completed:
        fail(f"not everything ended within {wait:.0f} s; {_how_to_go_on(pipeline)}")


def resume(
    *,
    pipeline: PipelineName,
    start: Annotated[
        bool,
        typer.Option("--start", help="Also start a run now, which takes over what was stopped."),
    ] = False,
    as_json: Json = False,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Resume the schedule that stop has paused."""
    with connected(region, profile) as connection:
        found = find_pipeline(connection, pipeline)
        deployed = find_deployed(connection, pipeline)
        require_enabled(deployed.schedule, enabled=deployed.schedule_enabled)
        resumed = Schedule(connection.client("scheduler"), deployed.schedule).resume()
        execution = None
        if start:
            answer = connection.client("stepfunctions").start_execution(
                stateMachineArn=found.state_machine_arn, input="{}"
            )
            execution = str(answer["executionArn"])
    if as_json:
        fields: dict[str, Any] = {"schema": "labelctl-resume/1", "pipeline": pipeline}
        print_json({**fields, "schedule_resumed": resumed, "execution_arn": execution})
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"schedule {deployed.schedule}: {'resumed' if resumed else 'was not paused'}")
    if execution:
        console.print(f"started {execution}")


def _how_to_go_on(pipeline: str) -> str:
    return f"repeat the command, or see what is open with: labelctl status --pipeline {pipeline}"


def _show(schedule: str, paused: bool | None, work: Stop) -> None:
    console = Console(highlight=False, soft_wrap=True)
    if paused is not None:
        console.print(f"schedule {schedule}: {'paused' if paused else 'was paused'}")
        console.print("  labelctl resume starts it again; so does the next terraform apply")
    if not work.runs:
        console.print("no open runs")
    for run in work.runs:
        console.print(f"run {run.run_id}: {', '.join(_done(run))}")


def _done(run: StoppedRun) -> Iterator[str]:
    if not run.job:
        yield "no labeling job in progress"
    else:
        yield f"labeling job {run.job} {'is being stopped' if run.job_stopped else 'goes on'}"
    if run.execution_stopped:
        yield "execution stopped, the next execution takes the run over"
    if run.ended is not None:
        yield "ended" if run.ended else "not ended yet"
