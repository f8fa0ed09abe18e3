"""Statements that deny: who must be refused is refused by them, and by nothing else.

Each is probed three times by a role that is allowed everything: as deployed, without the statement
and with the statement back.
"""

from __future__ import annotations

import json
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from labeling_sandbox.iam import credentials
from tests.pipeline.deployment import ADMINISTRATOR_ROLE
from tests.sabotage import deployed_grants, policies, unexercised
from tests.sandbox.function_code import allow, create_role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from labeling_sandbox.demo.pipeline import Pipeline
    from labeling_sandbox.server import Sandbox
    from tests.sabotage.deployed_grants import DeployedStatement

_STRANGER_ROLE = "pipeline-stranger"
_NAMED = re.compile(r"not authorized to perform: (?P<what>\S+ on resource: \S+)")


@dataclass(frozen=True)
class Prober:
    """Asks for what a statement denies.

    Attributes:
        pipeline: The pipeline.
        roles: ARNs of the roles that ask, by name; both are allowed everything.
        other_key: The ARN of a key that is not the pipeline's.
    """

    pipeline: Pipeline
    roles: dict[str, str]
    other_key: str

    def client(self, service: str, role: str) -> Any:
        held = credentials.assume(self.roles[role], "probe").for_client()
        return self.pipeline.sandbox.client(service, **held)

    def probe(self, statement: DeployedStatement) -> Callable[[], object]:
        """The request that a statement denies.

        Raises:
            LookupError: If nobody has said yet how such a statement is probed.
        """
        known: dict[str, Callable[[DeployedStatement], Callable[[], object]]] = {
            "DenyChangesOfTrainingSets": self._put,
            "DenyInsecureTransport": self._without_tls,
            "DenyOtherEncryption": lambda each: self._put(each, ServerSideEncryption="AES256"),
            "DenyOtherKeys": lambda each: self._put(
                each, ServerSideEncryption="aws:kms", SSEKMSKeyId=self.other_key
            ),
            "DenyCustomerProvidedKeys": lambda each: self._put(
                each, SSECustomerAlgorithm="AES256", SSECustomerKey="0" * 32
            ),
            "DenyOtherReaders": self._read,
            "DenyOtherWriters": lambda each: self._put(each, role=_STRANGER_ROLE),
        }
        if statement.sid not in known:
            message = f"nobody has said how {statement.sid} of {statement.place.owner} is probed"
            raise LookupError(message)
        return known[statement.sid](statement)

    def _without_tls(self, statement: DeployedStatement) -> Callable[[], object]:
        service, owner = statement.place.service, statement.place.owner
        client = self.client(service, ADMINISTRATOR_ROLE)
        client.meta.events.register(
            "before-sign",
            lambda request, **_: request.headers.add_header("X-Forwarded-Proto", "http"),
        )
        if service == "s3":
            return lambda: client.list_objects_v2(Bucket=owner.rpartition(":")[2])
        if service == "sns":
            return lambda: client.publish(TopicArn=owner, Message="probe")
        url = policies.queue_url(self.pipeline, owner)
        return lambda: client.get_queue_attributes(QueueUrl=url)

    def _put(
        self, statement: DeployedStatement, role: str = ADMINISTRATOR_ROLE, **how: str
    ) -> Callable[[], object]:
        bucket, key = _place_in(statement)
        client = self.client("s3", role)
        return lambda: client.put_object(Bucket=bucket, Key=key, Body=b"probe", **how)

    def _read(self, statement: DeployedStatement) -> Callable[[], object]:
        bucket, key = _place_in(statement)
        self.pipeline.sandbox.client("s3").put_object(Bucket=bucket, Key=key, Body=b"probe")
        client = self.client("s3", _STRANGER_ROLE)
        return lambda: client.get_object(Bucket=bucket, Key=key)


def denials(pipeline: Pipeline) -> list[DeployedStatement]:
    """Every statement that denies and can be probed."""
    known = unexercised.entries()
    found = [
        *deployed_grants.role_statements(pipeline),
        *deployed_grants.resource_statements(pipeline),
    ]
    return [
        each
        for each in found
        if not each.allows and not all(unexercised.listed(grant, known) for grant in each.grants)
    ]


def check(prober: Prober, statement: DeployedStatement) -> tuple[bool, str]:
    """Probe a statement; tell whether it alone makes the difference, with a line for the reader."""
    started = time.monotonic()
    ask = prober.probe(statement)
    before = _refusal(ask)
    taken = policies.without(statement.content)
    with policies.changed(prober.pipeline, statement.place, taken):
        without = _refusal(ask)
    after = _refusal(ask)
    named = _NAMED.search(before)
    caught = bool(named) and bool(after) and not without
    told = f"{named['what']} is refused with it and allowed without it" if named else ""
    if not caught:
        told = f"with it: {before or 'allowed'}; without it: {without or 'allowed'}"
    seconds = time.monotonic() - started
    return (
        caught,
        f"{'caught' if caught else 'MISSED'} {seconds:5.1f} s  {statement.name}  [probe]  {told}",
    )


@contextmanager
def prober(pipeline: Pipeline) -> Iterator[Prober]:
    """Make the roles and the key that probing takes, and take them away again."""
    sandbox = pipeline.sandbox
    roles = {name: _make_role(sandbox, name) for name in (ADMINISTRATOR_ROLE, _STRANGER_ROLE)}
    kms = sandbox.client("kms")
    root = {"AWS": f"arn:aws:iam::{sandbox.account}:root"}
    policy = {"Version": "2012-10-17", "Statement": [allow("kms:*", Principal=root)]}
    key = kms.create_key(Policy=json.dumps(policy))["KeyMetadata"]
    try:
        yield Prober(pipeline, roles, key["Arn"])
    finally:
        kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
        iam = sandbox.client("iam")
        for name in roles:
            iam.delete_role_policy(RoleName=name, PolicyName="inline")
            iam.delete_role(RoleName=name)


def _make_role(sandbox: Sandbox, name: str) -> str:
    return create_role(sandbox, name, [allow("*")])


def _place_in(statement: DeployedStatement) -> tuple[str, str]:
    """A bucket and a key in it that a statement covers."""
    pattern = statement.resources[-1]
    bucket, _, key = pattern.rpartition(":")[2].partition("/")
    return bucket, key.replace("*", "sabotage/probe")


def _refusal(ask: Callable[[], object]) -> str:
    try:
        ask()
    except ClientError as error:
        return str(error)
    return ""
