"""Every permission that a deployed pipeline grants, read from the policies as deployed.

Nothing is listed by hand: a role, a function or a statement that is added is found by itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from labeling_sandbox.iam.used_grants import RESOURCE_POLICY, TRUST_POLICY, Grant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeling_sandbox.demo.pipeline import Pipeline

Document = dict[str, Any]


@dataclass(frozen=True)
class PolicyPlace:
    """Where a policy is.

    Attributes:
        service: ``iam``, ``sqs``, ``s3``, ``kms``, ``sns`` or ``lambda``.
        owner: The name of the role, or the ARN of the resource.
        policy: The name of a role's policy, `TRUST_POLICY` or `RESOURCE_POLICY`.
    """

    service: str
    owner: str
    policy: str


@dataclass(frozen=True)
class DeployedStatement:
    """One statement of a deployed policy.

    Attributes:
        place: The policy it is in.
        content: The statement.
    """

    place: PolicyPlace
    content: Document

    @property
    def sid(self) -> str:
        return str(self.content.get("Sid", ""))

    @property
    def name(self) -> str:
        """The statement in words."""
        return f"{self.place.owner.rpartition(':')[2]} {self.sid or self.place.policy}"

    @property
    def allows(self) -> bool:
        return str(self.content["Effect"]) == "Allow"

    @property
    def actions(self) -> list[str]:
        return as_list(self.content["Action"])

    @property
    def resources(self) -> list[str]:
        return as_list(self.content.get("Resource", "*"))

    @property
    def grants(self) -> list[Grant]:
        """One grant for each action, as the sandbox records its use."""
        place = self.place
        return [Grant(place.owner, place.policy, self.sid, action) for action in self.actions]

    def covers(self, resource: str) -> bool:
        """Whether an ARN is among the statement's resources."""
        return any(fnmatchcase(resource, pattern) for pattern in self.resources)


def as_list(element: str | list[str]) -> list[str]:
    return [element] if isinstance(element, str) else list(element)


def pipeline_name(pipeline: Pipeline) -> str:
    return str(pipeline.outputs["state_machine_arn"]).rpartition(":")[2]


def role_statements(pipeline: Pipeline) -> list[DeployedStatement]:
    """Every statement of every policy of the pipeline's roles, trust policies left out."""
    return [
        DeployedStatement(place, statement)
        for place, document in _role_policies(pipeline)
        if place.policy != TRUST_POLICY
        for statement in document["Statement"]
    ]


def trust_statements(pipeline: Pipeline) -> list[DeployedStatement]:
    """Every statement of every trust policy of the pipeline's roles."""
    return [
        DeployedStatement(place, statement)
        for place, document in _role_policies(pipeline)
        if place.policy == TRUST_POLICY
        for statement in document["Statement"]
    ]


def resource_statements(pipeline: Pipeline) -> list[DeployedStatement]:
    """Every statement of the policies of queues, buckets, topics, functions and the key."""
    return [
        DeployedStatement(place, statement)
        for place, document in _resource_policies(pipeline)
        for statement in document["Statement"]
    ]


def _role_policies(pipeline: Pipeline) -> Iterator[tuple[PolicyPlace, Document]]:
    iam = pipeline.sandbox.client("iam")
    prefix = f"{pipeline_name(pipeline)}-"
    pages = iam.get_paginator("list_roles").paginate()
    roles = [role for page in pages for role in page["Roles"]]
    for role in roles:
        name = role["RoleName"]
        if not name.startswith(prefix):
            continue
        yield PolicyPlace("iam", name, TRUST_POLICY), role["AssumeRolePolicyDocument"]
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            yield PolicyPlace("iam", name, policy), document


def _resource_policies(pipeline: Pipeline) -> Iterator[tuple[PolicyPlace, Document]]:
    client, prefix = pipeline.sandbox.client, f"{pipeline_name(pipeline)}-"
    sqs = client("sqs")
    for url in sqs.list_queues(QueueNamePrefix=prefix)["QueueUrls"]:
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        place = PolicyPlace("sqs", attributes["QueueArn"], RESOURCE_POLICY)
        yield place, json.loads(attributes["Policy"])
    for bucket in client("s3").list_buckets()["Buckets"]:
        if bucket["Name"].startswith(prefix):
            place = PolicyPlace("s3", f"arn:aws:s3:::{bucket['Name']}", RESOURCE_POLICY)
            yield place, json.loads(client("s3").get_bucket_policy(Bucket=bucket["Name"])["Policy"])
    key = str(pipeline.outputs["kms_key_arn"])
    policy = client("kms").get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    yield PolicyPlace("kms", key, RESOURCE_POLICY), json.loads(policy)
    topic = str(pipeline.outputs["alarm_topic_arn"])
    attributes = client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    yield PolicyPlace("sns", topic, RESOURCE_POLICY), json.loads(attributes["Policy"])
    for arn in dict(pipeline.outputs["function_arns"]).values():
        try:
            text = client("lambda").get_policy(FunctionName=arn)["Policy"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            continue  # Nothing but the state machine's own role calls this function.
        yield PolicyPlace("lambda", arn, RESOURCE_POLICY), json.loads(text)
