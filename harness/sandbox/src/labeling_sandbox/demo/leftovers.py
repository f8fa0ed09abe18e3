"""Resources that remain after a destroy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_sandbox.server import Sandbox

_LISTINGS: tuple[tuple[str, str, str, Callable[[Any], str]], ...] = (
    ("s3", "list_buckets", "Buckets", lambda it: f"bucket {it['Name']}"),
    ("sqs", "list_queues", "QueueUrls", lambda it: f"queue {it}"),
    ("lambda", "list_functions", "Functions", lambda it: f"function {it['FunctionName']}"),
    ("dynamodb", "list_tables", "TableNames", lambda it: f"table {it}"),
    ("iam", "list_roles", "Roles", lambda it: f"role {it['RoleName']}"),
    ("logs", "describe_log_groups", "logGroups", lambda it: f"log group {it['logGroupName']}"),
    ("stepfunctions", "list_state_machines", "stateMachines", lambda it: f"machine {it['name']}"),
    ("scheduler", "list_schedules", "Schedules", lambda it: f"schedule {it['Name']}"),
    ("events", "list_rules", "Rules", lambda it: f"rule {it['Name']}"),
    ("cloudwatch", "describe_alarms", "MetricAlarms", lambda it: f"alarm {it['AlarmName']}"),
    ("sns", "list_topics", "Topics", lambda it: f"topic {it['TopicArn']}"),
    ("ssm", "describe_parameters", "Parameters", lambda it: f"parameter {it['Name']}"),
    (
        "sagemaker",
        "list_feature_groups",
        "FeatureGroupSummaries",
        lambda it: f"feature group {it['FeatureGroupName']}",
    ),
    ("kms", "list_aliases", "Aliases", lambda it: f"key alias {it['AliasName']}"),
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
