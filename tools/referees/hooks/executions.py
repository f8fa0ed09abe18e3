"""A plugin of pytest that writes down each execution of the state machine that the tests play.

``pytest -p tools.referees.hooks.executions``, with the file's name in ``REFEREES_EXECUTIONS``.
"""

from __future__ import annotations

import os
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.statemachine.script import Script
from tests.statemachine.workflow import Ended, Workflow
from tools.referees.json_lines import write_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.statemachine.script import Event, Reply

_create, _run, _reply = Workflow.create, Workflow.run, Script.reply
_definitions: dict[str, str] = {}
_executions: list[dict[str, Any]] = []
_calls: list[dict[str, Any]] = []
_lock = threading.Lock()


def _created(self: Workflow, name: str, definition: str) -> str:
    arn = _create(self, name, definition)
    _definitions[arn] = definition
    return arn


def _replied(self: Script, step: str, event: Event) -> Reply:
    reply = _reply(self, step, event)
    kind = type(reply).__name__
    with _lock:
        _calls.append({"step": step, "payload": event, "kind": kind, "reply": asdict(reply)})
    return reply


def _ran(
    self: Workflow, state_machine_arn: str, script: Script, state_input: Mapping[str, Any]
) -> Ended:
    _calls.clear()
    ended = _run(self, state_machine_arn, script, state_input)
    succeeded = ended.described["status"] == "SUCCEEDED"
    _executions.append(
        {
            "definition": _definitions[state_machine_arn],
            "input": dict(state_input),
            "calls": list(_calls),
            "states": ended.states,
            "ending": ended.ending,
            "output": ended.output if succeeded else None,
            "test": os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0],
        }
    )
    return ended


Workflow.create = _created  # type: ignore[method-assign]
Workflow.run = _ran  # type: ignore[method-assign]
Script.reply = _replied  # type: ignore[method-assign]


def pytest_sessionfinish() -> None:
    """Write one JSON object per execution."""
    write_lines(Path(os.environ["REFEREES_EXECUTIONS"]), _executions)
