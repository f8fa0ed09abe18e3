"""The figures of a day, ready for JSON: what docs/scale.json holds of each."""

from __future__ import annotations

import resource
from collections import Counter
from typing import TYPE_CHECKING, TypedDict

from labeling_faults.configuration import deployed
from labeling_lambdas.aws.queues import BATCH_MESSAGES

if TYPE_CHECKING:
    from labeling_faults.load.simulation import Outcome

#: Services whose keys a function's role asks KMS for: SQS, S3 and DynamoDB keep a key for minutes.
_SERVICES_WITH_KEYS = 3


class FunctionFigures(TypedDict):
    """The calls of one function."""

    calls: int
    seconds: float
    longest: float
    timeout: float
    killed: int


class QuotaFigures(TypedDict):
    """The use of one quota."""

    highest: float
    refused: int


class Figures(TypedDict):
    """The figures of a day."""

    items: int
    curve: str
    max_items_per_run: int
    minutes_between_runs: float
    workers_per_hour: float
    stored_in_day: int
    stored: int
    hours: float
    jobs: int
    executions: int
    transitions: int
    violations: int
    calls: dict[str, int]
    empty_receives: int
    units: dict[str, int]
    function_gb_seconds: float
    functions: dict[str, FunctionFigures]
    quotas: dict[str, QuotaFigures]
    moments: list[list[float]]
    simulation_seconds: float
    simulation_peak_bytes: int


def figures_of(outcome: Outcome) -> Figures:
    """Return the figures of a day that has passed."""
    day, world = outcome.day, outcome.world
    measured = world.measured
    functions = {
        step: FunctionFigures(
            calls=use.calls,
            seconds=round(use.seconds, 3),
            longest=round(use.longest, 3),
            timeout=deployed().functions[step].timeout_seconds,
            killed=use.killed,
        )
        for step, use in measured.functions.items()
    }
    executions = list(world.executions.all.values())
    transitions = sum(len(it.interpreter.states) + 1 for it in executions)
    _reach(outcome, transitions)
    done = [it.hour for it in measured.moments if it.stored == day.arrivals.items]
    return Figures(
        items=day.arrivals.items,
        curve=day.arrivals.curve,
        max_items_per_run=day.max_items_per_run,
        minutes_between_runs=day.minutes_between_runs,
        workers_per_hour=day.workers_per_hour,
        stored_in_day=outcome.stored_in_day,
        stored=world.stored,
        hours=min(done, default=0),
        jobs=len(world.account.sagemaker.jobs),
        executions=len(executions),
        transitions=transitions,
        violations=len(outcome.violations),
        calls=_calls(outcome),
        empty_receives=measured.empty_receives,
        units=dict(measured.units),
        function_gb_seconds=round(
            sum(
                use.seconds * deployed().functions[step].memory_mb / 1024
                for step, use in measured.functions.items()
            ),
            3,
        ),
        functions=functions,
        quotas={
            name: QuotaFigures(highest=round(use.highest, 3), refused=use.refused)
            for name, use in world.quotas.uses.items()
        },
        moments=[[round(value, 3) for value in moment] for moment in measured.moments],
        simulation_seconds=round(outcome.seconds),
        simulation_peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )


def _calls(outcome: Outcome) -> dict[str, int]:
    """Return the functions' calls by service."""
    found: Counter[str] = Counter()
    for (_, service, _), count in outcome.world.measured.calls.items():
        found[service] += count
    return dict(found)


def _reach(outcome: Outcome, transitions: int) -> None:
    """Note what is known only in the end."""
    world, measured = outcome.world, outcome.world.measured
    executions = world.executions.all.values()
    reached = {
        "batch_messages": BATCH_MESSAGES,
        "duration": max((it.longest for it in measured.functions.values()), default=0),
        "history_events": max((it.interpreter.events for it in executions), default=0),
        "in_flight": measured.most_in_flight,
        # As if every function asked for all of its keys in one second.
        "key_requests": len(measured.functions) * _SERVICES_WITH_KEYS,
        # As if all transitions of the day were in one second.
        "transitions": transitions,
    }
    for name, value in reached.items():
        world.quotas.reach(name, value)
