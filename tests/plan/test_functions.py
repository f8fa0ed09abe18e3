"""Each function may do what its step needs, on the resources it needs, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from labelctl.doctor.function_uses import STEP_USES
from labeling_deployment.planned import Planned, as_list
from tests.plan.scenarios import KEY_ARN

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_deployment.planned import Statement

pytestmark = pytest.mark.terraform

PREFIX = "us-east-1:123456789012"
OUTPUT = "arn:aws:s3:::digits-123456789012-us-east-1-output"
RUNS = f"{OUTPUT}/runs/*"
LEDGER = f"arn:aws:dynamodb:{PREFIX}:table/digits-ledger"
INTAKE = f"arn:aws:sqs:{PREFIX}:digits-intake"
DEAD_LETTER = f"arn:aws:sqs:{PREFIX}:digits-dead-letter"
UNDELIVERED = f"arn:aws:sqs:{PREFIX}:digits-undelivered"
JOBS = f"arn:aws:sagemaker:{PREFIX}:labeling-job/digits-*"
MACHINE = f"arn:aws:states:{PREFIX}:stateMachine:digits"
EXECUTIONS = f"arn:aws:states:{PREFIX}:execution:digits:*"
FEATURE_GROUP = f"arn:aws:sagemaker:{PREFIX}:feature-group/digits"
GROUND_TRUTH_ROLE = "arn:aws:iam::123456789012:role/digits-ground-truth-us-east-1"
WORKTEAM = f"arn:aws:sagemaker:{PREFIX}:workteam/private-crowd/digits"
BUS = f"arn:aws:events:{PREFIX}:event-bus/default"

# (action, resource) pairs by function, besides its log and the key.
GRANTS: dict[str, set[tuple[str, str]]] = {
    "finish_run": {
        ("dynamodb:GetItem", LEDGER),
        ("dynamodb:UpdateItem", LEDGER),
        ("events:PutEvents", BUS),
        ("s3:GetObject", RUNS),
        ("s3:ListBucket", OUTPUT),
        ("s3:PutObject", RUNS),
    },
    "job_state_change": {
        ("dynamodb:GetItem", LEDGER),
        ("dynamodb:UpdateItem", LEDGER),
        ("sagemaker:DescribeLabelingJob", JOBS),
        ("sqs:SendMessage", UNDELIVERED),
        ("states:SendTaskSuccess", MACHINE),
    },
    "plan_results": {
        ("dynamodb:BatchGetItem", LEDGER),
        ("dynamodb:GetItem", LEDGER),
        ("dynamodb:UpdateItem", LEDGER),
        ("s3:GetObject", RUNS),
        ("s3:GetObject", f"{OUTPUT}/labeling-jobs/*"),
        ("s3:ListBucket", OUTPUT),
        ("s3:PutObject", RUNS),
        ("sagemaker:DescribeLabelingJob", JOBS),
    },
    "poll_queue": {
        ("dynamodb:BatchGetItem", LEDGER),
        ("dynamodb:GetItem", LEDGER),
        ("dynamodb:UpdateItem", LEDGER),
        ("s3:GetObject", RUNS),
        ("s3:ListBucket", OUTPUT),
        ("s3:PutObject", RUNS),
        ("sqs:ChangeMessageVisibility", INTAKE),
        ("sqs:DeleteMessage", INTAKE),
        ("sqs:ReceiveMessage", INTAKE),
        ("sqs:SendMessage", DEAD_LETTER),
    },
    "recover_runs": {
        ("dynamodb:GetItem", LEDGER),
        ("dynamodb:UpdateItem", LEDGER),
        ("sagemaker:DescribeLabelingJob", JOBS),
        ("states:DescribeExecution", EXECUTIONS),
        ("states:SendTaskSuccess", MACHINE),
        ("states:StartExecution", MACHINE),
    },
    "return_items": {
        ("dynamodb:UpdateItem", LEDGER),
        ("s3:GetObject", RUNS),
        ("s3:PutObject", RUNS),
        ("sqs:SendMessage", DEAD_LETTER),
        ("sqs:SendMessage", INTAKE),
    },
    "start_labeling_job": {
        ("dynamodb:BatchGetItem", LEDGER),
        ("dynamodb:GetItem", LEDGER),
        ("dynamodb:UpdateItem", LEDGER),
        ("iam:PassRole", GROUND_TRUTH_ROLE),
        ("s3:GetObject", RUNS),
        ("s3:GetObject", f"{OUTPUT}/ground-truth/*"),
        ("s3:ListBucket", OUTPUT),
        ("s3:PutObject", RUNS),
        ("sagemaker:AddTags", JOBS),
        ("sagemaker:CreateLabelingJob", JOBS),
        ("sagemaker:DescribeLabelingJob", JOBS),
        ("states:SendTaskSuccess", MACHINE),
    },
    "stop_job": {
        ("dynamodb:GetItem", LEDGER),
        ("dynamodb:UpdateItem", LEDGER),
        ("sagemaker:DescribeLabelingJob", JOBS),
        ("sagemaker:StopLabelingJob", JOBS),
        ("states:SendTaskSuccess", MACHINE),
    },
    "update_feature_store": {
        ("s3:ListBucket", OUTPUT),
        ("dynamodb:UpdateItem", LEDGER),
        ("s3:GetObject", RUNS),
        ("s3:PutObject", RUNS),
        ("sagemaker:BatchWriteRecord", FEATURE_GROUP),
        ("sagemaker:PutRecord", FEATURE_GROUP),
    },
}
# Conditions by function and statement; a statement that is not here has none.
CONDITIONS: dict[tuple[str, str], dict[str, Any]] = {
    ("finish_run", "CompletionEvent"): {
        "ForAllValues:StringEquals": {"events:source": "ground-truth-labeling"},
        "Null": {"events:source": "false"},
    },
    ("start_labeling_job", "CreateLabelingJob"): {"ArnEquals": {"sagemaker:WorkteamArn": WORKTEAM}},
    ("start_labeling_job", "PassGroundTruthRole"): {
        "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}
    },
}


def granted(statements: dict[str, Statement]) -> set[tuple[str, str]]:
    """Every action with every resource it is allowed on."""
    return {
        (action, resource)
        for statement in statements.values()
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


def services_used(step: str) -> set[str]:
    """The encrypted services that a function's grants reach."""
    services = {action.split(":", maxsplit=1)[0] for action, _ in GRANTS[step]}
    return services & {"dynamodb", "s3", "sqs"}


@pytest.fixture(scope="session")
def own_key(plan: Callable[[str], Planned]) -> Planned:
    return plan("own_key")


def test_records_may_be_written_whatever_case_the_name_has_in_the_groups_arn(
    plan: Callable[[str], Planned],
) -> None:
    planned = plan("mixed_case")
    assert planned.environment("update_feature_store")["FEATURE_GROUP_NAME"] == "Digits-Records"
    written = planned.function_statements("update_feature_store")["WriteRecords"]
    assert set(as_list(written["Resource"])) == {
        f"arn:aws:sagemaker:{PREFIX}:feature-group/{name}"
        for name in ("Digits-Records", "digits-records")
    }


def test_the_functions_are_the_steps_of_the_pipeline(own_key: Planned) -> None:
    handlers = {values["handler"] for values in own_key.of_type("aws_lambda_function").values()}
    assert handlers == {f"labeling_lambdas.handlers.{step}.handler" for step in GRANTS}


@pytest.mark.parametrize("step", sorted(GRANTS))
def test_a_function_has_its_own_grants_and_no_other(own_key: Planned, step: str) -> None:
    statements = own_key.function_statements(step)
    assert {statement["Effect"] for statement in statements.values()} == {"Allow"}
    del statements["Log"], statements["Key"]
    assert granted(statements) == GRANTS[step]


def test_what_doctor_simulates_is_granted(plan: Callable[[str], Planned]) -> None:
    allowed: dict[str, set[str]] = {}
    for planned in (plan("text"), plan("verified own_role"), plan("label_studio")):
        for function in planned.of_type("aws_lambda_function").values():
            step = function["handler"].split(".")[2]
            statements = planned.function_statements(step)
            allowed.setdefault(step, set()).update(action for action, _ in granted(statements))
    assert set(STEP_USES) == set(allowed)
    for step, uses in STEP_USES.items():
        assert {action for action, _ in uses} <= allowed[step], step


@pytest.mark.parametrize("step", sorted(GRANTS))
def test_a_function_writes_its_own_log_only(own_key: Planned, step: str) -> None:
    name = f"/aws/lambda/digits-{step.replace('_', '-')}"
    group = f"arn:aws:logs:{PREFIX}:log-group:{name}:*"
    log = own_key.function_statements(step)["Log"]
    assert granted({"Log": log}) == {("logs:CreateLogStream", group), ("logs:PutLogEvents", group)}


@pytest.mark.parametrize("step", sorted(GRANTS))
def test_a_function_reaches_the_key_only_through_the_services_it_calls(
    own_key: Planned, step: str
) -> None:
    key = own_key.function_statements(step)["Key"]
    assert granted({"Key": key}) == {("kms:Decrypt", KEY_ARN), ("kms:GenerateDataKey", KEY_ARN)}
    via = as_list(key["Condition"]["StringEquals"]["kms:ViaService"])
    assert via == [f"{service}.us-east-1.amazonaws.com" for service in sorted(services_used(step))]


def test_the_writer_of_records_can_use_the_key_of_the_online_store(
    plan: Callable[[str], Planned],
) -> None:
    # https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-security.html
    key = plan("online_store").function_statements("update_feature_store")["Key"]
    via = as_list(key["Condition"]["StringEquals"]["kms:ViaService"])
    assert "sagemaker.us-east-1.amazonaws.com" in via
    others = plan("online_store").function_statements("plan_results")["Key"]
    assert "sagemaker.us-east-1.amazonaws.com" not in str(others["Condition"])


@pytest.mark.parametrize("step", sorted(GRANTS))
def test_conditions_narrow_what_resources_cannot(own_key: Planned, step: str) -> None:
    for sid, statement in own_key.function_statements(step).items():
        if sid != "Key":
            assert statement.get("Condition") == CONDITIONS.get((step, sid)), sid


@pytest.mark.parametrize("step", sorted(GRANTS))
def test_no_environment_holds_the_state_machine(own_key: Planned, step: str) -> None:
    function = own_key.resources[f'module.function["{step}"].aws_lambda_function.this']
    assert MACHINE not in json.dumps(function)


def test_the_environment_of_a_job_is_what_the_code_reads(own_key: Planned) -> None:
    environment = own_key.environment("start_labeling_job")
    job = json.loads(environment["LABELING_JOB"])
    managed = "arn:aws:lambda:us-east-1:432418664414:function"
    assert job["pre_human_task_lambda_arn"] == f"{managed}:PRE-ImageMultiClass"
    assert job["annotation_consolidation_lambda_arn"] == f"{managed}:ACS-ImageMultiClass"
    assert job["role_arn"] == GROUND_TRUTH_ROLE
    assert job["workteam_arn"] == WORKTEAM
    assert job["label_attribute_name"] == "digits-label"
    assert job["output_prefix"] == "labeling-jobs"
    assert environment["KMS_KEY_ARN"] == KEY_ARN


def test_functions_run_the_shipped_package_by_default(own_key: Planned) -> None:
    for values in own_key.of_type("aws_lambda_function").values():
        assert values["filename"].endswith("modules/function/package/labeling_lambdas.zip")
        assert values["source_code_hash"]
        assert values["runtime"] == "python3.13"
        assert values["architectures"] == ["arm64"]


def test_functions_run_the_callers_package_when_given(plan: Callable[[str], Planned]) -> None:
    for values in plan("overrides").of_type("aws_lambda_function").values():
        assert values["filename"] is None
        assert (values["s3_bucket"], values["s3_key"]) == ("my-files", "labeling_lambdas.zip")


def test_functions_log_json_into_their_own_group(own_key: Planned) -> None:
    for values in own_key.of_type("aws_lambda_function").values():
        logging = values["logging_config"][0]
        assert logging["log_format"] == "JSON"
        assert logging["application_log_level"] == "INFO"
        assert logging["system_log_level"] == "WARN"
        assert logging["log_group"] == f"/aws/lambda/{values['function_name']}"


def test_every_log_group_has_a_retention(own_key: Planned) -> None:
    groups = own_key.of_type("aws_cloudwatch_log_group")
    # Those of functions that another task type, engine or verification would have are there too.
    assert len(groups) == 14 + 1
    for address, values in groups.items():
        assert values["retention_in_days"] == 365, address
