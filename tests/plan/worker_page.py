"""A worker's page as a browser reads it: a template, rendered as the service does for one task."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from liquid import Environment

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
    # The service escapes what a template prints, unless the template says otherwise.
    liquid = Environment(autoescape=True)
    liquid.filters["grant_read_access"] = lambda uri: f"https://signed/{uri}"
    liquid.filters["to_json"] = json.dumps
    return Page(liquid.from_string(template).render(task={"input": task_input})).root
