"""Faults of a worker template that make a labeling job meaningless or unsafe."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from labelctl.preview.crowd_elements import ANSWERING, FORM, KNOWN, PREFIX, SCRIPT
from labelctl.preview.pages import PageError, environment, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_OUTPUT = re.compile(r"{{-?(?P<expression>.*?)-?}}", re.DOTALL)
_TAG = re.compile(r"{%.*?%}|<!--.*?-->", re.DOTALL)
#: Stands for an output of Liquid in HTML, so that its quotes do not end an attribute.
_MARK = "\ue000{}\ue001"
_MARKED = re.compile("\ue000(\\d+)\ue001")
_UNQUOTED = re.compile("=\\s*\ue000")
_INPUT = "task.input"
_SOURCES = ("src", "source")


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a template.

    Attributes:
        line: Number of the line, from 1; 0 for the template as a whole.
        rule: Name of the rule.
        cause: What is wrong, and what to do.
    """

    line: int
    rule: str
    cause: str

    def fields(self) -> dict[str, object]:
        """Return the fault as JSON-ready fields."""
        return {"line": self.line or None, "rule": self.rule, "cause": self.cause}


@dataclass(frozen=True, slots=True)
class _Element:
    """An element of a template.

    Attributes:
        tag: Its name.
        line: Number of its line.
        attributes: Its attributes; outputs of Liquid are marked.
        text: Its start tag, marked.
        in_form: Whether it is in the form.
    """

    tag: str
    line: int
    attributes: dict[str, str]
    text: str
    in_form: bool


@dataclass
class _Reader(HTMLParser):
    """Reads the elements of a template whose outputs are marked."""

    elements: list[_Element] = field(default_factory=list)
    forms: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.forms += tag == FORM
        attributes = {name: value or "" for name, value in attrs}
        text = self.get_starttag_text() or ""
        element = _Element(tag, self.getpos()[0], attributes, text, self.forms > 0)
        self.elements.append(element)

    def handle_endtag(self, tag: str) -> None:
        self.forms -= tag == FORM


def faults(template: str, labels: Sequence[str] = ()) -> list[Fault]:
    """Return the faults of a template, in the order of its lines.

    Args:
        template: The template, HTML with Liquid in it.
        labels: The label categories that workers must be able to choose; none are checked if empty.
    """
    return sorted(_faults(template, labels), key=lambda fault: fault.line)


def _faults(template: str, labels: Sequence[str]) -> Iterator[Fault]:
    yield from _liquid_faults(template)
    outputs = [match["expression"].strip() for match in _OUTPUT.finditer(template)]
    elements = _elements(template)
    yield from _page_faults(elements)
    for element in elements:
        yield from _element_faults(element, outputs, labels)
    yield from _name_faults(elements)


def _elements(template: str) -> list[_Element]:
    """Read the elements; control tags of Liquid and comments are blank."""
    numbers = iter(range(template.count("{{")))

    def mark(match: re.Match[str]) -> str:
        return _MARK.format(next(numbers)) + "\n" * match[0].count("\n")

    marked = _OUTPUT.sub(mark, template)
    reader = _Reader()
    reader.feed(_TAG.sub(lambda match: "\n" * match[0].count("\n"), marked))
    reader.close()
    return reader.elements


def _liquid_faults(template: str) -> Iterator[Fault]:
    engine = environment()
    try:
        analysis = parsed(template, engine).analyze()
    except PageError as error:
        yield Fault(error.line, "liquid", error.cause)
        return
    for name, spans in analysis.filters.items():
        for span in spans:
            line = template.count("\n", 0, span.index) + 1
            if name not in engine.filters:
                yield Fault(line, "liquid", f"there is no filter {name}")
            if name == "skip_autoescape":
                cause = "skip_autoescape prints what was uploaded as HTML; remove the filter"
                yield Fault(line, "unescaped", cause)


def _page_faults(elements: Sequence[_Element]) -> Iterator[Fault]:
    if not any(element.tag == FORM for element in elements):
        yield Fault(0, "no_form", f"no {FORM}: nothing is submitted")
    scripts = (element.attributes.get("src", "") for element in elements)
    if not any(SCRIPT in source for source in scripts):
        cause = "no script crowd-html-elements.js: a browser does not know the crowd elements"
        yield Fault(0, "no_script", cause)
    if not any(element.tag in ANSWERING for element in elements):
        yield Fault(0, "no_answer", "no element with which workers could answer")


def _element_faults(
    element: _Element, outputs: Sequence[str], labels: Sequence[str]
) -> Iterator[Fault]:
    tag, line = element.tag, element.line
    if tag.startswith(PREFIX) and tag not in KNOWN:
        near = difflib.get_close_matches(tag, KNOWN, n=1)
        yield Fault(
            line, "unknown_element", f"there is no {tag}" + (f"; is it {near[0]}?" if near else "")
        )
    if _UNQUOTED.search(element.text):
        cause = f"an attribute of {tag} is not in quotation marks: a space in the input ends it"
        yield Fault(line, "unquoted", cause)
    for name in _SOURCES:
        for expression in _expressions(element.attributes.get(name, ""), outputs):
            if expression.startswith(_INPUT) and "grant_read_access" not in expression:
                cause = f"{name} of {tag} lacks the filter grant_read_access: workers see nothing"
                yield Fault(line, "unsigned", cause)
    if tag not in ANSWERING:
        return
    if not element.in_form:
        yield Fault(line, "outside", f"{tag} is not in {FORM}, so its answer is not submitted")
    if "name" not in element.attributes:
        yield Fault(line, "no_name", f"{tag} has no name, by which its answer is read")
    if ANSWERING[tag]:
        yield from _label_faults(element, ANSWERING[tag], outputs, labels)


def _label_faults(
    element: _Element, attribute: str, outputs: Sequence[str], labels: Sequence[str]
) -> Iterator[Fault]:
    listed = element.attributes.get(attribute, "")
    if not listed:
        yield Fault(
            element.line, "labels", f"{element.tag} has no {attribute}: there is nothing to choose"
        )
        return
    expressions = _expressions(listed, outputs)
    if expressions:
        if not any("to_json" in expression for expression in expressions):
            cause = f"{attribute} of {element.tag} lacks the filter to_json: it is no list"
            yield Fault(element.line, "labels", cause)
        return
    try:
        choices = json.loads(listed.replace("'", '"'))
    except ValueError:
        cause = f"{attribute} of {element.tag} is no list of texts in brackets"
        yield Fault(element.line, "labels", cause)
        return
    missing = [label for label in labels if label not in choices]
    if missing:
        cause = f"workers cannot choose {', '.join(missing)}; print task.input.labels instead"
        yield Fault(element.line, "labels", cause)


def _expressions(value: str, outputs: Sequence[str]) -> list[str]:
    """Return the outputs of Liquid in an attribute."""
    return [outputs[int(number)] for number in _MARKED.findall(value)]


def _name_faults(elements: Sequence[_Element]) -> Iterator[Fault]:
    seen: dict[str, _Element] = {}
    for element in elements:
        name = element.attributes.get("name")
        if element.tag not in ANSWERING or name is None:
            continue
        if name in seen:
            cause = f"{element.tag} has the name of line {seen[name].line}: one answer is lost"
            yield Fault(element.line, "same_name", cause)
        seen.setdefault(name, element)
