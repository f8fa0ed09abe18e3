"""Resources that remain after a destroy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_LISTINGS: tuple[tuple[str, str, str, Callable[[Any], str]], ...] = (
    ("s3", "list_buckets", "Buckets", lambda entry: f"bucket {entry['Name']}"),
    ("sqs", "list_queues", "QueueUrls", lambda entry: f"queue {entry}"),
    ("lambda", "list_functions", "Functions", lambda entry: f"function {entry['FunctionName']}"),
    ("dynamodb", "list_tables", "TableNames", lambda entry: f"table {entry}"),
    ("iam", "list_roles", "Roles", lambda entry: f"role {entry['RoleName']}"),
    (
        "logs",
        "describe_log_groups",
        "logGroups",
        lambda entry: f"log group {entry['logGroupName']}",
    ),
    (
        "stepfunctions",
        "list_state_machines",
        "stateMachines",
        lambda entry: f"machine {entry['name']}",
    ),
    ("scheduler", "list_schedules", "Schedules", lambda entry: f"schedule {entry['Name']}"),
    ("events", "list_rules", "Rules", lambda entry: f"rule {entry['Name']}"),
    ("cloudwatch", "describe_alarms", "MetricAlarms", lambda entry: f"alarm {entry['AlarmName']}"),
    (
        "cloudwatch",
        "list_dashboards",
        "DashboardEntries",
        lambda entry: f"dashboard {entry['DashboardName']}",
    ),
    ("sns", "list_topics", "Topics", lambda entry: f"topic {entry['TopicArn']}"),
    ("ssm", "describe_parameters", "Parameters", lambda entry: f"parameter {entry['Name']}"),
    (
        "sagemaker",
        "list_feature_groups",
        "FeatureGroupSummaries",
        lambda entry: f"feature group {entry['FeatureGroupName']}",
    ),
    ("kms", "list_aliases", "Aliases", lambda entry: f"key alias {entry['AliasName']}"),
)


def leftovers(client: Callable[[str], Any], name: str = "", key_arn: str = "") -> list[str]:
    """Return the resources in the account, except for two kinds of keys.

    KMS does not delete a key immediately, so Terraform schedules its deletion. AWS managed keys
    (``alias/aws/...``) are created when a service first needs them, and cannot be deleted.

    Args:
        client: Returns the client of a service.
        name: Only resources whose name, or a part of its path, starts with this word.
        key_arn: The only key to look at if there is a name, because a key has no name.
    """
    found = [
        describe(entry)
        for service, operation, field, describe in _LISTINGS
        for entry in _entries(client(service), operation, field)
    ]
    named = re.compile(rf"(?<![\w-]){re.escape(name)}(?!\w)" if name else "")
    kept = [
        resource
        for resource in found
        if named.search(resource) and not resource.startswith("key alias alias/aws/")
    ]
    keys = ([key_arn] if key_arn else []) if name else _keys(client("kms"))
    return kept + [
        f"key {key} ({state})"
        for key in keys
        if (state := _key_state(client("kms"), key)) != "PendingDeletion"
    ]


def _entries(client: Any, operation: str, field: str) -> list[Any]:  # noqa: ANN401
    if not client.can_paginate(operation):
        entries: list[Any] = getattr(client, operation)().get(field, [])
        return entries
    pages = client.get_paginator(operation).paginate()
    return [entry for page in pages for entry in page.get(field, [])]


def _keys(kms: Any) -> list[str]:  # noqa: ANN401
    aliases = kms.list_aliases()["Aliases"]
    of_aws = {
        alias.get("TargetKeyId") for alias in aliases if alias["AliasName"].startswith("alias/aws/")
    }
    return [key["KeyId"] for key in kms.list_keys()["Keys"] if key["KeyId"] not in of_aws]


def _key_state(kms: Any, key: str) -> str:  # noqa: ANN401
    return str(kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"])
