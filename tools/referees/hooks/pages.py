"""A plugin of pytest that writes down each page that the tests render.

``pytest -p tools.referees.hooks.pages``, with the file's name in ``REFEREES_PAGES``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.plan import worker_page

if TYPE_CHECKING:
    from collections.abc import Mapping

_render = worker_page.rendered
_lines: dict[str, None] = {}


def _rendered(template: str, task_input: Mapping[str, Any]) -> str:
    _lines[json.dumps({"template": template, "input": task_input}, sort_keys=True)] = None
    return _render(template, task_input)


# Before the tests are imported, which take the function by its name.
worker_page.rendered = _rendered


def pytest_sessionfinish() -> None:
    """Write one JSON object per page."""
    text = "".join(f"{line}\n" for line in _lines)
    Path(os.environ["REFEREES_PAGES"]).write_text(text, encoding="utf-8")
