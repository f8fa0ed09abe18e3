"""Incomplete rows, messages of unknown versions, a run with a file missing: nothing is lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from labeling_faults.configuration import Configuration, deployed
from labeling_faults.functions import runtime
from labeling_faults.world.audit import violations_of
from labeling_faults.world.workforce import HOUR, Work
from labeling_faults.world.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from in_process_aws.calls import Answer, Call
    from labeling_faults.world.fault_points import FaultTarget

_MANY_CALLS = 2000


@pytest.fixture(autouse=True)
def functions_in_worlds() -> Iterator[None]:
    with runtime.installed():
        yield


class Patience:
    """Ends a test whose functions call and call."""

    def before(self, _world: FaultTarget, number: int, call: Call) -> None:
        assert number < _MANY_CALLS, f"{call.operation} is called for ever"

    def after(self, world: FaultTarget, number: int, call: Call, answer: Answer) -> None:
        pass


def world_with(count: int, max_attempts: int = 3) -> World:
    world = World(Configuration(max_attempts=max_attempts), faults=Patience())
    for number in range(count):
        world.upload(f"{number}.png")
    world.run(10)
    return world


def forget(world: World, state: str, *attributes: str) -> None:
    """Remove attributes from a row of this state."""
    key, row = next(
        (key, row)
        for key, row in world.ledger.items()
        if key.startswith("ITEM#") and row["item_state"] == state
    )
    world.ledger[key] = {name: value for name, value in row.items() if name not in attributes}


@pytest.mark.parametrize("state", ["returned", "dead_lettered"])
@pytest.mark.parametrize(
    "attributes",
    [
        ("generation",),
        ("attempts",),
        ("part",),
        ("run_id",),
        ("run_id", "attempts", "generation", "part", "delivered", "updated_at"),
    ],
    ids=" ".join,
)
def test_a_row_without_some_attributes_is_claimed_like_any_other(
    state: str, attributes: tuple[str, ...]
) -> None:
    world = world_with(3, max_attempts=1 if state == "dead_lettered" else 3)
    world.workforce.plan = lambda: Work(failing=1.0)
    world.schedule_and_run(2 * HOUR)
    forget(world, state, *attributes)
    world.redrive()
    world.workforce.plan = Work
    world.schedule_and_run(2 * HOUR)
    assert set(world.states().values()) == {"stored"}
    assert world.run_until_idle()
    assert violations_of(world) == []


@pytest.mark.parametrize("attributes", [("generation",), ("attempts",), ("part",)], ids=" ".join)
def test_a_claim_without_an_attribute_is_settled_like_any_other(
    attributes: tuple[str, ...],
) -> None:
    world = world_with(3)
    execution = world.schedule()
    world.run(600)
    forget(world, "claimed", *attributes)
    world.run(2 * HOUR)
    assert execution.ending == "SUCCEEDED"
    assert world.run_until_idle()
    assert violations_of(world) == []


@pytest.mark.parametrize(
    "body",
    ["no JSON", "[" * 5000, json.dumps({"schema": "labeling-item/99", "kind": "returned"})],
    ids=["text", "deep", "schema"],
)
def test_a_message_of_an_unknown_form_is_dead_lettered_with_its_reason(body: str) -> None:
    world = world_with(2)
    world.send(body)
    world.schedule_and_run(2 * HOUR)
    assert set(world.states().values()) == {"stored"}
    (letter,) = world.account.sqs.queues[world.dead_letter_url].messages()
    assert json.loads(letter.body)["reason"] == "malformed_event"
    assert json.loads(letter.body)["body"] == body
    assert world.run_until_idle()


@pytest.mark.parametrize("folder", ["claims", "intake"])
def test_a_run_with_a_missing_part_is_mended_by_the_next_schedule(folder: str) -> None:
    world = world_with(9)
    execution = world.schedule()
    world.run(600)
    world.executions.end(execution, "ABORTED")
    objects = world.account.s3.buckets[deployed().buckets["output"]].objects
    parts = sorted(key for key in objects if f"/{folder}/" in key and "index" not in key)
    assert len(parts) > 1
    del objects[parts[0]]
    world.schedule_and_run(3 * HOUR)
    assert set(world.states().values()) == {"stored"}
    assert world.run_until_idle()
    assert violations_of(world) == []
