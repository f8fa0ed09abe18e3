"""A worker's page as a browser reads it: a template, rendered as the service does for one task."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import html5lib
from liquid import Environment
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass
class Element:
    """An element of a page.

    Attributes:
        name: Its tag.
        attributes: Its attributes with entities resolved.
        children: The elements in it.
        text: All text in it, with entities resolved.
    """

    name: str
    attributes: dict[str, str | None] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def all(self, name: str) -> list[Element]:
        """Find the elements of one tag below this one."""
        below = [element for child in self.children for element in child.all(name)]
        return [child for child in self.children if child.name == name] + below

    def tags(self) -> set[str]:
        """The tags below this element."""
        return {child.name for child in self.children}.union(*(c.tags() for c in self.children))


class Page(HTMLParser):
    """Reads a page into elements, and refuses one whose tags do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.root = Element("")
        self._open = [self.root]
        self.feed(text)
        self.close()
        assert self._open == [self.root], f"{self._open[-1].name} is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag} has an attribute twice: {names}"
        element = Element(tag, dict(attrs))
        self._open[-1].children.append(element)
        self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].name == tag, f"{tag} closes {self._open[-1].name}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data


def rendered_page(template: str, task_input: Mapping[str, Any]) -> Element:
    """Render a template as the service does for one task.

    Args:
        template: The template, with Liquid in it.
        task_input: What the template finds under ``task.input``.
    """
    text = rendered(template, task_input)
    page = Page(text).root
    assert _elements_of(page) == _elements_by_html5lib(text)
    return page


def rendered(template: str, task_input: Mapping[str, Any]) -> str:
    """Render a template to HTML with the filters that the service documents.

    "By default, inputs will be HTML escaped"; ``escape`` only makes that plain to a reader.
    https://docs.aws.amazon.com/sagemaker/latest/dg/sms-custom-templates-step2-automate.html
    """
    liquid = Environment(autoescape=True)
    liquid.filters["grant_read_access"] = lambda uri: f"https://signed/{uri}"
    liquid.filters["skip_autoescape"] = Markup
    liquid.filters["to_json"] = json.dumps
    return liquid.from_string(template).render(task={"input": task_input})


def _elements_of(page: Element) -> list[tuple[str, dict[str, str | None], str]]:
    below = [each for child in page.children for each in _elements_of(child)]
    return [(child.name, child.attributes, child.text) for child in page.children] + below


def _elements_by_html5lib(text: str) -> list[tuple[str, dict[str, str | None], str]]:
    """Read a page as browsers do, which never refuse one."""
    ours = html5lib.parseFragment(text, treebuilder="etree", namespaceHTMLElements=False)

    def below(element: Any) -> list[tuple[str, dict[str, str | None], str]]:
        inner = [each for child in element for each in below(child)]
        return [
            (child.tag, dict(child.attrib), "".join(child.itertext())) for child in element
        ] + inner

    return below(ours)
