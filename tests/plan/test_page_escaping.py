"""How the service escapes what a template prints, and that the module's templates rely on no more.

https://docs.aws.amazon.com/sagemaker/latest/dg/sms-custom-templates-step2-automate.html
"""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING

import html5lib
import pytest

from labeling_deployment.module import ROOT
from tests.plan.worker_page import rendered

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATES = sorted((ROOT / "modules/ground_truth/templates").glob("*.tftpl"))
PRINTED = re.compile(r"{{(.*?)}}", re.DOTALL)
# Of the filters that the service adds to Liquid's, and Liquid's own.
KNOWN_FILTERS = {"escape", "grant_read_access", "to_json"}
HOSTILE = [
    "\"double\" and 'single'",
    "</script><script>alert(1)</script>",
    "{{ task.input.secret }} {% raw %}",
    "& &amp; &quot; &#39;",
    "line\u2028separator\u2029paragraph\u0085next",
    "emoji 🚗 and a family 👩‍👩‍👧",
    "<!-- comment --> ]]> --!>",
    "tab\tand\nline",
    "`backtick` = /equals/",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_an_explicit_escape_escapes_nothing_twice(text: str) -> None:
    given = {"text": text, "secret": "not to be printed"}
    once = html.escape(text)
    plain = rendered("{{ task.input.text }}", given)
    assert html.unescape(plain) == html.unescape(once) == text
    assert rendered("{{ task.input.text | escape }}", given) == plain
    listed = rendered("{{ task.input.text | to_json }}", given)
    assert rendered("{{ task.input.text | to_json | escape }}", given) == listed
    assert json.loads(html.unescape(listed)) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_escaped_already_can_stay_so(text: str) -> None:
    escaped = html.escape(text)
    page = rendered("{{ task.input.text | escape_once }}", {"text": escaped})
    assert html.unescape(html.unescape(page)) == html.unescape(text)


def test_only_skip_autoescape_lets_html_through() -> None:
    given = {"text": "<b>bold</b>"}
    assert rendered("{{ task.input.text | skip_autoescape }}", given) == "<b>bold</b>"
    assert "<b>" not in rendered("{{ task.input.text }}", given)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("filters", ["", "| escape", "| to_json | escape", "| to_json"])
def test_hostile_text_stays_in_its_attribute_and_in_its_element(text: str, filters: str) -> None:
    printed = f"{{{{ task.input.text {filters} }}}}"
    page = rendered(f'<crowd-form a="{printed}">{printed}</crowd-form>', {"text": text})
    (form,) = html5lib.parseFragment(page, namespaceHTMLElements=False)
    expected = json.dumps(text) if "to_json" in filters else text
    assert (form.tag, dict(form.attrib), form.text, list(form)) == (
        "crowd-form",
        {"a": expected},
        expected,
        [],
    )


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_use_documented_filters_and_let_no_html_through(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    used = {name.strip() for each in PRINTED.findall(text) for name in each.split("|")[1:]}
    assert used
    assert {re.split(r"[:\s]", name)[0] for name in used} <= KNOWN_FILTERS


def test_all_templates_are_read() -> None:
    assert len(TEMPLATES) == 11
