"""Days of the load model: small ones, and what a large one is made of."""

from __future__ import annotations

import dataclasses

import pytest

from in_process_aws.calls import Call
from labeling_deployment.deployment import MOST_ITEMS_PER_RUN
from labeling_deployment.module import ROOT
from labeling_faults.load import arrivals, days
from labeling_faults.load.arrivals import Arrivals, Curve
from labeling_faults.load.figures import figures_of
from labeling_faults.load.limits import Assumption, Quota, limits
from labeling_faults.load.quota_use import QuotaUse, Use
from labeling_faults.load.report import bends, calls_of_an_item
from labeling_faults.load.simulation import Day, simulate
from labeling_faults.simulated_time.event_queue import EventQueue
from labeling_faults.simulated_time.processes import Lock, ProcessClock, Threads
from labeling_lambdas.steps.poll_queue import BACKLOG_SECONDS

_PAGE = days.kept(ROOT / "docs" / "scale.json")


@pytest.fixture
def clock() -> ProcessClock:
    made = ProcessClock(0.0)
    made.queue = EventQueue(made)
    return made


def _transaction(*keys: str) -> Call:
    actions = [{"Update": {"Key": {"pk": {"S": key}}}} for key in keys]
    return Call(0, "dynamodb", "TransactWriteItems", {"TransactItems": actions})


def test_a_day_of_some_items_is_stored_and_breaks_no_promise() -> None:
    outcome = simulate(days.day_of(300, Curve.DUMP))
    figures = figures_of(outcome)
    assert (figures["stored_in_day"], figures["jobs"], outcome.violations) == (300, 1, [])
    assert figures["units"]["record_writes"] == 300


def test_the_lines_of_a_text_file_are_split_and_stored() -> None:
    figures = figures_of(simulate(days.day_of(200, Curve.FILE)))
    assert (figures["stored_in_day"], figures["violations"]) == (200, 0)
    assert figures["functions"]["split_text"]["calls"] == 1


def test_a_run_takes_no_more_than_it_may_and_the_page_says_what_stops_the_rest() -> None:
    day = days.day_of(120, Curve.DUMP, max_items_per_run=40, minutes_between_runs=11 * 60)
    figures = figures_of(simulate(day))
    assert (figures["stored_in_day"], figures["stored"]) == (40, 120)
    assert bends(figures)[:2] == [
        "`schedule`: a day's runs claim at most 80 items",
        "80 items are not stored after 24 hours",
    ]


def test_workers_limit_what_is_stored() -> None:
    enough, few = (
        figures_of(simulate(days.day_of(100, Curve.DUMP, workers_per_hour=number)))
        for number in (100, 10)
    )
    assert (enough["hours"], few["hours"]) == (2.25, 11.25)


def test_uploads_that_keep_coming_do_not_keep_a_run_polling(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(arrivals, "UPLOAD_HOURS", 0.2)
    figures = figures_of(
        simulate(Day(Arrivals(2_000, Curve.STEADY), MOST_ITEMS_PER_RUN, 3, 20_000))
    )
    assert (figures["violations"], figures["stored"]) == (0, 2_000)
    # Each run takes what came since the one before.
    assert figures["jobs"] >= 4
    poll = figures["functions"]["poll_queue"]
    assert poll["longest"] < BACKLOG_SECONDS + 30


def test_threads_of_a_function_overlap_in_simulated_time(clock: ProcessClock) -> None:
    done: list[tuple[float, int]] = []

    def work(number: int) -> int:
        clock.sleep(10)
        done.append((clock.now, number))
        return number

    def main() -> None:
        with Threads(clock, 2, (ValueError,)) as threads:
            assert list(threads.map(work, range(4))) == [0, 1, 2, 3]
        done.append((clock.now, -1))

    clock.queue.after(0, main)
    clock.queue.run_until(100)
    assert done == [(10, 0), (10, 1), (20, 2), (20, 3), (20, -1)]


def test_a_lock_is_waited_for_by_the_process_that_needs_it_only(clock: ProcessClock) -> None:
    lock, done = Lock(clock), []

    def hold() -> None:
        with lock:
            clock.sleep(10)
        done.append(clock.now)

    for _ in range(2):
        clock.queue.after(0, hold)
    clock.queue.after(0, lambda: done.append(clock.now))
    clock.queue.run_until(100)
    assert done == [0, 10, 20]


def test_an_error_of_a_thread_is_raised_where_its_result_is_wanted(clock: ProcessClock) -> None:
    raised = []

    def fail() -> None:
        clock.sleep(1)
        message = "as expected"
        raise ValueError(message)

    def main() -> None:
        with Threads(clock, 1, (ValueError,)) as threads:
            task = threads.submit(fail)
            with pytest.raises(ValueError, match="as expected"):
                task.result()
        raised.append(clock.now)

    clock.queue.after(0, main)
    clock.queue.run_until(100)
    assert raised == [1]


def test_a_quota_refuses_what_is_too_much_in_one_second() -> None:
    quotas = QuotaUse()
    call = _transaction(*(f"ITEM#{number}" for number in range(100)))
    answers = [quotas.refusal(call, 5.0 + number / 100) for number in range(21)]
    assert answers == [""] * 20 + ["ledger_writes"]
    assert quotas.refusal(call, 6.0) == ""
    assert (quotas.uses["ledger_writes"].highest, quotas.uses["ledger_writes"].refused) == (4000, 1)


def test_a_row_that_runs_share_has_a_partition_of_its_own() -> None:
    quotas = QuotaUse()
    answers = [quotas.refusal(_transaction("RUN#1"), 5.0) for _ in range(501)]
    assert answers == [""] * 500 + ["row_writes"]


def test_a_table_takes_twice_what_it_took_half_an_hour_before() -> None:
    use = Use(limits().quotas["ledger_writes"])
    use.take(0, 4000)
    assert not use.room(0, 1)
    use.take(10, 1)
    assert not use.room(1801, 8001) or use.used == 0
    use.take(1801, 7999)
    assert use.room(1801, 1)
    assert not use.room(1801, 2)


def test_every_limit_has_a_page_of_aws_or_says_that_it_is_assumed() -> None:
    told: list[Quota | Assumption] = [
        *limits().quotas.values(),
        *limits().latencies.values(),
        *limits().processor.values(),
    ]
    assert len(told) > 20
    for it in told:
        documented = it.basis == "documented"
        assert documented == it.source.startswith("https://docs.aws.amazon.com/"), it.what
        assert documented or it.note, it.what


def test_the_page_has_the_figures_of_ten_thousand_items() -> None:
    kept = _PAGE["dump-10000"]
    figures = figures_of(simulate(days.day_of(10_000, Curve.DUMP)))
    assert figures["stored_in_day"] == kept["stored_in_day"] == 10_000
    assert figures["units"] == pytest.approx(kept["units"], rel=0.05)
    assert calls_of_an_item(figures) == pytest.approx(calls_of_an_item(kept), rel=0.05)
    for step, use in figures["functions"].items():
        assert use["longest"] == pytest.approx(kept["functions"][step]["longest"], rel=0.1, abs=1)


def test_an_item_takes_no_more_calls_in_a_large_day() -> None:
    small, large = _PAGE["dump-10000"], _PAGE["dump-100000"]
    assert (large["stored_in_day"], large["violations"]) == (100_000, 0)
    assert calls_of_an_item(large) <= 1.2 * calls_of_an_item(small)


def test_the_page_is_of_the_days_that_the_command_simulates() -> None:
    names = {f"{day.arrivals.curve}-{day.arrivals.items}" for day in days.days()}
    assert names == _PAGE.keys()
    for day in days.days():
        kept = _PAGE[f"{day.arrivals.curve}-{day.arrivals.items}"]
        settings = {name: it for name, it in dataclasses.asdict(day).items() if name != "arrivals"}
        assert settings == {name: kept[name] for name in settings}  # type: ignore[literal-required]
