"""Remove permissions from deployed policies for a while, and restore them."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from labeling_sandbox.iam.used_grants import TRUST_POLICY
from tests.sabotage.deployed_grants import as_list, role_statements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from labeling_sandbox.demo.pipeline import Pipeline
    from tests.sabotage.deployed_grants import Document, PolicyPlace

    Change = Callable[[list[Document]], list[Document]]


@contextmanager
def changed(pipeline: Pipeline, place: PolicyPlace, change: Change) -> Iterator[None]:
    """Give a policy other statements, and the old ones back at the end.

    Args:
        pipeline: The pipeline whose policy it is.
        place: The policy.
        change: Makes the new statements of the old ones.
    """
    document = _read(pipeline, place)
    statements = change(document["Statement"])
    assert statements != document["Statement"], f"{place} has nothing of what was to be taken"
    _write(pipeline, place, {**document, "Statement": statements})
    try:
        yield
    finally:
        _write(pipeline, place, document)


def action_taken(pipeline: Pipeline, role: str, action: str) -> AbstractContextManager[None]:
    """Take an action out of a role's policy for a while.

    Raises:
        LookupError: If no statement of the role names the action.
    """
    for statement in role_statements(pipeline):
        if statement.place.owner == role and action in statement.actions:
            change = without_action(statement.content, action)
            return changed(pipeline, statement.place, change)
    message = f"{role} is not allowed {action}"
    raise LookupError(message)


def without_action(statement: Document, action: str) -> Change:
    """Take one action out of one statement, or the whole statement if it has no other."""

    def change(statements: list[Document]) -> list[Document]:
        kept = []
        for each in statements:
            others = [name for name in as_list(each["Action"]) if name != action]
            if each != statement:
                kept.append(each)
            elif others:
                kept.append({**each, "Action": others})
        return kept

    return change


def without(*taken: Document) -> Change:
    """Take whole statements out."""
    return lambda statements: [each for each in statements if each not in taken]


def trusting_nobody(statement: Document) -> Change:
    """Let a trust policy name another service; IAM takes none without a statement."""
    nobody = {**statement, "Principal": {"Service": "nobody.amazonaws.com"}}
    return lambda statements: [nobody if each == statement else each for each in statements]


def _read(pipeline: Pipeline, place: PolicyPlace) -> Document:
    client = pipeline.sandbox.client(place.service)
    if place.service == "iam" and place.policy == TRUST_POLICY:
        role = client.get_role(RoleName=place.owner)["Role"]
        return dict(role["AssumeRolePolicyDocument"])
    if place.service == "iam":
        read = client.get_role_policy(RoleName=place.owner, PolicyName=place.policy)
        return dict(read["PolicyDocument"])
    texts: dict[str, Callable[[], str]] = {
        "sqs": lambda: client.get_queue_attributes(
            QueueUrl=queue_url(pipeline, place.owner), AttributeNames=["Policy"]
        )["Attributes"]["Policy"],
        "s3": lambda: client.get_bucket_policy(Bucket=_bucket(place.owner))["Policy"],
        "kms": lambda: client.get_key_policy(KeyId=place.owner, PolicyName="default")["Policy"],
        "sns": lambda: client.get_topic_attributes(TopicArn=place.owner)["Attributes"]["Policy"],
        "lambda": lambda: client.get_policy(FunctionName=place.owner)["Policy"],
    }
    document: Document = json.loads(texts[place.service]())
    return document


def _write(pipeline: Pipeline, place: PolicyPlace, document: Document) -> None:
    client = pipeline.sandbox.client(place.service)
    if place.service == "lambda":
        _write_permissions(client, place.owner, document["Statement"])
        return
    text = json.dumps(document)
    if place.service == "iam" and place.policy == TRUST_POLICY:
        client.update_assume_role_policy(RoleName=place.owner, PolicyDocument=text)
    elif place.service == "iam":
        client.put_role_policy(RoleName=place.owner, PolicyName=place.policy, PolicyDocument=text)
    elif place.service == "sqs":
        url = queue_url(pipeline, place.owner)
        client.set_queue_attributes(QueueUrl=url, Attributes={"Policy": text})
    elif place.service == "s3":
        client.put_bucket_policy(Bucket=_bucket(place.owner), Policy=text)
    elif place.service == "kms":
        client.put_key_policy(KeyId=place.owner, PolicyName="default", Policy=text)
    else:
        client.set_topic_attributes(
            TopicArn=place.owner, AttributeName="Policy", AttributeValue=text
        )


def _write_permissions(client: Any, function: str, statements: list[Document]) -> None:
    """Lambda has no call that replaces a function's policy, only one for each statement."""
    try:
        present = json.loads(client.get_policy(FunctionName=function)["Policy"])["Statement"]
    except client.exceptions.ResourceNotFoundException:
        present = []
    for each in present:
        client.remove_permission(FunctionName=function, StatementId=each["Sid"])
    for each in statements:
        client.add_permission(
            FunctionName=function,
            StatementId=each["Sid"],
            Action=each["Action"],
            Principal=each["Principal"]["Service"],
            SourceArn=each["Condition"]["ArnLike"]["AWS:SourceArn"],
        )


def queue_url(pipeline: Pipeline, arn: str) -> str:
    _, _, _, _, account, name = arn.split(":")
    return f"{pipeline.sandbox.endpoint}/{account}/{name}"


def _bucket(arn: str) -> str:
    return arn.rpartition(":")[2]
