"""A small share of `make faults`: sampled crash points, some histories, a few seeded bugs."""

from __future__ import annotations

import dataclasses
import itertools
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labeling_deployment.deployment import IMAGES, TEXTS
from labeling_faults import suite
from labeling_faults.configuration import Configuration
from labeling_faults.functions import runtime
from labeling_faults.histories import crashes, histories, long_jobs, shortening
from labeling_faults.histories.scenarios import SCENARIOS
from labeling_faults.seeded_bugs import catches
from labeling_faults.seeded_bugs.all_bugs import SEEDED_BUGS
from labeling_faults.seeded_bugs.seeded_bug import SeededBugCrashError
from labeling_faults.world.audit import violations_of
from labeling_faults.world.fault_points import Death, Meanwhile, NoFaults
from labeling_faults.world.workforce import DAY, HOUR, Work
from labeling_faults.world.world import World
from labeling_lambdas.steps.poll_queue import PollQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from in_process_aws.calls import Answer, Call
    from labeling_faults.histories.scenario import Scenario
    from labeling_faults.world.fault_points import FaultTarget

_SAMPLED_CRASH_POINTS = 80
_HISTORIES = 30
_INVARIANTS = {"I1", "I2", "I3", "I4", "I5", "I6"}


@pytest.fixture(autouse=True)
def functions_in_worlds() -> Iterator[None]:
    with runtime.installed():
        yield


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda it: it.name)
def test_a_history_without_faults_keeps_every_promise(scenario: Scenario) -> None:
    world, broken = scenario.end_of(NoFaults())
    assert broken == []
    assert world.uploads


def test_each_scenario_has_a_name_of_its_own() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)


def test_histories_are_the_same_each_time() -> None:
    first, second = (crashes.recorded(SCENARIOS[1]) for _ in range(2))
    assert first.calls == second.calls
    assert len(first.calls) > 50


def test_processes_that_die_at_sampled_crash_points_break_no_promise() -> None:
    points = list(crashes.crash_points())
    assert {(point.after_effect, point.fault) for point in points} == {
        *itertools.product((False, True), Death),
        *itertools.product((False,), Meanwhile),
    }
    for point in random.Random(4).sample(points, _SAMPLED_CRASH_POINTS):
        assert crashes.crash(point).broken == []


@settings(
    max_examples=_HISTORIES,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.randoms(use_true_random=False), st.integers(0, 1000))
def test_random_histories_break_no_promise(chance: random.Random, seed: int) -> None:
    history = histories.new_history(chance, seed)
    assert histories.broken_promises(history) == [], "\n".join(history.lines())


@pytest.mark.parametrize("death", [Death.RETRIED, Death.TIMEOUT])
def test_an_execution_whose_poll_was_killed_never_succeeds_with_hidden_messages(
    death: Death,
) -> None:
    points = [it for it in crashes.crash_points() if it.scenario == 0 and it.step == "poll_queue"]
    chosen = [it for it in points if it.fault is death]
    assert len(chosen) > 20
    assert [broken for point in chosen for broken in crashes.crash(point).broken] == []


def test_a_history_is_the_same_each_time_and_can_be_printed_as_json() -> None:
    assert histories.history_of(7) == histories.history_of(7)
    assert histories.history_of(7).lines()[0].startswith("configuration {")


def test_the_shortest_history_has_only_the_steps_that_matter() -> None:
    history = histories.History(0, Configuration(), tuple(["wait", number] for number in range(9)))
    shortest = shortening.shortest(
        history, broken=lambda it: {("wait", 2), ("wait", 7)} <= set(map(tuple, it.steps))
    )
    assert [list(step) for step in shortest.steps] == [["wait", 2], ["wait", 7]]


def test_each_invariant_has_two_seeded_bugs() -> None:
    kinds = [bug.invariant for bug in SEEDED_BUGS]
    assert {kind for kind in kinds if kinds.count(kind) >= 2} == _INVARIANTS
    assert len({bug.name for bug in SEEDED_BUGS}) == len(SEEDED_BUGS)


@pytest.mark.parametrize(
    "name",
    [
        "returned items are not sent",
        "messages are deleted before the claim",
        "each retry creates a new job",
        "dropped messages are not counted",
        "a claim has no condition",
        "the ledger has no reason",
        "a repeated poll does not wait for hidden messages",
    ],
)
def test_a_seeded_bug_is_caught_and_gone_afterwards(name: str) -> None:
    (position,) = [number for number, bug in enumerate(SEEDED_BUGS) if bug.name == name]
    bug = SEEDED_BUGS[position]
    right = getattr(bug.owner, bug.attribute)
    assert catches.catch(position, crashes.crash_points()).broken
    assert getattr(bug.owner, bug.attribute) is right


def test_a_seeded_bug_that_crashes_is_not_caught() -> None:
    def crashing(_right: object) -> Callable[..., None]:
        def poll(*_arguments: object) -> None:
            message = "the bug itself"
            raise TypeError(message)

        return poll

    bug = dataclasses.replace(SEEDED_BUGS[0], owner=PollQueue, attribute="poll", make=crashing)
    with bug.seeded(), pytest.raises(SeededBugCrashError, match="TypeError: the bug itself"):
        SCENARIOS[0].end_of(NoFaults())


def test_jobs_of_thirty_days_make_no_longer_history() -> None:
    told, broken = long_jobs.checked()
    assert broken == []
    for stages in ("label,", "label and verify,"):
        lengths = {line.rpartition(": ")[2] for line in told if f", {stages}" in line}
        assert len(lengths) == 1


class Denial:
    """A step is denied an operation."""

    def __init__(self, step: str, operation: str) -> None:
        self.step, self.operation, self.times = step, operation, 0

    def before(self, world: FaultTarget, _number: int, call: Call) -> None:
        if (world.invocations[-1].step, call.operation) == (self.step, self.operation):
            self.times += 1
            raise world.account.error(call.service, call.operation, "AccessDeniedException")

    def after(self, world: FaultTarget, number: int, call: Call, answer: Answer) -> None:
        pass


@pytest.mark.parametrize(
    ("step", "operation"),
    [
        ("poll_queue", "PutObject"),
        ("poll_queue", "TransactWriteItems"),
        ("start_labeling_job", "CreateLabelingJob"),
        ("start_labeling_job", "PutObject"),
        ("plan_results", "GetObject"),
        ("update_feature_store", "BatchWriteRecord"),
        ("finish_run", "PutEvents"),
        ("job_state_change", "SendTaskSuccess"),
    ],
)
def test_a_wrong_permission_for_ten_schedules_costs_no_item(step: str, operation: str) -> None:
    denial = Denial(step, operation)
    world = World(Configuration(), faults=denial)
    for number in range(5):
        world.upload(f"{number}.png")
    world.run(10)
    for _ in range(10):
        world.schedule_and_run(DAY)
    assert denial.times
    assert world.run_until_idle()
    assert violations_of(world) == []
    assert set(world.states().values()) == {"stored"}


class LostAnswer:
    """The answer to a ledger update is lost, and the SDK sends the update again."""

    times = 0

    def before(self, world: FaultTarget, number: int, call: Call) -> None:
        pass

    def after(self, world: FaultTarget, _number: int, call: Call, _answer: Answer) -> None:
        written = call.parameters.get("ExpressionAttributeValues", {})
        if ":was_state" in written and written[":state"] == {"S": "dead_lettered"}:
            self.times += 1
            world.account.call(call.service, call.operation, call.parameters)


def test_a_dead_letter_is_sent_although_the_answer_of_its_ledger_update_was_lost() -> None:
    faults = LostAnswer()
    world = World(Configuration(), faults=faults)
    world.workforce.plan = lambda: Work(status="Failed")
    world.upload("0.png")
    world.run(10)
    world.schedule_and_run(DAY)
    world.apply(task_type=TEXTS)
    world.schedule_and_run(DAY)
    assert faults.times == 1
    assert world.run_until_idle()
    assert violations_of(world) == []
    assert set(world.states().values()) == {"dead_lettered"}


def test_an_item_whose_dead_letter_was_not_sent_is_labeled_after_the_task_type_changes_back() -> (
    None
):
    denial = Denial("poll_queue", "SendMessageBatch")
    world = World(Configuration(), faults=denial)
    world.upload("0.png")
    world.run(10)
    world.apply(task_type=TEXTS)
    world.schedule_and_run(DAY)
    assert denial.times
    denial.operation = ""
    world.apply(task_type=IMAGES)
    world.schedule_and_run(DAY)
    assert world.run_until_idle()
    assert violations_of(world) == []
    assert set(world.states().values()) == {"stored"}


def test_verdicts_count_after_verification_is_turned_off_and_the_execution_dies() -> None:
    world = World(Configuration(sample_percent=100.0))
    world.workforce.review = lambda: Work(seconds=20 * DAY, rejecting=1.0)
    world.upload("0.png")
    world.run(10)
    world.schedule_and_run(5 * HOUR)
    (reviewing,) = world.executions.running
    world.executions.end(reviewing, "TIMED_OUT")
    world.apply(sample_percent=None)
    world.schedule_and_run(DAY)
    assert set(world.states().values()) == {"claimed"}
    for _ in range(20):
        world.schedule_and_run(DAY)
    assert world.run_until_idle()
    assert violations_of(world) == []
    assert len(world.account.sagemaker.jobs) == 3


def test_an_item_claimed_for_another_task_type_uses_no_attempt() -> None:
    # A poll dies after it has claimed texts, and the task type changes: its run has images too.
    apply_images = ["apply", "task_type", IMAGES]
    back = [["apply", "task_type", TEXTS], ["apply", "sample_percent", None]]
    meanwhile = [["end", 2, "ABORTED"], ["schedule"], ["apply", "classes", list("9876543210")]]
    steps = (
        ["upload", 8, [1, 400]],
        ["wait", 60.0],
        apply_images,
        ["die", 39, False, Death.EXECUTION_DEAD.value],
        ["during_call", 44, True, back],
        ["during_call", 15, True, meanwhile],
        ["edit", 0, "append", [60, 1]],
        ["die", 64, False, Death.TIMEOUT.value],
        ["upload", 5, [60, 1]],
    )
    configuration = Configuration(task_type=TEXTS, max_attempts=2, sample_percent=40.0)
    assert histories.broken_promises(histories.History(12611, configuration, steps)) == []


def test_crash_points_of_chosen_scenarios_are_those_of_these_alone() -> None:
    chosen = list(crashes.crash_points({"usual"}))
    assert {SCENARIOS[point.scenario].name for point in chosen} == {"usual"}
    said: list[str] = []
    crashed = suite.Suite(said.append, processes=1, stride=300).crash({"usual"})
    assert crashed.points == len(range(0, len(chosen), 300))
    assert crashed.broken == []


def test_the_suite_prints_what_it_did_and_what_it_found() -> None:
    said: list[str] = []
    report = suite.Suite(said.append, processes=2, stride=400).run(4, 0, bugs=[0])
    lines = list(suite.lines_of(report))
    assert report.passed
    assert "random histories: 4" in lines
    assert "seeded bugs caught: 1 of 1" in lines
    assert "violations: 0" in lines
    assert said
