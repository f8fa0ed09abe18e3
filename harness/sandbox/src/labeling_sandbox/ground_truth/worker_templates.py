"""Worker task templates: the parts of a task that they show, and the possible answers.

Only the parts that decide whether a job works are read: elements, their names, and the parts of the
task's input that Liquid inserts into them. Rules: the developer guide's pages on the crowd elements
and on custom templates.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_COMMENTS = re.compile(r"<!--.*?-->|{%-?\s*comment.*?endcomment\s*-?%}", re.DOTALL)
_MEMBER = r"""(?:\.(\w[\w-]*)|\[\s*["']([^"']+)["']\s*\])"""
_INPUT = re.compile(rf"\btask\.input{_MEMBER}")
_MANIFEST_LINE = re.compile(rf"\btask\.input\.manifestLine{_MEMBER}")
_SOURCES = ("source", "source-ref")
_CLASSIFIERS = ("crowd-image-classifier", "crowd-classifier")
_TEXT_AREA = "crowd-text-area"


class TemplateError(ValueError):
    """Workers could not use the template; the message says what it lacks."""


@dataclass(frozen=True)
class Question:
    """What a template of a custom workflow asks.

    Attributes:
        name: The key of the chosen category in an answer.
        input_key: The part of the task's input that lists the categories; None if the template
            lists them itself.
        categories: The categories that the template lists.
        comment: The key of the comment in an answer, None if none can be given.
    """

    name: str
    input_key: str | None
    categories: Sequence[str]
    comment: str | None

    def choices(self, task_input: Mapping[str, Any]) -> Sequence[str] | None:
        """Return what workers can choose for one object, None if that is no list of texts."""
        found = self.categories if self.input_key is None else task_input.get(self.input_key)
        if not isinstance(found, list | tuple) or not found:
            return None
        return found if all(isinstance(choice, str) for choice in found) else None


class Template(HTMLParser):
    """A template that was read.

    Attributes:
        elements: The attributes of each element, by its tag.
    """

    def __init__(self, text: str) -> None:
        """Read a template; what is commented out does not count.

        Args:
            text: HTML with Liquid in it.
        """
        super().__init__()
        self.elements: dict[str, list[dict[str, str | None]]] = {}
        self._text = _COMMENTS.sub("", text)
        self.feed(self._text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element; called by `HTMLParser.feed`."""
        self.elements.setdefault(tag, []).append(dict(attrs))

    def names(self, tag: str) -> list[str]:
        """Return the names of the elements with a tag; those without a name are left out."""
        return [element["name"] for element in self.elements.get(tag, []) if element.get("name")]  # type: ignore[misc] # never None

    @property
    def inputs(self) -> frozenset[str]:
        """The parts of the task's input that are shown."""
        return frozenset(dotted or quoted for dotted, quoted in _INPUT.findall(self._text))

    def prior_attribute(self) -> str:
        """Return the label attribute that the template shows for verification.

        Raises:
            TemplateError: It shows none with its metadata, or several.
        """
        found: set[str] = {
            dotted or quoted for dotted, quoted in _MANIFEST_LINE.findall(self._text)
        }
        labels = [
            name
            for name in found.difference(_SOURCES)
            if f"{name}-metadata" in found and not name.endswith("-metadata")
        ]
        if len(labels) != 1:
            message = (
                "shows no label of the manifest line with its metadata (task.input.manifestLine)"
                if not labels
                else f"shows several labels: {', '.join(sorted(labels))}"
            )
            raise TemplateError(message)
        return labels[0]

    def question(self) -> Question:
        """Return what the template asks its workers.

        Raises:
            TemplateError: There is nothing to choose, or no name to read it by.
        """
        asked = [
            element
            for tag in _CLASSIFIERS
            for element in self.elements.get(tag, [])
            if element.get("name") and element.get("categories")
        ]
        if len(asked) != 1:
            message = f"needs one {' or '.join(_CLASSIFIERS)} with a name and categories"
            raise TemplateError(message)
        name, listed = str(asked[0]["name"]), str(asked[0]["categories"])
        comment = next(iter(self.names(_TEXT_AREA)), None)
        match = _INPUT.search(listed)
        if match:
            return Question(name, match[1] or match[2], (), comment)
        try:
            categories = json.loads(listed.replace("'", '"'))
        except ValueError as error:
            message = f"has categories that are no list: {listed}"
            raise TemplateError(message) from error
        return Question(name, None, categories, comment)
