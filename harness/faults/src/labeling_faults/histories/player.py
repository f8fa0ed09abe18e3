"""The steps of random histories, performed in a world."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labeling_faults.world.fault_points import Death
from labeling_faults.world.random_faults import Interruption, RandomFaults, Rates
from labeling_faults.world.workforce import DAY, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_faults.state_machine.executions import Execution
    from labeling_faults.world.world import World

#: A step: its name and its arguments, all of JSON.
Step = list[Any]


@dataclass
class HistoryPlayer:
    """Performs the steps of a history.

    Attributes:
        world: Where.
        random_faults: What goes wrong.
        keys: Keys that were uploaded, in order.
        lines: By key the lines of the newest version.
    """

    world: World
    random_faults: RandomFaults
    keys: list[str] = field(default_factory=list)
    lines: dict[str, list[str]] = field(default_factory=dict)

    def do(self, step: Step) -> None:
        """Perform one step."""
        name, *arguments = step
        getattr(self, "_" + name.replace(" ", "_"))(*arguments)

    def _upload(self, count: int, event_delays: list[float]) -> None:
        for _ in range(count):
            number = len(self.keys)
            suffix = "txt" if self.world.configuration.splits else "png"
            self.keys.append(f"x y/{number:03d}+é.{suffix}")
            self._put(self.keys[-1], event_delays)

    def _put(self, key: str, event_delays: list[float]) -> None:
        self._put_lines(key, [f"{key} {self.world.clock.now}", "second line"], event_delays)

    def _put_lines(self, key: str, lines: list[str], event_delays: list[float]) -> None:
        self.lines[key] = lines
        body = "".join(f"{line}\n" for line in lines).encode()
        self.world.upload(key, body, event_delays=tuple(event_delays))

    def _edit(self, which: int, kind: str, event_delays: list[float]) -> None:
        """Upload a version of a file in which most of the lines are those of the last one."""
        if not self.keys:
            return
        key = self._key(which)
        lines, new = self.lines[key], f"new at {self.world.clock.now}"
        edited = {
            "append": [*lines, new],
            "insert": [new, *lines],
            "reverse": lines[::-1],
            "delete": lines[1:] or lines,
            "repeat": [*lines, lines[0]],
            "replace": [new, *lines[1:]],
            "same": lines,
        }
        self._put_lines(key, edited[kind], event_delays)

    def _key(self, which: int) -> str:
        return self.keys[which % len(self.keys)] if self.keys else "absent.png"

    def _overwrite(self, which: int, event_delays: list[float]) -> None:
        if self.keys:
            self._put(self._key(which), event_delays)

    def _junk(self, kind: str) -> None:
        world = self.world
        if kind == "malformed":
            world.send("no JSON")
        elif kind == "schema":
            world.send(json.dumps({"schema": "labeling-item/99", "kind": "returned"}))
        elif kind == "deep":
            world.send("[" * 5000)
        elif kind == "foreign":
            world.send(json.dumps(_foreign_event()))
        elif kind == "extension":
            world.upload("what.xyz")
        elif kind == "empty":
            world.upload("empty.png", b"")
        else:
            world.upload("folder/", b"")

    def _schedule(self) -> None:
        self.world.schedule()

    def _run(self, seconds: float) -> None:
        self.world.schedule()
        self._wait(seconds)

    def _wait(self, seconds: float) -> None:
        # The schedule does not sleep: messages would expire.
        while seconds > DAY:
            self.world.schedule_and_run(DAY)
            seconds -= DAY
        self.world.run(seconds)

    def _work(self, plan: dict[str, Any]) -> None:
        work = Work(**{**plan, "events": tuple(plan["events"])})
        self.world.workforce.plan = lambda: work

    def _review(self, plan: dict[str, Any]) -> None:
        work = Work(**{**plan, "events": tuple(plan["events"])})
        self.world.workforce.review = lambda: work

    def _unlabelable(self, which: int) -> None:
        self.world.workforce.unlabelable.add(self._key(which).rpartition("/")[2])

    def _refuse_record(self, which: int) -> None:
        self.world.refused_keys.add(self._key(which))

    def _end(self, which: int, status: str) -> None:
        running = self.world.executions.running
        if running:
            self.world.executions.end(running[which % len(running)], status)

    def _end_jobs(self) -> None:
        self.world.workforce.end_all()
        self.world.studio.team.finish_all()

    def _die(self, offset: int, after: bool, death: str) -> None:
        self.random_faults.kill(self.world, offset, after_effect=after, death=Death(death))

    def _during_call(self, offset: int, after: bool, steps: list[Step]) -> None:
        def happens() -> None:
            for step in steps:
                self.do(step)

        number = self.world.calls + offset
        self.random_faults.interruptions.append(Interruption(number, after, happens))

    def _rate(self, name: str, share: float) -> None:
        setattr(self.random_faults.rates, name, share)

    def _deny(self, operation: str) -> None:
        self.random_faults.denied.add(operation)

    def _end_faults(self) -> None:
        self.random_faults.rates = Rates()
        self.random_faults.label_studio_down_until = 0.0
        self.random_faults.denied.clear()

    def _redrive(self) -> None:
        self.world.redrive()

    def _resume(self, which: int) -> Execution | None:
        open_runs = self.world.open_runs()
        if not open_runs:
            return None
        return self.world.schedule({"resume_run": open_runs[which % len(open_runs)]})

    def _apply(self, name: str, value: object) -> None:
        self.world.apply(**{name: value})

    def _redeliver(self, which: int) -> None:
        self.world.redeliver(which)

    def _advance(self) -> None:
        self.world.studio.calls.call()

    def _label_studio_down(self, seconds: float) -> None:
        self.random_faults.label_studio_down_until = self.world.clock.now + seconds

    def _delete_project(self, which: int) -> None:
        self._in_project(which, self.world.studio.team.delete_project)

    def _delete_tasks(self, which: int, every: int) -> None:
        def delete(project: int) -> None:
            team.delete_tasks(project, lambda task: task.number % every == 0)

        team = self.world.studio.team
        self._in_project(which, delete)

    def _copy_tasks(self, which: int) -> None:
        self._in_project(which, self.world.studio.team.copy_tasks)

    def _in_project(self, which: int, act: Callable[[int], None]) -> None:
        projects = self.world.studio.team.begun()
        if projects:
            act(projects[which % len(projects)])
            self.world.studio.calls.soon()


def _foreign_event() -> dict[str, Any]:
    stored = {"key": "a.png", "size": 1, "etag": "e", "version-id": "v", "sequencer": "0A"}
    detail = {"bucket": {"name": "another-bucket"}, "object": stored}
    return {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}
