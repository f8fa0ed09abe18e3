"""Ways to break a deployed pipeline, each with the check of ``labelctl doctor`` that must name it.

Each breaks one thing by hand, as a person or another stack would, and gives the way to undo it.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

from labeling_deployment.module import ROOT
from tests.labelctl.labeling_breakages import (
    ground_truth_closed,
    labeling_role_that_trusts_another_service,
    labeling_role_without_policy,
    public_work_team,
    put_resources,
    uploads_without_cors,
    vendor_team_without_subscription,
    work_team_deleted,
    worker_file_deleted,
)
from tests.sandbox.resources import make_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.labelctl.deployed import Deployed, Undo


def no_notification(deployed: Deployed) -> Undo:
    return _notification(deployed, {})


def second_notification_resource(deployed: Deployed) -> Undo:
    # S3 sends a test message to the queue.
    sqs = deployed.client("sqs")
    url = sqs.create_queue(QueueName="of-another-stack")["QueueUrl"]
    queue = deployed.queue_attribute(url, "QueueArn")
    other = {"QueueArn": queue, "Events": ["s3:ObjectRemoved:*"]}
    return _notification(deployed, {"QueueConfigurations": [other]})


def _notification(deployed: Deployed, configuration: dict[str, Any]) -> Undo:
    s3, bucket = deployed.client("s3"), deployed.output("upload_bucket_name")

    def put(wanted: dict[str, Any]) -> None:
        s3.put_bucket_notification_configuration(
            Bucket=bucket,
            NotificationConfiguration=wanted,
            SkipDestinationValidation=True,
        )

    put(configuration)
    return lambda: put({"EventBridgeConfiguration": {}})


def upload_rule_disabled(deployed: Deployed) -> Undo:
    return _disabled(deployed, "upload")


def job_state_rule_disabled(deployed: Deployed) -> Undo:
    return _disabled(deployed, "job_state")


def _disabled(deployed: Deployed, use: str) -> Undo:
    rule = deployed.parameter("resources")["rules"][use]
    deployed.client("events").disable_rule(Name=rule)
    return lambda: deployed.client("events").enable_rule(Name=rule)


def upload_rule_without_target(deployed: Deployed) -> Undo:
    events, rule = deployed.client("events"), deployed.parameter("resources")["rules"]["upload"]
    targets = events.list_targets_by_rule(Rule=rule)["Targets"]
    events.remove_targets(Rule=rule, Ids=[target["Id"] for target in targets])
    return lambda: events.put_targets(Rule=rule, Targets=targets)


def upload_rule_without_dead_letter_queue(deployed: Deployed) -> Undo:
    events, rule = deployed.client("events"), deployed.parameter("resources")["rules"]["upload"]
    (target,) = events.list_targets_by_rule(Rule=rule)["Targets"]
    less = {name: value for name, value in target.items() if name != "DeadLetterConfig"}
    events.put_targets(Rule=rule, Targets=[less])
    return lambda: events.put_targets(Rule=rule, Targets=[target])


def queue_policy_without_events(deployed: Deployed) -> Undo:
    policy = json.loads(deployed.queue_attribute(deployed.output("upload_queue_url"), "Policy"))
    policy["Statement"] = [
        statement for statement in policy["Statement"] if statement["Effect"] == "Deny"
    ]
    return _queue_attribute(deployed, "Policy", json.dumps(policy))


def queue_without_redrive_policy(deployed: Deployed) -> Undo:
    return _queue_attribute(deployed, "RedrivePolicy", "")


def queue_with_another_key(deployed: Deployed) -> Undo:
    return _queue_attribute(deployed, "KmsMasterKeyId", make_key(deployed.deployment.sandbox))


def _queue_attribute(deployed: Deployed, name: str, value: str) -> Undo:
    sqs, url = deployed.client("sqs"), deployed.output("upload_queue_url")
    before = deployed.queue_attribute(url, name)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={name: value})
    return lambda: sqs.set_queue_attributes(QueueUrl=url, Attributes={name: before})


def dead_letter(deployed: Deployed) -> Undo:
    return _message(deployed, deployed.output("dead_letter_queue_url"))


def undelivered_event(deployed: Deployed) -> Undo:
    return _message(deployed, deployed.output("undelivered_queue_url"))


def _message(deployed: Deployed, url: str) -> Undo:
    deployed.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    return lambda: take_messages(deployed.client("sqs"), url)


def take_messages(sqs: Any, url: str) -> None:
    """Delete the messages of a queue; SQS purges a queue once a minute at most."""
    while messages := sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0).get("Messages"):
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def schedule_changed_by_hand(deployed: Deployed) -> Undo:
    scheduler, name = deployed.client("scheduler"), deployed.output("schedule_name")
    known = scheduler.get_schedule(Name=name)
    settings = {
        key: known[key]
        for key in ("FlexibleTimeWindow", "KmsKeyArn", "Name", "ScheduleExpression", "Target")
    }
    # The tests' pipeline is deployed with its schedule off.
    scheduler.update_schedule(**settings, State="ENABLED")
    return lambda: scheduler.update_schedule(**settings, State="DISABLED")


def function_throttled(deployed: Deployed) -> Undo:
    functions, name = (
        deployed.client("lambda"),
        deployed.parameter("function-names")["return_items"],
    )
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    return lambda: functions.delete_function_concurrency(FunctionName=name)


def function_with_another_package(deployed: Deployed) -> Undo:
    functions, name = (
        deployed.client("lambda"),
        deployed.parameter("function-names")["return_items"],
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("labeling_lambdas/__init__.py", "")
    functions.update_function_code(FunctionName=name, ZipFile=packed.getvalue())
    shipped = (ROOT / "modules" / "function" / "package" / "labeling_lambdas.zip").read_bytes()
    return lambda: functions.update_function_code(FunctionName=name, ZipFile=shipped)


def function_that_the_rule_may_not_invoke(deployed: Deployed) -> Undo:
    functions, name = (
        deployed.client("lambda"),
        deployed.parameter("function-names")["job_state_change"],
    )
    (statement,) = json.loads(functions.get_policy(FunctionName=name)["Policy"])["Statement"]
    functions.remove_permission(FunctionName=name, StatementId=statement["Sid"])
    return lambda: functions.add_permission(
        FunctionName=name,
        StatementId=statement["Sid"],
        Action=statement["Action"],
        Principal=statement["Principal"]["Service"],
        SourceArn=statement["Condition"]["ArnLike"]["AWS:SourceArn"],
    )


def ledger_without_recovery(deployed: Deployed) -> Undo:
    def recovery(enabled: bool) -> None:
        deployed.client("dynamodb").update_continuous_backups(
            TableName=deployed.output("ledger_table_name"),
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": enabled},
        )

    recovery(False)
    return lambda: recovery(True)


def key_disabled(deployed: Deployed) -> Undo:
    kms, key = deployed.client("kms"), deployed.output("kms_key_arn").rpartition("/")[2]
    kms.disable_key(KeyId=key)
    return lambda: kms.enable_key(KeyId=key)


def key_to_be_deleted(deployed: Deployed) -> Undo:
    kms, key = deployed.client("kms"), deployed.output("kms_key_arn").rpartition("/")[2]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)

    def restore() -> None:
        kms.cancel_key_deletion(KeyId=key)
        kms.enable_key(KeyId=key)

    return restore


def key_policy_without_events(deployed: Deployed) -> Undo:
    kms, key = deployed.client("kms"), deployed.output("kms_key_arn").rpartition("/")[2]
    before = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    policy = json.loads(before)
    policy["Statement"] = [
        statement for statement in policy["Statement"] if statement.get("Sid") != "EventDelivery"
    ]
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    return lambda: kms.put_key_policy(KeyId=key, PolicyName="default", Policy=before)


def function_without_a_permission(deployed: Deployed) -> Undo:
    iam, role = deployed.client("iam"), _role_of(deployed, "poll_queue")
    before = iam.get_role_policy(RoleName=role, PolicyName="function")["PolicyDocument"]
    changed = json.loads(json.dumps(before).replace("sqs:ReceiveMessage", "sqs:GetQueueUrl"))

    def put(document: object) -> None:
        iam.put_role_policy(
            RoleName=role, PolicyName="function", PolicyDocument=json.dumps(document)
        )

    put(changed)
    return lambda: put(before)


def boundary_that_denies(deployed: Deployed) -> Undo:
    iam, role = deployed.client("iam"), _role_of(deployed, "finish_run")
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
    }
    arn = iam.create_policy(PolicyName="narrow", PolicyDocument=json.dumps(document))["Policy"][
        "Arn"
    ]
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=arn)

    def restore() -> None:
        iam.delete_role_permissions_boundary(RoleName=role)
        iam.delete_policy(PolicyArn=arn)

    return restore


def _role_of(deployed: Deployed, step: str) -> str:
    name = deployed.parameter("function-names")[step]
    configuration = deployed.client("lambda").get_function_configuration(FunctionName=name)
    return str(configuration["Role"]).rpartition("/")[2]


def alarm_in_alarm(deployed: Deployed) -> Undo:
    def state(value: str) -> None:
        deployed.client("cloudwatch").set_alarm_state(
            AlarmName=deployed.parameter("alarm-names")[0], StateValue=value, StateReason="by hand"
        )

    state("ALARM")
    return lambda: state("OK")


def alarm_that_notifies_nobody(deployed: Deployed) -> Undo:
    cloudwatch, names = deployed.client("cloudwatch"), deployed.parameter("alarm-names")[:1]
    cloudwatch.disable_alarm_actions(AlarmNames=names)
    return lambda: cloudwatch.enable_alarm_actions(AlarmNames=names)


def module_of_another_version(deployed: Deployed) -> Undo:
    before = deployed.parameter("resources")
    put_resources(deployed, {**before, "version": "99.0.0"})
    return lambda: put_resources(deployed, before)


#: Check by breakage.
BREAKAGES: dict[Callable[[Deployed], Undo], str] = {
    no_notification: "bucket_notification",
    second_notification_resource: "bucket_notification",
    upload_rule_disabled: "upload_rule",
    upload_rule_without_target: "upload_rule",
    upload_rule_without_dead_letter_queue: "upload_rule",
    queue_policy_without_events: "upload_delivery",
    queue_without_redrive_policy: "intake_queue",
    queue_with_another_key: "intake_queue",
    dead_letter: "dead_letter_queue",
    undelivered_event: "undelivered_queue",
    schedule_changed_by_hand: "schedule",
    function_throttled: "functions",
    function_with_another_package: "functions",
    job_state_rule_disabled: "job_state_rule",
    function_that_the_rule_may_not_invoke: "job_state_rule",
    ledger_without_recovery: "ledger",
    key_disabled: "key",
    key_to_be_deleted: "key",
    key_policy_without_events: "key",
    ground_truth_closed: "ground_truth",
    public_work_team: "work_teams",
    vendor_team_without_subscription: "work_teams",
    work_team_deleted: "work_teams",
    worker_file_deleted: "worker_files",
    labeling_role_without_policy: "labeling_role",
    labeling_role_that_trusts_another_service: "labeling_role",
    function_without_a_permission: "function_permissions",
    boundary_that_denies: "function_permissions",
    uploads_without_cors: "cors",
    alarm_in_alarm: "alarms",
    alarm_that_notifies_nobody: "alarms",
    module_of_another_version: "version",
}
