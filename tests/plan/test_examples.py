"""Every example can be planned as it stands, and the complete ones leave no input out."""

from __future__ import annotations

import re

import pytest

from tests.plan.examples import EXAMPLES, FOLDERS, LABEL_STUDIO, VARIABLE_FILES, planned_example
from tests.plan.scenarios import TASK_TYPES
from tests.terraform_module import variables_text

# They name what may exist already, and exclude what the variable file shows.
NOT_IN_A_VARIABLE_FILE = {
    "categories_s3_uri",
    "ground_truth_role",
    "kms_key",
    "lambda_package",
    "template_s3_uri",
}
PIPELINES = {"several-pipelines": 2, LABEL_STUDIO: 0}
KEYS = {"label-studio-and-pipeline": 2}


def inputs(text: str, pattern: str) -> set[str]:
    return set(re.findall(pattern, text, re.MULTILINE))


def all_inputs() -> set[str]:
    return inputs(variables_text(), r'^variable "(\w+)"')


def test_there_is_a_folder_for_each_way_of_use() -> None:
    assert FOLDERS == [
        "complete",
        "image-classification",
        "label-studio-and-pipeline",
        "label-studio-existing",
        "label-studio-on-ecs",
        "named-entities",
        "object-detection",
        "segmentation",
        "several-pipelines",
        "text-classification",
    ]


@pytest.mark.terraform
@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_can_be_planned(name: str) -> None:
    found = planned_example(name)
    assert len(found.of_type("aws_sfn_state_machine")) == PIPELINES.get(name, 1)
    assert len(found.of_type("aws_kms_key")) == KEYS.get(name, 1)


@pytest.mark.terraform
@pytest.mark.parametrize("name", VARIABLE_FILES)
def test_a_variable_file_can_be_planned(name: str) -> None:
    found = planned_example(name)
    assert len(found.of_type("aws_sfn_state_machine")) == 1


def test_each_task_type_has_a_variable_file() -> None:
    task_types = [
        re.findall(r'^task_type\s*= "(\w+)"', (EXAMPLES / "tfvars" / name).read_text(), re.M)[0]
        for name in VARIABLE_FILES
        if name not in ("complete.tfvars", "label-studio.tfvars")
    ]
    assert sorted(task_types) == TASK_TYPES


def test_the_complete_folder_gives_every_input() -> None:
    text = (EXAMPLES / "complete/main.tf").read_text(encoding="utf-8")
    assert inputs(text, r"^  (\w+) +=") - {"source"} == all_inputs()


def test_the_complete_variable_file_gives_every_input_that_fits() -> None:
    text = (EXAMPLES / "tfvars/complete.tfvars").read_text(encoding="utf-8")
    assert inputs(text, r"^(\w+) +=") == all_inputs() - NOT_IN_A_VARIABLE_FILE


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_says_what_it_shows(name: str) -> None:
    index = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert f"({name})" in index
    readme = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("# ")
    assert "terraform apply" in readme


@pytest.mark.terraform
def test_an_existing_label_studio_is_called_from_its_network_without_ground_truth() -> None:
    found = planned_example("label-studio-existing")
    functions = found.of_type("aws_lambda_function")
    (advance,) = (each for name, each in functions.items() if "advance_label_studio_jobs" in name)
    (vpc,) = advance["vpc_config"]
    assert vpc["subnet_ids"] == ["subnet-3"]
    assert not any("job_state_change" in name for name in functions)
    assert not [name for name in found.resources if "ground_truth" in name]


@pytest.mark.terraform
def test_a_pipeline_and_its_label_studio_are_of_one_plan() -> None:
    found = planned_example("label-studio-and-pipeline")
    assert len(found.of_type("aws_ecs_service")) == 1
    functions = found.of_type("aws_lambda_function")
    assert any("advance_label_studio_jobs" in name for name in functions)
    assert {tuple(each["vpc_config"][0]["subnet_ids"]) for each in functions.values()} == {
        ("subnet-3", "subnet-4")
    }
    assert not [name for name in found.resources if "ground_truth" in name]
