"""report: what labels cost is counted from the jobs that made them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from labelctl.report.costs import Costs
from labelctl.report.jobs import JobObjects
from labelctl.report.runs import RunFigures
from labeling_lambdas.domain.accounting import Settled
from labeling_lambdas.domain.engines import Engine
from labeling_lambdas.domain.intake_counts import Intake
from tests.domain.examples import reviewed_line
from tests.labelctl.test_report import Reported, words
from tests.sandbox.resources import control

if TYPE_CHECKING:
    from pathlib import Path

    from tests.labelctl.stage import Operated

MARCH, APRIL = datetime(2026, 3, 31, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)


def run(closed: datetime | None, *jobs: JobObjects) -> RunFigures:
    """Return a run whose jobs labeled and verified objects."""
    return RunFigures("run", MARCH, closed, "succeeded", Intake(), Settled(), jobs=jobs)


def labeled(objects: int, engine: Engine = Engine.GROUND_TRUTH, people: int = 1) -> JobObjects:
    return JobObjects("label", engine, objects, people)


def verified(objects: int, people: int = 1) -> JobObjects:
    return JobObjects("verify", Engine.GROUND_TRUTH, objects, people)


def test_the_fee_falls_within_a_month_and_begins_again_with_the_next() -> None:
    runs = [run(MARCH, labeled(50_000)), run(MARCH, labeled(1_000)), run(APRIL, labeled(1_000))]
    assert Costs.of(runs, 0, APRIL, 0).so_far.fee == pytest.approx(4_000 + 40 + 80)


def test_what_waits_costs_what_the_newest_run_cost() -> None:
    jobs = (labeled(49_000, people=3), verified(1_000, people=2))
    found = Costs.of([run(MARCH, labeled(10)), run(APRIL, *jobs)], 100, APRIL, 0.5).to_come
    assert found is not None
    # The first 50,000 of the month are used up.
    assert found.fee == pytest.approx(200 * 0.04)
    assert (found.objects, found.answers) == ({"label": 100, "verify": 100}, 500)
    assert found.pay == pytest.approx(250)
    assert found.total == pytest.approx(258)


def test_label_studio_charges_nothing_and_people_are_paid() -> None:
    found = Costs.of([run(APRIL, labeled(10, Engine.LABEL_STUDIO, 3))], 1, APRIL, 0.1)
    assert (found.so_far.fee, found.so_far.answers) == (0, 30)
    assert found.so_far.total == pytest.approx(3)
    assert found.to_come is not None
    assert found.to_come.total == pytest.approx(0.3)


def test_nothing_is_known_of_the_cost_to_come_before_the_first_label() -> None:
    found = Costs.of([run(None)], 5, APRIL, 1)
    assert found.to_come is None
    assert found.so_far.total == 0


def test_the_objects_of_a_run_are_those_that_its_jobs_labeled(
    operated: Operated, tmp_path: Path
) -> None:
    operated.prepare_ground_truth()
    operated.verify()
    # The test says what the jobs answer.
    control(operated.sandbox, "POST", "workforce", {"delay_seconds": 1e6})
    reported = Reported(operated, tmp_path)
    sources = [operated.upload(f"{number}.png") for number in range(3)]
    operated.announce(sources)
    begun = operated.poll()
    operated.start(begun)
    lines = [operated.labeled(source) for source in sources[:2]]
    job = {**operated.ended_job(begun, lines), "counters": {"TotalLabeled": 2, "Unlabeled": 1}}
    operated.start_verification(begun, job)
    verdicts = [reviewed_line(line) for line in lines]
    verification = operated.ended_job(begun, verdicts, stage="verify")
    verification["counters"] = {"TotalLabeled": 2}
    operated.settle(begun, job, verification)

    found = reported.figures("--answer-price", "0.25")["cost"]
    assert found["so_far"]["objects"] == {"label": 2, "verify": 2}
    assert found["so_far"]["fee"] == pytest.approx(4 * 0.08)
    assert found["so_far"]["answers"] == 2 + 2
    # The item that was not labeled waits again.
    assert found["to_come"]["objects"] == {"label": 1, "verify": 1}
    shown = words(reported.page("--answer-price", "0.25"))
    assert "So far 2 2 $0.32 4 $1.00 $1.32" in shown
    assert reported.figures("--run", begun["run_id"])["cost"]["to_come"]["answers"] == 0
