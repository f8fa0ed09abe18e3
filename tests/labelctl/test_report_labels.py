"""report: the figures of stored labels, and the pictures and texts of the least certain ones."""

from __future__ import annotations

import base64
import io
import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from labelctl.export.annotations import Annotation, Box, Span
from labelctl.report.gallery import parts
from labelctl.report.labels import LabelFigures
from labelctl.report.thumbnails import UnreadableImageError, thumbnail
from tests.labelctl.stored_labels import store_demo, write_files
from tests.labelctl.test_report import HOSTILE, Reported, parsed, references, words
from tests.labelctl.written_records import Records

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree.ElementTree import Element

    from tests.labelctl.stage import Operated

EARLIER, LATER = "2026-01-01T00:00:00.000Z", "2026-01-03T00:00:00Z"
SINGLE = {"status": "LABELED", "task_type": "image_single_label_classification"}
SVG = "{http://www.w3.org/2000/svg}"
RED, BLUE = "#ff0000", "#0000ff"


@pytest.fixture
def records(operated: Operated, tmp_path: Path) -> Records:
    operated.keep_offline("Iceberg")
    operated.publish()
    return Records(operated, tmp_path)


def page_of(operated: Operated, folder: Path, *options: str) -> str:
    write_files(operated)
    return Reported(operated, folder).page(*options)


def pictures(root: Element) -> list[Image.Image]:
    """Return the pictures of a page."""
    return [
        Image.open(io.BytesIO(base64.b64decode(image.attrib["src"].partition(",")[2])))
        for image in root.iter("img")
    ]


def test_the_newest_record_of_each_item_is_counted(records: Records) -> None:
    records.upload("a.png", "b.png", "c.png", "gone.png")
    records.put("a.png", "dog", EARLIER)
    records.put("a.png", "cat", confidence=1, run_id="other")
    records.put("b.png", "cat", confidence=0.04, status="VERIFIED")
    records.put("c.png", "dog", LATER, confidence=0.05)
    records.put("gone.png", "dog")
    records.delete("gone.png", LATER)
    write_files(records.operated)
    answer = records.operated.answer
    found = answer("report")["labels"]
    assert (found["items"], found["without_confidence"]) == (3, 0)
    assert found["labels"] == {"cat": 2, "dog": 1}
    assert found["statuses"] == {"LABELED": 2, "VERIFIED": 1}
    assert found["confidence"] == [1, 1, *[0] * 17, 1]
    chosen = {
        ("--since", "2026-01-02T12:00"): {"dog": 1},
        ("--until", "2026-01-02T12:00"): {"cat": 2, "dog": 1},
        ("--until", "2026-01-02T00:00"): {"dog": 1},
    }
    assert {options: answer("report", *options)["labels"]["labels"] for options in chosen} == chosen
    assert answer("report", "--no-labels")["labels"] is None
    assert "3 records, the newest of each item" in words(
        Reported(records.operated, records.folder).page()
    )


def test_the_time_to_label_counts_from_the_start_of_the_run() -> None:
    figures = LabelFigures()
    for second in range(1, 11):
        columns = {**SINGLE, "label": "cat", "run_id": "20260101t000000-0123456789"}
        figures.add(f"2026-01-01T00:{second:02}:00.500000000", columns)
    # Made in an earlier run, and stored by no run at all.
    figures.add("2025-12-31T23:59:59.000000000", columns)
    figures.add("2026-01-02T00:00:00.000000000", {**columns, "run_id": "by hand"})
    assert figures.fields()["seconds_to_label"] == {
        "median": 5 * 60,
        "nine_in_ten": 9 * 60,
        "longest": 10 * 60,
    }
    assert LabelFigures().fields()["seconds_to_label"] is None


def test_the_least_certain_items_are_shown_first(records: Records) -> None:
    keys = [f"{number}.png" for number in range(5)]
    records.upload(*keys)
    for key, confidence in zip(keys, (0.9, 0.2, 0.5, 0.1, 0.7), strict=True):
        records.put(key, confidence=confidence)
    shown = words(page_of(records.operated, records.folder, "--pictures", "3"))
    assert re.findall(r"(\d)\.png", shown) == ["3", "1", "2"]
    assert "confidence 0.10" in shown
    assert shown.count("This object is no image that can be drawn.") == 3


def test_a_label_has_one_colour_in_the_whole_page(records: Records) -> None:
    keys = [f"{number}.png" for number in range(6)]
    records.upload(*keys)
    # By the alphabet they are in another order than by their number.
    for key, label in zip(keys, ["bee"] * 3 + ["cat"] * 2 + ["ant"], strict=True):
        records.put(key, label)
    root = parsed(page_of(records.operated, records.folder))
    labels = [one for one in root.iter("span") if one.attrib.get("class") == "class"]
    assert len(labels) == len(keys)
    colors = {(one.text, one.attrib["style"].removeprefix("border-color: ")) for one in labels}
    for title in ("Records by label", "Records by time"):
        (drawing,) = [
            one for one in root.iter(f"{SVG}svg") if one.attrib.get("aria-label") == title
        ]
        styles = "".join(path.attrib.get("style", "") for path in drawing.iter(f"{SVG}path"))
        fills = [fill for fill in re.findall("fill: (#[0-9a-f]{6})", styles) if fill != "#ffffff"]
        names = [
            text.text for text in drawing.iter(f"{SVG}text") if text.text in ("ant", "bee", "cat")
        ]
        assert names == ["bee", "cat", "ant"]
        assert set(zip(names, dict.fromkeys(fills), strict=True)) == colors


def test_an_object_that_was_deleted_is_named(records: Records) -> None:
    records.upload("a.png")
    records.put("a.png")
    s3 = records.operated.client("s3")
    uploads = records.operated.uploads
    (version,) = s3.list_object_versions(Bucket=uploads)["Versions"]
    s3.delete_object(Bucket=uploads, Key="a.png", VersionId=version["VersionId"])
    shown = words(page_of(records.operated, records.folder))
    assert "This object is no longer there." in shown


def test_hostile_labels_are_text(records: Records) -> None:
    records.upload(f"{HOSTILE}.png")
    records.put(f"{HOSTILE}.png", HOSTILE, status=HOSTILE)
    records.upload("b.png")
    records.put("b.png", "_$\\frac{$日本")
    root = parsed(page_of(records.operated, records.folder))
    assert list(root.iter("script")) == []
    assert references(root) == []
    text = " ".join("".join(root.itertext()).split())
    # The status twice, the class, the key.
    assert text.count("</title><script>alert('$x^{')</script>") == 4
    assert text.count("$\\frac{$日本") == 3


@pytest.mark.parametrize(
    "task", ["image_bounding_box", "image_semantic_segmentation", "named_entity_recognition"]
)
def test_pictures_and_texts_of_the_demo_have_their_labels(
    operated: Operated, tmp_path: Path, task: str
) -> None:
    stored = store_demo(operated, task, 3)
    root = parsed(page_of(operated, tmp_path))
    (gallery,) = [one for one in root.iter("ul") if one.attrib.get("class") == "gallery"]
    shown = ["".join(entry.itertext()) for entry in gallery.iter("li")]
    assert len(shown) == len(stored.items)
    for item in stored.items:
        assert (
            sum(stored.uri(item).partition(f"{operated.uploads}/")[2] in one for one in shown) == 1
        )
    if task != "named_entity_recognition":
        assert [max(picture.size) for picture in pictures(gallery)] == [240] * len(shown)
        return
    texts = [
        "".join(one.itertext()) for one in gallery.iter("div") if one.attrib.get("class") == "text"
    ]
    assert Counter(texts) == Counter(item.text for item in stored.items)
    marked = [(mark.attrib["title"], mark.text) for mark in gallery.iter("mark")]
    expected = [
        (entity["label"], item.text[entity["startOffset"] : entity["endOffset"]])
        for item in stored.items
        if item.text is not None
        for entity in item.truth
    ]
    assert sorted(marked) == sorted(expected)


def picture(size: tuple[int, int]) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, "white").save(written, "PNG")
    return written.getvalue()


def pixels(address: str) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    body = base64.b64decode(address.removeprefix("data:image/jpeg;base64,"))
    return np.asarray(Image.open(io.BytesIO(body))).astype(np.int64)


def is_near(
    color: np.ndarray[tuple[int, ...], np.dtype[np.int64]], wanted: tuple[int, int, int]
) -> bool:
    """Return whether a colour is another one as far as JPEG changes it."""
    return bool(np.abs(color - np.array(wanted)).max() < 90)


def test_a_box_is_drawn_where_it_is(tmp_path: Path) -> None:
    box = Box("cat", 100, 200, 400, 300)
    annotation = Annotation(("cat",), boxes=(box,), size=(1200, 600))
    drawn = pixels(thumbnail(picture((1200, 600)), None, annotation, {"cat": RED}, tmp_path / "m"))
    # A fifth of the picture's size.
    assert drawn.shape == (120, 240, 3)
    for row, column in ((40, 60), (99, 60), (70, 20), (70, 99)):
        assert is_near(drawn[row, column], (255, 0, 0))
    for row, column in ((70, 60), (20, 60), (110, 60), (70, 200)):
        assert is_near(drawn[row, column], (255, 255, 255))


def test_a_mask_is_painted_over_what_it_covers(tmp_path: Path) -> None:
    mask = Image.new("RGBA", (480, 240), "#ffffff")
    mask.paste("#2ca02c", (0, 0, 240, 240))
    written = io.BytesIO()
    mask.save(written, "PNG")
    annotation = Annotation(("cat",), mask_uri="s3://b/m", colors={"#ffffff": "", "#2ca02c": "cat"})
    drawn = pixels(
        thumbnail(
            picture((480, 240)), written.getvalue(), annotation, {"cat": BLUE}, tmp_path / "m"
        )
    )
    assert is_near(drawn[60, 60], (115, 115, 255))
    assert is_near(drawn[60, 180], (255, 255, 255))


@pytest.mark.parametrize("body", [b"", b"text", picture((20, 20))[:60]])
def test_what_is_no_image_is_refused(body: bytes, tmp_path: Path) -> None:
    with pytest.raises(UnreadableImageError):
        thumbnail(body, None, Annotation(("cat",)), {"cat": RED}, tmp_path / "m")


def test_an_image_that_would_fill_the_memory_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 99)
    for size in ((10, 10), (100, 100)):
        with pytest.raises(UnreadableImageError):
            thumbnail(picture(size), None, Annotation(("cat",)), {"cat": RED}, tmp_path / "m")


spans = st.builds(
    lambda name, start, length: Span(name, start, start + length),
    st.sampled_from("abc"),
    st.integers(0, 700),
    st.integers(0, 40),
)


@given(st.text(max_size=700), st.lists(spans, max_size=6))
def test_each_character_of_a_text_has_the_spans_that_it_is_in(
    text: str, marked: list[Span]
) -> None:
    found = list(parts(text, marked))
    if len(text) > 600:
        assert found.pop().text == " …"
    assert "".join(part.text for part in found) == text[:600]
    characters = [part.classes for part in found for _ in part.text]
    assert characters == [
        tuple(sorted({span.name for span in marked if span.start <= place < span.end}))
        for place in range(len(characters))
    ]
