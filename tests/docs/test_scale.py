"""docs/scale.md is what its command makes of the figures, and these keep to the limits."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from labeling_faults.load.days import kept
from tools import scale_page, scale_plot

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

DAYS = kept(scale_page.FIGURES)


def test_the_page_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert scale_page.main(["--check"]) == 0, capsys.readouterr().err


def test_no_day_of_the_page_has_a_broken_promise() -> None:
    assert {name: day["violations"] for name, day in DAYS.items()} == dict.fromkeys(DAYS, 0)


def test_an_item_costs_the_same_in_a_large_day() -> None:
    small, large = (scale_page.request_dollars(DAYS[f"dump-{n}"]) for n in (10_000, 100_000))
    assert large <= 1.2 * small


def test_the_picture_shows_each_size_and_way_of_uploading(tmp_path: Path) -> None:
    made = tmp_path / "scale.svg"
    scale_plot.draw(DAYS, made)
    for picture in (made, scale_page.PICTURE):
        root = ET.fromstring(picture.read_text(encoding="utf-8"))  # noqa: S314 - made here
        shown = {text.text for text in root.iter("{http://www.w3.org/2000/svg}text")}
        assert {
            "100,000 items, uploaded in ten minutes",
            "10,000 items, uploaded over 16 hours",
        } <= shown
