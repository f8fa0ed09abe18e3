"""Texts of files that are uploaded again: what was labeled is not paid for again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from labeling_faults import deployment, runtime
from labeling_faults.deployment import TEXTS, Configuration
from labeling_faults.workforce import HOUR
from labeling_faults.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@pytest.fixture(autouse=True)
def functions_in_worlds() -> Iterator[None]:
    with runtime.installed():
        yield


def new_world(**configuration: Any) -> World:
    return World(Configuration(task_type=TEXTS, **configuration))


def put(world: World, lines: Sequence[str], *, pause: float = 2 * HOUR) -> str:
    """Upload a version of the file and let a schedule pass."""
    version = world.upload("texts.txt", "\n".join(lines).encode())
    world.run(60)
    world.schedule_and_run(pause)
    return version


def sent(world: World, attribute: str = deployment.LABEL_ATTRIBUTE) -> list[list[str]]:
    """Return the texts that the workers of each job were given."""
    sagemaker = world.account.sagemaker
    return [
        [line["source"] for line in sagemaker.input_lines(job.name)]
        for job in sagemaker.jobs.values()
        if job.attribute == attribute
    ]


@pytest.mark.xfail(strict=True, reason="every line of a new version is labeled and paid again")
def test_ten_lines_added_to_a_thousand_are_ten_texts_for_labelers() -> None:
    world = new_world()
    lines = [f"line {number}" for number in range(1000)]
    put(world, lines)
    longer = [*lines, *(f"new {number}" for number in range(10))]
    put(world, longer)
    put(world, ["top", *longer])
    assert [len(job) for job in sent(world)] == [1000, 10, 1]


@pytest.mark.xfail(strict=True, reason="every line of a new version is labeled and paid again")
@pytest.mark.parametrize("text_items", ["line", "file"])
def test_a_file_that_is_uploaded_again_unchanged_costs_nothing(text_items: str) -> None:
    world = new_world(text_items=text_items)
    put(world, ["one", "two"])
    put(world, ["one", "two"])
    assert len(sent(world)) == 1
