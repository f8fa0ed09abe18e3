from __future__ import annotations

# The deployed workflow of the state machine's own tests, to compare the interpreter with.
from tests.statemachine.conftest import definition_text, large_text, run, run_large, workflow

__all__ = ["definition_text", "large_text", "run", "run_large", "workflow"]
