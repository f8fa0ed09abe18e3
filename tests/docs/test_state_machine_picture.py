"""The pictures of the state machine show the rendered definition."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from labeling_deployment.module import ROOT
from tools import draw_state_machine
from tools.generated_docs import PICTURES, pictures

if TYPE_CHECKING:
    from pathlib import Path

SVG = "{http://www.w3.org/2000/svg}"
TASK = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"}
WAITING_TASK = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken"}


@pytest.fixture(scope="module")
def drawn() -> dict[Path, str]:
    return pictures()


def shown(picture: str) -> dict[str, tuple[str, ...]]:
    """Return the texts at each state, ``State``, and transition, ``State->State``, of a picture.

    Places are left out: they depend on the fonts that Graphviz finds.
    """
    found: dict[str, tuple[str, ...]] = {}
    for group in ET.fromstring(picture).iter(f"{SVG}g"):  # noqa: S314 - made by the repository
        if group.get("class") in ("cluster", "edge", "node"):
            title = (group.findtext(f"{SVG}title") or "").removeprefix("cluster_")
            texts = [
                (text.text or "").strip("\N{NO-BREAK SPACE}") for text in group.iter(f"{SVG}text")
            ]
            found[title] = (*found.get(title, ()), *texts)
    return found


@pytest.mark.terraform
def test_each_committed_picture_is_current(drawn: dict[Path, str]) -> None:
    assert set(drawn) == {ROOT / "docs" / "images" / name for name in PICTURES}
    for path, picture in drawn.items():
        committed = path.read_text(encoding="utf-8")
        assert shown(committed) == shown(picture), f"{path} is old; write it with: make docs"


@pytest.mark.terraform
def test_each_state_of_the_template_is_in_a_picture(drawn: dict[Path, str]) -> None:
    template = (ROOT / "statemachine.asl.json.tftpl").read_text(encoding="utf-8")
    names = {title for picture in drawn.values() for title in shown(picture) if "->" not in title}
    assert len(names) > 20
    assert {name for name in names if f'"{name}": {{' not in template} == set()
    assert template.count('"Type": "') == len(names)


def states(**by_name: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    definition = {"StartAt": next(iter(by_name)), "States": by_name}
    return shown(draw_state_machine.draw(json.dumps(definition), "States"))


def test_each_condition_is_at_its_line() -> None:
    choices = [
        {"Variable": "$.run.more", "BooleanEquals": True, "Next": "A"},
        {"Variable": "$.count", "NumericGreaterThan": 0, "Next": "B"},
        {"Variable": "$.resume_run", "IsPresent": True, "Next": "C"},
        {"Variable": "$.outcome", "StringEquals": "done", "Next": "D"},
    ]
    ends: dict[str, dict[str, Any]] = {name: {"Type": "Succeed"} for name in "ABCDE"}
    found = states(Choose={"Type": "Choice", "Choices": choices, "Default": "E"}, **ends)
    assert {title: texts for title, texts in found.items() if "->" in title} == {
        "Choose->A": ("run.more",),
        "Choose->B": ("count > 0",),
        "Choose->C": ("resume_run is present",),
        "Choose->D": ("done",),
        "Choose->E": ("otherwise",),
    }


def test_errors_and_functions_are_named() -> None:
    called = {"FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:digits-poll-queue"}
    other = {"FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:digits-finish-run"}
    catches = [
        {"ErrorEquals": ["RunNotFoundError"], "Next": "Lost"},
        {"ErrorEquals": ["States.ALL"], "Next": "Failed"},
    ]
    assert states(
        Poll={**TASK, "Parameters": called, "Catch": catches, "Next": "Finish"},
        Finish={**WAITING_TASK, "Parameters": other, "End": True},
        Lost={"Type": "Fail"},
        Failed={"Type": "Fail"},
    ) == {
        "Poll": ("Poll", "poll_queue"),
        "Finish": ("Finish", "finish_run"),
        "Lost": ("Lost",),
        "Failed": ("Failed",),
        "Poll->Finish": (),
        "Poll->Lost": ("RunNotFoundError",),
        "Poll->Failed": (),
    }


def test_the_states_of_a_map_are_drawn() -> None:
    inner = {"StartAt": "Store", "States": {"Store": {**TASK, "End": True}}}
    found = states(
        Each={"Type": "Map", "ItemProcessor": inner, "Next": "Done"}, Done={"Type": "Succeed"}
    )
    assert set(found) == {"Each", "Store", "Done", "Store->Done"}
