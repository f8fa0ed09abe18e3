"""Every example can be planned as it stands, and the complete ones leave no input out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from labeling_deployment.module import ROOT, copy_module
from labeling_deployment.plan_endpoint import ACCOUNT, plan_time_aws
from labeling_deployment.planned import Planned
from labeling_deployment.terraform import offline_environment, terraform_test
from tests.plan.scenarios import TASK_TYPES
from tests.terraform_module import variables_text

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = ROOT / "examples"
FOLDERS = sorted(path.parent.name for path in EXAMPLES.glob("*/main.tf"))
VARIABLE_FILES = sorted(path.name for path in EXAMPLES.glob("tfvars/*.tfvars"))
WORKTEAM = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:workteam/private-crowd/my-team"
# They name what may exist already, and exclude what the variable file shows.
NOT_IN_A_VARIABLE_FILE = {
    "categories_s3_uri",
    "ground_truth_role",
    "kms_key",
    "lambda_package",
    "template_s3_uri",
}


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Planned]:
    """Plan every example at once, in a root module that calls each; return one by its name."""
    root = tmp_path_factory.mktemp("examples")
    (root / "labeling").mkdir()
    module = copy_module(root / "labeling")
    calls = [
        _call(name, f"labeling/examples/{name}", f'workteam_arn = "{WORKTEAM}"') for name in FOLDERS
    ]
    # What a variable file sets is written as the arguments of a module block are.
    calls += [
        _call(name, "labeling", (module / "examples/tfvars" / name).read_text(encoding="utf-8"))
        for name in VARIABLE_FILES
    ]
    (root / "main.tf").write_text("\n".join(calls), encoding="utf-8")
    with plan_time_aws() as endpoint:
        terraform = terraform_test(root, offline_environment(root, endpoint))
        terraform.setup()
        shown = terraform.plan(output=True)
    modules = {
        each["address"]: each for each in shown["planned_values"]["root_module"]["child_modules"]
    }
    return lambda name: Planned(
        {"planned_values": {"root_module": modules[f"module.{_label(name)}"]}}
    )


def _call(name: str, source: str, arguments: str) -> str:
    return f'module "{_label(name)}" {{\n  source = "./{source}"\n{arguments}\n}}\n'


def _label(name: str) -> str:
    return name.replace(".", "-")


def inputs(text: str, pattern: str) -> set[str]:
    return set(re.findall(pattern, text, re.MULTILINE))


def all_inputs() -> set[str]:
    return inputs(variables_text(), r'^variable "(\w+)"')


def test_there_is_a_folder_for_each_way_of_use() -> None:
    assert FOLDERS == [
        "complete",
        "image-classification",
        "named-entities",
        "object-detection",
        "segmentation",
        "several-pipelines",
        "text-classification",
    ]


@pytest.mark.terraform
@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_can_be_planned(planned: Callable[[str], Planned], name: str) -> None:
    found = planned(name)
    pipelines = 2 if name == "several-pipelines" else 1
    assert len(found.of_type("aws_sfn_state_machine")) == pipelines
    assert len(found.of_type("aws_kms_key")) == 1


@pytest.mark.terraform
@pytest.mark.parametrize("name", VARIABLE_FILES)
def test_a_variable_file_can_be_planned(planned: Callable[[str], Planned], name: str) -> None:
    found = planned(name)
    assert len(found.of_type("aws_sfn_state_machine")) == 1


def test_each_task_type_has_a_variable_file() -> None:
    task_types = [
        re.findall(r'^task_type\s*= "(\w+)"', (EXAMPLES / "tfvars" / name).read_text(), re.M)[0]
        for name in VARIABLE_FILES
        if name != "complete.tfvars"
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
