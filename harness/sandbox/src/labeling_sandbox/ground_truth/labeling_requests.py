"""The rules of CreateLabelingJob, beyond the constraints of the service model.

Rules: API reference of CreateLabelingJob, HumanTaskConfig and UiConfig, and the developer guide's
page on label attribute names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from in_process_aws import validation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# HumanTaskConfig.PreHumanTaskLambdaArn in the API reference: the accounts that own the managed
# functions.
MANAGED_FUNCTION_ACCOUNTS: Mapping[str, str] = {
    "ap-northeast-1": "477331159723",
    "ap-northeast-2": "845288260483",
    "ap-south-1": "565803892007",
    "ap-southeast-1": "377565633583",
    "ap-southeast-2": "454466003867",
    "ca-central-1": "918755190332",
    "eu-central-1": "203001061592",
    "eu-west-1": "568282634449",
    "eu-west-2": "487402164563",
    "us-east-1": "432418664414",
    "us-east-2": "266458841044",
    "us-west-2": "081040173940",
}
_TASK_TIME_LIMIT_SECONDS = 28_800
_TASK_LIFETIME_SECONDS = 2_592_000
_SERVICE_UI_SUFFIXES = ("NamedEntityRecognition",)
# UiConfig.HumanTaskUiArn in the API reference: one account owns the interfaces of all regions.
_SERVICE_UI_ACCOUNT = "394669845002"
CUSTOM_SUFFIX = "custom"
"""What stands for the suffix of the managed functions in a custom labeling workflow."""

_MANAGED_NAME = re.compile(r"(?:PRE|ACS)-(.+)")
_REFERENCE_SUFFIXES = ("SemanticSegmentation", "AdjustmentSemanticSegmentation")
_RESERVED_ATTRIBUTES = ("source", "source-ref")


def problems(request: Mapping[str, Any], region: str, account: str) -> list[str]:
    """List what is wrong with a CreateLabelingJob request.

    Args:
        request: The request's members.
        region: The region it is made in.
        account: The account that makes it.

    Returns:
        One sentence for each rule that is broken.
    """
    found = validation.breaches("sagemaker", "CreateLabelingJob", request)
    # The other rules read members that the model says are there.
    return found or list(_broken_rules(request, region, account))


def task_suffix(request: Mapping[str, Any]) -> str:
    """Return the suffix of the managed functions, which names the task type.

    Functions with names of another form are a customer's own: `CUSTOM_SUFFIX`.
    """
    arn: str = request["HumanTaskConfig"].get("PreHumanTaskLambdaArn", "")
    managed = _MANAGED_NAME.fullmatch(arn.rpartition(":function:")[2])
    return managed[1] if managed else CUSTOM_SUFFIX


def _broken_rules(request: Mapping[str, Any], region: str, account: str) -> Iterator[str]:
    human = request["HumanTaskConfig"]
    suffix = task_suffix(request)
    yield from _attribute_rules(request["LabelAttributeName"], suffix)
    yield from _interface_rules(human.get("UiConfig", {}), suffix, region)
    yield from _function_rules(human, region, account)
    yield from _time_rules(human)
    if not _in_region(human["WorkteamArn"], region):
        yield f"The work team {human['WorkteamArn']} is not in the region {region}"
    if "public-crowd" in human["WorkteamArn"]:
        yield "The public workforce does not take new tasks"
    source = request["InputConfig"]["DataSource"].get("S3DataSource")
    if not source or not re.match(r"s3://[^/]+/.+", source["ManifestS3Uri"]):
        yield "The input must be a manifest in S3"
    # A custom workflow may do without: its function for consolidation is then told none.
    if not request.get("LabelCategoryConfigS3Uri") and suffix != CUSTOM_SUFFIX:
        yield "LabelCategoryConfigS3Uri is required for this task type"


def _attribute_rules(attribute: str, suffix: str) -> Iterator[str]:
    if attribute.endswith("-metadata"):
        yield "LabelAttributeName can't end with '-metadata'"
    if attribute in _RESERVED_ATTRIBUTES:
        yield f"LabelAttributeName can't be '{attribute}'"
    if suffix in _REFERENCE_SUFFIXES and not attribute.endswith("-ref"):
        yield "LabelAttributeName must end with '-ref' for semantic segmentation"
    if suffix not in _REFERENCE_SUFFIXES and attribute.endswith("-ref"):
        yield "LabelAttributeName can't end with '-ref' for this task type"


def _interface_rules(interface: Mapping[str, Any], suffix: str, region: str) -> Iterator[str]:
    template, service_interface = "UiTemplateS3Uri", "HumanTaskUiArn"
    if (template in interface) == (service_interface in interface):
        yield f"UiConfig takes either {template} or {service_interface}"
    elif (suffix in _SERVICE_UI_SUFFIXES) != (service_interface in interface):
        needed = service_interface if suffix in _SERVICE_UI_SUFFIXES else template
        yield f"UiConfig needs {needed} for this task type"
    elif service_interface in interface:
        owner = rf"arn:[a-z-]+:sagemaker:{region}:{_SERVICE_UI_ACCOUNT}"
        if not re.fullmatch(f"{owner}:human-task-ui/{suffix}", interface[service_interface]):
            yield f"{interface[service_interface]} is not the interface of {suffix} in {region}"


def _function_rules(human: Mapping[str, Any], region: str, account: str) -> Iterator[str]:
    suffix = task_suffix({"HumanTaskConfig": human})
    owner = MANAGED_FUNCTION_ACCOUNTS.get(region)
    consolidation = human.get("AnnotationConsolidationConfig", {})
    for given, prefix in (
        (human.get("PreHumanTaskLambdaArn"), "PRE"),
        (consolidation.get("AnnotationConsolidationLambdaArn"), "ACS"),
    ):
        managed = rf"arn:[a-z-]+:lambda:{region}:{owner}:function:{prefix}-{suffix}"
        own = rf"arn:[a-z-]+:lambda:{region}:{account}:function:(?!PRE-|ACS-)[\w-]+(:[\w$-]+)?"
        # A managed function cannot be combined with your own function here.
        if not given or not re.fullmatch(own if suffix == CUSTOM_SUFFIX else managed, given):
            whose = "an own" if suffix == CUSTOM_SUFFIX else "a managed"
            yield f"The function {given} is not {whose} {prefix} function in {region}"


def _time_rules(human: Mapping[str, Any]) -> Iterator[str]:
    if human["TaskTimeLimitInSeconds"] > _TASK_TIME_LIMIT_SECONDS:
        yield f"TaskTimeLimitInSeconds must not exceed {_TASK_TIME_LIMIT_SECONDS}"
    lifetime = human.get("TaskAvailabilityLifetimeInSeconds", _TASK_LIFETIME_SECONDS)
    if lifetime > _TASK_LIFETIME_SECONDS:
        yield f"TaskAvailabilityLifetimeInSeconds must not exceed {_TASK_LIFETIME_SECONDS}"
    if lifetime < human["TaskTimeLimitInSeconds"]:
        yield "TaskAvailabilityLifetimeInSeconds must not be less than TaskTimeLimitInSeconds"


def _in_region(arn: str, region: str) -> bool:
    return arn.split(":")[3] == region
