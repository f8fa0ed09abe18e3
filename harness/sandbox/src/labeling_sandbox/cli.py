"""The command line of the sandbox."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import requests
import typer
from rich.console import Console

from labeling_sandbox.demo.label import Labeling
from labeling_sandbox.demo.pipeline import PipelineError
from labeling_sandbox.demo.run import Demo, DemoSettings, Engine, demo_engine
from labeling_sandbox.demo.screen import Screen
from labeling_sandbox.demo.task_types import DEFAULT_TASK, DEMO_TYPES
from labeling_sandbox.label_studio.server import LabelStudioError
from labeling_sandbox.server import DEFAULT_PORT, Sandbox, SandboxError
from labeling_sandbox.terraform.runner import TerraformError

if TYPE_CHECKING:
    from collections.abc import Iterator

app = typer.Typer(
    help="A local AWS for the labeling pipeline, with a simulated workforce.",
    no_args_is_help=True,
    add_completion=False,
)


@app.callback()
def main() -> None:
    """A local AWS for the labeling pipeline, with a simulated workforce."""


@app.command()
def serve(
    *,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = DEFAULT_PORT,
    region: Annotated[str, typer.Option(help="AWS region to stand for.")] = "us-east-1",
    runtime_python: Annotated[
        Path | None,
        typer.Option(
            envvar="LABELING_SANDBOX_PYTHON",
            help="Python that runs the functions; it needs only awslambdaric and boto3.",
        ),
    ] = None,
    time_scale: Annotated[
        float, typer.Option(help="Factor on simulated waits; 0.01 turns a minute into 0.6 s.")
    ] = 1.0,
    enforce: Annotated[
        bool, typer.Option("--enforce/--no-enforce", help="Hold roles to their IAM policies.")
    ] = True,
) -> None:
    """Start the sandbox and keep it running until Ctrl-C."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopped.set())
    sandbox = Sandbox(
        port=port,
        region=region,
        runtime_python=runtime_python,
        time_scale=time_scale,
        enforce_iam=enforce,
    )
    try:
        sandbox.start()
    except SandboxError as error:
        _fail(str(error))
    try:
        _introduce(sandbox)
        stopped.wait()
    finally:
        sandbox.stop()
    Console().print("stopped")


@app.command()
def demo(  # noqa: PLR0913 - one parameter for each option
    *,
    module: Annotated[
        Path, typer.Option(help="Folder of the Terraform module.", exists=True, file_okay=False)
    ] = Path(),
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    task: Annotated[str, typer.Option(help=f"Task type: {', '.join(DEMO_TYPES)}.")] = DEFAULT_TASK,
    engine: Annotated[Engine, typer.Option(help="Where items are labeled.")] = Engine.GROUND_TRUTH,
    items: Annotated[
        int | None, typer.Option(min=1, help="Items to label; all of the task type's by default.")
    ] = None,
    error_rate: Annotated[
        float, typer.Option(min=0, max=1, help="Share of answers that are wrong.")
    ] = 0.0,
    failure_rate: Annotated[
        float, typer.Option(min=0, max=0.5, help="Share of objects that fail in a job.")
    ] = DemoSettings.failure_rate,
    expiry_rate: Annotated[
        float, typer.Option(min=0, max=0.5, help="Share of objects that expire in a job.")
    ] = DemoSettings.expiry_rate,
    seed: Annotated[int, typer.Option(help="Of the workers' choices.")] = DemoSettings.seed,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Let reviewers verify every label; workers and reviewers err at set rates.",
        ),
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the pipeline running until Ctrl-C.")
    ] = False,
) -> None:
    """Run the whole pipeline: Terraform applies it, workers label, records are stored."""
    _require_demo_of(task)
    settings = DemoSettings(
        module=module,
        task=task,
        items=items,
        error_rate=error_rate,
        failure_rate=failure_rate,
        expiry_rate=expiry_rate,
        seed=seed,
        keep=keep,
        verify=verify,
        engine=engine,
    )
    with _errors_in_a_line(), Sandbox(port=port) as sandbox:
        problems = Demo(sandbox, settings, Screen(), demo_engine(sandbox, settings)).run()
    if problems:
        _fail("; ".join(problems))


@app.command()
def label(
    *,
    module: Annotated[
        Path, typer.Option(help="Folder of the Terraform module.", exists=True, file_okay=False)
    ] = Path(),
    task: Annotated[str, typer.Option(help=f"Task type: {', '.join(DEMO_TYPES)}.")] = DEFAULT_TASK,
    items: Annotated[int, typer.Option(min=1, help="Items to label.")] = 10,
    verify: Annotated[
        bool, typer.Option("--verify", help="Judge the labels afterwards, in a second project.")
    ] = False,
) -> None:
    """Label a few items yourself, in a browser, and see the records that result."""
    _require_demo_of(task)
    with _errors_in_a_line(), Sandbox(port=0) as sandbox:
        problems = Labeling(sandbox, Screen(), module, task, items, verify).run()
    if problems:
        _fail("; ".join(problems))


@contextmanager
def _errors_in_a_line() -> Iterator[None]:
    try:
        yield
    except (LabelStudioError, SandboxError, TerraformError, PipelineError, ValueError) as error:
        _fail(str(error))
    except requests.RequestException as error:
        _fail(f"Label Studio does not answer as it should: {error}")
    except KeyboardInterrupt:
        _fail("interrupted; the sandbox and everything in it are gone")


def _require_demo_of(task: str) -> None:
    if task not in DEMO_TYPES:
        _fail(f"there is no demo of {task}; choose one of {', '.join(DEMO_TYPES)}")


def _fail(message: str) -> NoReturn:
    Console(stderr=True).print(f"error: {message}", style="red", soft_wrap=True, highlight=False)
    raise typer.Exit(code=1)


def _introduce(sandbox: Sandbox) -> None:
    console = Console(soft_wrap=True, highlight=False)
    console.print(f"[bold]listening on {sandbox.endpoint}[/bold]  (Ctrl-C stops)")
    console.print("credentials: access key id and secret access key are both the word test")
    console.print("\nboto3, the AWS CLI from version 2 and Terraform follow these variables:\n")
    for name, value in sandbox.environment().items():
        console.print(f"  export {name}={value}")
    console.print(f"\nAWS CLI    aws --endpoint-url {sandbox.endpoint} s3 ls")
    console.print(f'boto3      boto3.client("s3", endpoint_url="{sandbox.endpoint}")')
    console.print("Terraform  terraform apply, with the variables above")
    console.print(
        f"\ncalls and authorisation: {sandbox.endpoint}/sandbox/calls, /sandbox/authorization"
    )
