"""On every page, code runs or states why not, links have targets, and inputs exist."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import botocore.session
import pytest
from botocore import xform_name

from labeling_deployment.module import ROOT, copy_module
from labeling_deployment.terraform import (
    offline_environment,
    planning_terraform,
    terraform_test,
)
from tests.docs.pages import Block, blocks, pages, shell_blocks

if TYPE_CHECKING:
    from pathlib import Path

PAGES = pages()
SECONDS = 900
REGION = "eu-west-1"
#: The address of a file of the repository. The README uses it, because the Terraform Registry does
#: not resolve relative links.
REPOSITORY = "https://github.com/example-org/terraform-aws-ground-truth-labeling/blob/main/"
#: The test that runs the same commands as the blocks of a page.
RUN_BY = {
    "docs/cost.md": "test_the_command_of_the_page_prints_the_pages_figures",
    "examples/": "test_a_folder_can_be_planned",
    "harness/sandbox/README.md": "test_serve_says_how_to_connect_and_stops_on_a_signal",
}
#: Inputs that complete a block which shows only some of them.
REQUIRED = {
    "job_name": '"digits"',
    "task_type": '"image_single_label_classification"',
    "labels": '["cat", "dog"]',
    "workteam_arn": f'"arn:aws:sagemaker:{REGION}:111122223333:workteam/private-crowd/labelers"',
}
_SOURCE = re.compile(r"source +=.*\n *version +=.*\n")


def hcl_blocks() -> dict[str, str]:
    """Return blocks of HCL by page and number."""
    return {
        f"{page} {number}": block.code
        for page, text in PAGES.items()
        for number, block in enumerate(blocks(text))
        if block.language == "hcl" and not block.not_run
    }


def as_module(code: str, label: str) -> str:
    """Make a module block of a page's block, with the module from the checkout."""
    if "module " in code:
        local = _SOURCE.sub('source = "./module"\n', code)
        assert local != code, f"{label}: the block names a source and a version"
        return re.sub(r'module "\w+"', f'module "{label}"', local)
    given = set(re.findall(r"^(\w+) *=", code, re.MULTILINE))
    if "categories_s3_uri" in given:
        given.add("labels")
    inputs = [f"{name} = {value}" for name, value in REQUIRED.items() if name not in given]
    return "\n".join([f'module "{label}" {{', 'source = "./module"', *inputs, code, "}"])


@pytest.mark.terraform
@pytest.mark.timeout(SECONDS)
def test_every_block_of_hcl_can_be_planned(tmp_path: Path) -> None:
    (tmp_path / "module").mkdir()
    copy_module(tmp_path / "module")
    found = hcl_blocks()
    assert len(found) >= 4
    modules = [
        f"# {place}\n{as_module(code, f'block_{number}')}"
        for number, (place, code) in enumerate(found.items())
    ]
    (tmp_path / "main.tf").write_text("\n\n".join(modules))
    with planning_terraform(tmp_path, REGION) as terraform:
        assert "0 to change, 0 to destroy" in terraform.plan()


@pytest.mark.terraform
def test_every_block_of_hcl_is_formatted(tmp_path: Path) -> None:
    for number, code in enumerate(hcl_blocks().values()):
        (tmp_path / f"{number}.tf").write_text(code)
    terraform = terraform_test(tmp_path, offline_environment(tmp_path, "http://127.0.0.1:1"))
    assert not terraform.execute_command("fmt", "-check", "-diff").out


def test_every_block_of_commands_is_run_or_says_why_not() -> None:
    source = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")
    )
    assert {name for name in RUN_BY.values() if f"def {name}(" not in source} == set()
    silent = [
        page
        for page, text in PAGES.items()
        for block in shell_blocks(text)
        if not block.not_run and not page.startswith(tuple(RUN_BY))
    ]
    assert silent == []


def test_the_commands_have_options_that_aws_knows() -> None:
    session = botocore.session.get_session()
    commands = [
        line.removeprefix("$ ").split()
        for text in PAGES.values()
        for block in shell_blocks(text)
        for line in block.code.splitlines()
        # The CLI's `aws s3` commands are not operations of a service.
        if line.removeprefix("$ ").startswith("aws ") and not line.startswith("aws s3 ")
    ]
    assert len(commands) >= 6
    for _, service, operation, *options in commands:
        model = session.get_service_model("s3" if service == "s3api" else service)
        operations = {xform_name(name, "-"): name for name in model.operation_names}
        shape = model.operation_model(operations[operation]).input_shape
        assert shape is not None
        members = {f"--{xform_name(name, '-')}" for name in shape.members}
        assert {option for option in options if option.startswith("--")} <= members, operation


def test_each_block_has_a_language() -> None:
    unnamed = [page for page, text in PAGES.items() if nameless_fences(text)]
    assert unnamed == []


def nameless_fences(text: str) -> int:
    """Find fences that open a block without a language."""
    fences = re.findall(r"^ *```(\w*)$", text, re.MULTILINE)
    return sum(not language for language in fences[::2])


def test_a_block_that_is_not_run_gives_its_reason() -> None:
    commands = "<!-- not run: it needs AWS -->\n```sh\naws s3 ls\n```\n"
    page = f"{commands}\n- step\n\n  ```hcl\n  a = 1\n  ```\n"
    assert blocks(page) == [
        Block("sh", "aws s3 ls\n", "it needs AWS"),
        Block("hcl", "a = 1\n", ""),
    ]
    assert nameless_fences("```\nx\n```\n") == 1


@pytest.mark.parametrize("page", sorted(PAGES))
def test_each_link_leads_somewhere(page: str) -> None:
    folder = (ROOT / page).parent
    inline = re.findall(r"\]\(([^)\s]+)\)", PAGES[page])
    for link in [*inline, *definitions(PAGES[page]).values()]:
        path, _, heading = link.partition("#")
        if path.startswith(REPOSITORY):
            target = ROOT / path.removeprefix(REPOSITORY)
        elif "://" in path:
            continue
        else:
            target = (folder / path) if path else ROOT / page
        assert target.exists(), link
        if heading:
            assert heading in anchors(target.read_text(encoding="utf-8")), link


def definitions(text: str) -> dict[str, str]:
    """Return the addresses of a page's reference links, by label."""
    return dict(re.findall(r"^\[([^\]]+)\]: (\S+)$", text, re.MULTILINE))


def test_the_readme_has_no_relative_links_and_uses_every_definition() -> None:
    readme = PAGES["README.md"]
    inline = re.findall(r"\]\(([^)\s]+)\)", readme)
    assert [link for link in inline if "://" not in link and not link.startswith("#")] == []
    labels = re.findall(r"\]\[([^\]]+)\]", readme)
    assert {" ".join(label.split()) for label in labels} == set(definitions(readme))


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives to headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    }


def test_each_make_target_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE))
    for page, text in PAGES.items():
        named = set(re.findall(r"`make ([a-z-]+)", text))
        assert named <= targets, page


def test_pages_contain_no_local_paths() -> None:
    for page, text in PAGES.items():
        assert not re.search(r"/(home|root|tmp|Users)/", text), page
