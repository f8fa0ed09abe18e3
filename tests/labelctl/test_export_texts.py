"""Lines of text files in a training set, across versions of their files."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from labeling_sandbox.demo.data_set import Item
from tests.labelctl.stage import TEXTS
from tests.labelctl.stored_labels import ATTRIBUTE, label, write_files
from tests.sandbox.demo_data import labels_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.labelctl.stage import Operated

KEY = "a file.txt"


@pytest.fixture
def texts(operated: Operated) -> Operated:
    operated.keep_offline("Iceberg")
    operated.publish(TEXTS)
    operated.label_texts()
    operated.configure(TASK_TYPE=TEXTS, LABEL_ATTRIBUTE_NAME=ATTRIBUTE)
    return operated


def item(line: int, text: str) -> Item:
    first = labels_of(TEXTS)[0]
    return Item(KEY, first, first, line, text)


def exported(operated: Operated, folder: Path, *options: str) -> dict[str, Any]:
    """Export, and return the summary with the texts by line."""
    summary = operated.answer("export", "--to", str(folder), "--format", "jsonl", *options)
    rows = [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]
    found = {int(row["source_ref"].rpartition("#L")[2]): row["text"] for row in rows}
    return {**summary, "texts": found}


def test_lines_are_those_of_the_newest_labeled_version(texts: Operated, tmp_path: Path) -> None:
    first = texts.upload(KEY, b"one\ntwo\n\nthree\nfour\n")
    items = [item(1, "one"), item(2, "two"), item(4, "three"), item(5, "four")]
    label(texts, TEXTS, {KEY: first}, items)
    assert exported(texts, tmp_path / "first")["texts"] == {
        1: "one",
        2: "two",
        4: "three",
        5: "four",
    }
    second = texts.upload(KEY, b"two\nthree\nfive\n")
    # Until it is labeled, the version before it counts, with its own texts.
    before = exported(texts, tmp_path / "before")
    assert before["texts"] == {1: "one", 2: "two", 4: "three", 5: "four"}
    label(texts, TEXTS, {KEY: second}, [item(3, "five")], execution="two")
    after = exported(texts, tmp_path / "after")
    assert after["texts"] == {1: "two", 2: "three", 3: "five"}
    assert after["removed"] == {"source_replaced": 2}


def test_a_file_that_was_deleted_is_left_out_with_all_its_lines(
    texts: Operated, tmp_path: Path
) -> None:
    source = texts.upload(KEY, b"one\ntwo\n")
    label(texts, TEXTS, {KEY: source}, [item(1, "one"), item(2, "two")])
    other = texts.upload("b.txt", b"three\n")
    three = replace(item(1, "three"), key="b.txt")
    label(texts, TEXTS, {"b.txt": other}, [three], execution="two")
    texts.client("s3").delete_object(Bucket=texts.uploads, Key=KEY)
    found = exported(texts, tmp_path / "set")
    assert found["texts"] == {1: "three"}
    assert found["left_out"] == {"source_missing": 2}


def test_a_side_without_items_is_explained(texts: Operated, tmp_path: Path) -> None:
    label(texts, TEXTS, {KEY: texts.upload(KEY, b"one\ntwo\n")}, [item(1, "one"), item(2, "two")])
    arguments = ("--to", str(tmp_path / "set"), "--format", "jsonl", "--split", "a=0.5,b=0.5")
    result = texts.labelctl("export", *arguments)
    assert result.exit_code == 0, result.output
    summary = json.loads((tmp_path / "set" / "export.json").read_text())
    (empty,) = [side for side, counts in summary["sides"].items() if not counts["items"]]
    assert f"{empty} is empty: a side is that of the object's key" in result.stdout
    assert result.stdout.count("is empty") == 1


def test_texts_have_no_files_to_copy(texts: Operated, tmp_path: Path) -> None:
    write_files(texts)
    arguments = ("--to", str(tmp_path / "set"), "--format", "jsonl", "--files", "copy")
    line = texts.error("export", *arguments)
    assert line == "error: --files copy: texts are in the rows, and have no files"
