"""The page of a report in Chromium: nothing is wrong in its console, and it asks for nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from tests.labelctl.stored_labels import store_demo
from tests.labelctl.test_report import Reported
from tools import chromium

if TYPE_CHECKING:
    from pathlib import Path

    from tests.labelctl.stage import Operated

#: A deadline for a busy machine.
_DEADLINE_MILLISECONDS = 300_000
_HEIGHTS = "[...document.querySelectorAll('svg')].map((one) => one.getBoundingClientRect().height)"


def test_a_browser_shows_the_page_without_errors_or_requests(
    operated: Operated, tmp_path: Path
) -> None:
    store_demo(operated, "image_bounding_box", 8)
    Reported(operated, tmp_path).page()
    program = chromium.find()
    if program is None:
        pytest.fail(chromium.MISSING)
    address = (tmp_path / "report.html").as_uri()
    said: list[str] = []
    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            timeout=_DEADLINE_MILLISECONDS,
            # Root cannot use Chromium's own sandbox.
            chromium_sandbox=os.geteuid() != 0,
        )
        shown = browser.new_page(viewport={"width": 1000, "height": 900})
        shown.on("console", lambda message: said.append(message.text))
        shown.on("pageerror", lambda error: said.append(str(error)))
        shown.on("request", lambda request: asked.append(request.url))
        shown.goto(address, timeout=_DEADLINE_MILLISECONDS)
        broken = shown.evaluate("[...document.images].filter((one) => !one.naturalWidth).length")
        pictures = shown.locator("img").count()
        drawings = shown.evaluate(_HEIGHTS)
        if folder := os.environ.get("REPORT_SCREENSHOTS"):
            shown.screenshot(path=f"{folder}/report.png", full_page=True)
        browser.close()
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [address]
    assert (pictures, broken) == (8, 0)
    assert len(drawings) == 5
    assert min(drawings) > 50
