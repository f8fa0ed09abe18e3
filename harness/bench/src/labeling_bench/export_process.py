"""Run ``labelctl``, and print the most memory that the process had, in bytes, as the last line.

The kernel's figure for an ended process would count the memory of the one that started it as well.
"""

from __future__ import annotations

import sys

from labelctl.cli import app
from labeling_bench.worker import peak_bytes

if __name__ == "__main__":
    try:
        app()
    finally:
        sys.stdout.write(f"\n{peak_bytes()}\n")
