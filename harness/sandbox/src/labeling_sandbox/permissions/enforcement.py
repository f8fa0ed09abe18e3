"""Authorization of every request of an assumed role, which also names it for the call counts.

The seam is `ActionAuthenticatorMixin._authenticate_and_authorize_action`, through which moto sends
every request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.routing import NotFound, get_service_router

from labeling_sandbox.base.signatures import credential_scope, signing_service
from labeling_sandbox.iam import authorization, calls
from labeling_sandbox.iam.denial import access_denied, key_denied, unknown_key
from labeling_sandbox.permissions.dynamodb import dynamodb_needs
from labeling_sandbox.permissions.json_services import (
    cloudwatch_needs,
    glue_needs,
    kms_needs,
    lambda_needs,
    logs_needs,
    sagemaker_needs,
    scheduler_needs,
    secrets_needs,
    ssm_needs,
    states_needs,
)
from labeling_sandbox.permissions.messaging import events_needs, sns_needs, sqs_needs
from labeling_sandbox.permissions.requirements import (
    Call,
    KeyUse,
    Needs,
    Requirement,
    body_parameters,
)
from labeling_sandbox.permissions.s3 import s3_needs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from moto.core.responses import BaseResponse
    from moto.sts.models import AssumedRole

    from labeling_sandbox.iam.policy_evaluation import ContextValue
    from labeling_sandbox.server import Sandbox

_MAPPINGS: Final[Mapping[str, Callable[[Call], Needs]]] = {
    "dynamodb": dynamodb_needs,
    "events": events_needs,
    "glue": glue_needs,
    "kms": kms_needs,
    "lambda": lambda_needs,
    "logs": logs_needs,
    "monitoring": cloudwatch_needs,
    "s3": s3_needs,
    "sagemaker": sagemaker_needs,
    "scheduler": scheduler_needs,
    "secretsmanager": secrets_needs,
    "sns": sns_needs,
    "sqs": sqs_needs,
    "ssm": ssm_needs,
    "states": states_needs,
}
#: How AWS's own keys begin: of users, and of sessions.
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
_KEY_PREFIXES: Final = ("AKIA", "ASIA")
# AWS allows these to everyone who has credentials.
_FREE: Final = frozenset({("sts", "GetCallerIdentity"), ("sts", "GetSessionToken")})


def authorize(response: BaseResponse, _request_class: type, resource: str = "*") -> None:
    """Refuse the request unless its caller is the administrator or a role that may do it.

    Raises:
        werkzeug.exceptions.HTTPException: The role may not; the answer names the action and the
        resource. Or nobody has the key that signed the request.
    """
    service = _signing_name(response)
    operation = _operation(response, service)
    calls.note(response.access_key, service, operation)
    caller = authorization.role_of(response.access_key)
    if caller is None and _names_unknown_key(response):
        raise unknown_key(service)
    if caller is None or not authorization.enforcing() or (service, operation) in _FREE:
        return
    call = Call(response, service, operation, body_parameters(response), resource)
    needs = _needs(call)
    for requirement in needs.requirements:
        _check(caller, call, requirement)
    for use in needs.key_uses:
        _check_key(caller, call, use)


def install(_sandbox: Sandbox) -> None:
    """Put `authorize` in the place of moto's own check."""
    ActionAuthenticatorMixin._authenticate_and_authorize_action = authorize  # noqa: SLF001 - the seam


def _needs(call: Call) -> Needs:
    mapping = _MAPPINGS.get(call.service)
    if mapping is None:
        authorization.UNMAPPED.add(f"{call.service}:{call.operation}")
        return Needs((Requirement(f"{call.service}:{call.operation}", None),))
    needs = mapping(call)
    for requirement in needs.requirements:
        if requirement.resource is None:
            authorization.UNMAPPED.add(requirement.action)
    return needs


def _check(caller: AssumedRole, call: Call, requirement: Requirement) -> None:
    # The sandbox speaks HTTP and takes every request for one over TLS, but for one that comes, as a
    # proxy would say, from a client that used none.
    plain = call.response.headers.get("X-Forwarded-Proto") == "http"
    transport = {"aws:SecureTransport": "false"} if plain else {}
    if not authorization.role_allows(
        caller.role_arn,
        requirement.action,
        requirement.resource,
        {**requirement.context, **transport},
        requirement.resource_policy,
    ):
        raise access_denied(call.service, caller.arn, requirement.action, requirement.resource)


def _check_key(caller: AssumedRole, call: Call, use: KeyUse) -> None:
    key_arn = authorization.kms_key_arn(use.key_id, call.region, call.account)
    if key_arn is None:
        # A key managed by AWS admits every caller in the account through its service.
        return
    context: dict[str, ContextValue] = {
        f"kms:EncryptionContext:{key}": value for key, value in use.encryption_context.items()
    }
    context["kms:EncryptionContextKeys"] = list(use.encryption_context)
    if use.via:
        context["kms:ViaService"] = use.via
    for action in use.actions:
        if not authorization.role_may_use_key(caller.role_arn, key_arn, action, context):
            raise key_denied(call.service, caller.arn, action, key_arn)


def _names_unknown_key(response: BaseResponse) -> bool:
    """Tell whether a request is signed with a key of the form of AWS's, which no role has.

    The administrator's key, and those of examples, have another form.
    """
    header = str(response.headers.get("Authorization", ""))
    return any(f"Credential={prefix}" in header for prefix in _KEY_PREFIXES)


def _signing_name(response: BaseResponse) -> str:
    scope = credential_scope(response.headers.get("Authorization", ""))
    named = signing_service(scope or _first(response.querystring.get("X-Amz-Credential")))
    return named or str(response.service_name or "")


def _operation(response: BaseResponse, service: str) -> str:
    if service == "s3":
        try:
            operation, _ = get_service_router("s3").match(response.normalized_request)
        except (NotFound, NotImplementedError):
            return str(response.data.get("Action", ""))
        return str(operation.name)
    action: Any = response._get_action()  # noqa: SLF001 - the only parser
    return str(action[0] if isinstance(action, list) else action or "")


def _first(values: object) -> str:
    return str(values[0]) if isinstance(values, list) and values else ""
