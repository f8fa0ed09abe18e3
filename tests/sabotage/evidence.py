"""Where a pipeline names a missing permission: in histories, logs, jobs and deliveries."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from tests.sabotage.deployed_grants import pipeline_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.pipeline.sandbox_scenario import SandboxScenario

_DENIAL = re.compile(
    r"User: (?P<caller>\S+) is not authorized to perform: (?P<action>\S+) on resource: "
    r"(?P<resource>.+?) because no policy"
)


@dataclass(frozen=True)
class Denial:
    """A refusal that somebody can read.

    Attributes:
        place: Where it can be read.
        role: The role that was refused.
        action: What it may not do.
        resource: On what.
    """

    place: str
    role: str
    action: str
    resource: str


@dataclass
class Evidence:
    """What came to be said since a moment.

    Attributes:
        scenario: What is played.
        errors: What was answered to the operator who played it.
    """

    scenario: SandboxScenario
    errors: list[str] = field(default_factory=list)
    _began: float = field(default_factory=time.time)
    _known: set[str] = field(default_factory=set)
    _known_losses: int = 0

    def __post_init__(self) -> None:
        self._known_losses = len(self.control("functions/lost-events"))
        self._known = set(self.executions())
        self.control("authorization/reset", {})

    def control(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return self.scenario.pipeline.control(path, body)

    def executions(self) -> list[str]:
        """The executions that were started since then, the latest first."""
        pages = self.scenario.client("stepfunctions").get_paginator("list_executions")
        machine = self.scenario.output("state_machine_arn")
        return [
            entry["executionArn"]
            for page in pages.paginate(stateMachineArn=machine)
            for entry in page["executions"]
            if entry["executionArn"] not in self._known
        ]

    def refused(self, role: str, action: str) -> list[str]:
        """The resources on which the sandbox refused a role an action, be it said or not."""
        return [
            judgement["resource"]
            for judgement in self.control("authorization")["trace"]
            if not judgement["allowed"]
            and judgement["role"] == role
            and fnmatchcase(judgement["action"], action)
        ]

    def texts(self) -> Iterator[tuple[str, str]]:
        """Everything that can be read, each with the place where it stands."""
        yield from (("answer to the operator", text) for text in self.errors)
        for arn in self.executions():
            described = self.scenario.client("stepfunctions").describe_execution(executionArn=arn)
            yield "end of the execution", str(described.get("cause", ""))
            yield "history", self.scenario.history_of(arn)
        for undelivered in self.control("undelivered"):
            yield "undelivered", undelivered["reason"]
        for loss in self.control("functions/lost-events")[self._known_losses :]:
            yield "lost event of a function", loss
        for job in self.scenario.jobs():
            yield "labeling job", str(job.get("failure_reason") or "")
        for row in self.scenario.rows().values():
            yield "ledger", str(row.get("detail", ""))
        for group in self.log_groups():
            yield "log", "\n".join(self.log(group))

    def denials(self) -> Iterator[Denial]:
        """Every refusal of a role that can be read."""
        for place, text in self.texts():
            for found in _DENIAL.finditer(text):
                role = found["caller"].split("/")[-2]
                yield Denial(place, role, found["action"], found["resource"])

    def log_groups(self) -> list[str]:
        """The log groups of the pipeline's functions."""
        groups = self.scenario.client("logs").describe_log_groups(
            logGroupNamePrefix=f"/aws/lambda/{pipeline_name(self.scenario.pipeline)}-"
        )
        return [group["logGroupName"] for group in groups["logGroups"]]

    def log(self, group: str) -> list[str]:
        """What a function has logged since then."""
        found = self.scenario.client("logs").filter_log_events(
            logGroupName=group, startTime=int(self._began * 1000)
        )
        return [_plain(event["message"]) for event in found["events"]]


def _plain(line: str) -> str:
    """A log line's texts without JSON's escapes."""
    try:
        parsed = json.loads(line)
    except ValueError:
        return line
    return "\n".join(_strings(parsed))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
