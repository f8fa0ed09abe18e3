"""One deployed pipeline, read from its plan."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_deployment.plan_endpoint import ACCOUNT
from labeling_deployment.plans import FIRST_REGION, plan_together

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labeling_deployment.planned import Planned
    from labeling_deployment.plans import Inputs

IMAGES = "image_single_label_classification"
TEXTS = "text_single_label_classification"
#: The most items that the module lets a run of images or texts claim.
MOST_ITEMS_PER_RUN = 100_000
GROUND_TRUTH = "ground_truth"
LABEL_STUDIO = "label_studio"

_TEAMS = f"arn:aws:sagemaker:{FIRST_REGION}:{ACCOUNT}:workteam/private-crowd"
#: Values that only an apply would make are given, so that they are known at plan.
_INPUTS: Inputs = {
    "job_name": "digits",
    "labels": list("0123456789"),
    "workteam_arn": f"{_TEAMS}/labelers",
    "kms_key": {
        "arn": f"arn:aws:kms:{FIRST_REGION}:{ACCOUNT}:key/01234567-89ab-cdef-0123-456789abcdef"
    },
    "extra_features": {"site": "site"},
}
#: SQS makes the URL of a queue at apply; the functions that are given it would have no environment.
_KNOWN_QUEUE_URLS = {
    "modules/intake/outputs_override.tf": """
output "queue_urls" {
  value = {
    for use, name in var.queue_names :
    use => "https://sqs.${var.deployment.region}.amazonaws.com/${var.deployment.account_id}/${name}"
  }
}
"""
}
_VERIFICATION: Inputs = {"verification": {"workteam_arn": f"{_TEAMS}/reviewers"}}
#: Ground Truth is deployed too, for open runs.
_LABEL_STUDIO: Inputs = {
    "engine": LABEL_STUDIO,
    "label_studio": {
        "token_secret_arn": (
            f"arn:aws:secretsmanager:{FIRST_REGION}:{ACCOUNT}:secret:label-studio-token-AbCdEf"
        ),
        "url": "https://label-studio.example.com",
    },
}


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function.

    Attributes:
        name: Its name.
        timeout_seconds: When Lambda ends a call.
        memory_mb: Its memory.
        environment: Its environment variables.
    """

    name: str
    timeout_seconds: float
    memory_mb: int
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Queue:
    """An SQS queue.

    Attributes:
        name: Its name.
        visibility_seconds: How long a received message is hidden.
        retention_seconds: After which a message is gone.
        max_receives: After how many receives a message is moved to the dead-letter queue; None if
            it never is.
    """

    name: str
    visibility_seconds: float
    retention_seconds: float
    max_receives: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A DynamoDB table.

    Attributes:
        name: Its name.
        key: The attribute that identifies a row.
    """

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class FeatureGroup:
    """A feature group.

    Attributes:
        name: Its name.
        features: Types by feature name.
        identifier: The feature that identifies a record.
        event_time: The feature that orders the records of one identifier.
    """

    name: str
    features: Mapping[str, str]
    identifier: str
    event_time: str


@dataclass(frozen=True, slots=True)
class StateMachine:
    """The state machine.

    Attributes:
        name: Its name.
        definition: Its definition, JSON text.
    """

    name: str
    definition: str

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:states:{FIRST_REGION}:{ACCOUNT}:stateMachine:{self.name}"


@dataclass(frozen=True)
class Deployment:
    """One pipeline as it is deployed.

    Attributes:
        functions: The functions by step.
        queues: The queues by use: ``intake``, ``dead_letter`` and ``undelivered``.
        buckets: Names of the buckets by use: ``upload``, ``output`` and ``features``.
        ledger: The table of the ledger.
        feature_group: The feature group of the records.
        state_machine: The state machine of a run.
        worker_files: Templates and category files in the output bucket, by key.
    """

    functions: Mapping[str, Function]
    queues: Mapping[str, Queue]
    buckets: Mapping[str, str]
    ledger: Table
    feature_group: FeatureGroup
    state_machine: StateMachine
    worker_files: Mapping[str, bytes]

    @property
    def job_name(self) -> str:
        """The name of the pipeline."""
        return self.state_machine.name

    @functools.cached_property
    def environment(self) -> dict[str, str]:
        """The environment variables of all functions together."""
        found: dict[str, str] = {}
        for function in self.functions.values():
            found |= function.environment
        return found

    @property
    def key_arn(self) -> str:
        """The ARN of the KMS key."""
        return self.environment["KMS_KEY_ARN"]

    @property
    def label_attribute(self) -> str:
        """The attribute of labels in output lines."""
        return self.environment["LABEL_ATTRIBUTE_NAME"]

    @functools.cached_property
    def verification_attribute(self) -> str:
        """The attribute of verified labels, where there is verification."""
        name: str = json.loads(self.environment["VERIFICATION_JOB"])["label_attribute_name"]
        return name

    def step_of(self, function: str) -> str:
        """Return the step of a function that is given by its name or its ARN."""
        name = function.rpartition(":")[2]
        return name.removeprefix(f"{self.job_name}-").replace("-", "_")

    @classmethod
    def of(cls, plan: Planned) -> Deployment:
        """Read the deployment of a plan."""
        return cls(
            functions=_functions(plan),
            queues=_queues(plan),
            buckets={
                _index(address): values["bucket"]
                for address, values in plan.of_type("aws_s3_bucket").items()
            },
            ledger=_table(*plan.of_type("aws_dynamodb_table").values()),
            feature_group=_feature_group(*plan.of_type("aws_sagemaker_feature_group").values()),
            state_machine=_state_machine(*plan.of_type("aws_sfn_state_machine").values()),
            worker_files={
                values["key"]: values["content"].encode()
                for values in plan.of_type("aws_s3_object").values()
            },
        )


def planned(
    task_type: str = IMAGES,
    *,
    verified: bool = False,
    engine: str = GROUND_TRUTH,
    large_runs: bool = False,
) -> Deployment:
    """Plan a pipeline for ten digits and return its deployment.

    Args:
        task_type: What workers do with an item.
        verified: Whether reviewers verify the labels.
        engine: Where people label. With Label Studio, both engines are deployed.
        large_runs: Whether a run may claim the most that the module allows, so that several pollers
            drain the queue.
    """
    return _planned_in_every_way(task_type, large_runs)[engine, verified]


@functools.cache
def _planned_in_every_way(task_type: str, large_runs: bool) -> dict[tuple[str, bool], Deployment]:
    inputs = _INPUTS | {"task_type": task_type}
    if large_runs:
        inputs |= {"max_items_per_run": MOST_ITEMS_PER_RUN}
    ways = {
        (GROUND_TRUTH, False): inputs,
        (GROUND_TRUTH, True): inputs | _VERIFICATION,
        (LABEL_STUDIO, False): inputs | _LABEL_STUDIO,
        (LABEL_STUDIO, True): inputs | _LABEL_STUDIO | _VERIFICATION,
    }
    names = {way: f"{way[0]}_{'verified' if way[1] else 'labeled'}" for way in ways}
    plans = plan_together(
        {names[way]: given for way, given in ways.items()}, override_files=_KNOWN_QUEUE_URLS
    )
    return {way: Deployment.of(plans[name]) for way, name in names.items()}


def _functions(plan: Planned) -> dict[str, Function]:
    return {
        _index(address): Function(
            name=values["function_name"],
            timeout_seconds=values["timeout"],
            memory_mb=values["memory_size"],
            environment=values["environment"][0]["variables"],
        )
        for address, values in plan.of_type("aws_lambda_function").items()
    }


def _queues(plan: Planned) -> dict[str, Queue]:
    (moved,) = plan.of_type("aws_sqs_queue_redrive_policy").values()
    receives = {"intake": json.loads(moved["redrive_policy"])["maxReceiveCount"]}
    return {
        (use := address.rpartition(".")[2]): Queue(
            name=values["name"],
            visibility_seconds=values["visibility_timeout_seconds"],
            retention_seconds=values["message_retention_seconds"],
            max_receives=receives.get(use),
        )
        for address, values in plan.of_type("aws_sqs_queue").items()
    }


def _table(values: Mapping[str, Any]) -> Table:
    return Table(values["name"], values["hash_key"])


def _feature_group(values: Mapping[str, Any]) -> FeatureGroup:
    return FeatureGroup(
        name=values["feature_group_name"],
        features={it["feature_name"]: it["feature_type"] for it in values["feature_definition"]},
        identifier=values["record_identifier_feature_name"],
        event_time=values["event_time_feature_name"],
    )


def _state_machine(values: Mapping[str, Any]) -> StateMachine:
    return StateMachine(values["name"], values["definition"])


def _index(address: str) -> str:
    """Return the key of an address: of ``module.function["stop_job"].…`` it is ``stop_job``."""
    return address.partition('["')[2].partition('"]')[0]
