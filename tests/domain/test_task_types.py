"""The table of task types, and the objects that each can label."""

from __future__ import annotations

from typing import Any

import pytest

from labeling_lambdas.domain.reasons import Reason
from labeling_lambdas.domain.task_types import task_type
from tests.domain.examples import TASK_TYPE, source


def test_an_unknown_task_type_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match=f"'nonsense' is unknown; known are .*{TASK_TYPE}"):
        task_type("nonsense")


def test_the_settings_of_image_classification() -> None:
    found = task_type(TASK_TYPE)
    assert found.manifest_key == "source-ref"
    assert found.extensions == {".jpg", ".jpeg", ".jpe", ".jfif", ".png"}
    assert found.max_object_bytes == 40 * 1024 * 1024
    assert found.max_text_characters is None


def test_the_settings_of_text_task_types() -> None:
    found = task_type("named_entity_recognition")
    assert found.manifest_key == "source"
    assert found.extensions == {".txt", ".jsonl", ".ndjson"}
    assert found.max_text_characters == 20_000


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"key": "a.csv"}, Reason.UNSUPPORTED_EXTENSION),
        ({"size": 0}, Reason.EMPTY_OBJECT),
        ({"size": 100 * 1024 * 1024 + 1}, Reason.FILE_TOO_LARGE),
        ({"size": 100 * 1024 * 1024}, None),
    ],
)
def test_which_text_files_can_be_split(fields: dict[str, Any], reason: Reason | None) -> None:
    upload = source(**{"key": "a.txt", **fields})
    assert task_type("text_single_label_classification").reason_to_reject(upload) is reason


@pytest.mark.parametrize(
    "key", ["a.png", "A.PNG", "a.jfif", "a.JPE", "x.y/a.Jpeg", "a.txt.jpg", "é +.png"]
)
def test_an_image_can_be_labeled(key: str) -> None:
    assert task_type(TASK_TYPE).reason_to_reject(source(key)) is None


@pytest.mark.parametrize("key", ["a", "a.gif", "a.png.txt", "png", ".png", "x.png/a", "a.png "])
def test_another_extension_is_rejected(key: str) -> None:
    found = task_type(TASK_TYPE).reason_to_reject(source(key))
    assert found is Reason.UNSUPPORTED_EXTENSION
