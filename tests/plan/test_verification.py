"""Verification is there where it is asked for, with its own permissions, and nowhere else."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.validate import validate_parameters

from in_process_aws import validation
from labeling_deployment.planned import as_list
from labeling_lambdas.domain.labeling_jobs import LabelingJobSettings, labeling_job_request
from labeling_lambdas.domain.manifest_keys import without_answers
from tests.plan.scenarios import KEY_ARN, REVIEWERS, TASK_TYPES, UNSAFE_CATEGORIES
from tests.plan.test_functions import (
    CONDITIONS,
    GRANTS,
    JOBS,
    OUTPUT,
    PREFIX,
    WORKTEAM,
    granted,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_deployment.planned import Planned

pytestmark = pytest.mark.terraform

NATIVE = {
    "image_bounding_box": "VerificationBoundingBox",
    "image_semantic_segmentation": "VerificationSemanticSegmentation",
}
CUSTOM_TYPES = [name for name in TASK_TYPES if name not in NATIVE]
GROUND_TRUTH_STEPS = {"consolidate_verification", "prepare_verification"}
OUTPUT_OF_JOBS = f"{OUTPUT}/labeling-jobs/*"
SETTINGS_OF_VERIFICATION = f"{OUTPUT}/runs/*/jobs/verify.json"
START = "start_verification_job"
GROUND_TRUTH = "module.ground_truth[0].aws_iam_role_policy.this[0]"


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_no_row_can_have_a_key_that_a_job_writes_its_answers_to(
    plan: Callable[[str], Planned], task_type: str
) -> None:
    planned = plan(f"verified {task_type}")
    label = planned.environment("plan_results")["LABEL_ATTRIBUTE_NAME"]
    labeling = json.loads(planned.environment("start_labeling_job")["LABELING_JOB"])
    assert labeling["label_attribute_name"] == label
    verdict = judgement(planned)["attribute"]
    assert job(planned)["label_attribute_name"] == verdict
    assert label != verdict
    names = {label, verdict, label.removesuffix("-ref")}
    keys = {f"{name}{ending}": 0 for name in names for ending in ("", "-metadata", "-ref")}
    assert without_answers({**keys, "digits": 1}, label) == {"digits": 1}


def function_arn(step: str) -> str:
    return f"arn:aws:lambda:{PREFIX}:function:digits-{step.replace('_', '-')}"


def steps(planned: Planned) -> set[str]:
    return {address.split('"')[1] for address in planned.of_type("aws_lambda_function")}


def judgement(planned: Planned, step: str = START) -> Any:
    return json.loads(planned.environment(step)["VERIFICATION"])


def job(planned: Planned) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(planned.environment(START)["VERIFICATION_JOB"])
    return settings


def definition(planned: Planned) -> str:
    return str(planned.resources["module.workflow.aws_sfn_state_machine.this"]["definition"])


def test_without_verification_there_is_nothing_of_it(plan: Callable[[str], Planned]) -> None:
    planned = plan("own_key")
    assert not {step for step in steps(planned) if "verif" in step}
    # Log groups outlive their functions, so they are there for those that may come.
    found = [address for address in planned.resources if "verif" in address]
    assert not [address for address in found if "aws_cloudwatch_log_group" not in address]
    assert "verif" not in definition(planned).lower()
    assert planned.environment("plan_results")["VERIFICATION"] == "null"
    assert "CallVerificationFunctions" not in planned.statements(GROUND_TRUTH)


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_a_task_type_has_the_functions_that_its_verification_needs(
    plan: Callable[[str], Planned], task_type: str
) -> None:
    planned = plan(f"verified {task_type}")
    own = GROUND_TRUTH_STEPS if task_type in CUSTOM_TYPES else set()
    assert {step for step in steps(planned) if "verif" in step} == own | {START}


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_ground_truth_may_call_the_functions_of_the_workflow_and_no_others(
    plan: Callable[[str], Planned], task_type: str
) -> None:
    role = plan(f"verified {task_type}").statements(GROUND_TRUTH)
    if task_type in NATIVE:
        assert "lambda:" not in json.dumps(role)
    else:
        assert granted({"call": role["CallVerificationFunctions"]}) == {
            ("lambda:InvokeFunction", function_arn(step)) for step in GROUND_TRUTH_STEPS
        }


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_the_job_names_the_functions_of_the_workflow(
    plan: Callable[[str], Planned], task_type: str
) -> None:
    settings = job(plan(f"verified {task_type}"))
    if task_type in NATIVE:
        managed = "arn:aws:lambda:us-east-1:432418664414:function"
        pre, acs = (f"{managed}:{prefix}-{NATIVE[task_type]}" for prefix in ("PRE", "ACS"))
    else:
        pre, acs = function_arn("prepare_verification"), function_arn("consolidate_verification")
    assert settings["pre_human_task_lambda_arn"] == pre
    assert settings["annotation_consolidation_lambda_arn"] == acs
    assert settings["human_task_ui_arn"] is None
    assert settings["label_attribute_name"] == "digits-verification"
    assert settings["workteam_arn"] == REVIEWERS


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_the_request_that_is_made_of_the_settings_is_one_that_boto3_knows(
    plan: Callable[[str], Planned], task_type: str
) -> None:
    request = labeling_job_request(
        LabelingJobSettings(**job(plan(f"unsafe verified {task_type}"))),
        name="digits-20260101t000000-0123456789-verify",
        manifest_uri="s3://digits-output/runs/r/manifests/verify.manifest",
        output_bucket="digits-output",
        kms_key_arn=KEY_ARN,
    )
    # Lengths, patterns and enumerations too, which boto3 itself leaves to the service.
    assert validation.breaches("sagemaker", "CreateLabelingJob", request) == []
    model = boto3.client("sagemaker", region_name="us-east-1").meta.service_model
    shape = model.operation_model("CreateLabelingJob").input_shape
    assert shape is not None
    validate_parameters(request, shape)


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_every_function_that_reads_judgements_knows_the_rule(
    plan: Callable[[str], Planned], task_type: str
) -> None:
    planned = plan(f"unsafe verified {task_type}")
    for step in (START, "plan_results"):
        assert judgement(planned, step) == {
            "accepted_category": UNSAFE_CATEGORIES[0],
            "attribute": "digits-verification",
            "categories": UNSAFE_CATEGORIES,
            "sample_percent": 100,
        }
        environment = planned.environment(step)
        suffix = "-ref" if task_type == "image_semantic_segmentation" else ""
        assert environment["LABEL_ATTRIBUTE_NAME"] == f"digits-label{suffix}"
        assert environment["TASK_TYPE"] == task_type
        assert json.loads(environment["LABELS"]) is not None


def test_only_the_accepted_category_of_the_callers_category_file_is_known(
    plan: Callable[[str], Planned],
) -> None:
    planned = plan("verified overrides")
    assert judgement(planned) == judgement(planned, "plan_results")
    assert judgement(planned) == {
        "accepted_category": "Fine",
        "attribute": "digits-verification",
        "categories": None,
        "sample_percent": 12.5,
    }
    assert job(planned)["categories_s3_uri"] == "s3://my-files/judgements.json"
    assert job(planned)["template_s3_uri"] == "s3://my-files/templates/judge.liquid.html"
    readable = as_list(planned.statements(GROUND_TRUTH)["ReadInputs"]["Resource"])
    assert "arn:aws:s3:::my-files/judgements.json" in readable
    assert "arn:aws:s3:::my-files/templates/judge.liquid.html" in readable


def test_the_start_of_verification_reads_labels_and_names_the_reviewers_alone(
    plan: Callable[[str], Planned],
) -> None:
    planned = plan("verified image_single_label_classification")
    statements = planned.function_statements(START)
    del statements["Log"]
    key = statements.pop("Key")
    assert granted(statements) == GRANTS["start_labeling_job"] | {("s3:GetObject", OUTPUT_OF_JOBS)}
    conditions = {sid: statement.get("Condition") for sid, statement in statements.items()}
    assert {sid: condition for sid, condition in conditions.items() if condition} == {
        "CreateLabelingJob": {"ArnEquals": {"sagemaker:WorkteamArn": REVIEWERS}},
        "PassGroundTruthRole": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
    }
    assert as_list(key["Condition"]["StringEquals"]["kms:ViaService"]) == [
        "dynamodb.us-east-1.amazonaws.com",
        "s3.us-east-1.amazonaws.com",
    ]


def test_each_start_creates_jobs_for_its_own_team(plan: Callable[[str], Planned]) -> None:
    planned = plan("verified image_single_label_classification")
    for step, team in (("start_labeling_job", WORKTEAM), (START, REVIEWERS)):
        create = planned.function_statements(step)["CreateLabelingJob"]
        assert granted({"create": create}) == {("sagemaker:CreateLabelingJob", JOBS)}
        assert create["Condition"] == {"ArnEquals": {"sagemaker:WorkteamArn": team}}


def test_the_function_that_makes_tasks_reads_the_settings_of_the_job_only(
    plan: Callable[[str], Planned],
) -> None:
    planned = plan("verified text_single_label_classification")
    statements = planned.function_statements("prepare_verification")
    del statements["Log"]
    assert granted(statements) == {
        ("kms:Decrypt", KEY_ARN),
        ("s3:GetObject", SETTINGS_OF_VERIFICATION),
    }


def test_the_function_that_consolidates_reads_answers_and_writes_nothing(
    plan: Callable[[str], Planned],
) -> None:
    planned = plan("verified text_single_label_classification")
    statements = planned.function_statements("consolidate_verification")
    del statements["Log"]
    assert granted(statements) == {
        ("kms:Decrypt", KEY_ARN),
        ("s3:GetObject", OUTPUT_OF_JOBS),
        ("s3:GetObject", SETTINGS_OF_VERIFICATION),
    }
    assert statements["Key"]["Condition"] == {
        "StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
    }
    policy = planned.statements('module.storage.aws_s3_bucket_policy.this["output"]')
    arns = {
        sid: as_list(policy[sid]["Condition"]["ArnNotLike"]["aws:PrincipalArn"])
        for sid in ("DenyOtherReaders", "DenyOtherWriters")
    }
    for step in GROUND_TRUTH_STEPS:
        name = f"digits-{step.replace('_', '-')}-us-east-1"
        role = f"arn:aws:iam::123456789012:role/{name}"
        assert role in arns["DenyOtherReaders"]
        assert role not in arns["DenyOtherWriters"]


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_other_functions_have_the_same_permissions_without_verification(
    plan: Callable[[str], Planned], task_type: str
) -> None:
    planned = plan(f"verified {task_type}")
    for step in GRANTS:
        statements = planned.function_statements(step)
        for sid, statement in statements.items():
            if sid != "Key":
                assert statement.get("Condition") == CONDITIONS.get((step, sid)), (step, sid)
        del statements["Log"], statements["Key"]
        assert granted(statements) == GRANTS[step], step


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_the_workflow_calls_its_steps_but_not_what_ground_truth_calls(
    plan: Callable[[str], Planned], task_type: str
) -> None:
    planned = plan(f"verified {task_type}")
    called = set(re.findall(r"arn:aws:lambda:[^\"]+", definition(planned)))
    not_steps = {"job_state_change", "split_text", *GROUND_TRUTH_STEPS}
    assert called == {function_arn(step) for step in steps(planned) - not_steps}
    role = planned.statements("module.workflow.aws_iam_role_policy.workflow")
    assert set(as_list(role["CallSteps"]["Resource"])) == called


def test_browsers_load_masks_of_the_output_bucket_where_reviewers_see_masks(
    plan: Callable[[str], Planned],
) -> None:
    address = "module.storage.aws_s3_bucket_cors_configuration.output[0]"
    for task_type in TASK_TYPES:
        planned = plan(f"verified {task_type}")
        assert (address in planned.resources) == (task_type == "image_semantic_segmentation")
    masks = plan("verified image_semantic_segmentation").resources[address]["cors_rule"]
    assert [rule["allowed_methods"] for rule in masks] == [["GET"]]
    # With a role of its own Ground Truth signs the links, and that role may read the masks.
    role = plan("verified image_semantic_segmentation").statements(GROUND_TRUTH)
    assert ("s3:GetObject", OUTPUT_OF_JOBS) in granted(role)


def test_an_existing_role_is_used_for_verification_too(plan: Callable[[str], Planned]) -> None:
    planned = plan("verified own_role")
    labeling = "arn:aws:iam::123456789012:role/labeling"
    assert job(planned)["role_arn"] == labeling
    assert planned.function_statements(START)["PassGroundTruthRole"]["Resource"] == labeling
    assert GROUND_TRUTH not in planned.resources


def test_a_record_names_the_same_label_schema_with_and_without_verification(
    plan: Callable[[str], Planned],
) -> None:
    schemas = {
        plan(name).environment("plan_results")["LABEL_SCHEMA"]
        for name in ("own_key", "verified image_single_label_classification")
    }
    assert len(schemas) == 1
