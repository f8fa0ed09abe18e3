"""``labelctl export`` of so many stored labels, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labeling_bench.measuring import ROOT, require
from labeling_bench.stored_texts import PIPELINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FORMAT, SPLIT = "jsonl", "train=0.8,val=0.1,test=0.1"


@dataclass(frozen=True)
class ExportMeasurement:
    """One export.

    Attributes:
        size: Records.
        seconds: From its start to its end.
        cpu_seconds: Processor time of the command.
        peak_bytes: The most memory of its process.
        written_bytes: Size of the training set.
    """

    size: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    written_bytes: int

    @property
    def cpu_seconds_per_item(self) -> float:
        """Processor time for each record."""
        return self.cpu_seconds / self.size


def measure(size: int, tell: Callable[[str], None]) -> ExportMeasurement:
    """Store labels in a sandbox, then measure an export of all of them."""
    tell(f"{size:>7,} items: stored labels")
    with _stored(size) as variables, tempfile.TemporaryDirectory() as folder:
        tell(f"{size:>7,} items: labelctl export")
        target = Path(folder) / "set"
        command = [sys.executable, "-m", "labeling_bench.export_process", "export", "--json"]
        command += ["--pipeline", PIPELINE, "--to", str(target)]
        command += ["--format", FORMAT, "--split", SPLIT]
        start = time.perf_counter()
        with subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **variables}, stdout=subprocess.PIPE, text=True
        ) as process:
            printed = process.stdout.read() if process.stdout else ""
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        require(process.returncode == 0, "labelctl export failed, see above")
        summary = json.loads((target / "export.json").read_bytes())
        exported = sum(side["items"] for side in summary["sides"].values())
        require(exported == size, f"{exported} of {size} records were exported")
        written = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    peak = int(printed.splitlines()[-1])
    return ExportMeasurement(size, seconds, used.ru_utime + used.ru_stime, peak, written)


@contextmanager
def _stored(size: int) -> Iterator[dict[str, str]]:
    """Start a sandbox with stored labels; yield the variables with its address."""
    command = [sys.executable, "-m", "labeling_bench.stored_texts", str(size)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            require(process.stdout is not None, "the sandbox has no output")
            yield json.loads(process.stdout.readline() if process.stdout else "{}")
        finally:
            process.kill()
