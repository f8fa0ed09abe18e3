"""The permission that a call to AWS needs, for services that do not name it in the error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Operations whose permission has another name.
#: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_ACTIONS = {
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    "DeleteMessageBatch": "DeleteMessage",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "Invoke": "InvokeFunction",
    "ListObjectVersions": "ListBucketVersions",
    "SendMessageBatch": "SendMessage",
}
#: Operations on a version of an object have a permission of their own.
_OF_VERSIONS = {"DeleteObject": "DeleteObjectVersion", "GetObject": "GetObjectVersion"}
#: Services whose signing name is not the prefix of their actions.
_PREFIXES = {"monitoring": "cloudwatch"}
_KEY = "the pipeline's key (the module's output kms_key_arn)"


@dataclass(frozen=True, slots=True)
class NeededPermission:
    """A permission that the caller lacks.

    Attributes:
        action: Name of the action in a policy.
        resource: An ARN, or the known part of it.
    """

    action: str
    resource: str


def needed_permission(
    service: str,
    operation: str,
    parameters: Mapping[str, Any],
    *,
    partition: str,
    region: str,
    of_key: bool = False,
) -> NeededPermission:
    """Return the permission that a call needs.

    Args:
        service: Name with which requests to the service are signed.
        operation: Name of the API operation.
        parameters: Its parameters.
        partition: AWS partition of the call.
        region: AWS region of the call.
        of_key: Whether the KMS key denied access, not the service.
    """
    if of_key:
        sends = operation.startswith("SendMessage")
        return NeededPermission("kms:GenerateDataKey" if sends else "kms:Decrypt", _KEY)
    actions = _OF_VERSIONS if "VersionId" in parameters else _ACTIONS
    action = f"{_PREFIXES.get(service, service)}:{actions.get(operation, operation)}"
    return NeededPermission(action, _resource(parameters, partition, region))


def _resource(parameters: Mapping[str, Any], partition: str, region: str) -> str:
    for name, describe in _RESOURCES.items():
        if name in parameters:
            service, resource = describe(parameters)
            # Bucket ARNs have neither region nor account.
            place = ":" if service == "s3" else f"{region}:*"
            return f"arn:{partition}:{service}:{place}:{resource}"
    return "*"


def _object(parameters: Mapping[str, Any]) -> tuple[str, str]:
    key = f"/{parameters['Key']}" if "Key" in parameters else ""
    return "s3", f"{parameters['Bucket']}{key}"


#: Service and resource of a call, by the parameter that names the resource.
_RESOURCES: dict[str, Callable[[Mapping[str, Any]], tuple[str, str]]] = {
    "Bucket": _object,
    "DatabaseName": lambda call: ("glue", f"table/{call['DatabaseName']}/{call['Name']}"),
    "FeatureGroupName": lambda call: (
        "sagemaker",
        f"feature-group/{call['FeatureGroupName'].lower()}",
    ),
    "FunctionName": lambda call: ("lambda", f"function:{call['FunctionName']}"),
    "LabelingJobName": lambda call: (
        "sagemaker",
        f"labeling-job/{call['LabelingJobName'].lower()}",
    ),
    "Names": lambda call: ("ssm", f"parameter{call['Names'][0].rpartition('/')[0]}/*"),
    "QueueUrl": lambda call: ("sqs", call["QueueUrl"].rpartition("/")[2]),
    "RequestItems": lambda call: ("dynamodb", f"table/{next(iter(call['RequestItems']))}"),
    "TableName": lambda call: ("dynamodb", f"table/{call['TableName']}"),
    "executionArn": lambda call: ("states", call["executionArn"].split(":", 5)[5]),
}
