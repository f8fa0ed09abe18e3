"""Rows that look like verified output lines, through whole runs with reviewers who say nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from labeling_deployment.deployment import TEXTS
from labeling_faults.configuration import JUDGEMENTS, Configuration, deployed
from labeling_faults.functions import runtime
from labeling_faults.world.audit import violations_of
from labeling_faults.world.workforce import HOUR, Work
from labeling_faults.world.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

_VERDICT = "digits-verification"
_LABEL = "digits-label"
_METADATA = {
    "class-name": JUDGEMENTS[0],
    "human-annotated": "yes",
    "job-name": "labeling-job/of-an-earlier-run",
    "type": "groundtruth/label-verification",
}
_ROWS: tuple[dict[str, Any], ...] = (
    {_VERDICT: 0, f"{_VERDICT}-metadata": _METADATA},
    {_VERDICT: {"class-name": JUDGEMENTS[0], "accepted": True}},
    {_VERDICT.upper(): "0", _LABEL: 0, f"{_LABEL}-metadata": {"class-name": "0"}},
    {"site": "a"},
)


@pytest.fixture(autouse=True)
def functions_in_worlds() -> Iterator[None]:
    with runtime.installed():
        yield


@pytest.mark.parametrize(
    "silent",
    [
        pytest.param(Work(status="Failed"), id="the job fails"),
        pytest.param(Work(failing=1.0), id="each task fails"),
        pytest.param(Work(expiring=1.0), id="nobody has time"),
        pytest.param(Work(omitted=1.0), id="the output names none"),
    ],
)
def test_no_record_is_verified_before_a_reviewer_has_seen_its_label(silent: Work) -> None:
    world = World(Configuration(task_type=TEXTS, sample_percent=100.0))
    reviews = iter([silent])
    world.workforce.review = lambda: next(reviews, Work())
    rows = [{"source": f"text {number}", **row} for number, row in enumerate(_ROWS)]
    world.upload("rows.jsonl", "\n".join(map(json.dumps, rows)).encode())
    world.run(60)
    world.schedule_and_run(3 * HOUR)
    jobs = list(world.account.sagemaker.jobs.values())
    assert [job.attribute for job in jobs] == [_LABEL, _VERDICT]
    for line in world.account.sagemaker.input_lines(jobs[0].name):
        assert set(line) <= {"source", "item-id", "site"}
    history = world.account.features.groups[deployed().feature_group.name].history
    assert history == []
    world.schedule_and_run(3 * HOUR)
    *_, last = world.account.sagemaker.jobs.values()
    assert {(it["status"], it["verification_job"]) for it in map(dict, history)} == {
        ("VERIFIED", last.name)
    }
    assert len(history) == len(_ROWS)
    assert violations_of(world) == []
