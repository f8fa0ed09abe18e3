"""A sandbox in a process of its own.

A process holds one sandbox in its life, and other tests may have started theirs.
"""

from __future__ import annotations

import multiprocessing
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from labeling_deployment.module import ROOT
from labeling_sandbox.server import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

# A wait of one minute takes 0.12 seconds.
TIME_SCALE = 0.002

_RUNTIME_PYTHON = ROOT / ".venv-runtime" / "bin" / "python"
_SECONDS_FOR_START = 60
_SECONDS_FOR_STOP = 20


@contextmanager
def sandbox_process() -> Iterator[Sandbox]:
    """Start a sandbox.

    Yields:
        Its clients; starting and stopping is not theirs.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        assert ours.poll(_SECONDS_FOR_START), "the sandbox has not started"
        yield Sandbox(port=ours.recv())
    finally:
        # The end of the pipe is what the process waits for.
        ours.close()
        process.join(_SECONDS_FOR_STOP)
        if process.is_alive():
            process.kill()
            process.join(_SECONDS_FOR_STOP)


def _serve(connection: Connection) -> None:
    python = Path(os.environ.get("LABELING_SANDBOX_PYTHON", _RUNTIME_PYTHON))
    with Sandbox(port=0, runtime_python=python, time_scale=TIME_SCALE) as sandbox:
        connection.send(sandbox.port)
        try:
            connection.recv()
        except EOFError:
            return
