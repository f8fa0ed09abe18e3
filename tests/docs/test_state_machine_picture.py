"""The picture of the state machine shows the rendered definition, and shows it legibly."""

from __future__ import annotations

import json
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.terraform_module import ROOT
from tools import draw_state_machine
from tools.generated_docs import PICTURES, pictures
from tools.generated_docs import definitions as rendered
from tools.graph_layout import Box, Layout, Line, lay_out
from tools.state_graph import read_graph

if TYPE_CHECKING:
    from pathlib import Path

SVG = "{http://www.w3.org/2000/svg}"
TASK = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"}


@pytest.fixture(scope="module")
def drawn() -> dict[Path, str]:
    return pictures()


@pytest.mark.terraform
def test_each_committed_picture_is_current(drawn: dict[Path, str]) -> None:
    assert set(drawn) == {ROOT / "docs" / "images" / name for name in PICTURES}
    for path, picture in drawn.items():
        assert path.read_text(encoding="utf-8") == picture, f"{path} is old; mend it: make docs"


@pytest.mark.terraform
def test_each_state_of_the_template_is_in_a_picture(drawn: dict[Path, str]) -> None:
    template = (ROOT / "statemachine.asl.json.tftpl").read_text(encoding="utf-8")
    names = {
        text.text
        for picture in drawn.values()
        for text in ET.fromstring(picture).iter(f"{SVG}text")  # noqa: S314 - our own
        if text.get("class") == "name"
    }
    assert len(names) > 20
    assert {name for name in names if f'"{name}": {{' not in template} == set()
    assert template.count('"Type": "') == len(names)


def states(**by_name: dict[str, Any]) -> Layout:
    definition = {"StartAt": next(iter(by_name)), "States": by_name}
    return lay_out(read_graph(definition))


def overlapping(layout: Layout) -> list[tuple[str, str]]:
    return [
        (one, other)
        for (one, first), (other, second) in combinations(layout.boxes.items(), 2)
        if first.left < second.right
        and second.left < first.right
        and first.top < second.bottom
        and second.top < first.bottom
    ]


def hidden(layout: Layout) -> list[tuple[str, Line]]:
    """Lines that run through a box."""
    return [
        (name, line)
        for line in layout.lines
        for name, box in layout.boxes.items()
        if any(crosses(box, *ends) for ends in pairwise(line.points))
    ]


def crosses(box: Box, begin: tuple[float, float], end: tuple[float, float]) -> bool:
    (left, right), (top, bottom) = (sorted(pair) for pair in zip(begin, end, strict=True))
    # A line may end at a side.
    return (
        left < box.right - 0.1
        and right > box.left + 0.1
        and top < box.bottom - 0.1
        and bottom > box.top + 0.1
    )


@pytest.mark.terraform
def test_no_state_covers_another_or_a_way() -> None:
    for definition in rendered().values():
        layout = lay_out(read_graph(json.loads(definition)))
        assert overlapping(layout) == []
        assert hidden(layout) == []
        assert all(
            0 <= x <= layout.width and 0 <= y <= layout.height
            for line in layout.lines
            for x, y in line.points
        )


def test_a_check_for_overlaps_finds_one() -> None:
    layout = states(One=TASK | {"Next": "Two"}, Two=TASK | {"End": True}, Three=TASK)
    # No way leads to the third one, so it stands beside the first.
    assert overlapping(layout) == []
    assert hidden(layout) == []
    one, two = layout.boxes["One"], layout.boxes["Two"]
    layout.boxes["Three"] = Box(one.x, (one.y + two.y) / 2, 10, one.height)
    assert overlapping(layout) == [("One", "Three"), ("Two", "Three")]
    assert [name for name, _ in hidden(layout)] == ["Three"]


def test_conditions_are_told_as_they_are_read() -> None:
    choices = [
        {"Variable": "$.run.more", "BooleanEquals": True, "Next": "A"},
        {"Variable": "$.count", "NumericGreaterThan": 0, "Next": "B"},
        {"Variable": "$.gone", "IsPresent": False, "Next": "C"},
        {"And": [], "Next": "D"},
        {"Variable": "$.outcome", "StringEquals": "done", "Next": "E"},
    ]
    ends: dict[str, dict[str, Any]] = {name: {"Type": "Succeed"} for name in "ABCDEF"}
    choice = {"Type": "Choice", "Choices": choices, "Default": "F"}
    labels = [way.label for way in states(Choose=choice, **ends).graph.ways]
    assert labels == [
        "run.more",
        "count > 0",
        "gone is not present",
        "a condition",
        "outcome = done",
        "otherwise",
    ]


def test_what_runs_inside_of_a_state_is_drawn_inside_of_it() -> None:
    inner = {"StartAt": "Inner", "States": {"Inner": TASK | {"End": True}}}
    layout = states(
        Each={"Type": "Map", "ItemProcessor": inner, "Next": "Both"},
        Both={"Type": "Parallel", "Branches": [inner, inner], "End": True},
    )
    assert [len(layout.inner[name]) for name in ("Each", "Both")] == [1, 2]
    for name, inside in layout.inner.items():
        box = layout.boxes[name]
        for (x, y), picture in inside:
            assert box.left <= x
            assert x + picture.width <= box.right
            assert box.top <= y
            assert y + picture.height <= box.bottom


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    count = draw(st.integers(1, 9))
    names = [f"S{index}" for index in range(count)]
    target = st.sampled_from([*names, "Good", "Bad"])
    found: dict[str, Any] = {"Good": {"Type": "Succeed"}, "Bad": {"Type": "Fail"}}
    for name in names:
        if draw(st.booleans()):
            choices = [
                {"Variable": "$.x", "NumericEquals": number, "Next": draw(target)}
                for number in range(draw(st.integers(1, 3)))
            ]
            found[name] = {"Type": "Choice", "Choices": choices, "Default": draw(target)}
        else:
            catches = [
                {"ErrorEquals": ["States.ALL"], "Next": draw(target)}
                for _ in range(draw(st.integers(0, 1)))
            ]
            found[name] = TASK | {"Next": draw(target), "Catch": catches}
    return {"StartAt": names[0], "States": found}


@settings(max_examples=60)
@given(definition=definitions())
def test_any_definition_can_be_drawn(definition: dict[str, Any]) -> None:
    layout = lay_out(read_graph(definition))
    assert overlapping(layout) == []
    assert set(layout.boxes) == set(definition["States"])
    picture = draw_state_machine.draw(json.dumps(definition))
    assert picture == draw_state_machine.draw(json.dumps(definition))
    assert ET.fromstring(picture).tag == f"{SVG}svg"  # noqa: S314 - our own


def test_a_file_that_is_no_definition_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wrong.json").write_text("{}")
    assert draw_state_machine.main([str(tmp_path / "wrong.json")]) == 1
    assert "is no definition" in capsys.readouterr().err
