"""A deployed pipeline by the names that a breakage needs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.pipeline.deployment import Deployment

Undo = Callable[[], object]


@dataclass(frozen=True)
class Deployed:
    """A deployed pipeline by the names that a breakage needs.

    Attributes:
        deployment: What was applied.
    """

    deployment: Deployment

    def client(self, service: str) -> Any:
        return self.deployment.client(service)

    def output(self, name: str) -> str:
        return str(self.deployment.pipeline.outputs[name])

    def parameter(self, name: str) -> Any:
        answer = self.client("ssm").get_parameter(Name=f"/{self.name}/{name}")
        return json.loads(answer["Parameter"]["Value"])

    @property
    def name(self) -> str:
        return self.output("state_machine_arn").rpartition(":")[2]

    def queue_attribute(self, url: str, name: str) -> str:
        answer = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])
        return str(answer["Attributes"][name])
