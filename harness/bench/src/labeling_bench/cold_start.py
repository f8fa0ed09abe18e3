"""How long a function's process takes to import its handler, against boto3 alone."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

_SOURCES = Path(__file__).resolve().parents[4] / "lambda_src" / "src" / "labeling_lambdas"
_HANDLERS = _SOURCES / "handlers"
_NO_HANDLERS = frozenset({"__init__", "events"})
# Processor time, which a busy machine changes less than the time on the wall.
_CODE = (
    "import time, importlib; start = time.process_time();"
    " importlib.import_module({module!r}); print(time.process_time() - start)"
)


def handler_modules() -> list[str]:
    """Return the modules of all handlers."""
    names = sorted(path.stem for path in _HANDLERS.glob("*.py") if path.stem not in _NO_HANDLERS)
    return [f"labeling_lambdas.handlers.{name}" for name in names]


def import_seconds(modules: list[str], rounds: int) -> dict[str, float]:
    """Import each module in fresh processes, in turns; return the median time of each.

    Args:
        modules: What is imported.
        rounds: How often. In turns, so that a busy moment of the machine meets all alike.
    """
    # The best of ten moved by six percent from one measurement to the next, the median by two.
    found: dict[str, list[float]] = {module: [] for module in modules}
    with tempfile.TemporaryDirectory() as cache:
        for module in modules:
            _seconds(module, {"PYTHONPYCACHEPREFIX": cache})
        # Lambda's own boto3 is compiled, the package's modules are not and cannot be written to.
        shutil.rmtree(Path(cache) / _SOURCES.relative_to("/"), ignore_errors=True)
        cached = {"PYTHONPYCACHEPREFIX": cache, "PYTHONDONTWRITEBYTECODE": "1"}
        for _ in range(rounds):
            for module in modules:
                found[module].append(_seconds(module, cached))
    return {module: statistics.median(seconds) for module, seconds in found.items()}


def _seconds(module: str, changes: dict[str, str]) -> float:
    kept = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", _CODE.format(module=module)]
    done = subprocess.run(command, check=True, capture_output=True, env={**kept, **changes})
    return float(done.stdout)
