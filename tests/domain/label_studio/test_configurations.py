"""Label configurations: what people see and can choose."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling_lambdas.domain.label_studio.configurations import (
    labeling_configuration,
    verification_configuration,
)
from labeling_lambdas.domain.label_studio.controls import CONTROLS, task_data
from labeling_lambdas.domain.task_types import task_type
from tests.conventions.sources import LAMBDAS

_TYPES = sorted(CONTROLS)
_NAMES = st.lists(
    st.text(st.characters(categories=["L", "N", "P", "S"], exclude_characters="$"), min_size=1),
    min_size=1,
    max_size=12,
    unique=True,
)


def parsed(configuration: str) -> ET.Element:
    return ET.fromstring(configuration)  # noqa: S314 - our own


def entries(configuration: str, name: str) -> list[ET.Element]:
    """Return the classes of a control."""
    view = parsed(configuration)
    (control,) = [found for found in view if found.get("name") == name]
    assert control.get("toName") == "source"
    return list(control)


def test_every_task_type_of_the_module_has_a_control() -> None:
    table = json.loads((LAMBDAS / "task_types.json").read_text(encoding="utf-8"))
    assert sorted(table["task_types"]) == _TYPES


@pytest.mark.parametrize("name", _TYPES)
@given(labels=_NAMES, categories=_NAMES)
def test_people_can_choose_the_labels_in_order_and_nothing_else(
    name: str, labels: list[str], categories: list[str]
) -> None:
    labeling = labeling_configuration(task_type(name), labels)
    judging = verification_configuration(task_type(name), labels, categories)
    for configuration in (labeling, judging):
        assert [found.get("value") for found in entries(configuration, "label")] == labels
    assert [found.get("value") for found in entries(judging, "verdict")] == categories


@pytest.mark.parametrize("name", _TYPES)
def test_no_two_entries_of_a_page_have_one_key(name: str) -> None:
    labels = [f"label {number}" for number in range(50)]
    judging = verification_configuration(task_type(name), labels, [f"c{n}" for n in range(12)])
    keys = [
        found.get("hotkey")
        for control in ("label", "verdict")
        for found in entries(judging, control)
        if found.get("hotkey")
    ]
    assert len(set(keys)) == len(keys) > 10


@pytest.mark.parametrize("name", _TYPES)
def test_the_page_shows_what_a_task_holds(name: str) -> None:
    kind = task_type(name)
    view = parsed(labeling_configuration(kind, ["a", "b"], "Look."))
    (source,) = [found for found in view if found.get("name") == "source"]
    assert source.tag == ("Image" if name.startswith("image") else "Text")
    # Else a span would be rounded to whole words.
    assert source.tag == "Image" or source.get("granularity") == "symbol"
    data = task_data({kind.manifest_key: "s3://b/k", "item-id": "i"}, kind)
    assert source.get("value") == f"${next(key for key in data if data[key] == 's3://b/k')}"
    assert data["item_id"] == "i"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_instructions_are_shown_and_name_no_field_of_the_task(text: str) -> None:
    configuration = labeling_configuration(task_type(_TYPES[0]), ["a"], text + "$text costs $5")
    shown = parsed(configuration)[0].get("value") or ""
    assert shown.replace("\u2060", "") == (text + "$text costs $5").replace("\u2060", "")
    assert "$t" not in shown
    assert "$5" not in shown


@pytest.mark.parametrize("label", ["", " cat", "cat\n", "ca\0t", "$image", "a $5 note"])
def test_a_label_that_would_be_shown_as_another_is_refused_by_name(label: str) -> None:
    with pytest.raises(ValueError, match="Label Studio") as raised:
        labeling_configuration(task_type(_TYPES[0]), ["dog", label])
    assert repr(label) in str(raised.value)


def test_a_dollar_sign_alone_is_a_label() -> None:
    assert entries(labeling_configuration(task_type(_TYPES[0]), ["$", "5 $"]), "label")


def test_a_mask_has_room_for_255_classes() -> None:
    kind = task_type("image_semantic_segmentation")
    labels = [f"label {number}" for number in range(256)]
    assert labeling_configuration(kind, labels[:255])
    with pytest.raises(ValueError, match="255"):
        labeling_configuration(kind, labels)


# A text of hypothesis has no surrogates.
@given(st.lists(st.characters() | st.sampled_from("\0\ud800\udfff"), min_size=1).map("".join))
def test_a_text_reaches_label_studio_in_characters_that_it_stores_at_the_same_places(
    text: str,
) -> None:
    kind = task_type("named_entity_recognition")
    shown = task_data({"source": text, "item-id": "i"}, kind)["text"]
    assert len(shown) == len(text)
    shown.encode()
    assert "\0" not in shown
    assert all(theirs in {ours, "\ufffd"} for ours, theirs in zip(text, shown, strict=True))
