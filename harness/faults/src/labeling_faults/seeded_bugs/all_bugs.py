"""Seeded bugs, at least two for each invariant. The suite must detect each.

Each replaces one function of the pipeline, in memory and for one check only.
"""

from __future__ import annotations

import dataclasses
import itertools
from types import SimpleNamespace
from typing import Any

from labeling_faults.seeded_bugs import broken_texts
from labeling_faults.seeded_bugs.broken_label_studio import LABEL_STUDIO_BUGS
from labeling_faults.seeded_bugs.seeded_bug import Function, SeededBug, Thing, always
from labeling_lambdas.aws import item_updates
from labeling_lambdas.aws.feature_store import FeatureStore
from labeling_lambdas.aws.item_ledger import ItemLedger
from labeling_lambdas.aws.poll_ledger import PollLedger
from labeling_lambdas.domain import claim_rules, identity, settlement
from labeling_lambdas.domain.accounting import Settled
from labeling_lambdas.errors import DeliveryError
from labeling_lambdas.handlers import plan_results
from labeling_lambdas.steps import dead_letters, draining, finish_run, return_items
from labeling_lambdas.steps.dead_letters import DeadLetters
from labeling_lambdas.steps.draining import Drain
from labeling_lambdas.steps.poll_queue import PollQueue
from labeling_lambdas.steps.return_items import ReturnItems
from labeling_lambdas.steps.stop_job import StopJob
from labeling_lambdas.steps.update_feature_store import UpdateFeatureStore


def _claimed_before_listed(right: Function) -> Function:
    def process(self: Drain, part: str, messages: list[Thing]) -> Thing:
        self._open_once()
        self._claim(part, [self._read(message) for message in messages])
        return right(self, part, messages)

    return process


def _deleted_before_claimed(right: Function) -> Function:
    def claim(self: Drain, part: str, listed: list[Thing]) -> None:
        self.intake.delete([entry.message for entry in listed])
        right(self, part, listed)

    return claim


def _settled_before_stored(right: Function) -> Function:
    def store_chunk(self: UpdateFeatureStore, chunk: tuple[list[dict[str, Thing]], bool]) -> Thing:
        claims = [row["claim"] for row in chunk[0]]
        attempts = {claim["item_id"]: claim["attempts"] + 1 for claim in claims}
        self.items.settle_stored(attempts, self.artifacts.run_id)
        return right(self, chunk)

    return store_chunk


def _unaccepted_records_forgotten(right: Function) -> Function:
    def write(self: FeatureStore, records: Thing) -> Thing:
        try:
            return right(self, records)
        except DeliveryError:
            return {}

    return write


def _without_condition(right: Function) -> Function:
    def claim(*arguments: Thing) -> Thing:
        update = right(*arguments)
        values = {
            name: value for name, value in update.values.items() if not name.startswith("was_")
        }
        return update._replace(condition="", values=values)

    return claim


def _claims_of_open_runs_taken(_right: Function) -> Function:
    return lambda row, _run, _state: claim_rules.ClaimOn(row, row.attempts, row.generation)


def _answered_before_the_job_ends(_right: Function) -> Function:
    def stop(self: StopJob, token: Thing) -> str:
        job = self.completion.ledger.wait(self.name, self.scope.run_id, token)
        description = self.completion.describe(job)
        result = description.result() if description else {"name": self.name, "output_uri": ""}
        return self.completion.answer(job, {**result, "status": "Stopped"})

    return stop


def _a_new_job_for_each_retry(right: Function) -> Function:
    numbers = itertools.count()
    return lambda pipeline, run, stage: f"{right(pipeline, run, stage)}{next(numbers)}"


def _drops_not_counted(right: Function) -> Function:
    return lambda listed: right(listed)._replace(dropped={})


def _dead_letters_not_counted(right: Function) -> Function:
    return lambda settled: dataclasses.replace(right(settled), dead_lettered={})


def _stored_counted_twice(right: Function) -> Function:
    def total(parts: Thing) -> Settled:
        whole: Settled = right(parts)
        return dataclasses.replace(whole, stored=whole.stored * 2)

    return total


def _attempts_not_counted(right: Function) -> Function:
    def spent(item: Thing, *more: Thing) -> Thing:
        settled = right(item._replace(attempts=item.attempts - 1), *more)
        return settled._replace(item=settled.item._replace(attempts=item.attempts))

    return spent


def _never_exhausted(right: Function) -> Function:
    return lambda item, reason, _most, detail="": right(item, reason, 6, detail)


def _without_reason(right: Function) -> Function:
    def settle(*arguments: Thing) -> Thing:
        update = right(*arguments)
        return update._replace(values={**update.values, "reason": ""})

    return settle


def _message_without_reason(right: Function) -> Function:
    return lambda *arguments, **more: right(*arguments, **{**more, "reason": ""})


def _delivered_before_sent(right: Function) -> Function:
    def send_rejected(self: DeadLetters, rejections: list[Thing], part: str) -> Thing:
        sources = [rejected.source for _, rejected in rejections]
        item_ids = [source.item_id for source in sources if source is not None]
        recorded = list(dict.fromkeys(item_ids))

        def send_late(bodies: list[str]) -> None:
            known = self.items.rows(recorded)
            self.items.mark_delivered([item for item in recorded if item in known])
            self.queue.send(bodies)

        late: Any = SimpleNamespace(send=send_late)
        return right(dataclasses.replace(self, queue=late), rejections, part)

    return send_rejected


def _closed_with_work_left(right: Function) -> Function:
    return lambda self, run: (right(self, run)[0], True)


def _lease_not_written(_right: Function) -> Function:
    return lambda _self, _name, _poll, _lease, _now: True


SEEDED_BUGS = (
    SeededBug(
        "I1",
        "returned items are not sent",
        "return_items",
        ReturnItems,
        "_with_contents",
        always([]),
    ),
    SeededBug(
        "I1",
        "claims are written before the list",
        "poll_queue",
        Drain,
        "_process",
        _claimed_before_listed,
    ),
    SeededBug(
        "I1",
        "a dead letter counts as delivered before it is sent",
        "poll_queue",
        DeadLetters,
        "send_rejected",
        _delivered_before_sent,
    ),
    SeededBug(
        "I1",
        "a run is closed with work left",
        "finish_run",
        finish_run.FinishRun,
        "_settled",
        _closed_with_work_left,
    ),
    SeededBug(
        "I2",
        "messages are deleted before the claim",
        "poll_queue",
        Drain,
        "_claim",
        _deleted_before_claimed,
    ),
    SeededBug(
        "I2",
        "claims are settled before the record",
        "update_feature_store",
        UpdateFeatureStore,
        "_store_chunk",
        _settled_before_stored,
    ),
    SeededBug(
        "I2",
        "records that were not accepted count as stored",
        "update_feature_store",
        FeatureStore,
        "write",
        _unaccepted_records_forgotten,
    ),
    SeededBug(
        "I2",
        "stored records are written again by a repeated call",
        "finish_run",
        ItemLedger,
        "stored_by",
        always(set()),
    ),
    SeededBug(
        "I3", "a claim has no condition", "poll_queue", item_updates, "claim", _without_condition
    ),
    SeededBug(
        "I3",
        "claims of open runs are taken",
        "poll_queue",
        claim_rules,
        "_decide_claimed",
        _claims_of_open_runs_taken,
    ),
    SeededBug(
        "I3",
        "items are returned while the job is in progress",
        "stop_job",
        StopJob,
        "stop",
        _answered_before_the_job_ends,
    ),
    SeededBug(
        "I3",
        "each retry creates a new job",
        "start_labeling_job",
        identity,
        "labeling_job_name",
        _a_new_job_for_each_retry,
    ),
    SeededBug(
        "I3",
        "labels of texts are not remembered",
        "update_feature_store",
        item_updates,
        "settle_stored",
        broken_texts.labels_not_remembered,
    ),
    SeededBug(
        "I3",
        "a text is in two jobs at the same time",
        "poll_queue",
        item_updates,
        "own_text",
        broken_texts.texts_not_claimed,
    ),
    SeededBug(
        "I1",
        "texts get each other's labels",
        "poll_queue",
        identity,
        "text_id",
        broken_texts.always_the_same,
    ),
    SeededBug(
        "I3",
        "answers are read with the current settings",
        "plan_results",
        plan_results,
        "kept_settings",
        always(None),
    ),
    SeededBug(
        "I4",
        "dropped messages are not counted",
        "poll_queue",
        draining,
        "_counts",
        _drops_not_counted,
    ),
    SeededBug(
        "I4",
        "dead letters are not counted",
        "return_items",
        return_items,
        "_counts",
        _dead_letters_not_counted,
    ),
    SeededBug(
        "I4", "stored items count twice", "finish_run", Settled, "total", _stored_counted_twice
    ),
    SeededBug(
        "I5",
        "attempts are not counted",
        "plan_results",
        settlement,
        "_spent",
        _attempts_not_counted,
    ),
    SeededBug("I5", "attempts never end", "plan_results", settlement, "_spent", _never_exhausted),
    SeededBug(
        "I5", "the ledger has no reason", "return_items", item_updates, "settle", _without_reason
    ),
    SeededBug(
        "I5",
        "a dead letter has no reason",
        "return_items",
        dead_letters,
        "dead_letter_message",
        _message_without_reason,
    ),
    SeededBug(
        "I6",
        "a poll receives messages before it writes its lease",
        "poll_queue",
        PollLedger,
        "begin",
        _lease_not_written,
    ),
    SeededBug(
        "I6",
        "a repeated poll does not wait for hidden messages",
        "poll_queue",
        PollQueue,
        "_held_until",
        always(0),
    ),
    *LABEL_STUDIO_BUGS,
)
