"""The permissions of requests to SageMaker, Step Functions, Lambda, KMS and smaller services."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from moto.awslambda.models import lambda_backends
from moto.secretsmanager.models import secretsmanager_backends

from labeling_sandbox.iam.authorization import kms_key_arn
from labeling_sandbox.permissions.requirements import Call, KeyUse, Needs, Requirement, tag_context
from labeling_sandbox.step_functions import task_tokens
from labeling_sandbox.stores.feature_store import online_store_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from labeling_sandbox.iam.policy_evaluation import PolicyDocument

_FEATURE_GROUP_PATH = re.compile(r"/FeatureGroup/([^/?]+)")
_SCHEDULE_PATH = re.compile(r"/schedules/([^/?]+)")
_FUNCTION_PATH = re.compile(r"/[^/]+/functions/([^/?]+)")
_RECORD_OPERATIONS = frozenset(
    {"BatchGetRecord", "BatchWriteRecord", "DeleteRecord", "GetRecord", "PutRecord"}
)
_SAGEMAKER_NAMES: Mapping[str, str] = {
    "LabelingJobName": "labeling-job",
    "FeatureGroupName": "feature-group",
    "WorkteamArn": "workteam",
    "WorkteamName": "workteam/private-crowd",
}
_TASK_CALLBACKS = frozenset({"SendTaskFailure", "SendTaskHeartbeat", "SendTaskSuccess"})
# "Required permissions for API callers" of
# https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html
_KEY_TO_READ = frozenset(
    {
        "DescribeExecution",
        "DescribeStateMachine",
        "DescribeStateMachineForExecution",
        "GetExecutionHistory",
    }
)
_KEY_TO_MAKE = frozenset({"CreateStateMachine", "UpdateStateMachine"})
_KEY_TO_MAKE_ACTIONS: tuple[str, ...] = ("kms:DescribeKey", "kms:GenerateDataKey")
_KEY_TO_READ_ACTIONS: tuple[str, ...] = ("kms:Decrypt",)
_WITHOUT_RESOURCE = frozenset({"Decrypt", "ReEncrypt"})
_FOR_SUBSCRIBERS: PolicyDocument = {
    "Statement": [
        {
            "Sid": "Subscribers",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "sagemaker:DescribeSubscribedWorkteam",
            "Resource": "*",
        }
    ]
}
_LAMBDA_ACTIONS: Mapping[str, str] = {"Invoke": "InvokeFunction", "InvokeAsync": "InvokeFunction"}


def sagemaker_needs(call: Call) -> Needs:
    """Return what a SageMaker or Feature Store request needs; both share one IAM prefix.

    SageMaker writes names in ARNs in lower case.
    """
    arns: list[str | None] = [
        _sagemaker_arn(call, kind, name) for kind, name in _sagemaker_names(call)
    ]
    context = _sagemaker_context(call)
    if not arns and (call.operation.startswith("List") or call.operation == "RenderUiTemplate"):
        arns = ["*"]
    # A vendor's team is in the vendor's account, which lets its subscribers describe it.
    shared = _FOR_SUBSCRIBERS if call.operation == "DescribeSubscribedWorkteam" else None
    requirements = [
        Requirement(f"sagemaker:{call.operation}", arn, context, shared) for arn in arns or [None]
    ]
    if call.operation == "CreateLabelingJob" and call.parameters.get("Tags") and arns:
        # Tagging at creation needs the permission to tag.
        tags = tag_context(call.parameters["Tags"])
        requirements.append(Requirement("sagemaker:AddTags", arns[0], tags))
    return Needs(tuple(requirements), tuple(_online_store_keys(call)))


def _online_store_keys(call: Call) -> Iterable[KeyUse]:
    """Give the use of an online store's key that a caller of the data plane needs.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_OnlineStoreSecurityConfig.html
    """
    if call.operation not in _RECORD_OPERATIONS:
        return
    for kind, name in _sagemaker_names(call):
        key = online_store_key(call.account, call.region, name)
        if kind == "feature-group" and key:
            yield KeyUse(key, ("kms:Decrypt",), call.via("sagemaker"))


def _sagemaker_names(call: Call) -> Iterable[tuple[str, str]]:
    if call.parameters.get("ResourceArn"):
        yield "", str(call.parameters["ResourceArn"])
        return
    path = _FEATURE_GROUP_PATH.match(call.response.path)
    if path:
        yield "feature-group", unquote(path[1])
        return
    for batch in ("Entries", "Identifiers"):
        groups = {str(entry["FeatureGroupName"]) for entry in call.parameters.get(batch, [])}
        for group in sorted(groups):
            yield "feature-group", group
    for parameter, kind in _SAGEMAKER_NAMES.items():
        if call.parameters.get(parameter):
            yield kind, str(call.parameters[parameter])
            return


def _sagemaker_arn(call: Call, kind: str, name: str) -> str:
    if name.startswith("arn:"):
        return name
    return call.arn("sagemaker", f"{kind}/{name.lower()}")


def _sagemaker_context(call: Call) -> dict[str, Any]:
    if call.operation != "CreateLabelingJob":
        return {}
    team = str(call.parameters.get("HumanTaskConfig", {}).get("WorkteamArn", ""))
    kind = next(
        (name for name in ("public-crowd", "vendor-crowd") if name in team), "private-crowd"
    )
    return {
        "sagemaker:WorkteamArn": team,
        "sagemaker:WorkteamType": kind,
        **tag_context(call.parameters.get("Tags")),
    }


def states_needs(call: Call) -> Needs:
    """Return what a Step Functions request needs; a task token stands for its state machine."""
    if call.operation in _TASK_CALLBACKS:
        arn = _machine_of_token(call)
    else:
        arn = (
            call.parameters.get("executionArn")
            or call.parameters.get("stateMachineArn")
            or call.parameters.get("mapRunArn")
            or call.parameters.get("resourceArn")
            or "*"
        )
    return Needs((Requirement(f"states:{call.operation}", str(arn)),), tuple(_machine_key(call)))


def _machine_key(call: Call) -> Iterable[KeyUse]:
    """Give the use of a state machine's own key that Step Functions asks of a caller.

    Calls that are not listed need none: the machine's role uses the key.
    """
    if call.operation in _KEY_TO_MAKE:
        wanted = call.parameters.get("encryptionConfiguration") or {}
        arn = str(call.parameters.get("stateMachineArn") or _machine_named(call))
        actions = _KEY_TO_MAKE_ACTIONS
    elif call.operation in _KEY_TO_READ and call.parameters.get("includedData") != "METADATA_ONLY":
        arn = _machine_of(call)
        known = call.response.stepfunction_backend.state_machines
        machines = [machine for machine in known if machine.arn == arn]
        wanted = machines[0].encryptionConfiguration or {} if machines else {}
        actions = _KEY_TO_READ_ACTIONS
    else:
        return
    if wanted.get("kmsKeyId"):
        context = {"aws:states:stateMachineArn": arn}
        yield KeyUse(wanted["kmsKeyId"], actions, call.via("states"), context)


def _machine_named(call: Call) -> str:
    return call.arn("states", f"stateMachine:{call.parameters.get('name')}")


def _machine_of(call: Call) -> str:
    if call.parameters.get("stateMachineArn"):
        return str(call.parameters["stateMachineArn"])
    execution = str(call.parameters.get("executionArn", ""))
    return execution.replace(":execution:", ":stateMachine:", 1).rpartition(":")[0]


def _machine_of_token(call: Call) -> str:
    token = call.parameters.get("taskToken")
    return task_tokens.state_machine_arn_of(str(token)) or "*"


def lambda_needs(call: Call) -> Needs:
    """Return what a Lambda request needs, with the function's resource policy."""
    action = _LAMBDA_ACTIONS.get(call.operation, call.operation)
    match = _FUNCTION_PATH.match(unquote(call.response.path))
    if match is None:
        return Needs((Requirement(f"lambda:{action}", "*"),))
    name = match[1]
    arn = name if name.startswith("arn:") else call.arn("lambda", f"function:{name}")
    return Needs((Requirement(f"lambda:{action}", arn, {}, _function_policy(call, name)),))


def _function_policy(call: Call, name: str) -> str | None:
    functions = lambda_backends[call.account][call.region].list_functions()
    wanted = name.rsplit(":function:", maxsplit=1)[-1].split(":", maxsplit=1)[0]
    function = next((entry for entry in functions if entry.function_name == wanted), None)
    if function is None or not function.policy.statements:
        return None
    return json.dumps({"Version": "2012-10-17", "Statement": function.policy.statements})


def glue_needs(call: Call) -> Needs:
    """Return what a request to the Glue catalog needs: the catalog, its database and the table.

    https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
    """
    database = call.parameters.get("DatabaseName") or call.parameters.get("Name")
    table = (call.parameters.get("TableInput") or {}).get("Name") or call.parameters.get("Name")
    resources = ["catalog", f"database/{database}"]
    if call.parameters.get("DatabaseName"):
        resources.append(f"table/{database}/{table}")
    return Needs(
        tuple(
            Requirement(f"glue:{call.operation}", call.arn("glue", resource))
            for resource in resources
        )
    )


def kms_needs(call: Call) -> Needs:
    """Return what a direct KMS request needs: the key policy decides together with the role's."""
    key_id = call.parameters.get("KeyId")
    context = call.parameters.get("EncryptionContext") or {}
    if key_id and kms_key_arn(str(key_id), call.region, call.account):
        return Needs((), (KeyUse(str(key_id), (f"kms:{call.operation}",), None, context),))
    resource = None if call.operation in _WITHOUT_RESOURCE else "*"
    return Needs((Requirement(f"kms:{call.operation}", resource),))


def logs_needs(call: Call) -> Needs:
    """Return what a CloudWatch Logs request needs."""
    group = call.parameters.get("logGroupName")
    if not group:
        return Needs((Requirement(f"logs:{call.operation}", "*"),))
    stream = call.parameters.get("logStreamName", "")
    arn = call.arn("logs", f"log-group:{group}:log-stream:{stream}")
    return Needs((Requirement(f"logs:{call.operation}", arn),))


def cloudwatch_needs(call: Call) -> Needs:
    """Return what a CloudWatch request needs; metrics have no ARN, only a namespace."""
    namespace = call.parameters.get("Namespace")
    context = {"cloudwatch:namespace": str(namespace)} if namespace else {}
    names = call.parameters.get("AlarmName")
    arn = call.arn("cloudwatch", f"alarm:{names}") if names else "*"
    return Needs((Requirement(f"cloudwatch:{call.operation}", arn, context),))


def ssm_needs(call: Call) -> Needs:
    """Return what a Parameter Store request needs, one requirement per parameter."""
    names = call.parameters.get("Names") or [
        call.parameters.get("Name") or call.parameters.get("Path")
    ]
    arns = [
        call.arn("ssm", f"parameter/{str(name).lstrip('/')}") if name else "*" for name in names
    ]
    return Needs(tuple(Requirement(f"ssm:{call.operation}", arn) for arn in arns))


def scheduler_needs(call: Call) -> Needs:
    """Return what a request to EventBridge Scheduler needs.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridgescheduler.html
    """
    match = _SCHEDULE_PATH.match(unquote(call.response.path))
    if match is None:
        return Needs((Requirement(f"scheduler:{call.operation}", "*"),))
    group = call.parameters.get("GroupName") or call.parameters.get("groupName") or "default"
    arn = call.arn("scheduler", f"schedule/{group}/{match[1]}")
    return Needs((Requirement(f"scheduler:{call.operation}", arn),))


def secrets_needs(call: Call) -> Needs:
    """Return what a Secrets Manager request needs, with the use of the secret's own key.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
    """
    named = str(call.parameters.get("SecretId", ""))
    secrets = secretsmanager_backends[call.account][call.region].secrets
    secret = secrets.get(named) if named else None
    if secret is None:
        arn = named if named.startswith("arn:") else "*"
        return Needs((Requirement(f"secretsmanager:{call.operation}", arn),))
    requirement = Requirement(f"secretsmanager:{call.operation}", secret.arn)
    if call.operation != "GetSecretValue" or not secret.kms_key_id:
        return Needs((requirement,))
    context = {"SecretARN": secret.arn}
    use = KeyUse(secret.kms_key_id, ("kms:Decrypt",), call.via("secretsmanager"), context)
    return Needs((requirement,), (use,))
