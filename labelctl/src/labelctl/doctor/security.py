"""Checks of the key, of what the functions may do, and of the alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelctl.doctor.alarm_steps import alarm_step
from labelctl.doctor.checks import Check, Problem, warning
from labelctl.doctor.function_uses import function_uses
from labelctl.doctor.lookups import APPLY, allows, found, principals, statements
from labelctl.doctor.simulation import denied

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelctl.doctor.checks import Subject

#: AWS takes 100 names in one call.
#: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
_ALARMS_PER_CALL = 100


def _key(subject: Subject) -> Iterator[Problem]:
    arn = subject.deployed.kms_key_arn
    kms = subject.client("kms")
    described = found(kms.describe_key, KeyId=arn)
    if described is None:
        yield Problem(f"the key {arn} does not exist", "restore it: without it no data is readable")
        return
    state = described["KeyMetadata"]["KeyState"]
    if state == "PendingDeletion":
        yield Problem(
            f"the key {arn} is to be deleted, and all data with it",
            f"aws kms cancel-key-deletion --key-id {arn}, then enable-key",
        )
    elif state != "Enabled":
        yield Problem(f"the key {arn} is {state}", f"aws kms enable-key --key-id {arn}")
    policy = statements(kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"])
    for required in subject.deployed.key_statements:
        for action in required.actions:
            allowed = any(
                principals(statement) & required.principals and allows(statement, action)
                for statement in policy
            )
            if not allowed:
                yield Problem(
                    f"the policy of the key {arn} lacks {action} for"
                    f" {', '.join(sorted(required.principals))}",
                    f"run terraform apply; to the policy of your own key add the statement"
                    f" {required.name} of the output required_key_policy_json",
                )
                break


def _functions(subject: Subject) -> Iterator[Problem]:
    for step, name in sorted(subject.deployed.functions.items()):
        function = found(subject.client("lambda").get_function_configuration, FunctionName=name)
        if function is not None:
            yield from denied(subject, function["Role"], function_uses(subject, step))


def _alarms(subject: Subject) -> Iterator[Problem]:
    cloudwatch = subject.client("cloudwatch")
    names = subject.deployed.alarms
    answer = cloudwatch.describe_alarms(
        AlarmNames=list(names), AlarmTypes=["MetricAlarm"], MaxRecords=_ALARMS_PER_CALL
    )
    alarms = {alarm["AlarmName"]: alarm for alarm in answer["MetricAlarms"]}
    for name in names:
        if name not in alarms:
            yield Problem(f"the alarm {name} does not exist", APPLY)
        elif alarms[name]["StateValue"] == "ALARM":
            yield warning(
                f"the alarm {name} is in alarm: {alarms[name].get('AlarmDescription', '')}",
                alarm_step(subject, name),
            )
        elif not alarms[name]["ActionsEnabled"]:
            yield warning(
                f"the alarm {name} notifies nobody: its actions are disabled",
                f"aws cloudwatch enable-alarm-actions --alarm-names {name}",
            )


CHECKS = (
    Check("key", "the key is enabled and its policy is complete", _key),
    Check("function_permissions", "the functions may do their work", _functions),
    Check("alarms", "no alarm is missing or in alarm", _alarms),
)
