"""The page of the documentation: the functions, then a part for each other thing."""

from __future__ import annotations

from labeling_bench import export_report, studio_report

#: In the order of the page.
_HEADINGS = (studio_report.HEADING, export_report.HEADING)


def with_part(page: str, text: str) -> str:
    """Return a page with a part in place of the one that it has.

    Args:
        page: The page.
        text: The part, which begins with its heading; the page on the functions has another one.
    """
    parts = _parts(page)
    parts[_heading_of(text)] = text
    return "\n\n".join(parts[name].strip("\n") for name in ("", *_HEADINGS) if name in parts) + "\n"


def _parts(page: str) -> dict[str, str]:
    """Return the parts of a page by their headings, with that of the functions under no name."""
    parts: dict[str, list[str]] = {"": []}
    current = parts[""]
    for line in page.splitlines():
        if line in _HEADINGS:
            current = parts.setdefault(line, [])
        current.append(line)
    return {heading: "\n".join(lines) for heading, lines in parts.items()}


def _heading_of(text: str) -> str:
    first = text.partition("\n")[0]
    return first if first in _HEADINGS else ""
