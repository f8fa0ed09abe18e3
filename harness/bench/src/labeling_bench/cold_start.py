"""How long a function's process takes to import its handler, against boto3 alone."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

_SOURCES = Path(__file__).resolve().parents[4] / "lambda_src" / "src" / "labeling_lambdas"
_HANDLERS = _SOURCES / "handlers"
_NO_HANDLERS = frozenset({"__init__", "events"})
# Processor time, which a busy machine changes less than the time on the wall. boto3 is imported by
# itself first: how deep in the stack an import begins changes its time by up to a third, because
# CPython returns each piece of the stack to the system when a call leaves it.
_CODE = (
    "import time, importlib\n"
    "for module in ('boto3', {module!r}):\n"
    "    start = time.process_time()\n"
    "    importlib.import_module(module)\n"
    "    print(time.process_time() - start)"
)


def handler_modules() -> list[str]:
    """Return the modules of all handlers."""
    names = sorted(path.stem for path in _HANDLERS.glob("*.py") if path.stem not in _NO_HANDLERS)
    return [f"labeling_lambdas.handlers.{name}" for name in names]


class Imports(NamedTuple):
    """What imports cost.

    Attributes:
        boto3_seconds: Processor time of ``import boto3``.
        ratios: By module, the time of boto3 and the module against that of boto3 alone.
    """

    boto3_seconds: float
    ratios: dict[str, float]


def measure_imports(modules: list[str], rounds: int) -> Imports:
    """Import boto3 and then each module in fresh processes, in turns.

    Args:
        modules: What is imported.
        rounds: How often. In turns, so that a busy moment of the machine meets all alike.

    Returns:
        The medians. A ratio is of two times of the same process.
    """
    boto3: list[float] = []
    ratios: dict[str, list[float]] = {module: [] for module in modules}
    with tempfile.TemporaryDirectory() as cache:
        for module in modules:
            _seconds(module, {"PYTHONPYCACHEPREFIX": cache})
        # Lambda's own boto3 is compiled, the package's modules are not and cannot be written to.
        shutil.rmtree(Path(cache) / _SOURCES.relative_to("/"), ignore_errors=True)
        cached = {"PYTHONPYCACHEPREFIX": cache, "PYTHONDONTWRITEBYTECODE": "1"}
        for _ in range(rounds):
            for module in modules:
                alone, further = _seconds(module, cached)
                boto3.append(alone)
                ratios[module].append((alone + further) / alone)
    medians = {module: statistics.median(found) for module, found in ratios.items()}
    return Imports(statistics.median(boto3), medians)


def _seconds(module: str, changes: dict[str, str]) -> tuple[float, float]:
    kept = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", _CODE.format(module=module)]
    done = subprocess.run(command, check=True, capture_output=True, env={**kept, **changes})
    boto3, further = map(float, done.stdout.split())
    return boto3, further
