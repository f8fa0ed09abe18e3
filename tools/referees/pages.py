"""A second Liquid engine renders the workers' pages.

The tests of the pages run with a recorder. liquidjs renders each recorded template with the input
that its test gives it, and a browser's parser has to read the same elements, attributes and texts.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import html5lib

from tests.plan.worker_page import rendered
from tools.referees.installation import node_packages, node_version, run
from tools.referees.json_lines import read_lines
from tools.referees.report import ROOT
from tools.referees.verdicts import Disagreement, Judge, Verdict

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

PACKAGE = "liquidjs"
_PROGRAM = Path(__file__).parent / "programs" / "pages.mjs"
_TESTS = (
    "tests/plan/test_page_escaping.py",
    "tests/plan/test_verification_ui.py",
    "tests/plan/test_worker_ui.py",
)
_SHOWN = 300
_SPACES = re.compile(r"[ \t\n]+")

Page = list[tuple[str, dict[str, str], str]]


def read_page(text: str) -> Page:
    """Read a page as a browser does.

    Args:
        text: HTML.

    Returns:
        The name, attributes and text of each element, in the order of the page.
    """
    root = html5lib.parseFragment(text, treebuilder="etree", namespaceHTMLElements=False)
    elements: list[Element] = list(root.iter())
    return [(str(each.tag), dict(each.attrib), "".join(each.itertext())) for each in elements]


def compared(pages: list[dict[str, Any]], theirs: list[str]) -> list[Disagreement]:
    """Compare pages of the project with those of the judge.

    Args:
        pages: Templates and inputs.
        theirs: The pages as the judge renders them.

    Returns:
        The pages that a browser reads differently.
    """
    found = []
    for page, their in zip(pages, theirs, strict=True):
        our = rendered(page["template"], page["input"])
        if _as_shown(read_page(our)) != _as_shown(read_page(their)):
            case = f"{page['template'][:_SHOWN]!r} with {json.dumps(page['input'])[:_SHOWN]}"
            found.append(Disagreement(case, our[:_SHOWN], their[:_SHOWN]))
    return found


def _as_shown(page: Page) -> Page:
    """Write in one way what a reader does not see: spaces in JSON, and around elements."""
    return [
        (
            name,
            {key: _plain(value) for key, value in attributes.items()},
            _plain(text if _keeps_spaces(attributes) else _SPACES.sub(" ", text).strip(" ")),
        )
        for name, attributes, text in page
    ]


def _keeps_spaces(attributes: dict[str, str]) -> bool:
    return "pre-wrap" in attributes.get("style", "")


def _plain(text: str) -> str:
    try:
        return json.dumps(json.loads(text))
    except ValueError:
        return text


def _examine(folder: Path) -> Verdict:
    node = node_packages()
    file = folder / "pages.jsonl"
    options = ["-q", "-p", "tools.referees.hooks.pages", "-p", "no:cacheprovider"]
    environment = {"REFEREES_PAGES": str(file)}
    run([sys.executable, "-m", "pytest", *options, *_TESTS], cwd=ROOT, environment=environment)
    pages = read_lines(file.read_text(encoding="utf-8"))
    theirs = read_lines(run(["node", str(_PROGRAM), str(file)], cwd=node))
    found = compared(pages, theirs)
    return Verdict(f"{PACKAGE} {node_version(PACKAGE)}", len(pages), tuple(found))


JUDGE = Judge("pages", "the workers' pages", _examine)
