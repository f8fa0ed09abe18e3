"""Error messages for operators: one line that states what to do."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)

from labelctl.permissions import NeededPermission, needed_permission
from labeling_lambdas.errors import LabelingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelctl.connection import Connection

_DENIED_CODES = frozenset(
    {
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "KMS.AccessDeniedException",
        "KmsAccessDenied",
    }
)
_CREDENTIAL_CODES = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
#: Something that the module creates does not exist.
_ABSENT_CODES = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "NoSuchBucket",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
        "StateMachineDoesNotExist",
    }
)
#: AWS does not serve a call now, although boto3 has tried it several times.
_BUSY_CODES = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
#: AWS's message for denied access. S3 puts the resource in quotation marks.
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
_DENIAL = re.compile(r'not authorized to perform: (\S+) on resource: "?([^\s"]+)"?')
_LOGIN = "sign in again, for example with: aws sso login"


class LabelctlError(Exception):
    """An error that an operator can fix. Its text is shown unchanged."""


def is_denial(error: ClientError) -> bool:
    """Return whether AWS denied access."""
    return error.response["Error"]["Code"] in _DENIED_CODES


def names_permission(error: ClientError) -> bool:
    """Return whether an error names the permission that is missing."""
    return _DENIAL.search(error.response["Error"].get("Message", "")) is not None


@contextmanager
def explained(connection: Connection) -> Iterator[None]:
    """Convert errors of AWS and boto3 to a one-line message for the operator.

    Args:
        connection: Has the service and the parameters of the last call.

    Raises:
        LabelctlError: With the message.
    """
    try:
        yield
    except (BotoCoreError, ClientError, LabelingError) as error:
        raise LabelctlError(_explanation(error, connection)) from error


def _explanation(error: BotoCoreError | ClientError | LabelingError, connection: Connection) -> str:
    if isinstance(error, ClientError):
        return _refusal(error, connection)
    if isinstance(error, ProfileNotFound):
        return f"{error}; list the profiles with: aws configure list-profiles"
    if isinstance(error, NoRegionError):
        return "no region is known; give --region, or set AWS_REGION"
    if isinstance(error, NoCredentialsError | PartialCredentialsError | CredentialRetrievalError):
        return (
            f"no usable AWS credentials ({_on_one_line(str(error))}); give --profile, or {_LOGIN}"
        )
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError):
        return f"{_on_one_line(str(error))}; see --region and the network"
    return _on_one_line(str(error))


def _refusal(error: ClientError, connection: Connection) -> str:
    code = error.response["Error"]["Code"]
    text = _on_one_line(error.response["Error"].get("Message", ""))
    if code in _CREDENTIAL_CODES:
        return f"AWS does not accept the credentials ({code}); {_LOGIN}"
    if code in _BUSY_CODES:
        return (
            f"AWS does not serve {error.operation_name} now ({code}), after several tries;"
            " run the command again in a minute"
        )
    if code == "NoSuchKey":
        bucket, key = connection.parameters["Bucket"], connection.parameters["Key"]
        return f"s3://{bucket}/{key} does not exist; list objects with: aws s3 ls s3://{bucket}/"
    if code not in _DENIED_CODES:
        hint = "; see what is missing with: labelctl doctor" if code in _ABSENT_CODES else ""
        return f"{error.operation_name}: {code}: {text}{hint}"
    permission = _missing_permission(error, text, connection)
    if "explicit deny" in text:
        return (
            f"a policy explicitly denies {permission.action} on {permission.resource};"
            " run as one of administrator_principal_arns, or change the policy"
        )
    statement = {"Effect": "Allow", "Action": permission.action, "Resource": permission.resource}
    return (
        f"missing permission {permission.action} on {permission.resource};"
        f" allow it with {json.dumps(statement)}"
    )


def _missing_permission(error: ClientError, text: str, connection: Connection) -> NeededPermission:
    stated = _DENIAL.search(text)
    if stated is not None:
        return NeededPermission(stated[1], stated[2].rstrip(".,"))
    # Not every service names the missing permission.
    return needed_permission(
        connection.service,
        error.operation_name,
        connection.parameters,
        partition=connection.partition,
        region=connection.region_name,
        of_key=error.response["Error"]["Code"].lower().startswith("kms"),
    )


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
