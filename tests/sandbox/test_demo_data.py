"""The uploads of the demos match their expected outcomes and the workers' truth."""

from __future__ import annotations

import json
import random
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import requests
from typer.testing import CliRunner

from labeling_sandbox import cli
from labeling_sandbox.cli import app
from labeling_sandbox.demo.label import Labeling
from labeling_sandbox.demo.task_types import DEMO_TYPES, matches_truth
from labeling_sandbox.ground_truth import image_files
from labeling_sandbox.ground_truth.answers.task import Category, Task
from labeling_sandbox.ground_truth.image_files import ImageSize
from labeling_sandbox.ground_truth.task_kinds import KINDS
from tests.conventions.sources import LAMBDAS
from tests.sandbox.demo_data import data_of, labels_of

if TYPE_CHECKING:
    from labeling_sandbox.demo.data_set import Item

_TASK_TYPES = json.loads((LAMBDAS / "task_types.json").read_text(encoding="utf-8"))["task_types"]
TEXT_TASKS = [task for task, demo in DEMO_TYPES.items() if demo.kind.source_key == "source"]
IMAGE_TASKS = [task for task in DEMO_TYPES if task not in TEXT_TASKS]


def record_of(task: str, item: Item, *, error_rate: float = 0.0) -> tuple[dict[str, str], bytes]:
    """Return the record of an item's label, and the mask if there is one."""
    kind = DEMO_TYPES[task].kind
    categories = [Category(name) for name in labels_of(task)]
    line = {kind.source_key: item.text or f"s3://uploads/{item.key}"}
    size = ImageSize(320, 240, 1) if kind.measures else None
    answer = kind.labeler.label(
        Task("job", line, categories, 3, size), item.truth, [error_rate] * 3, random.Random(5)
    )
    value = "s3://output/mask.png" if answer.mask else answer.value
    written = {"a": value, "a-metadata": answer.details}
    return {"label": item.label, "label_json": json.dumps(written)}, answer.mask or b""


def _mask_of(mask: bytes, _uri: str) -> bytes:
    return mask


def test_every_task_type_has_a_demo() -> None:
    assert set(DEMO_TYPES) == set(_TASK_TYPES)
    kinds = [demo.kind for demo in DEMO_TYPES.values()]
    assert all(kinds.count(kind) == 1 for kind in KINDS.values())


@pytest.mark.parametrize("task", DEMO_TYPES)
def test_workers_without_mistakes_give_what_the_demo_expects(task: str) -> None:
    for item in data_of(task).items:
        record, mask = record_of(task, item)
        read = partial(_mask_of, mask)
        assert matches_truth(DEMO_TYPES[task], record, item.label, item.truth, read)


@pytest.mark.parametrize("task", DEMO_TYPES)
def test_a_wrong_label_is_noticed(task: str) -> None:
    demo_type, item = DEMO_TYPES[task], data_of(task).items[0]
    record, mask = record_of(task, item)
    short = {**record, "label": "other"}
    assert not matches_truth(demo_type, short, item.label, item.truth, lambda _uri: mask)
    record, mask = record_of(task, item, error_rate=1.0)
    assert not matches_truth(demo_type, record, item.label, item.truth, lambda _uri: mask)


@pytest.mark.parametrize("task", DEMO_TYPES)
def test_every_label_of_the_example_is_in_the_data(task: str) -> None:
    text = json.dumps([item.truth for item in data_of(task).items], ensure_ascii=False)
    assert all(f'"{label}"' in text for label in labels_of(task))


@pytest.mark.parametrize("task", DEMO_TYPES)
def test_every_upload_is_an_item_or_unlabelable(task: str) -> None:
    data = data_of(task)
    expected = [(file.key, line) for file in data.files for line in file.lines]
    dead = [(part.key, part.line) for part in data.oddities if part.reason]
    assert len(set(expected)) == len(expected)
    # An empty text file is one dead letter for the file; so is one with nothing but blank lines.
    assert sorted(expected, key=str) == sorted(
        [*((item.key, item.line) for item in data.items), *dead], key=str
    )
    keys = {file.key for file in data.files}
    assert {file.key for file in data.overwritten} <= keys
    assert len(keys) == len(data.files)


@pytest.mark.parametrize("task", DEMO_TYPES)
def test_a_part_of_the_data_can_be_taken(task: str) -> None:
    whole = len(data_of(task).items)
    assert [len(data_of(task, count).items) for count in (1, 3, whole)] == [1, 3, whole]
    for count in (0, whole + 1):
        with pytest.raises(ValueError, match=f"there are {whole}"):
            data_of(task, count)


def lines_of(body: bytes, *, rows: bool) -> dict[int, str]:
    """Read a text file independently of the code that wrote it."""
    lines = body.decode("utf-8-sig").replace("\r\n", "\n").split("\n")
    return {
        number: json.loads(line)["source"] if rows else line
        for number, line in enumerate(lines, 1)
        if line.strip()
    }


@pytest.mark.parametrize("task", TEXT_TASKS)
def test_each_text_is_at_its_line(task: str) -> None:
    data = data_of(task)
    keys = {item.key for item in data.items}
    files = {file.key: file.body for file in data.files if file.key in keys}
    found = {
        (key, line): text
        for key, body in files.items()
        for line, text in lines_of(body, rows=key.endswith(".jsonl")).items()
    }
    assert found == {(item.key, item.line): item.text for item in data.items}
    everything = b"".join(files.values())
    assert b"\xef\xbb\xbf" in everything
    assert b"\r\n\r\n" in everything
    assert not data.files[3].body.endswith(b"\n")


def test_offsets_match_the_marked_names() -> None:
    items = data_of("named_entity_recognition").items
    names = [
        str(item.text)[entity["startOffset"] : entity["endOffset"]]
        for item in items
        for entity in item.truth
    ]
    assert "Mai Nguyễn" in names
    assert "京都" in names
    assert not any(set(name) & set("[]()") for name in names)
    assert not any("](" in str(item.text) for item in items)
    assert [] in [item.truth for item in items]


def test_texts_contain_characters_that_break_careless_code() -> None:
    text = "".join(str(item.text) for task in TEXT_TASKS for item in data_of(task).items)
    assert all(sign in text for sign in ('"', "<", "{{", "\\", "%", "🎉", "ü", "本"))


def boxes_of(item: Item) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = item.truth
    return found


def test_canvases_show_their_digits_where_the_truth_says() -> None:
    data = data_of("image_bounding_box")
    bodies = {file.key: file.body for file in data.files}
    counts = set()
    for item in data.items:
        picture = image_files.pixels(bodies[item.key])
        ink = {
            (row, column)
            for row, line in enumerate(picture.rows)
            for column, value in enumerate(line)
            if value != 255
        }
        for box in boxes_of(item):
            inside = {
                (row, column)
                for row in range(box["top"], box["top"] + box["height"])
                for column in range(box["left"], box["left"] + box["width"])
            }
            assert ink & inside
            ink -= inside
        assert not ink
        counts.add(len(boxes_of(item)))
    assert counts == {0, 1, 2, 3, 4, 5}


@pytest.mark.parametrize("task", IMAGE_TASKS)
def test_pictures_are_the_same_on_every_machine(task: str) -> None:
    first, again = data_of(task), data_of(task)
    assert [file.body for file in first.files] == [file.body for file in again.files]
    assert [item.truth for item in first.items] == [item.truth for item in again.items]


def test_a_task_type_without_a_demo_is_refused() -> None:
    result = CliRunner().invoke(app, ["demo", "--task", "video"])
    assert result.exit_code == 1
    assert "no demo of video" in result.output


def test_a_label_studio_that_does_not_answer_ends_the_demo_in_a_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def hang(_self: object) -> None:
        message = "Read timed out."
        raise requests.ReadTimeout(message)

    monkeypatch.setattr(Labeling, "run", hang)
    # A process holds one sandbox, and this one may have it.
    monkeypatch.setattr(cli, "Sandbox", lambda **_: nullcontext())
    result = CliRunner().invoke(app, ["label"])
    assert result.exit_code == 1
    assert "Label Studio does not answer as it should: Read timed out." in result.output
    assert "Traceback" not in result.output
