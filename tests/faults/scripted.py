"""The scripts of the state machine's tests, played to the interpreter of the fault suite."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_faults.configuration import deployed
from labeling_faults.simulated_time.clock import Clock
from labeling_faults.simulated_time.event_queue import EventQueue
from labeling_faults.state_machine import definition
from labeling_faults.state_machine.executions import Execution, Executions, TokenRefusedError
from labeling_faults.state_machine.interpreter import StateError
from tests.statemachine.script import Answers, Raises, Returns, Script

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.statemachine.script import Acts, Event

_SECONDS = 40 * 24 * 3600


@dataclass
class Played:
    """An execution that a script has brought to its end."""

    execution: Execution
    script: Script

    @property
    def states(self) -> list[str]:
        return self.execution.interpreter.states

    @property
    def events(self) -> int:
        return self.execution.interpreter.events

    @property
    def steps(self) -> list[str]:
        return [call.step for call in self.script.calls]


class ScriptedExecutions:
    """Executions whose functions act by a script."""

    def __init__(self, text: str, acts: Acts) -> None:
        self.script = Script(acts)
        self.event_queue = EventQueue(Clock())
        self.executions = Executions(
            arn=deployed().state_machine.arn,
            definition=definition.read(text),
            event_queue=self.event_queue,
            chance=random.Random(0),
            function=self._play,
        )

    def run(self, state_input: Mapping[str, Any] | None = None) -> Played:
        execution = self.executions.start(
            deployed().state_machine.arn, "one", dict(state_input or {})
        )
        self.event_queue.run_until(self.event_queue.clock.now + _SECONDS)
        return Played(execution, self.script)

    def refusal_of(self, token: str) -> str | None:
        try:
            self.executions.answer(token, "{}")
        except TokenRefusedError as refusal:
            return str(refusal)
        return None

    def _play(self, function: str, event: Event, _owner: Execution) -> Any:
        reply = self.script.reply(deployed().step_of(function), event)
        if isinstance(reply, Raises):
            raise StateError(reply.error, reply.message)
        if isinstance(reply, Returns):
            return reply.value
        assert isinstance(reply, Answers)
        token, output = event["task_token"], json.dumps(reply.value)
        if reply.when == "meanwhile":
            self.executions.answer(token, output)
        else:
            self.event_queue.after(3600, lambda: self.executions.answer(token, output))
        return "not seen by the state machine"
