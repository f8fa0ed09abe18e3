"""What operating systems leave in folders is no upload."""

from __future__ import annotations

from pathlib import Path

import pytest

from labeling_lambdas.domain.messages import Ignored, read_message
from labeling_lambdas.domain.task_types import task_type

_UPLOADS = Path(__file__).parents[1] / "fixtures" / "uploads"
_IMAGES = task_type("image_bounding_box")


@pytest.mark.xfail(strict=True, reason="only the ending of a key is looked at")
@pytest.mark.parametrize("name", ["appledouble-event.json", "ds-store-event.json"])
def test_an_event_of_litter_is_neither_a_task_nor_a_dead_letter(name: str) -> None:
    body = (_UPLOADS / name).read_text("utf-8")
    read = read_message(body, upload_bucket="up", task_type=_IMAGES)
    assert isinstance(read, Ignored)
