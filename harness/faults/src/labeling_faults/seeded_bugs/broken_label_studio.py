"""Seeded bugs in the work on jobs in Label Studio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeling_faults.seeded_bugs.seeded_bug import Function, SeededBug, Thing, always
from labeling_lambdas.aws.lease_ledger import LeaseLedger
from labeling_lambdas.label_studio.client import LabelStudio
from labeling_lambdas.steps import studio_output
from labeling_lambdas.steps.advance_label_studio_jobs import _Work
from labeling_lambdas.steps.studio_output import StudioOutput
from labeling_lambdas.steps.studio_project import StudioProject

if TYPE_CHECKING:
    from collections.abc import Iterable

_STEP = "advance_label_studio_jobs"


def _made_again(right: Function) -> Function:
    def prepared(self: Thing, state: Thing) -> Thing:
        if state.project and self.all.studio.progress(state.project) is None:
            state = state._replace(project=0, imported=0, last_imported=0)
        return right(self, state)

    return prepared


def _lease_ends_at_once(right: Function) -> Function:
    return lambda self, name, until, _ends_at: right(self, name, until, 0)


def _state_before_part(right: Function) -> Function:
    def add(self: StudioOutput, state: Thing, lines: list[str]) -> Thing:
        parts = state.parts + bool(lines)
        self.jobs.keep(self.job.name, state._replace(lines=state.lines + len(lines), parts=parts))
        return right(self, state, lines)

    return add


def _ended_before_output(right: Function) -> Function:
    def collect(self: StudioOutput, state: Thing) -> Thing:
        self.jobs.keep(self.job.name, state._replace(status=state.ending))
        return right(self, state)

    return collect


def _matched_by_place(_right: Function) -> Function:
    def answered(tasks: Iterable[Thing], lines: Iterable[Thing], remaining: set[str]) -> Thing:
        for task, line in zip(tasks, lines, strict=False):
            remaining.discard(line["item-id"])
            yield line, task["annotations"]

    return answered


def _projects_that_contain(_right: Function) -> Function:
    def projects(self: LabelStudio, title: str) -> list[int]:
        answer = self.connection.call("GET", "/api/projects/", query={"title": title})
        return sorted(one["id"] for one in answer["results"])

    return projects


LABEL_STUDIO_BUGS = (
    SeededBug(
        "I3",
        "tasks are imported again by a repeated call",
        _STEP,
        StudioProject,
        "_last_task_of",
        always(None),
    ),
    SeededBug(
        "I3", "a project that vanished is made again", _STEP, _Work, "_prepared", _made_again
    ),
    SeededBug("I3", "two calls work on the jobs at once", _STEP, LeaseLedger, "take", always(True)),
    SeededBug(
        "I3",
        "a lease ends while Label Studio may still work",
        _STEP,
        LeaseLedger,
        "shorten",
        _lease_ends_at_once,
    ),
    SeededBug(
        "I1",
        "lines are counted before their part is written",
        _STEP,
        StudioOutput,
        "_add",
        _state_before_part,
    ),
    SeededBug(
        "I1",
        "answers are matched with items by their place",
        _STEP,
        studio_output,
        "_answered",
        _matched_by_place,
    ),
    SeededBug(
        "I1",
        "a job ends before its output is written",
        _STEP,
        StudioOutput,
        "collect",
        _ended_before_output,
    ),
    SeededBug(
        "I3",
        "tasks without an answer are not deleted",
        _STEP,
        LabelStudio,
        "delete_unanswered",
        always(None),
    ),
    SeededBug(
        "I1",
        "projects are found by a part of their title",
        _STEP,
        LabelStudio,
        "projects",
        _projects_that_contain,
    ),
)
