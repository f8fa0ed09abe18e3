"""The simulated workers are deterministic, err at the set rate, and decide by majority."""

from __future__ import annotations

import urllib.error
from typing import TYPE_CHECKING

import pytest

from labeling_sandbox.ground_truth.answers.task import Answer, Category, Failure, Outcome, Task
from labeling_sandbox.ground_truth.output_lines import EXPIRED_REASON
from labeling_sandbox.ground_truth.task_kinds import KINDS
from labeling_sandbox.ground_truth.workforce import FAILED_REASON, Workforce, work_on
from tests.sandbox.resources import control

if TYPE_CHECKING:
    from labeling_sandbox.server import Sandbox

CLASSES = [Category(name) for name in ("zero", "one", "two")]
CLASSIFICATION = KINDS["ImageMultiClass"].labeler


def work(workforce: Workforce, number: int, job: str = "job", workers: int = 1) -> Outcome:
    line = {"source-ref": f"s3://b/{number}.png", "item-id": f"item-{number}"}
    return work_on(Task(job, line, CLASSES, workers), CLASSIFICATION, workforce)


def test_workers_give_the_truth() -> None:
    outcome = work(Workforce(truth={"s3://b/1.png": "zero"}), 1)
    assert outcome == Answer(
        0,
        {"class-name": "zero", "confidence": 0, "type": "groundtruth/image-classification"},
    )


def test_the_same_seed_gives_the_same_answers() -> None:
    workforce = Workforce(error_rate=0.5, failure_rate=0.2, expiry_rate=0.2, seed=3)
    first = [work(workforce, number) for number in range(50)]
    assert first == [work(workforce, number) for number in range(50)]
    other = Workforce(error_rate=0.5, failure_rate=0.2, expiry_rate=0.2, seed=4)
    assert first != [work(other, number) for number in range(50)]


def test_an_object_that_expired_in_one_job_can_be_labeled_in_the_next() -> None:
    workforce = Workforce(truth={}, expiry_rate=0.5)
    expired = next(
        number for number in range(100) if isinstance(work(workforce, number, "job-0"), Failure)
    )
    later = [work(workforce, expired, f"job-{attempt}") for attempt in range(1, 20)]
    assert any(isinstance(outcome, Answer) for outcome in later)


def test_named_objects_expire_in_every_job() -> None:
    workforce = Workforce(expiring=("s3://b/1.png",))
    assert work(workforce, 1, "job-0") == work(workforce, 1, "job-1") == Failure(EXPIRED_REASON)
    assert isinstance(work(workforce, 2), Answer)


def test_rates_are_shares_of_the_objects() -> None:
    outcomes = [work(Workforce(failure_rate=0.3, expiry_rate=0.2), number) for number in range(500)]
    assert 110 < outcomes.count(Failure(FAILED_REASON)) < 190
    assert 60 < outcomes.count(Failure(EXPIRED_REASON)) < 140


def test_several_workers_outvote_a_mistake() -> None:
    truth = {f"s3://b/{number}.png": "one" for number in range(200)}

    def right(workers: int) -> int:
        workforce = Workforce(truth=truth, error_rate=0.3)
        outcomes = [work(workforce, number, workers=workers) for number in range(200)]
        return sum(isinstance(outcome, Answer) and outcome.value == 1 for outcome in outcomes)

    assert right(workers=1) < 170 < right(workers=7)
    agreed = work(Workforce(truth=truth), 1, workers=3)
    assert isinstance(agreed, Answer)
    assert agreed.details["confidence"] == 1


def test_a_wrong_answer_is_another_class() -> None:
    workforce = Workforce(truth={"s3://b/1.png": "one"}, error_rate=1.0)
    answers = [work(workforce, 1, f"job-{number}") for number in range(20)]
    assert all(
        isinstance(answer, Answer) and answer.details["class-name"] != "one" for answer in answers
    )


@pytest.mark.parametrize("rates", [{"error_rate": 1.5}, {"failure_rate": 0.7, "expiry_rate": 0.7}])
def test_impossible_rates_are_refused(rates: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="rate"):
        Workforce(**rates)  # type: ignore[arg-type]


def test_the_control_route_sets_and_resets_the_workforce(sandbox: Sandbox) -> None:
    shown = control(sandbox, "POST", "workforce", {"truth": {"s3://b/1.png": "one"}, "seed": 7})
    assert (shown["truth"], shown["seed"]) == (1, 7)
    kept = control(sandbox, "POST", "workforce", {"error_rate": 0.5})
    assert (kept["truth"], kept["error_rate"]) == (1, 0.5)
    assert control(sandbox, "POST", "workforce", {"reset": True})["truth"] == 0
    with pytest.raises(urllib.error.HTTPError) as refused:
        control(sandbox, "POST", "workforce", {"speed": 1})
    assert "speed" in refused.value.read().decode()
