"""Label configurations: what people see and can choose in a project.

https://labelstud.io/guide/setup
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, tostring

from labeling_lambdas.domain.compact_json import fits_one_line
from labeling_lambdas.domain.label_studio.controls import (
    COMMENT,
    CONTROLS,
    LABEL,
    SOURCE,
    VERDICT,
    shows_text,
    source_key,
)
from labeling_lambdas.domain.label_studio.palette_png import MOST_COLOURS
from labeling_lambdas.domain.visible_text import has_control_characters

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labeling_lambdas.domain.task_types import TaskType

#: The editor replaces this in the value of a tag by a field of the task's data.
_REFERENCE = re.compile(r"\$(?=[\w\[\].{}])")
#: Keeps a dollar sign from being read as the beginning of a field's name, and is not visible.
_WORD_JOINER = "\u2060"

#: Keys that no tool of the editor has: digits for classes, letters for verdicts.
_CLASS_KEYS = "1234567890"
_VERDICT_KEYS = "qwetyiop"


def labeling_configuration(
    task_type: TaskType, labels: Sequence[str], instructions: str = ""
) -> str:
    """Return the label configuration with which people label.

    Args:
        task_type: Decides the control.
        labels: The classes, in order.
        instructions: A text above the control; empty for none.

    Raises:
        ValueError: If Label Studio cannot show one of the labels as it is.
    """
    view = _view(instructions)
    _add_control(view, task_type, labels)
    _add_source(view, task_type)
    return tostring(view, encoding="unicode")


def verification_configuration(
    task_type: TaskType, labels: Sequence[str], categories: Sequence[str], instructions: str = ""
) -> str:
    """Return the label configuration with which reviewers judge a label.

    The label is a locked prediction of the control with which it was made.

    Args:
        task_type: Decides the control.
        labels: The classes, in order.
        categories: The categories of a verdict, in order.
        instructions: A text above the controls; empty for none.

    Raises:
        ValueError: If Label Studio cannot show one of the labels or categories as it is.
    """
    view = _view(instructions)
    # Above the source: what is below a large image is not seen.
    choices = {"choice": "single", "required": "true", "showInline": "true"}
    verdict = _add(view, "Choices", name=VERDICT, toName=SOURCE, **choices)
    _add_entries(verdict, "Choice", categories, _VERDICT_KEYS)
    placeholder = "Comment (press Enter to add it)"
    _add(
        view,
        "TextArea",
        name=COMMENT,
        toName=SOURCE,
        rows="1",
        maxSubmissions="1",
        placeholder=placeholder,
    )
    _add_control(view, task_type, labels)
    _add_source(view, task_type)
    return tostring(view, encoding="unicode")


def _view(instructions: str) -> Element:
    view = Element("View")
    if instructions:
        shown = _REFERENCE.sub(f"${_WORD_JOINER}", instructions)
        _add(view, "Header", value=shown, size="5")
    return view


def _add_control(view: Element, task_type: TaskType, labels: Sequence[str]) -> None:
    control = CONTROLS[task_type.name]
    if control.tag == "BrushLabels" and len(labels) >= MOST_COLOURS:
        message = f"{len(labels)} labels do not fit a mask: it has {MOST_COLOURS - 1} classes"
        raise ValueError(message)
    added = _add(view, control.tag, name=LABEL, toName=SOURCE, **control.attributes)
    _add_entries(added, control.entry_tag, labels, _CLASS_KEYS)


def _add_source(view: Element, task_type: TaskType) -> None:
    value = f"${source_key(task_type)}"
    if shows_text(task_type):
        # Granularity "word" would round a span to whole words.
        _add(view, "Text", name=SOURCE, value=value, granularity="symbol")
    else:
        _add(view, "Image", name=SOURCE, value=value, smoothing="false", zoomControl="true")


def _add_entries(parent: Element, tag: str, names: Iterable[str], keys: str) -> None:
    for place, name in enumerate(names):
        _require_showable(name)
        hotkey = {"hotkey": keys[place]} if place < len(keys) else {}
        _add(parent, tag, value=name, **hotkey)


def _add(parent: Element, tag: str, **attributes: str) -> Element:
    return SubElement(parent, tag, attributes)


def _require_showable(name: str) -> None:
    if has_control_characters(name) or not fits_one_line(name) or not name or name != name.strip():
        message = (
            f"Label Studio cannot show {name!r}: a name is one line without control characters,"
            " and without white space at its ends"
        )
        raise ValueError(message)
    if _REFERENCE.search(name):
        message = f"Label Studio reads the dollar sign in {name!r} as a field; write it differently"
        raise ValueError(message)
