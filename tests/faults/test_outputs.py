"""Outputs of jobs that are late, missing, without an address, or that nobody can read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from in_process_aws.sagemaker import output_uri
from labeling_faults.configuration import Configuration, deployed
from labeling_faults.functions import runtime
from labeling_faults.world.audit import violations_of
from labeling_faults.world.workforce import DAY, HOUR, Work
from labeling_faults.world.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def functions_in_worlds() -> Iterator[None]:
    with runtime.installed():
        yield


def world_of(
    work: Work, *, uploads: int = 6, review: Work | None = None, verifies: bool = False
) -> World:
    world = World(Configuration(sample_percent=100 if verifies else None))
    world.workforce.plan = lambda: work
    world.workforce.review = lambda: review or Work()
    for number in range(uploads):
        world.upload(f"{number}.png")
    world.run(10)
    return world


def jobs(world: World) -> list[str]:
    return list(world.account.sagemaker.jobs)


def put_output(world: World, name: str, body: bytes) -> None:
    """Put an output manifest where a job writes its own, as an administrator may."""
    bucket, _, key = (
        output_uri(world.account.sagemaker.jobs[name]).removeprefix("s3://").partition("/")
    )
    world.client("s3").put_object(
        Bucket=bucket,
        Key=key,
        Body=body,
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=deployed().key_arn,
    )


def mended(world: World, name: str) -> bytes:
    """Return the output of a job with the metadata that it lacked."""
    bucket, _, key = (
        output_uri(world.account.sagemaker.jobs[name]).removeprefix("s3://").partition("/")
    )
    attribute = world.account.sagemaker.jobs[name].attribute
    metadata = {
        "class-name": "0",
        "confidence": 0.9,
        "creation-date": "2026-01-02T03:04:05.678901",
        "job-name": f"labeling-job/{name}",
    }
    if name.endswith("-verify"):
        metadata["class-name"] = "Correct"
    lines = [
        {**json.loads(line), attribute: 0, f"{attribute}-metadata": metadata}
        for line in world.account.s3.body(bucket, key).decode().splitlines()
    ]
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


@pytest.mark.parametrize("written_after", [0.0, DAY])
def test_the_output_of_a_job_that_names_none_is_where_it_belongs(written_after: float) -> None:
    world = world_of(Work(addressed=False, written_after=written_after))
    for _ in range(4):
        world.schedule_and_run(DAY)
    assert world.run_until_idle()
    assert violations_of(world) == []
    assert set(world.states().values()) == {"stored"}
    assert len(jobs(world)) == 1


def test_an_empty_manifest_in_its_place_means_that_there_are_no_labels() -> None:
    world = world_of(Work(addressed=False, written_after=None))
    for _ in range(3):
        world.schedule_and_run(DAY)
    (job,) = jobs(world)
    put_output(world, job, b"")
    world.workforce.plan = Work
    assert world.run_until_idle()
    assert violations_of(world) == []
    assert set(world.states().values()) == {"stored"}
    assert len(jobs(world)) == 2


@pytest.mark.parametrize("uploads", [3, 6])
@pytest.mark.parametrize("spoiled_stage", ["label", "verify"])
def test_an_output_that_nobody_can_read_is_bought_once(uploads: int, spoiled_stage: str) -> None:
    verifies = spoiled_stage == "verify"
    spoiled = Work(spoiled=1.0)
    world = world_of(
        Work() if verifies else spoiled, uploads=uploads, review=spoiled, verifies=verifies
    )
    for _ in range(5):
        world.schedule_and_run(DAY)
    spoiled_jobs = [name for name in jobs(world) if name.endswith(f"-{spoiled_stage}")]
    assert len(spoiled_jobs) == 1
    assert len(world.open_runs()) == 1
    assert world.ledger["PIPELINE"]["failed_jobs_in_a_row"] == 1
    put_output(world, spoiled_jobs[0], mended(world, spoiled_jobs[0]))
    assert world.run_until_idle()
    assert violations_of(world) == []
    assert set(world.states().values()) == {"stored"}
    assert len(jobs(world)) == 1 + verifies
    assert world.ledger["PIPELINE"]["failed_jobs_in_a_row"] == 0


def test_runs_whose_output_nobody_can_read_come_to_claim_one_item_each() -> None:
    world = world_of(Work(spoiled=1.0), uploads=3)
    for number in range(6):
        for item in range(4):
            world.upload(f"{number}-{item}.png")
        world.schedule_and_run(3 * HOUR)
    sizes = [len(world.account.sagemaker.input_lines(name)) for name in jobs(world)]
    assert min(sizes[:3]) >= 3
    assert sizes[3:] == [1] * 3
    assert world.online_checks.violations == []


def test_one_odd_label_is_given_back_and_counts_as_a_failed_run() -> None:
    world = world_of(Work(spoiled=1.0), uploads=1)
    world.schedule_and_run(DAY)
    assert world.open_runs() == []
    assert set(world.states().values()) == {"returned"}
    assert world.ledger["PIPELINE"]["failed_jobs_in_a_row"] == 1


def test_a_few_odd_labels_among_others_hold_up_nothing() -> None:
    world = world_of(Work(spoiled=0.4), uploads=9)
    world.schedule_and_run(DAY)
    assert world.open_runs() == []
    world.workforce.plan = Work
    assert world.run_until_idle()
    assert world.online_checks.violations == []
    assert set(world.states().values()) == {"stored"}
