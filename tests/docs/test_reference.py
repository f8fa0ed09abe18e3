"""docs/reference.md agrees with variables*.tf and outputs.tf."""

from __future__ import annotations

import re

import pytest

from labeling_deployment.module import ROOT
from tests.terraform_module import variables_text
from tools import marked_sections, reference_tables

OUTPUTS = (ROOT / "outputs.tf").read_text(encoding="utf-8")

WRITTEN = """
variable "limits" {
  description = <<-EOT
    How far it goes, "at most".

    - `most` - The largest | number.
      - `deeper` - Further in.
  EOT
  type = map(object({
    most = optional(number, 3)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = true
    error_message = "limits: none of ${join(", ", keys(var.limits))} is like <this>."
  }
}
"""


def test_the_page_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    status = reference_tables.main(["--check"])
    assert status == 0, capsys.readouterr().err


def test_each_input_and_output_has_a_row() -> None:
    declared = re.findall(r'^(?:variable|output) "(\w+)"', variables_text() + OUTPUTS, re.MULTILINE)
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert len(declared) > 40
    rows = re.findall(r"^\| \[?`(\w+)`", page, re.MULTILINE)
    assert set(declared) <= set(rows)


def test_the_readme_links_the_page() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "/blob/main/docs/reference.md\n" in readme


def test_an_objects_attributes_and_rules_are_listed() -> None:
    (limits,) = reference_tables.inputs(WRITTEN)
    assert limits.kind == "map(object)"
    assert limits.default == "{}"
    assert limits.summary == 'How far it goes, "at most".'
    assert limits.attributes.splitlines() == [
        "- `most` - The largest | number.",
        "  - `deeper` - Further in.",
    ]
    assert limits.rules == ("limits: none of … is like <this>.",)
    written = reference_tables.sections(WRITTEN, "")
    assert "is like &lt;this&gt;." in written["rules"]
    assert "| [`limits`](#limits) | `map(object)` | `{}` |" in written["inputs"]


def test_inputs_are_sorted_by_name() -> None:
    two = "".join(
        f'variable "{name}" {{\n  description = "A name."\n  type = string\n}}\n'
        for name in ("second", "first")
    )
    assert [each.name for each in reference_tables.inputs(two)] == ["first", "second"]


def test_an_input_without_a_default_is_required() -> None:
    (named,) = reference_tables.inputs(
        'variable "named" {\n  description = "A name."\n  type = string\n}\n'
    )
    assert named.default is None
    assert (
        "| required |"
        in reference_tables.sections(
            'variable "named" {\n  description = "A name."\n  type = string\n}\n', ""
        )["inputs"]
    )


def test_only_the_text_between_the_comments_is_written() -> None:
    page = "before\n<!-- generated: part -->\nold\n<!-- end: part -->\nafter\n"
    assert marked_sections.replaced(page, {"part": r"new \1"}) == (
        "before\n<!-- generated: part -->\n\nnew \\1\n\n<!-- end: part -->\nafter\n"
    )


@pytest.mark.parametrize("page", ["", "<!-- generated: part -->\n", "<!-- end: part -->\n"])
def test_a_page_without_the_comments_is_refused(page: str) -> None:
    with pytest.raises(marked_sections.MarkerError, match="must stand in the file once"):
        marked_sections.replaced(page, {"part": "new"})


def test_a_bar_in_a_cell_is_escaped() -> None:
    assert marked_sections.table(("a",), [("x | y",)]).endswith("| x \\| y |")
