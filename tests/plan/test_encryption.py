"""One key for everything, and a policy in which each statement opens it to one kind of user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labeling_deployment.planned import Planned, as_list, by_sid
from labeling_sandbox.iam.policy_evaluation import Decision, Principal, judge
from tests.plan.scenarios import KEY_ARN

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_deployment.planned import Statement

pytestmark = pytest.mark.terraform

ROOT_PRINCIPAL = {"AWS": "arn:aws:iam::123456789012:root"}
RULES = "arn:aws:events:us-east-1:123456789012:rule"
IN_ACCOUNT = {"aws:SourceAccount": "123456789012"}
ENCRYPT_AND_DECRYPT = ["kms:Decrypt", "kms:GenerateDataKey"]


@pytest.fixture(scope="session")
def key_policy(plan: Callable[[str], Planned]) -> dict[str, Statement]:
    return plan("default").statements("module.encryption.aws_kms_key.this[0]")


def test_the_account_is_never_locked_out(key_policy: dict[str, Statement]) -> None:
    administration = key_policy["AccountAdministration"]
    assert administration["Effect"] == "Allow"
    assert administration["Principal"] == ROOT_PRINCIPAL
    assert administration["Action"] == "kms:*"
    assert "Condition" not in administration
    assert {statement["Effect"] for statement in key_policy.values()} == {"Allow"}


def test_only_the_pipelines_rules_may_write_to_encrypted_queues(
    key_policy: dict[str, Statement],
) -> None:
    delivery = key_policy["EventDelivery"]
    assert delivery["Principal"] == {"Service": "events.amazonaws.com"}
    assert as_list(delivery["Action"]) == ENCRYPT_AND_DECRYPT
    assert delivery["Condition"]["StringEqualsIfExists"] == IN_ACCOUNT
    rules = as_list(delivery["Condition"]["ArnEqualsIfExists"]["aws:SourceArn"])
    assert rules == [f"{RULES}/digits-job-state", f"{RULES}/digits-upload"]


@pytest.mark.parametrize(
    ("seen", "decision"),
    [
        ({}, Decision.ALLOW),
        (IN_ACCOUNT, Decision.ALLOW),
        ({"aws:SourceArn": f"{RULES}/digits-upload"}, Decision.ALLOW),
        ({"aws:SourceArn": f"{RULES}/digits-job-state", **IN_ACCOUNT}, Decision.ALLOW),
        ({"aws:SourceArn": f"{RULES}/others", **IN_ACCOUNT}, Decision.IMPLICIT_DENY),
        ({"aws:SourceAccount": "999999999999"}, Decision.IMPLICIT_DENY),
    ],
)
@pytest.mark.parametrize("action", ENCRYPT_AND_DECRYPT)
def test_rules_reach_encrypted_queues_whatever_the_key_sees_of_them(
    key_policy: dict[str, Statement], seen: dict[str, str], decision: Decision, action: str
) -> None:
    document = {"Version": "2012-10-17", "Statement": [key_policy["EventDelivery"]]}
    events = Principal(service="events.amazonaws.com")
    assert judge(document, action, KEY_ARN, seen, events).decision is decision


def test_only_the_pipelines_log_groups_use_the_key(
    plan: Callable[[str], Planned], key_policy: dict[str, Statement]
) -> None:
    statement = key_policy["LogGroups"]
    assert statement["Principal"] == {"Service": "logs.us-east-1.amazonaws.com"}
    groups = as_list(statement["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"])
    prefix = "arn:aws:logs:us-east-1:123456789012:log-group"
    planned = plan("default").of_type("aws_cloudwatch_log_group").values()
    assert groups == sorted(f"{prefix}:{values['name']}" for values in planned)


def test_log_delivery_of_the_workflow_and_alarms_have_statements_of_their_own(
    key_policy: dict[str, Statement],
) -> None:
    logs = key_policy["WorkflowLogDelivery"]
    assert logs["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert logs["Action"] == "kms:Decrypt*"
    assert logs["Condition"] == {
        "StringEquals": {"kms:EncryptionContext:SourceArn": "arn:aws:logs:us-east-1:123456789012:*"}
    }
    alarms = key_policy["AlarmNotifications"]
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert as_list(alarms["Action"]) == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert alarms["Condition"] == {"StringEquals": IN_ACCOUNT}


def test_services_get_grants_only_for_resources_of_aws(
    key_policy: dict[str, Statement],
) -> None:
    grants = key_policy["ServiceGrants"]
    assert grants["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_every_role_of_the_pipeline_may_use_the_key(
    plan: Callable[[str], Planned], key_policy: dict[str, Statement]
) -> None:
    statement = key_policy["PipelineRoles"]
    assert statement["Principal"] == ROOT_PRINCIPAL
    named = as_list(statement["Condition"]["ArnEquals"]["aws:PrincipalArn"])
    roles = plan("default").of_type("aws_iam_role").values()
    assert named == sorted(
        f"arn:aws:iam::123456789012:role{values['path']}{values['name']}" for values in roles
    )


def test_maintenance_roles_of_the_offline_store_can_use_the_key(
    plan: Callable[[str], Planned],
) -> None:
    required = by_sid(plan("enterprise").outputs["required_key_policy_json"])
    named = as_list(required["PipelineRoles"]["Condition"]["ArnEquals"]["aws:PrincipalArn"])
    assert "arn:aws:iam::123456789012:role/compactor" in named


def test_an_output_lists_the_statements_that_the_callers_key_policy_needs(
    plan: Callable[[str], Planned], key_policy: dict[str, Statement]
) -> None:
    planned = plan("own_key")
    assert planned.of_type("aws_kms_key") == {}
    required = by_sid(planned.outputs["required_key_policy_json"])
    assert key_policy == required | {"AccountAdministration": key_policy["AccountAdministration"]}


def test_the_deploying_principal_can_create_a_feature_group_with_an_online_store(
    key_policy: dict[str, Statement],
) -> None:
    # https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-security.html
    deploying = set(as_list(key_policy["DeployingPrincipals"]["Action"]))
    assert {"kms:ReEncryptFrom", "kms:ReEncryptTo"} < deploying
    grants = as_list(key_policy["ServiceGrants"]["Action"])
    assert {"kms:CreateGrant", "kms:RetireGrant"} <= set(grants)


def test_named_principals_may_use_the_key_through_s3_only(
    plan: Callable[[str], Planned],
) -> None:
    required = by_sid(plan("enterprise").outputs["required_key_policy_json"])
    through_s3 = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
    uploaders, readers = required["UploadPrincipals"], required["ReaderPrincipals"]
    assert uploaders["Principal"] == {"AWS": "arn:aws:iam::123456789012:role/cameras"}
    assert as_list(uploaders["Action"]) == ENCRYPT_AND_DECRYPT
    assert readers["Principal"] == {"AWS": "arn:aws:iam::210987654321:role/analysis"}
    assert readers["Action"] == "kms:Decrypt"
    assert uploaders["Condition"] == readers["Condition"] == through_s3


def test_a_created_key_rotates_and_is_deleted_late(plan: Callable[[str], Planned]) -> None:
    (key,) = plan("default").of_type("aws_kms_key").values()
    assert key["enable_key_rotation"] is True
    assert key["deletion_window_in_days"] == 30


@pytest.mark.parametrize(
    ("kind", "attribute", "count"),
    [
        ("aws_cloudwatch_log_group", "kms_key_id", 15),
        ("aws_lambda_function", "kms_key_arn", 9),
        ("aws_s3_object", "kms_key_id", 2),
        ("aws_scheduler_schedule", "kms_key_arn", 1),
        ("aws_sns_topic", "kms_master_key_id", 1),
        ("aws_sqs_queue", "kms_master_key_id", 3),
    ],
)
def test_everything_is_encrypted_with_the_key(
    plan: Callable[[str], Planned], kind: str, attribute: str, count: int
) -> None:
    planned = plan("own_key").of_type(kind)
    assert [values[attribute] for values in planned.values()] == [KEY_ARN] * count


def test_table_state_machine_and_feature_stores_are_encrypted_with_the_key(
    plan: Callable[[str], Planned],
) -> None:
    planned = plan("online_store")
    (table,) = planned.of_type("aws_dynamodb_table").values()
    assert table["server_side_encryption"] == [{"enabled": True, "kms_key_arn": KEY_ARN}]
    (machine,) = planned.of_type("aws_sfn_state_machine").values()
    encryption = machine["encryption_configuration"][0]
    assert encryption["type"] == "CUSTOMER_MANAGED_KMS_KEY"
    assert encryption["kms_key_id"] == KEY_ARN
    (group,) = planned.of_type("aws_sagemaker_feature_group").values()
    assert group["offline_store_config"][0]["s3_storage_config"][0]["kms_key_id"] == KEY_ARN
    assert group["online_store_config"][0]["security_config"] == [{"kms_key_id": KEY_ARN}]
