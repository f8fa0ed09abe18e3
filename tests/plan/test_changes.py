"""What an applied pipeline lets its caller change without losing anything.

The only tests here that apply: what a change replaces depends on the state.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from labeling_deployment.module import copy_module
from labeling_deployment.terraform import attached_terraform, offline_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import tftest

    from labeling_sandbox.server import Sandbox

SECONDS_FOR_APPLY = 900
pytestmark = [pytest.mark.terraform, pytest.mark.timeout(SECONDS_FOR_APPLY * 2)]

APPLIED: dict[str, Any] = {
    "job_name": "changes",
    "task_type": "text_single_label_classification",
    "labels": ["praise", "complaint"],
    "workteam_arn": "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/changes",
    "extra_features": {"channel": "channel"},
    "force_destroy": True,
    "kms_deletion_window_days": 7,
}
CHANGES: dict[str, dict[str, Any]] = {
    "labels": {"labels": ["complaint", "question", "praise"]},
    "texts": {
        "task": {"title": "Another title", "description": "Another text.", "keywords": ["other"]},
        "instructions": {"short": "Shorter", "full": "Longer"},
        "label_details": {"praise": {"description": "Kind words."}},
    },
    "extra_features": {"extra_features": {"channel": "channel", "author": "author.name"}},
    "fewer extra_features": {"extra_features": {}},
}
# Named after their content, so another content is another object; the new one comes first.
NAMED_BY_CONTENT = {
    "module.ground_truth[0].aws_s3_object.categories",
    "module.ground_truth[0].aws_s3_object.template[0]",
}
VERIFIED: dict[str, Any] = {
    "verification": {
        "workteam_arn": "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
    }
}
LABEL_STUDIO: dict[str, Any] = {
    "label_studio": {
        "token_secret_arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:token-AbCdEf",
        "url": "https://label-studio.example.com",
    }
}
# What comes and goes with verification. Other resources are changed in place: policies that name
# its roles, the state machine, and the functions that read judgements.
OF_VERIFICATION = re.compile(
    r'^module\.function\["\w+_verification(_job)?"\]\.|'
    r"^module\.ground_truth\[0\]\.aws_s3_object\.verification_"
)
# What holds data, or would lose it. A change must not touch it at all.
DATA_TYPES = {
    "aws_dynamodb_table",
    "aws_s3_bucket",
    "aws_s3_bucket_versioning",
    "aws_sagemaker_feature_group",
    "aws_sqs_queue",
    "aws_sqs_queue_policy",
}
GROUP = "module.feature_group.aws_sagemaker_feature_group.this"


class Change:
    """A plan against the state of the apply.

    Attributes:
        output: What Terraform printed.
        shown: The plan as JSON.
    """

    def __init__(self, output: str, shown: dict[str, Any]) -> None:
        self.output = output
        self.shown = shown

    def actions(self) -> dict[str, list[str]]:
        """What happens to each resource that changes."""
        return {
            change["address"]: change["change"]["actions"]
            for change in self.shown["resource_changes"]
            if change["mode"] == "managed" and change["change"]["actions"] != ["no-op"]
        }

    def environment(self, step: str) -> dict[str, str]:
        (change,) = [
            each
            for each in self.shown["resource_changes"]
            if each["address"] == f'module.function["{step}"].aws_lambda_function.this'
        ]
        variables: dict[str, str] = change["change"]["after"]["environment"][0]["variables"]
        return variables


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the module."""
    return copy_module(tmp_path_factory.mktemp("changes"))


class Deployed:
    """A pipeline that was applied.

    Attributes:
        folder: The module's copy.
        terraform: Runs Terraform there.
    """

    def __init__(self, folder: Path, terraform: tftest.TerraformTest) -> None:
        self.folder = folder
        self.terraform = terraform

    def apply(self, changed: dict[str, Any]) -> None:
        """Apply the pipeline with other inputs."""
        self.terraform.apply(tf_var_file=self._inputs(APPLIED | changed))

    def destroy(self) -> None:
        """Destroy it."""
        self.terraform.destroy(tf_var_file=self._inputs(APPLIED))

    def plan(self, changed: dict[str, Any]) -> Change:
        """Plan other inputs; what AWS holds is compared only where there are none."""
        options = [
            *("-input=false", "-no-color", "-out=tfplan"),
            f"-var-file={self._inputs(APPLIED | changed)}",
            f"-refresh={json.dumps(not changed)}",
        ]
        done = self.terraform.execute_command("plan", *options)
        shown = self.terraform.execute_command("show", "-json", "tfplan")
        return Change(done.out, json.loads(shown.out))

    def _inputs(self, inputs: dict[str, Any]) -> str:
        variables = self.folder / "changes.tfvars.json"
        variables.write_text(json.dumps(inputs), encoding="utf-8")
        return variables.name


@pytest.fixture(scope="module")
def deployed(folder: Path, sandbox: Sandbox) -> Iterator[Deployed]:
    """A pipeline for texts."""
    environment = offline_environment(folder, sandbox.endpoint) | sandbox.environment()
    with attached_terraform(folder, environment) as terraform:
        pipeline = Deployed(folder, terraform)
        try:
            pipeline.apply({})
            yield pipeline
        finally:
            pipeline.destroy()


@pytest.fixture(scope="module")
def change(deployed: Deployed) -> Callable[[dict[str, Any]], Change]:
    """Plan changes of the pipeline, each once."""
    planned: dict[str, Change] = {}

    def plan(changed: dict[str, Any]) -> Change:
        inputs = json.dumps(changed, sort_keys=True)
        if inputs not in planned:
            planned[inputs] = deployed.plan(changed)
        return planned[inputs]

    return plan


def test_a_second_plan_changes_nothing(change: Callable[[dict[str, Any]], Change]) -> None:
    planned = change({})
    assert planned.actions() == {}
    assert "No changes." in planned.output


def test_the_splitter_is_told_what_an_item_is(change: Callable[[dict[str, Any]], Change]) -> None:
    environment = change({}).environment("split_text")
    assert environment["INTAKE_QUEUE_URL"].endswith("/changes-intake")
    assert environment["PIPELINE_NAME"] == "changes"
    assert environment["TASK_TYPE"] == "text_single_label_classification"
    assert environment["TEXT_ITEMS"] == "line"
    assert environment["UPLOAD_BUCKET"] == "changes-123456789012-us-east-1-upload"
    assert change({"text_items": "file"}).environment("split_text")["TEXT_ITEMS"] == "file"


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_a_change_replaces_nothing(change: Callable[[dict[str, Any]], Change], name: str) -> None:
    actions = change(CHANGES[name]).actions()
    assert actions, "the change must reach something"
    destroyed = {address for address, each in actions.items() if "delete" in each}
    assert destroyed <= NAMED_BY_CONTENT
    assert all(actions[address] == ["create", "delete"] for address in destroyed)
    assert GROUP not in actions


def test_a_later_feature_goes_into_extra_json_and_the_plan_says_so(
    change: Callable[[dict[str, Any]], Change],
) -> None:
    planned = change(CHANGES["extra_features"])
    features = json.loads(planned.environment("plan_results")["EXTRA_FEATURES"])
    assert features == {
        "author": {"path": "author.name", "column": False},
        "channel": {"path": "channel", "column": True},
    }
    (check,) = [
        each
        for each in planned.shown["checks"]
        if each["address"]["to_display"].endswith("check.extra_features_are_columns")
    ]
    assert check["status"] == "fail"
    said = re.sub(r"[\s│]+", " ", planned.output)
    assert "extra_features author: the feature group changes was created without them" in said
    assert "go into the column extra_json; the group is not changed." in said


def test_without_its_rule_the_group_would_be_replaced(deployed: Deployed, folder: Path) -> None:
    main = folder / "modules/feature_group/main.tf"
    kept = main.read_text(encoding="utf-8")
    rule = "      feature_definition,\n"
    assert kept.count(rule) == 1
    main.write_text(kept.replace(rule, ""), encoding="utf-8")
    try:
        actions = deployed.plan(CHANGES["extra_features"]).actions()
    finally:
        main.write_text(kept, encoding="utf-8")
    assert actions[GROUP] == ["delete", "create"]


def test_both_engines_are_switched_by_what_new_runs_are_given(
    change: Callable[[dict[str, Any]], Change],
) -> None:
    both = change(LABEL_STUDIO)
    switched = change(LABEL_STUDIO | {"engine": "label_studio"})
    # plan_results is given the schema of new labels, and doctor what new jobs are created with.
    assert switched.actions() == both.actions() | {
        'aws_ssm_parameter.published["resources"]': ["update"],
        'module.function["plan_results"].aws_lambda_function.this': ["update"],
    }
    assert all("delete" not in each for each in both.actions().values())
    settings = ("LABELING_JOB", "LABEL_SCHEMA")
    before, after = (each.environment("start_labeling_job") for each in (both, switched))
    assert {name for name in before if before[name] != after[name]} == set(settings)
    # What records of Ground Truth's labels say of their schema does not change with the upgrade.
    assert before["LABEL_SCHEMA"] == change({}).environment("start_labeling_job")["LABEL_SCHEMA"]


def assert_only_verification_changes(actions: dict[str, list[str]], action: str) -> None:
    switched = {address for address, each in actions.items() if each != ["update"]}
    assert switched
    assert all(OF_VERIFICATION.match(address) for address in switched), switched
    assert {tuple(actions[address]) for address in switched} == {(action,)}
    types = {re.sub(r"^(module\.\w+(\[[^]]*\])?\.)*", "", each).split(".")[0] for each in actions}
    assert "aws_sfn_state_machine" in types
    assert types.isdisjoint(DATA_TYPES)


def test_verification_is_turned_on_and_off_without_touching_data(deployed: Deployed) -> None:
    # The last test of this file: it changes what is applied.
    assert_only_verification_changes(deployed.plan(VERIFIED).actions(), "create")
    deployed.apply(VERIFIED)
    assert deployed.plan(VERIFIED).actions() == {}
    assert_only_verification_changes(deployed.plan({}).actions(), "delete")
