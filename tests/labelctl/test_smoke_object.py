"""The object of ``labelctl doctor --smoke-label``, which workers of every task type can label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labelctl.connection import Connection
from labelctl.doctor.smoke_object import object_to_label
from labelctl.error_messages import LabelctlError
from labelctl.pipeline import find_pipeline
from labeling_sandbox.ground_truth import image_files
from tests.labelctl.test_backfill_texts import wait_for_messages

if TYPE_CHECKING:
    from tests.labelctl.stage import Operated


def made(operated: Operated) -> tuple[str, bytes]:
    connection = Connection(operated.sandbox.region)
    return object_to_label(find_pipeline(connection, operated.name), "smoke-1")


def test_a_picture_can_be_labeled(operated: Operated) -> None:
    key, body = made(operated)
    pipeline = find_pipeline(Connection(operated.sandbox.region), operated.name)
    assert image_files.size(body) == image_files.ImageSize(128, 128, 1)
    assert {value for row in image_files.pixels(body).rows for value in row} == {0x40, 0xE0}
    assert pipeline.task_type.reason_to_reject(operated.upload(key, body)) is None


@pytest.mark.parametrize("text_items", ["line", "file"])
def test_a_text_file_is_one_item(operated: Operated, text_items: str) -> None:
    operated.label_texts(text_items)
    key, body = made(operated)
    operated.upload(key, body)
    assert operated.answer("backfill", "--send")["sent"] == 1
    wait_for_messages(operated, 1)
    assert operated.poll()["claimed"] == 1


def test_a_pipeline_that_ignores_the_object_is_named(operated: Operated) -> None:
    operated.parameters(**{"ignored-keys": '["labelctl-smoke/*"]'})
    with pytest.raises(LabelctlError, match="a pattern of ignored_keys matches labelctl-smoke/"):
        made(operated)
