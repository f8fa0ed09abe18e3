"""Resources that remain after a destroy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_sandbox.server import Sandbox

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


def leftovers(sandbox: Sandbox) -> list[str]:
    """Return the resources in the account, except for two kinds of keys.

    KMS does not delete a key immediately, so Terraform schedules its deletion. AWS managed keys
    (``alias/aws/...``) are created when a service first needs them, and cannot be deleted.
    """
    found = [
        name(entry)
        for service, operation, field, name in _LISTINGS
        for entry in getattr(sandbox.client(service), operation)().get(field, [])
    ]
    kms = sandbox.client("kms")
    aliases = kms.list_aliases()["Aliases"]
    of_aws = {
        alias.get("TargetKeyId") for alias in aliases if alias["AliasName"].startswith("alias/aws/")
    }
    for key in kms.list_keys()["Keys"]:
        state = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"]
        if state != "PendingDeletion" and key["KeyId"] not in of_aws:
            found.append(f"key {key['KeyId']} ({state})")
    return [name for name in found if not name.startswith("key alias alias/aws/")]
