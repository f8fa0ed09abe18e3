"""update_feature_store: records first, then claims; one bad record never fails the others."""

from __future__ import annotations

import random
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from labeling_lambdas.deadline import Deadline
from labeling_lambdas.errors import DeliveryError
from tests.handlers.faults import CrashError
from tests.handlers.places import on_both

if TYPE_CHECKING:
    from labeling_lambdas.domain.items import SourceObject
    from tests.handlers.pipeline import Pipeline


def refuse_records(pipeline: Pipeline, code: str = "InternalFailure") -> None:
    """Refuse every record from now on, in batches and alone, until they are accepted again."""
    features = pipeline.account.features
    features.failing = lambda entries: dict.fromkeys(range(len(entries)), (code, "refused"))
    pipeline.faults.refuse("PutRecord", code, times=10_000)


def accept_records(pipeline: Pipeline) -> None:
    pipeline.account.features.failing = lambda _entries: {}
    pipeline.faults.forget()


def without_batches(pipeline: Pipeline) -> None:
    """Make the functions' boto3 one that does not know BatchWriteRecord."""
    pipeline.account.features.batched = False


def stored_run(pipeline: Pipeline, count: int) -> tuple[Any, list[SourceObject], Any]:
    run, sources = pipeline.seed(count)
    lines = [pipeline.labeled(source) for source in sources]
    return run, sources, pipeline.plan(run, pipeline.ended_job(run, lines))


@pytest.mark.parametrize("batched", [True, False])
def test_records_are_written_in_batches_where_boto3_can(pipeline: Pipeline, batched: bool) -> None:
    if not batched:
        without_batches(pipeline)
    run, sources, plan = stored_run(pipeline, 60)
    pipeline.faults.forget()
    assert pipeline.store(run, plan) == [{"shard": 0, "stored": 60, "rejected": 0}]
    calls = Counter(pipeline.faults.calls)
    assert (calls["BatchWriteRecord"], calls["PutRecord"]) == ((3, 0) if batched else (0, 60))
    assert len(pipeline.records()) == 60
    assert set(pipeline.states(sources)) == {"stored"}


@pytest.mark.parametrize("batched", [True, False])
def test_passing_failures_are_repeated(pipeline: Pipeline, batched: bool) -> None:
    if not batched:
        without_batches(pipeline)
    run, _, plan = stored_run(pipeline, 60)
    features, chance = pipeline.account.features, random.Random(3)
    refusal = ("InternalFailure", "refused")
    features.failing = lambda entries: {
        position: refusal for position in range(len(entries)) if chance.random() < 0.2
    }
    features.unprocessed = lambda entries: [
        position for position in range(len(entries)) if chance.random() < 0.2
    ]
    # Fewer in all than the rounds in which one record is tried.
    pipeline.faults.refuse("PutRecord", *refusal, times=5)
    assert pipeline.store(run, plan) == [{"shard": 0, "stored": 60, "rejected": 0}]
    assert len(pipeline.records()) == 60


def poisoned_run(pipeline: Pipeline) -> tuple[Any, list[SourceObject], Any]:
    """Plan a run with one record that Feature Store will never take."""
    pipeline.configure(EXTRA_FEATURES='{"unheard_of": {"path": "poison", "column": true}}')
    run, sources = pipeline.seed(6)
    lines = [pipeline.labeled(source) for source in sources]
    lines[3]["poison"] = "x"
    return run, sources, pipeline.plan(run, pipeline.ended_job(run, lines))


@pytest.mark.parametrize("batched", [True, False])
def test_one_poisoned_record_is_a_dead_letter_and_the_others_are_stored(
    pipeline: Pipeline, batched: bool
) -> None:
    if not batched:
        without_batches(pipeline)
    run, sources, plan = poisoned_run(pipeline)
    stored = pipeline.store(run, plan)
    assert stored == [{"shard": 0, "stored": 5, "rejected": 1}]
    assert pipeline.item(sources[3])["item_state"] == "claimed"
    pipeline.give_back(run, plan, stored)
    assert pipeline.finish(run)["outcome"] == "succeeded"
    assert pipeline.report(run)["dead_lettered"] == {"record_rejected": 1}
    (letter,) = pipeline.dead_letters()
    assert (letter["item_id"], letter["reason"]) == (sources[3].item_id, "record_rejected")
    assert (letter["attempts"], letter["generation"]) == (1, 1)
    assert letter["detail"]
    assert pipeline.item(sources[3])["delivered"] is True


def test_a_record_that_was_given_up_is_not_written_when_its_run_is_resumed(
    pipeline: Pipeline,
) -> None:
    without_batches(pipeline)
    run, sources, plan = stored_run(pipeline, 3)
    pipeline.faults.refuse("PutRecord", "ValidationError", "for this once")
    stored = pipeline.store(run, plan)
    assert stored[0]["rejected"] == 1
    pipeline.give_back(run, plan, stored)
    # The execution died before it finished; another one acts on the same plan.
    again = pipeline.store(run, plan)
    assert again == stored
    pipeline.give_back(run, plan, again)
    assert pipeline.finish(run)["accounting_balanced"] is True
    assert sorted(pipeline.states(sources)) == ["dead_lettered", "stored", "stored"]
    assert len(pipeline.records()) == 2


@on_both
def test_a_batch_refused_as_a_whole_is_written_one_by_one(pipeline: Pipeline) -> None:
    run, _, plan = stored_run(pipeline, 11)
    pipeline.faults.refuse("BatchWriteRecord", "ValidationException", "1 validation error")
    assert pipeline.store(run, plan) == [{"shard": 0, "stored": 11, "rejected": 0}]


@pytest.mark.parametrize("batched", [True, False])
def test_a_record_that_was_stored_and_is_refused_in_a_repeat_stays_stored(
    pipeline: Pipeline, batched: bool
) -> None:
    run, sources, plan = stored_run(pipeline, 3)
    if not batched:
        without_batches(pipeline)
    stored = pipeline.store(run, plan)
    # The execution died, and Feature Store refuses today what it took then.
    refused = "BatchWriteRecord" if batched else "PutRecord"
    pipeline.faults.refuse(refused, "ValidationException", "for this once")
    if batched:
        pipeline.faults.refuse("PutRecord", "ValidationError", "this one too")
    again = pipeline.store(run, plan)
    assert again == stored == [{"shard": 0, "stored": 3, "rejected": 0}]
    pipeline.give_back(run, plan, again)
    assert pipeline.finish(run)["accounting_balanced"] is True
    assert pipeline.states(sources) == ["stored"] * 3


def test_a_record_that_is_accepted_in_a_repeat_leaves_no_dead_letter_behind(
    pipeline: Pipeline,
) -> None:
    run, sources, plan = stored_run(pipeline, 2)
    without_batches(pipeline)
    pipeline.faults.refuse("PutRecord", "ValidationError", "for this once")
    assert pipeline.store(run, plan)[0]["rejected"] == 1
    # The function's answer was lost, so the state machine calls it again.
    stored = pipeline.store(run, plan)
    assert stored == [{"shard": 0, "stored": 2, "rejected": 0}]
    pipeline.give_back(run, plan, stored)
    assert pipeline.finish(run)["outcome"] == "succeeded"
    assert pipeline.states(sources) == ["stored", "stored"]


def test_a_feature_group_that_refuses_every_record_settles_nothing(pipeline: Pipeline) -> None:
    run, sources, plan = stored_run(pipeline, 3)
    refuse_records(pipeline)
    with pytest.raises(DeliveryError, match=pipeline.name):
        pipeline.store(run, plan)
    assert set(pipeline.states(sources)) == {"claimed"}


def test_a_missing_permission_rejects_no_record(pipeline: Pipeline) -> None:
    run, sources, plan = stored_run(pipeline, 3)
    refuse_records(pipeline, "AccessDeniedException")
    with pytest.raises(DeliveryError, match="AccessDenied"):
        pipeline.store(run, plan)
    assert set(pipeline.states(sources)) == {"claimed"}


@pytest.mark.parametrize("after", [False, True])
def test_storing_survives_a_crash_at_every_call(pipeline: Pipeline, after: bool) -> None:
    run, sources, plan = poisoned_run(pipeline)
    crashes = 0
    for _ in pipeline.faults.crashes(lambda _: pipeline.store(run, plan), after=after):
        states = dict(zip(sources, pipeline.states(sources), strict=True))
        stored = {source.uri for source, state in states.items() if state == "stored"}
        # The record first, then the claim.
        assert stored <= set(pipeline.records())
        crashes += 1
    assert crashes >= 4
    stored_shards = pipeline.store(run, plan)
    assert stored_shards == [{"shard": 0, "stored": 5, "rejected": 1}]
    pipeline.give_back(run, plan, stored_shards)
    assert pipeline.finish(run)["accounting_balanced"] is True


def test_a_settlement_that_the_ledger_contradicts_is_not_counted(pipeline: Pipeline) -> None:
    run, sources, plan = stored_run(pipeline, 3)
    pipeline.put_rows({"pk": f"ITEM#{sources[1].item_id}", "item_state": "claimed", "run_id": "x"})
    assert pipeline.store(run, plan) == [{"shard": 0, "stored": 2, "rejected": 0}]
    assert pipeline.finish(run)["outcome"] == "accounting_mismatch"


@pytest.mark.parametrize("batched", [True, False])
def test_what_is_settled_as_stored_is_not_written_again(pipeline: Pipeline, batched: bool) -> None:
    if not batched:
        without_batches(pipeline)
    run, sources, plan = stored_run(pipeline, 40)
    stored = pipeline.store(run, plan)
    pipeline.faults.forget()
    # The execution died in finish_run, and another one acts on the same plan.
    assert pipeline.store(run, plan) == stored == [{"shard": 0, "stored": 40, "rejected": 0}]
    calls = Counter(pipeline.faults.calls)
    assert calls["PutRecord"] == calls["BatchWriteRecord"] == 0
    assert pipeline.finish(run)["accounting_balanced"] is True
    assert set(pipeline.states(sources)) == {"stored"}


def test_a_shard_whose_call_died_goes_on_with_what_is_not_settled(pipeline: Pipeline) -> None:
    without_batches(pipeline)
    run, _, plan = stored_run(pipeline, 230)
    # The ledger has settled some chunks when the function dies, and no file says so.
    pipeline.faults.crash("TransactWriteItems", call=2, after=True)
    with pytest.raises(CrashError):
        pipeline.store(run, plan)
    rows = pipeline.rows().values()
    settled = sum(row.get("item_state") == "stored" for row in rows)
    assert settled
    pipeline.faults.forget()
    assert pipeline.store(run, plan) == [{"shard": 0, "stored": 230, "rejected": 0}]
    assert Counter(pipeline.faults.calls)["PutRecord"] == 230 - settled


@pytest.mark.parametrize("batched", [True, False])
def test_records_that_are_all_refused_alike_leave_the_run_open(
    pipeline: Pipeline, batched: bool
) -> None:
    # Feature Store answers so while the group is being created or its features do not fit: that is
    # hardly the fault of every record, and their labels are paid for.
    if not batched:
        without_batches(pipeline)
    run, sources, plan = stored_run(pipeline, 3)
    refuse_records(pipeline, "ValidationError")
    with pytest.raises(DeliveryError, match=r"all 3 records.*ValidationError"):
        pipeline.store(run, plan)
    assert set(pipeline.states(sources)) == {"claimed"}
    pipeline.give_back(run, plan)
    assert pipeline.finish(run)["outcome"] == "left_open"
    assert not pipeline.dead_letters()
    accept_records(pipeline)
    assert pipeline.store(run, plan) == [{"shard": 0, "stored": 3, "rejected": 0}]
    assert pipeline.finish(run)["outcome"] == "succeeded"


def test_records_that_stay_refused_for_a_week_are_dead_letters(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, sources, plan = stored_run(pipeline, 3)
    refuse_records(pipeline, "ValidationError")
    week = 7 * 24 * 3600
    started = time.time()
    for elapsed in (0, week - 60):
        monkeypatch.setattr(Deadline, "now", started + elapsed)
        with pytest.raises(DeliveryError):
            pipeline.store(run, plan)
    monkeypatch.setattr(Deadline, "now", started + week + 60)
    stored = pipeline.store(run, plan)
    assert stored == [{"shard": 0, "stored": 0, "rejected": 3}]
    pipeline.give_back(run, plan, stored)
    assert pipeline.finish(run)["accounting_balanced"] is True
    assert set(pipeline.states(sources)) == {"dead_lettered"}


def test_a_lone_record_that_is_refused_is_a_dead_letter(pipeline: Pipeline) -> None:
    without_batches(pipeline)
    run, _, plan = stored_run(pipeline, 1)
    refuse_records(pipeline, "ValidationError")
    assert pipeline.store(run, plan) == [{"shard": 0, "stored": 0, "rejected": 1}]
