"""A pipeline whose items are labeled in Label Studio: what is deployed, and what is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from labeling_deployment.planned import Planned, as_list
from tests.plan.scenarios import BOTH_ENGINES, IN_LABEL_STUDIO, LABEL_STUDIO

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_deployment.planned import Statement

pytestmark = pytest.mark.terraform

PREFIX = "eu-north-1:123456789012"
OUTPUT = "arn:aws:s3:::digits-123456789012-eu-north-1-output"
UPLOADS = "arn:aws:s3:::digits-123456789012-eu-north-1-upload"
JOBS = f"{OUTPUT}/labeling-jobs/*"
RUNS = f"{OUTPUT}/runs/*"
LEDGER = f"arn:aws:dynamodb:{PREFIX}:table/digits-ledger"
MACHINE = f"arn:aws:states:{PREFIX}:stateMachine:digits"
EXECUTIONS = f"arn:aws:states:{PREFIX}:execution:digits:*"
ADVANCE = f"arn:aws:lambda:{PREFIX}:function:digits-advance-label-studio-jobs"
TOKEN = LABEL_STUDIO["token_secret_arn"]
READER = BOTH_ENGINES["label_studio"]["reader_role_arns"][0]
TOKEN_KEY = BOTH_ENGINES["label_studio"]["token_secret_kms_key_arn"]

# (action, resource) pairs by function, besides its log and the key.
GRANTS: dict[str, set[tuple[str, str]]] = {
    "advance_label_studio_jobs": {
        ("dynamodb:GetItem", LEDGER),
        ("dynamodb:UpdateItem", LEDGER),
        ("s3:DeleteObject", f"{OUTPUT}/labeling-jobs/_open/*"),
        ("s3:GetObject", JOBS),
        ("s3:GetObject", f"{OUTPUT}/runs/*/manifests/*"),
        ("s3:GetObject", f"{UPLOADS}/*"),
        ("s3:ListBucket", OUTPUT),
        ("s3:ListBucket", UPLOADS),
        ("s3:PutObject", JOBS),
        ("secretsmanager:GetSecretValue", TOKEN),
        ("states:SendTaskSuccess", MACHINE),
    },
    "plan_results": {
        ("dynamodb:BatchGetItem", LEDGER),
        ("dynamodb:GetItem", LEDGER),
        ("dynamodb:UpdateItem", LEDGER),
        ("s3:GetObject", JOBS),
        ("s3:GetObject", RUNS),
        ("s3:ListBucket", OUTPUT),
        ("s3:PutObject", RUNS),
    },
    "recover_runs": {
        ("dynamodb:GetItem", LEDGER),
        ("dynamodb:UpdateItem", LEDGER),
        ("s3:GetObject", JOBS),
        ("s3:ListBucket", OUTPUT),
        ("states:DescribeExecution", EXECUTIONS),
        ("states:SendTaskSuccess", MACHINE),
        ("states:StartExecution", MACHINE),
    },
    "start_labeling_job": {
        ("dynamodb:BatchGetItem", LEDGER),
        ("dynamodb:GetItem", LEDGER),
        ("dynamodb:UpdateItem", LEDGER),
        ("lambda:InvokeFunction", ADVANCE),
        ("s3:GetObject", JOBS),
        ("s3:GetObject", RUNS),
        ("s3:ListBucket", OUTPUT),
        ("s3:PutObject", JOBS),
        ("s3:PutObject", RUNS),
        ("states:SendTaskSuccess", MACHINE),
    },
    "stop_job": {
        ("dynamodb:GetItem", LEDGER),
        ("dynamodb:UpdateItem", LEDGER),
        ("s3:GetObject", JOBS),
        ("s3:ListBucket", OUTPUT),
        ("s3:PutObject", JOBS),
        ("states:SendTaskSuccess", MACHINE),
    },
}
# What Ground Truth's part consists of, besides its module.
OF_GROUND_TRUTH = ("job_state", "job-state", "consolidate_verification", "prepare_verification")


@pytest.fixture(scope="session")
def studio(plan: Callable[[str], Planned]) -> Planned:
    return plan("label_studio")


@pytest.fixture(scope="session")
def both(plan: Callable[[str], Planned]) -> Planned:
    return plan("both engines")


def granted(statements: dict[str, Statement]) -> set[tuple[str, str]]:
    return {
        (action, resource)
        for sid, statement in statements.items()
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
        if sid not in ("Key", "Log")
    }


def role_of(planned: Planned, step: str) -> str:
    name = planned.resources[f'module.function["{step}"].aws_iam_role.this']["name"]
    return f"arn:aws:iam::123456789012:role/{name}"


def principals(planned: Planned, bucket: str, sid: str) -> set[str]:
    policy = planned.statements(f'module.storage.aws_s3_bucket_policy.this["{bucket}"]')
    return set(policy[sid]["Condition"]["ArnNotLike"]["aws:PrincipalArn"])


def test_nothing_of_ground_truth_is_deployed_without_a_work_team(studio: Planned) -> None:
    found = [
        address
        for address in studio.resources
        if address.startswith("module.ground_truth")
        or (any(part in address for part in OF_GROUND_TRUTH) and "log_groups" not in address)
    ]
    assert found == []
    for address in studio.of_type("aws_iam_role_policy"):
        actions = {action for action, _ in granted(studio.statements(address))}
        assert not {action for action in actions if "LabelingJob" in action}, address
        assert "iam:PassRole" not in actions, address
    text = json.dumps(studio.resources)
    assert "ground-truth/" not in text
    assert "workteam" not in text
    assert studio.outputs["ground_truth_role_arn"] is None


@pytest.mark.parametrize("step", sorted(GRANTS))
def test_a_function_has_its_own_grants_and_no_other(studio: Planned, step: str) -> None:
    statements = studio.function_statements(step)
    assert granted(statements) == GRANTS[step]
    via = as_list(statements["Key"]["Condition"]["StringEquals"]["kms:ViaService"])
    assert via == ["dynamodb.eu-north-1.amazonaws.com", "s3.eu-north-1.amazonaws.com"]
    assert {sid for sid, each in statements.items() if "Condition" in each} == {"Key"}


def test_functions_of_texts_read_no_uploads(plan: Callable[[str], Planned]) -> None:
    texts = granted(plan("label_studio verified").function_statements("advance_label_studio_jobs"))
    assert texts == {
        (action, resource)
        for action, resource in GRANTS["advance_label_studio_jobs"]
        if not resource.startswith(UPLOADS)
    }


def test_the_start_of_a_verification_job_writes_it_and_has_it_looked_at(
    plan: Callable[[str], Planned],
) -> None:
    found = granted(plan("label_studio verified").function_statements("start_verification_job"))
    assert found == GRANTS["start_labeling_job"]


def test_both_engines_may_do_what_each_of_them_needs(
    plan: Callable[[str], Planned], both: Planned
) -> None:
    alone = plan("verified image_single_label_classification")
    for step in GRANTS.keys() - {"advance_label_studio_jobs"}:
        expected = {
            (action, resource.replace("eu-north-1", "us-east-1"))
            for action, resource in GRANTS[step]
        }
        expected |= granted(alone.function_statements(step))
        assert granted(both.function_statements(step)) == expected, step


def test_the_token_is_decrypted_with_the_key_of_its_secret_only(
    studio: Planned, both: Planned
) -> None:
    assert "DecryptToken" not in studio.function_statements("advance_label_studio_jobs")
    decrypt = both.function_statements("advance_label_studio_jobs")["DecryptToken"]
    assert (decrypt["Action"], decrypt["Resource"]) == ("kms:Decrypt", TOKEN_KEY)
    assert decrypt["Condition"] == {
        "StringEquals": {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}
    }


def test_a_job_has_what_label_studio_knows(plan: Callable[[str], Planned], studio: Planned) -> None:
    assert json.loads(studio.environment("start_labeling_job")["LABELING_JOB"]) == {
        "engine": "label_studio",
        "instructions": ("Look at the image and choose the one label that describes it best."),
        "label_attribute_name": "digits-label",
        "labels": ["cat", "dog"],
        "task_availability_seconds": 864_000,
        "workers_per_object": 1,
    }
    verified = plan("label_studio verified")
    label = json.loads(verified.environment("start_labeling_job")["LABELING_JOB"])
    assert label["instructions"] == "Look.\n\nWhat is it?"
    assert (label["task_availability_seconds"], label["workers_per_object"]) == (86_400, 3)
    assert json.loads(verified.environment("start_verification_job")["VERIFICATION_JOB"]) == {
        "engine": "label_studio",
        "instructions": "Is it?",
        "label_attribute_name": "digits-verification",
        "labels": ["cat", "dog"],
        "task_availability_seconds": 864_000,
        "workers_per_object": 2,
    }


def test_new_runs_take_the_engine_that_is_named(
    both: Planned, plan: Callable[[str], Planned]
) -> None:
    for name, setting in (
        ("start_labeling_job", "LABELING_JOB"),
        ("start_verification_job", "VERIFICATION_JOB"),
    ):
        assert "engine" not in json.loads(both.environment(name)[setting])
        switched = json.loads(plan("switched").environment(name)[setting])
        assert switched["engine"] == "label_studio"


def test_the_function_is_told_where_label_studio_is(studio: Planned) -> None:
    environment = studio.environment("advance_label_studio_jobs")
    assert environment == {
        "KMS_KEY_ARN": IN_LABEL_STUDIO["kms_key"]["arn"],
        "LABEL_STUDIO_TOKEN_SECRET_ARN": TOKEN,
        "LABEL_STUDIO_URL": "https://label-studio.example.com",
        "LEDGER_TABLE": "digits-ledger",
        "OUTPUT_BUCKET": "digits-123456789012-eu-north-1-output",
        "PIPELINE_NAME": "digits",
        "UPLOAD_BUCKET": "digits-123456789012-eu-north-1-upload",
    }
    (function,) = [
        each
        for each in studio.of_type("aws_lambda_function").values()
        if each["function_name"] == "digits-advance-label-studio-jobs"
    ]
    assert (function["timeout"], function["memory_size"]) == (900, 1024)


def test_starts_of_jobs_know_the_function_where_there_is_one(
    plan: Callable[[str], Planned],
) -> None:
    for step in ("start_labeling_job", "start_verification_job"):
        assert plan("label_studio verified").environment(step)["ADVANCE_FUNCTION"] == ADVANCE
        alone = plan("verified image_single_label_classification")
        assert "ADVANCE_FUNCTION" not in alone.environment(step)


def test_the_label_schema_changes_with_what_people_read_and_choose(
    plan: Callable[[str], Planned],
) -> None:
    schemas = {
        name: plan(name).environment("plan_results")["LABEL_SCHEMA"]
        for name in ("label_studio", "label_studio verified", "label_studio labels", "own_key")
    }
    assert len(set(schemas.values())) == len(schemas)
    assert all(schema.startswith("sha256:") and len(schema) == 23 for schema in schemas.values())
    # Of the same labels, task type and instructions, wherever it is deployed.
    switched = plan("switched").environment("plan_results")["LABEL_SCHEMA"]
    assert switched == schemas["label_studio"]
    assert plan("both engines").environment("plan_results")["LABEL_SCHEMA"] == schemas["own_key"]


def test_buckets_admit_the_functions_that_work_on_jobs(studio: Planned, both: Planned) -> None:
    readers = principals(studio, "output", "DenyOtherReaders")
    for step in GRANTS:
        assert role_of(studio, step) in readers, step
    writers = principals(studio, "output", "DenyOtherWriters")
    assert {role_of(studio, step) for step in ("advance_label_studio_jobs", "stop_job")} <= writers
    assert role_of(studio, "recover_runs") not in writers
    uploads = principals(studio, "upload", "DenyOtherReaders")
    assert role_of(studio, "advance_label_studio_jobs") in uploads
    assert READER in principals(both, "upload", "DenyOtherReaders")
    assert READER not in principals(both, "upload", "DenyOtherWriters")
    assert READER not in principals(both, "output", "DenyOtherReaders")


def test_label_studios_own_role_reads_uploads_and_nothing_else(both: Planned) -> None:
    policy = both.statements('module.storage.aws_s3_bucket_policy.this["upload"]')
    assert policy["LabelStudioRoles"]["Action"] == "s3:GetObject"
    assert policy["LabelStudioRoles"]["Principal"] == {"AWS": READER}
    assert set(as_list(policy["LabelStudioRolesList"]["Action"])) == {
        "s3:GetBucketLocation",
        "s3:ListBucket",
    }
    required = json.loads(both.outputs["required_key_policy_json"])["Statement"]
    (key,) = [each for each in required if each["Sid"] == "LabelStudioRoles"]
    assert (key["Action"], key["Principal"]) == ("kms:Decrypt", {"AWS": READER})
    assert key["Condition"] == {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}


def test_a_schedule_of_its_own_calls_the_function(studio: Planned, both: Planned) -> None:
    schedule = studio.resources["module.label_studio[0].aws_scheduler_schedule.this"]
    assert schedule["name"] == "digits-label-studio"
    assert schedule["schedule_expression"] == "rate(1 minute)"
    assert schedule["state"] == "ENABLED"
    role = studio.statements("module.label_studio[0].aws_iam_role_policy.schedule")
    assert role["CallFunction"]["Action"] == "lambda:InvokeFunction"
    assert role["CallFunction"]["Resource"] == ADVANCE
    arn = f"arn:aws:scheduler:{PREFIX}:schedule/default/digits-label-studio"
    assert role["DecryptInput"]["Condition"] == {
        "StringEquals": {"kms:EncryptionContext:aws:scheduler:schedule:arn": arn}
    }
    assert set(role) == {"CallFunction", "DecryptInput"}
    other = both.resources["module.label_studio[0].aws_scheduler_schedule.this"]
    assert other["schedule_expression"] == "rate(5 minutes)"


def test_no_call_of_the_function_is_repeated(studio: Planned) -> None:
    schedule = studio.resources["module.label_studio[0].aws_scheduler_schedule.this"]
    (target,) = schedule["target"]
    assert target["retry_policy"] == [
        {"maximum_event_age_in_seconds": 60, "maximum_retry_attempts": 0}
    ]
    config = studio.resources["module.label_studio[0].aws_lambda_function_event_invoke_config.this"]
    assert (config["maximum_event_age_in_seconds"], config["maximum_retry_attempts"]) == (60, 0)


def alarm_of(planned: Planned) -> dict[str, Any]:
    alarm: dict[str, Any] = planned.resources[
        "module.label_studio[0].aws_cloudwatch_metric_alarm.this"
    ]
    return alarm


def test_errors_that_last_raise_an_alarm(studio: Planned, both: Planned) -> None:
    alarm = alarm_of(studio)
    assert alarm["alarm_name"] == "digits-label-studio"
    assert (alarm["namespace"], alarm["metric_name"]) == ("AWS/Lambda", "Errors")
    assert alarm["dimensions"] == {"FunctionName": "digits-advance-label-studio-jobs"}
    assert (alarm["statistic"], alarm["threshold"], alarm["period"]) == ("Sum", 1, 300)
    assert (alarm["evaluation_periods"], alarm["datapoints_to_alarm"]) == (3, 3)
    assert alarm["treat_missing_data"] == "notBreaching"
    # Each period has a call, however seldom there is one.
    assert alarm_of(both)["period"] == 600
    configured = studio.expressions("label_studio", "aws_cloudwatch_metric_alarm.this")
    for actions in ("alarm_actions", "ok_actions"):
        assert configured[actions]["references"] == ["var.alarm_actions"]


def test_the_names_are_published_as_parameters(studio: Planned, both: Planned) -> None:
    def published(planned: Planned, name: str) -> Any:
        return json.loads(planned.resources[f'aws_ssm_parameter.published["{name}"]']["value"])

    functions = published(studio, "function-names")
    assert functions["advance_label_studio_jobs"] == "digits-advance-label-studio-jobs"
    assert "job_state_change" not in functions
    assert "digits-label-studio" in published(studio, "alarm-names")
    assert "digits-job-state-rule" not in published(studio, "alarm-names")
    assert {"digits-label-studio", "digits-job-state-rule"} <= set(published(both, "alarm-names"))
