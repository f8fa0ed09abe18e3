"""Plans are made once and kept, and a deployment has the values of the module."""

from __future__ import annotations

import itertools
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from labeling_deployment import plans
from labeling_deployment.deployment import GROUND_TRUTH, IMAGES, LABEL_STUDIO, TEXTS, planned
from labeling_deployment.module import digest_of

if TYPE_CHECKING:
    from pathlib import Path


def test_a_text_is_made_once_and_kept(tmp_path: Path) -> None:
    made: list[str] = []
    begun = threading.Event()

    def make() -> str:
        begun.set()
        made.append("text")
        return "text"

    file = tmp_path / "plans" / "one.json"
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: plans.once(file, make), range(4)))
    assert begun.is_set()
    assert found == ["text"] * 4
    assert made == ["text"]
    assert plans.once(file, lambda: "another") == "text"


def test_only_the_newest_plans_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "KEPT_PLANS", 2)
    for name in ("a", "b", "c"):
        plans.once(tmp_path / f"{name}.json", lambda: "plan")
    assert len(list(tmp_path.glob("*.json"))) == 2


def test_a_plan_without_terraform_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    plans._terraform_version.cache_clear()
    with pytest.raises(plans.TerraformMissingError, match=r"install Terraform 1\.9"):
        plans.plan_together({"one": {}})


def test_a_digest_changes_with_a_name_and_with_a_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    digests = [digest_of(tmp_path)]
    (tmp_path / "a").write_text("y")
    digests.append(digest_of(tmp_path))
    (tmp_path / "a").rename(tmp_path / "b")
    digests.append(digest_of(tmp_path))
    assert len(set(digests)) == 3


@pytest.mark.terraform
def test_functions_have_their_environment_and_the_urls_of_queues() -> None:
    deployment = planned()
    poll = deployment.functions["poll_queue"]
    assert poll.name == "digits-poll-queue"
    assert poll.environment["INTAKE_QUEUE_URL"].endswith(f"/{deployment.queues['intake'].name}")
    assert json.loads(deployment.environment["LABELING_JOB"])["title"]
    assert "start_verification_job" not in deployment.functions
    assert deployment.step_of(f"arn:aws:lambda:us-east-1:123456789012:function:{poll.name}") == (
        "poll_queue"
    )


@pytest.mark.terraform
def test_the_files_of_workers_are_those_that_jobs_name() -> None:
    deployment = planned(IMAGES, verified=True)
    for job in ("LABELING_JOB", "VERIFICATION_JOB"):
        settings = json.loads(deployment.environment[job])
        for uri in (settings["template_s3_uri"], settings["categories_s3_uri"]):
            bucket, _, key = uri.removeprefix("s3://").partition("/")
            assert bucket == deployment.buckets["output"]
            assert deployment.worker_files[key]


@pytest.mark.terraform
def test_names_and_limits_are_the_same_in_every_deployment() -> None:
    every = planned(TEXTS, verified=True, engine=LABEL_STUDIO)
    for task_type, verified, engine in itertools.product(
        (IMAGES, TEXTS), (False, True), (GROUND_TRUTH, LABEL_STUDIO)
    ):
        deployment = planned(task_type, verified=verified, engine=engine)
        assert deployment.functions.keys() <= every.functions.keys()
        assert (deployment.queues, deployment.buckets) == (every.queues, every.buckets)
        assert deployment.ledger == every.ledger
        assert deployment.feature_group == every.feature_group
        assert deployment.state_machine.arn == every.state_machine.arn
        assert deployment.label_attribute == every.label_attribute
        for step, function in deployment.functions.items():
            assert function.timeout_seconds == every.functions[step].timeout_seconds


@pytest.mark.terraform
def test_the_function_of_label_studio_is_deployed_where_people_label_there() -> None:
    advance = planned(engine=LABEL_STUDIO).functions["advance_label_studio_jobs"]
    assert advance.environment["LABEL_STUDIO_URL"] == "https://label-studio.example.com"
    jobs = planned(engine=LABEL_STUDIO).environment
    assert json.loads(jobs["LABELING_JOB"])["engine"] == LABEL_STUDIO
    assert jobs["ADVANCE_FUNCTION"].endswith(f":function:{advance.name}")
    assert "advance_label_studio_jobs" not in planned().functions
