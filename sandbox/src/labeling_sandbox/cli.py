"""The command line of the sandbox."""

from __future__ import annotations

import signal
import threading
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer
from rich.console import Console

from labeling_sandbox.server import DEFAULT_PORT, Sandbox, SandboxError

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
        Console(stderr=True).print(f"error: {error}", style="red", soft_wrap=True)
        raise typer.Exit(code=1) from error
    try:
        _introduce(sandbox)
        stopped.wait()
    finally:
        sandbox.stop()
    Console().print("stopped")


def _introduce(sandbox: Sandbox) -> None:
    console = Console(soft_wrap=True, highlight=False)
    console.print(f"[bold]listening on {sandbox.endpoint}[/bold]  (Ctrl-C stops)")
    console.print("credentials: access key id and secret access key are both the word test")
    console.print("\nboto3, the AWS CLI and Terraform all follow these variables:\n")
    for name, value in sandbox.environment().items():
        console.print(f"  export {name}={value}")
    console.print(f"\nAWS CLI    aws --endpoint-url {sandbox.endpoint} s3 ls")
    console.print(f'boto3      boto3.client("s3", endpoint_url="{sandbox.endpoint}")')
    console.print("Terraform  terraform apply, with the variables above")
    console.print(
        f"\ncalls and authorisation: {sandbox.endpoint}/sandbox/calls, /sandbox/authorization"
    )
