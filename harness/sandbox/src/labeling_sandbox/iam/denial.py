"""The responses of AWS services when IAM denies a request, each in its own wire format."""

from __future__ import annotations

import json
from http import HTTPStatus
from xml.sax.saxutils import escape

from moto.s3.exceptions import S3AccessDeniedError, S3InvalidAccessKeyIdError
from werkzeug.exceptions import HTTPException

# Services that answer in XML; the others speak JSON.
_XML_SERVICES = frozenset({"iam", "sns", "sts"})
_UNKNOWN_KEY = "UnrecognizedClientException"
_SHORT_CODE_SERVICES = _XML_SERVICES | {"sqs", "cloudwatch"}


class ServiceRefusal(HTTPException):
    """An error answer in a service's wire format.

    Attributes:
        code: The HTTP status.
        description: The body that the client parses.
    """

    def __init__(self, service: str, error_code: str, message: str) -> None:
        """Build the answer.

        Args:
            service: The service's signing name, which decides between JSON and XML.
            error_code: The code that boto3 shows, such as ``AccessDeniedException``.
            message: The text for the caller.
        """
        super().__init__()
        self.error_code = error_code
        if service in _XML_SERVICES:
            self.code = HTTPStatus.FORBIDDEN
            self.description = (
                f"<ErrorResponse><Error><Type>Sender</Type><Code>{error_code}</Code>"
                f"<Message>{escape(message)}</Message></Error></ErrorResponse>"
            )
        else:
            self.code = HTTPStatus.BAD_REQUEST
            self.description = json.dumps({"__type": error_code, "message": message})

    def __str__(self) -> str:
        """Return the body, for logs."""
        return f"{self.error_code}: {self.description}"


def access_denied(
    service: str, caller_arn: str, action: str, resource: str | None
) -> HTTPException:
    """Return the refusal of one action.

    Args:
        service: The signing name of the called service.
        caller_arn: The assumed-role ARN of the caller.
        action: The IAM action that is missing.
        resource: The ARN it was asked for.

    Returns:
        The exception to raise from a moto response.
    """
    message = (
        f"User: {caller_arn} is not authorized to perform: {action} on resource: {resource or '*'} "
        f"because no policy allows the {action} action"
    )
    if service == "s3":
        refusal: HTTPException = S3AccessDeniedError()
        refusal.message = message  # type: ignore[attr-defined]
        return refusal
    code = "AccessDenied" if service in _SHORT_CODE_SERVICES else "AccessDeniedException"
    return ServiceRefusal(service, code, message)


def key_denied(service: str, caller_arn: str, action: str, key_arn: str) -> HTTPException:
    """Return the refusal of a key that a service uses for its caller.

    Args:
        service: The signing name of the called service.
        caller_arn: The assumed-role ARN of the caller.
        action: The KMS action that is missing.
        key_arn: The key.

    Returns:
        The exception to raise from a moto response.
    """
    refusal = access_denied(service, caller_arn, action, key_arn)
    if service == "states" and isinstance(refusal, ServiceRefusal):
        message = json.loads(str(refusal.description))["message"]
        return ServiceRefusal(service, "KmsAccessDeniedException", message)
    return refusal


def not_passable(service: str, role_arn: str, principal: str) -> HTTPException:
    """Return the refusal of a role that does not trust the service it is passed to.

    Args:
        service: The signing name of the called service.
        role_arn: The role.
        principal: The service principal that cannot assume it.

    Returns:
        The exception to raise from a moto response.
    """
    message = (
        f"Could not assume role {role_arn}. Please ensure that the role exists and allows "
        f"principal '{principal}' to assume the role."
    )
    return ServiceRefusal(service, "ValidationException", message)


def unknown_key(service: str) -> HTTPException:
    """Return the refusal of a request that is signed with a key that nobody has.

    Args:
        service: The signing name of the called service.

    Returns:
        The exception to raise from a moto response.
    """
    if service == "s3":
        return S3InvalidAccessKeyIdError()  # type: ignore[no-any-return] # moto has no types
    code = "InvalidClientTokenId" if service in _SHORT_CODE_SERVICES else _UNKNOWN_KEY
    return ServiceRefusal(service, code, "The security token included in the request is invalid.")
