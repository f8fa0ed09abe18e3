"""A template filled with a task, as Ground Truth does it.

https://docs.aws.amazon.com/sagemaker/latest/dg/sms-custom-templates-step2-automate.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from liquid import Environment
from liquid.exceptions import LiquidError
from markupsafe import Markup

from labelctl.error_messages import LabelctlError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from liquid.template import BoundTemplate


class PageError(LabelctlError):
    """A template that Liquid refuses.

    Attributes:
        line: Number of the line, from 1; 0 if Liquid does not say it.
        cause: Why.
    """

    def __init__(self, line: int, cause: str) -> None:
        place = f"line {line}: " if line else ""
        super().__init__(f"the template cannot be filled: {place}{cause}")
        self.line, self.cause = line, cause


def environment(sign: Callable[[str], str] = str) -> Environment:
    """Return Liquid with the filters that Ground Truth adds; what is printed is escaped.

    Args:
        sign: Returns an address of an ``s3://`` object that a browser can open.
    """
    made = Environment(autoescape=True)
    made.filters["grant_read_access"] = lambda uri: sign(str(uri))
    made.filters["skip_autoescape"] = Markup
    made.filters["to_json"] = json.dumps
    return made


def parsed(template: str, engine: Environment) -> BoundTemplate:
    """Return a template that was read.

    Raises:
        PageError: If Liquid cannot read it.
    """
    try:
        return engine.from_string(template)
    except LiquidError as error:
        raise _page_error(error) from error


def rendered(template: str, task_input: Mapping[str, Any], engine: Environment) -> str:
    """Return the page of a task.

    Args:
        template: The template.
        task_input: What it finds under ``task.input``.
        engine: See `environment`.

    Raises:
        PageError: If Liquid cannot read or fill the template.
    """
    try:
        return parsed(template, engine).render(task={"input": dict(task_input)})
    except LiquidError as error:
        raise _page_error(error) from error


def _page_error(error: LiquidError) -> PageError:
    context = error.context()
    return PageError(context[0] if context else 0, str(error.message))
