"""The architecture picture names the resources of the module."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from labeling_deployment.module import ROOT

PICTURE = (ROOT / "docs" / "images" / "architecture.svg").read_text(encoding="utf-8")


def named() -> set[str]:
    root = ET.fromstring(PICTURE)  # noqa: S314 - our own
    return {text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text")}


def test_each_function_is_in_the_picture() -> None:
    source = (ROOT / "functions.tf").read_text(encoding="utf-8")
    part = source[source.index("  functions = {") :]
    functions = set(re.findall(r"^    (\w+) = \{\n      description", part, re.MULTILINE))
    assert len(functions) >= 10
    assert functions - named() == set()


def test_each_queue_and_bucket_is_in_the_picture() -> None:
    source = (ROOT / "locals.tf").read_text(encoding="utf-8")
    for kind in ("bucket", "queue"):
        (uses,) = re.findall(rf"{kind}_names = \{{\n    for use in \[(.*?)\]", source)
        for use in re.findall(r'"(\w+)"', uses):
            assert f"{use.replace('_', '-').capitalize()} {kind}" in named()


def test_the_readme_links_each_picture() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / "docs" / "images").iterdir():
        assert f"/blob/main/docs/images/{path.name}\n" in readme
