"""The policy simulator of IAM, added to moto.

Only the policies of the role and its boundary decide, with no more context than the request gives.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.iam.exceptions import NotFoundException
from moto.iam.responses import IamResponse

from labeling_sandbox.base.moto_seams import add_operations, parameter
from labeling_sandbox.iam.policy_evaluation import Decision, evaluate
from labeling_sandbox.iam.role_policies import boundary, documents, find_role

if TYPE_CHECKING:
    from moto.iam.models import Role

    from labeling_sandbox.iam.policy_evaluation import ContextValue

# As the simulator spells them.
_DECISIONS = {
    Decision.ALLOW: "allowed",
    Decision.EXPLICIT_DENY: "explicitDeny",
    Decision.IMPLICIT_DENY: "implicitDeny",
}


def install() -> None:
    """Add the operation to moto's IAM."""
    add_operations(IamResponse, {"simulate_principal_policy": _simulate})


def _simulate(response: IamResponse) -> ActionResult:
    arn = str(parameter(response, "PolicySourceArn"))
    role = find_role(arn)
    if role is None:
        message = f"Role not found for ARN {arn}"
        raise NotFoundException(message)
    context = {
        entry["ContextKeyName"]: entry["ContextKeyValues"]
        for entry in parameter(response, "ContextEntries") or []
    }
    results = [
        _result(role, action, resource, context)
        for action in parameter(response, "ActionNames")
        for resource in parameter(response, "ResourceArns") or ["*"]
    ]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def _result(
    role: Role, action: str, resource: str, context: dict[str, ContextValue]
) -> dict[str, Any]:
    decision = _decision(role, action, resource, context)
    return {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": _DECISIONS[decision],
    }


def _decision(role: Role, action: str, resource: str, context: dict[str, ContextValue]) -> Decision:
    decisions = {
        evaluate(document, action, resource, context) for document in documents(role).values()
    }
    limit = boundary(role)
    if limit is not None:
        limited = evaluate(limit, action, resource, context)
        if limited is not Decision.ALLOW:
            return limited
    if Decision.EXPLICIT_DENY in decisions:
        return Decision.EXPLICIT_DENY
    return Decision.ALLOW if Decision.ALLOW in decisions else Decision.IMPLICIT_DENY
