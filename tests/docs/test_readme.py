"""What the README says is so."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.plan.conftest import run_terraform
from tests.plan.stub import plan_time_aws
from tests.terraform_module import ROOT, copy_module, offline_environment

if TYPE_CHECKING:
    from pathlib import Path

README = (ROOT / "README.md").read_text(encoding="utf-8")


def fenced(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def end_states() -> set[str]:
    text = (ROOT / "statemachine.asl.json.tftpl").read_text(encoding="utf-8")
    # Without the directives the states of every switch are there. The placeholders stand for
    # numbers, lists and parts of strings: any number fits all of them.
    rendered = re.sub(r"\$\{[^}]*\}", "0", re.sub(r"%\{[^}]*\}", "", text))
    states: dict[str, Any] = json.loads(rendered)["States"]
    return {name for name, state in states.items() if state["Type"] in ("Succeed", "Fail")}


@pytest.mark.terraform
@pytest.mark.parametrize("block", fenced("hcl"), ids=lambda block: block.split("\n")[0])
def test_each_module_block_can_be_planned(block: str, tmp_path: Path) -> None:
    (tmp_path / "module").mkdir()
    copy_module(tmp_path / "module")
    local = re.sub(r"source +=.*\n +version +=.*\n", 'source = "./module"\n', block)
    assert local != block, "the block names a source and a version"
    (tmp_path / "main.tf").write_text(local)
    region = re.search(r"arn:aws:sagemaker:([a-z0-9-]+):", block)
    assert region is not None
    with plan_time_aws() as endpoint:
        environment = offline_environment(tmp_path, endpoint)
        environment |= {"AWS_REGION": region[1], "AWS_DEFAULT_REGION": region[1]}
        run_terraform(["init", "-input=false", "-no-color"], tmp_path, environment)
        output = run_terraform(["plan", "-input=false", "-no-color"], tmp_path, environment)
    assert "0 to change, 0 to destroy" in output


def test_the_module_block_is_formatted(tmp_path: Path) -> None:
    for number, block in enumerate(fenced("hcl")):
        (tmp_path / f"{number}.tf").write_text(block)
    environment = offline_environment(tmp_path, "http://127.0.0.1:1")
    assert not run_terraform(["fmt", "-check", "-diff"], tmp_path, environment)


def test_the_table_of_outcomes_has_every_end_state() -> None:
    described = set(re.findall(r"^\| `(\w+)` \| (?:SUCCEEDED|FAILED)", README, re.MULTILINE))
    assert described == end_states()


def test_each_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)", README))
    assert named
    assert named <= targets


def test_each_relative_link_leads_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_each_input_of_the_prerequisites_exists() -> None:
    variables = set(
        re.findall(r'^variable "(\w+)"', (ROOT / "variables.tf").read_text(), re.MULTILINE)
    )
    table = README[README.index("## What you need on AWS") : README.index("## The sandbox")]
    named = set(re.findall(r"^\|[^|]*\|[^|]*`(\w+)`", table, re.MULTILINE))
    assert named
    assert named <= variables
