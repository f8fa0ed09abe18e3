"""Times, spans, masks and tokens, as the formats need them."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from labelctl.export.annotations import Annotation, Span, read_annotation
from labelctl.export.formats.conll import Conll, tagged
from labelctl.export.masks import UnreadableMaskError, palette, read_indexes, write_index_mask
from labelctl.export.offline_store import comparable_time

if TYPE_CHECKING:
    from pathlib import Path

COLORS = {"#ffffff": "", "#2ca02c": "cat", "#1f77b4": "dog"}


@given(
    st.datetimes(timezones=st.just(UTC), min_value=datetime(1980, 1, 1)),  # noqa: DTZ001 - hypothesis adds it
    st.datetimes(timezones=st.just(UTC), min_value=datetime(1980, 1, 1)),  # noqa: DTZ001 - hypothesis adds it
)
def test_texts_of_times_compare_as_the_times_do(first: datetime, second: datetime) -> None:
    def forms(moment: datetime) -> list[str]:
        shifted = moment.astimezone(timezone(timedelta(hours=2)))
        iso = moment.isoformat().replace("+00:00", "Z")
        return [comparable_time(form) for form in (moment, shifted, iso)]

    (one,), (two,) = set(forms(first)), set(forms(second))
    assert (one < two) == (first < second)


@pytest.mark.parametrize(
    ("text", "comparable"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000000"),
        ("2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.678000000"),
        ("2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.123456789"),
        ("2026-01-02 03:04:05.123456", "2026-01-02T03:04:05.123456000"),
        ("1767323045.5", "2026-01-02T03:04:05.500000000"),
    ],
)
def test_each_form_of_an_event_time_is_read(text: str, comparable: str) -> None:
    assert comparable_time(text) == comparable


def entity(start: int, end: int, **more: Any) -> dict[str, Any]:
    return {"label": "City", "startOffset": start, "endOffset": end, **more}


def spans(text: str, *entities: dict[str, Any]) -> tuple[Span, ...]:
    label = {"annotations": {"entities": list(entities)}}
    metadata = {"entities": [], "creation-date": "2026-01-02T03:04:05"}
    fields = {
        "source_ref": "s3://b/a.txt#L1",
        "task_type": "named_entity_recognition",
        "label": '["City"]' if entities else "[]",
    }
    return read_annotation(fields, {"label": label, "label-metadata": metadata}, text).spans


def test_offsets_are_characters() -> None:
    text = "🎉 Oslo and Rome"
    assert spans(text, entity(11, 15), entity(2, 6)) == (Span("City", 2, 6), Span("City", 11, 15))


def test_offsets_are_utf_16_units_if_only_these_have_the_marked_text() -> None:
    text = "🎉 Oslo and Rome"
    assert spans(text, entity(3, 7, text="Oslo")) == (Span("City", 2, 6),)
    assert spans(text, entity(2, 6, text="Oslo")) == (Span("City", 2, 6),)


def test_tokens_are_words_and_marks_and_end_where_an_entity_does() -> None:
    text = "In New York's harbour, Oslo."
    found = list(tagged(text, [Span("Big City", 3, 11), Span("City", 23, 27)]))
    assert found == [
        ("In", "O"),
        ("New", "B-Big_City"),
        ("York", "I-Big_City"),
        ("'", "O"),
        ("s", "O"),
        ("harbour", "O"),
        (",", "O"),
        ("Oslo", "B-City"),
        (".", "O"),
    ]


@given(st.text(), st.data())
def test_no_letter_of_a_text_is_lost(text: str, data: st.DataObject) -> None:
    places = (
        sorted(data.draw(st.sets(st.integers(0, len(text)), min_size=2, max_size=2)), key=int)
        if text
        else []
    )
    found = [Span("X", *places)] if places else []
    tokens = [token for token, _ in tagged(text, found)]
    assert "".join(tokens) == "".join(text.split())


def test_entities_that_overlap_do_not_fit_conll() -> None:
    def reason(*found: Span) -> str:
        return Conll().reason_against(Annotation(("X",), spans=found))

    assert reason(Span("X", 0, 4), Span("X", 3, 5)) == "spans_overlap"
    assert reason(Span("X", 0, 4), Span("X", 4, 5)) == ""


def png(pixels: list[list[tuple[int, ...]]]) -> bytes:
    body = io.BytesIO()
    Image.fromarray(np.array(pixels, np.uint8)).save(body, format="PNG")
    return body.getvalue()


def test_a_mask_has_class_indexes_and_the_colours_of_pascal_voc(tmp_path: Path) -> None:
    green, blue, white = (0x2C, 0xA0, 0x2C), (0x1F, 0x77, 0xB4), (255, 255, 255)
    path = tmp_path / "mask.png"
    write_index_mask(png([[green, white], [blue, green]]), COLORS, ["bird", "cat", "dog"], path)
    assert read_indexes(path).tolist() == [[2, 0], [3, 2]]
    with Image.open(path) as image:
        assert image.mode == "P"
        assert image.convert("RGB").getpixel((0, 1)) == (128, 128, 0)


def test_a_transparent_pixel_is_background(tmp_path: Path) -> None:
    path = tmp_path / "mask.png"
    write_index_mask(png([[(1, 2, 3, 0), (0x2C, 0xA0, 0x2C, 255)]]), COLORS, ["cat", "dog"], path)
    assert read_indexes(path).tolist() == [[0, 1]]


@pytest.mark.parametrize("body", [png([[(1, 2, 3)]]), b"no image", b""])
def test_a_mask_that_cannot_be_converted_is_refused(body: bytes, tmp_path: Path) -> None:
    with pytest.raises(UnreadableMaskError):
        write_index_mask(body, COLORS, ["cat", "dog"], tmp_path / "mask.png")


def test_the_palette_is_that_of_pascal_voc() -> None:
    # The first classes of the development kit: none, aeroplane, bicycle and so on.
    first = [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0, 0, 0, 128, 128, 0, 128, 0, 128, 128]
    assert palette(7) == first
    assert len({tuple(palette(256)[3 * n : 3 * n + 3]) for n in range(256)}) == 256
    assert len(palette(300)) == 3 * 256
