"""preview: each planted fault of a template is found, and pages are filled as Ground Truth does."""

from __future__ import annotations

import json
import stat
import sys
import urllib.request
import webbrowser
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber
from typer.testing import CliRunner

from labelctl.cli import app
from labelctl.error_messages import LabelctlError
from labelctl.preview.filled_by_aws import filled_by_aws
from labelctl.preview.lint import faults
from labeling_deployment.module import ROOT
from tests.labelctl.stoppable import publish
from tests.plan.worker_page import rendered as rendered_by_the_plan_tests

if TYPE_CHECKING:
    from pathlib import Path

    from tests.labelctl.stage import Operated

SHIPPED = sorted((ROOT / "modules/ground_truth/templates").glob("*.tftpl"))
SOUND = """<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
<crowd-form>
  <crowd-image-classifier
    name="class"
    src="{{ task.input.taskObject | grant_read_access }}"
    header="What is it?"
    categories="{{ task.input.labels | to_json | escape }}"
  >
    <short-instructions>Choose.</short-instructions>
  </crowd-image-classifier>
  {% if task.input.labels %}<crowd-text-area name="comment"></crowd-text-area>{% endif %}
</crowd-form>
"""
#: Each with what is replaced, by what, the rule that finds it, and its line.
PLANTED = {
    "a crowd element that does not exist": (
        "crowd-text-area",
        "crowd-textarea",
        ["unknown_element"],
        11,
    ),
    "no form": ("crowd-form", "form", ["no_form", "outside", "outside"], 0),
    "no script": ("crowd-html-elements.js", "other.js", ["no_script"], 0),
    "no name": (' name="comment"', "", ["no_name"], 11),
    "a name twice": ('"comment"', '"class"', ["same_name"], 11),
    "input that is not escaped": (
        "What is it?",
        "{{ task.input.title | skip_autoescape }}",
        ["unescaped"],
        6,
    ),
    "input without quotation marks": (
        'header="What is it?"',
        "header={{ task.input.title }}",
        ["unquoted"],
        3,
    ),
    "a picture that nobody may read": (" | grant_read_access", "", ["unsigned"], 3),
    "no labels": ('categories="{{ task.input.labels | to_json | escape }}"', "", ["labels"], 3),
    "labels that are no list": (" | to_json", "", ["labels"], 3),
    "a label that nobody can choose": (
        "{{ task.input.labels | to_json | escape }}",
        "['cat']",
        ["labels"],
        3,
    ),
    "a filter that does not exist": ("| escape", "| escaped", ["liquid"], 7),
    "a tag that is not closed": ("{% endif %}", "", ["liquid"], 0),
    "a tag that does not exist": ("{% if task", "{% when task", ["liquid"], 11),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found_and_nothing_else(name: str) -> None:
    old, new, rules, line = PLANTED[name]
    assert old in SOUND
    found = faults(SOUND.replace(old, new), ["cat", "dog"])
    assert [fault.rule for fault in found] == rules
    assert found[0].line == line


def test_a_sound_template_has_no_faults() -> None:
    assert faults(SOUND, ["cat", "dog"]) == []
    listed = SOUND.replace("{{ task.input.labels | to_json | escape }}", "['dog', 'cat']")
    assert faults(listed, ["cat", "dog"]) == []
    assert faults(f"<!-- <crowd-nothing> -->\n{SOUND}") == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name.partition(".")[0])
def test_the_shipped_templates_have_no_faults(path: Path) -> None:
    assert faults(path.read_text(), ["cat", "dog"]) == []


def test_the_nearest_element_is_named() -> None:
    (fault,) = faults(SOUND.replace("crowd-text-area", "crowd-textarea"))
    assert "is it crowd-text-area?" in fault.cause


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that a browser was asked to open."""
    addresses: list[str] = []
    monkeypatch.setattr(webbrowser, "open", addresses.append)
    return addresses


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["preview", *arguments])
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.output


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    sound, other = tmp_path / "sound.html", tmp_path / "other.html"
    sound.write_text(SOUND)
    other.write_bytes("{# Größe #}".encode("latin-1"))
    said = run("--template", str(other), "--lint", code=1)
    assert said.startswith(f"error: {other} is not UTF-8; save it in that encoding")
    for name in ("missing.png", "missing.txt"):
        said = run("--template", str(sound), name, "--no-open", code=1)
        assert said.startswith(f"error: {name} is not a file; name a picture or a .txt file")


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = tmp_path / "page.html"
    template.write_text(SOUND)
    monkeypatch.setitem(sys.modules, "liquid", None)
    said = run("--template", str(template), "--lint", code=1)
    assert said.startswith("error: liquid is not installed; install it with: ")
    assert "'python-liquid>=2.1'" in said


def test_a_local_template_is_filled_and_opened(tmp_path: Path, opened: list[str]) -> None:
    template, picture, page = tmp_path / "t.html", tmp_path / "a.png", tmp_path / "page.html"
    template.write_text(SOUND)
    picture.touch()
    run("--template", str(template), str(picture), "--labels", "cat, dog & co", "--to", str(page))
    given = {"taskObject": picture.as_uri(), "labels": ["cat", "dog & co"]}
    expected = rendered_by_the_plan_tests(SOUND, given).replace("https://signed/", "")
    assert page.read_text() == expected
    assert opened == [page.as_uri()]


def test_a_template_with_a_liquid_error_shows_line_and_cause(
    tmp_path: Path, opened: list[str]
) -> None:
    template = tmp_path / "t.html"
    template.write_text(SOUND.replace("| escape", "| escaped"))
    said = run("--template", str(template), code=1)
    assert "line 7: unknown filter 'escaped'" in said
    assert opened == []


def test_faults_are_listed_and_end_the_command_with_1(tmp_path: Path, opened: list[str]) -> None:
    template = tmp_path / "t.html"
    template.write_text(SOUND.replace(' name="comment"', ""))
    arguments = ("--template", str(template), "--lint")
    assert "line 11: crowd-text-area has no name" in run(*arguments, code=1)
    found = json.loads(run(*arguments, "--json", code=1))
    assert [fault["rule"] for fault in found["faults"]] == ["no_name"]
    template.write_text(SOUND)
    assert run(*arguments) == "no faults\n"
    assert opened == []


def test_a_command_without_a_template_is_refused() -> None:
    assert "name a pipeline, or a template" in run(code=2)


@pytest.fixture
def with_page(operated: Operated) -> Operated:
    """A pipeline whose labelers have a worker template."""
    prepare_page(operated)
    return operated


def prepare_page(operated: Operated) -> None:
    operated.prepare_ground_truth()
    operated.client("s3").put_object(
        Bucket=operated.output, Key="ground-truth/template.html", Body=SOUND.encode()
    )
    folder = f"s3://{operated.output}/ground-truth"
    job = {
        "role_arn": operated.role_arn,
        "workteam_arn": "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/team",
        "worker_files": [f"{folder}/categories.json", f"{folder}/template.html"],
    }
    publish(operated, enabled=True, jobs={"label": job, "verify": None})


def test_the_page_of_a_pipeline_shows_an_upload(
    with_page: Operated, tmp_path: Path, opened: list[str]
) -> None:
    with_page.upload("a b.png", b"the picture")
    found = with_page.answer("preview", "a b.png")
    page = tmp_path.parent / found["page"]
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert opened == [page.as_uri()]
    text = page.read_text()
    link = text.partition('src="')[2].partition('src="')[2].partition('"')[0].replace("&amp;", "&")
    with urllib.request.urlopen(link, timeout=60) as answer:
        assert answer.read() == b"the picture"
    assert "zero" in text
    page.unlink()


def test_the_page_of_a_pipeline_is_checked_with_its_labels(with_page: Operated) -> None:
    assert with_page.answer("preview", "--lint")["faults"] == []
    with_page.client("s3").put_object(
        Bucket=with_page.output,
        Key="ground-truth/template.html",
        Body=SOUND.replace("{{ task.input.labels | to_json | escape }}", "['one']").encode(),
    )
    result = with_page.labelctl("preview", "--lint")
    assert result.exit_code == 1
    assert "workers cannot choose zero, two" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--stage", "verify", "a.png"), "no page of Ground Truth for this stage"),
        ((), "name an upload to show; list them with: aws s3 ls s3://"),
    ],
)
def test_what_cannot_be_shown_is_named(
    with_page: Operated, arguments: tuple[str, ...], said: str, opened: list[str]
) -> None:
    assert said in with_page.error("preview", *arguments)
    assert opened == []


def test_a_worker_file_that_is_gone_is_named(with_page: Operated, opened: list[str]) -> None:
    key = "ground-truth/template.html"
    with_page.client("s3").delete_object(Bucket=with_page.output, Key=key)
    assert with_page.error("preview", "a.png") == (
        f"error: s3://{with_page.output}/{key} does not exist; list objects with:"
        f" aws s3 ls s3://{with_page.output}/"
    )
    assert opened == []


def test_a_template_that_sagemaker_refuses_is_named() -> None:
    client = boto3.client(
        "sagemaker", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stubbed:
        stubbed.add_client_error("render_ui_template", "ValidationException", "too long")
        with pytest.raises(LabelctlError, match=r"\(too long\); list the faults .* --lint"):
            filled_by_aws(client, "arn:aws:iam::123456789012:role/labeling", SOUND, {})


def test_workers_with_a_page_of_aws_have_no_template(with_page: Operated) -> None:
    job: dict[str, Any] = {"role_arn": with_page.role_arn, "workteam_arn": "arn:aws:x"}
    job["worker_files"] = [f"s3://{with_page.output}/ground-truth/categories.json"]
    publish(with_page, enabled=True, jobs={"label": job, "verify": None})
    assert "have a page of AWS" in with_page.error("preview", "a.png")


def test_sagemaker_fills_the_page_with_links_of_the_role(
    with_page: Operated, tmp_path: Path, opened: list[str]
) -> None:
    with_page.upload("a.png", b"the picture")
    page = tmp_path / "page.html"
    with_page.answer("preview", "a.png", "--aws", "--to", str(page))
    link = page.read_text().partition('src="')[2].partition('src="')[2].partition('"')[0]
    with urllib.request.urlopen(link.replace("&amp;", "&"), timeout=60) as answer:
        assert answer.read() == b"the picture"
    assert opened == [page.as_uri()]


def test_what_sagemaker_finds_wrong_is_shown(with_page: Operated, opened: list[str]) -> None:
    with_page.client("s3").put_object(
        Bucket=with_page.output, Key="ground-truth/template.html", Body=b"{% if x %}"
    )
    said = with_page.error("preview", "a.png", "--aws")
    assert said.startswith("error: SageMaker cannot fill the template: InvalidTemplate: ")
    assert opened == []
