"""report: what single workers answered, and who of them is below the others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from labeling_faults.label_studio.api import TOKEN, LabelStudio
from labeling_faults.label_studio.connection import InProcessConnection
from labeling_faults.label_studio.people import Person
from labeling_faults.simulated_time.clock import Clock
from labeling_lambdas.aws.artifacts import Artifacts
from labeling_lambdas.aws.lease_ledger import LeaseLedger
from labeling_lambdas.deadline import Deadline
from labeling_lambdas.domain.identity import VERIFY_STAGE
from labeling_lambdas.domain.kept_settings import KeptSettings, LabelRules, settings_file
from labeling_lambdas.label_studio.client import LabelStudio as Client
from labeling_lambdas.steps.advance_label_studio_jobs import AdvanceLabelStudioJobs
from tests.domain.examples import job_settings, reviewed_line, verification
from tests.handlers.pipeline import CLASSES
from tests.handlers.test_engines import use_label_studio
from tests.labelctl.test_report import Reported, words
from tests.sandbox.resources import control, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from labeling_lambdas.domain.items import SourceObject
    from tests.labelctl.stage import Operated

_COUNT = 120
_BAD = 2
_SECONDS = 900.0


@pytest.fixture
def reported(operated: Operated, tmp_path: Path) -> Reported:
    operated.prepare_ground_truth()
    return Reported(operated, tmp_path)


def begun(reported: Reported, count: int = _COUNT) -> tuple[dict[str, Any], dict[str, str]]:
    """Open a run, and return it with the right class of each object by its address."""
    operated = reported.operated
    sources = [operated.upload(f"{number}.png") for number in range(count)]
    operated.announce(sources)
    run = reported.begin()
    assert run["claimed"] == count
    return run, {source.uri: CLASSES[place % 3] for place, source in enumerate(sources)}


def label_in_ground_truth(
    reported: Reported, count: int = _COUNT, people: int = 3, **workforce: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Let workers label, and return the run and how its job ended."""
    operated = reported.operated
    settings = job_settings(
        role_arn=operated.role_arn,
        template_s3_uri=f"s3://{operated.output}/ground-truth/template.html",
        categories_s3_uri=f"s3://{operated.output}/ground-truth/categories.json",
        workers_per_object=people,
    )
    operated.configure(LABELING_JOB=json.dumps(settings._asdict()))
    run, truth = begun(reported, count)
    control(operated.sandbox, "POST", "workforce", {"truth": truth, "members": 5, **workforce})
    operated.start(run, execution=f"e{reported.runs}")
    name = operated.job_name(run)
    client = operated.client("sagemaker")

    def ended() -> dict[str, Any] | None:
        described: dict[str, Any] = client.describe_labeling_job(LabelingJobName=name)
        return described if described["LabelingJobStatus"] == "Completed" else None

    described = wait_until(ended, f"the end of {name}")
    job = {
        "name": name,
        "status": "Completed",
        "output_uri": described["LabelingJobOutput"]["OutputDatasetS3Uri"],
        "counters": described["LabelCounters"],
        "failure_reason": "",
    }
    return run, job


def settle(reported: Reported, run: dict[str, Any], *jobs: dict[str, Any]) -> None:
    reported.operated.settle(run, *jobs, execution=f"e{reported.runs}")


def test_a_worker_of_ground_truth_who_is_wrong_is_named_first(reported: Reported) -> None:
    run, job = label_in_ground_truth(reported, error_rates={str(_BAD): 0.3})
    settle(reported, run, job)
    found = reported.figures("--no-labels")["workers"]
    assert (found["objects"], found["unreadable"], len(found["workers"])) == (_COUNT, 0, 5)
    assert sum(worker["answers"] for worker in found["workers"]) == 3 * _COUNT
    bad, *others = found["workers"]
    assert [worker["below_the_others"] for worker in found["workers"]] == [True, *[False] * 4]
    assert 0.5 < bad["agreement"] < 0.85
    assert all(worker["agreement"] == 1 for worker in others)
    assert 4 < bad["median_seconds"] < 12
    right = sum(each["answers"] for each in found["confusion"] if each["label"] == each["answer"])
    assert right == 3 * _COUNT - round((1 - bad["agreement"]) * bad["answers"])
    assert 0.8 < found["alpha"] < 0.95
    assert found["alpha_objects"] == _COUNT
    # Ids are shown on request only, and a pseudonym stays the same.
    named = reported.figures("--no-labels", "--name-workers")["workers"]["workers"]
    page = reported.page("--no-labels")
    assert named[0]["agreement"] == bad["agreement"]
    assert bad["worker"] in page
    for worker in named:
        assert worker["worker"] not in page
    assert reported.figures("--no-labels")["workers"] == found
    assert f"{bad['worker']} {bad['answers']}" in words(page)
    assert words(page).count("below the others") == 1


def test_a_person_in_label_studio_who_is_wrong_is_named_first(
    reported: Reported,
) -> None:
    operated = reported.operated
    jobs = use_label_studio(operated)
    run, truth = begun(reported)
    operated.start(run, execution=f"e{reported.runs}")
    studio = LabelStudio(Clock())
    advance = AdvanceLabelStudioJobs(
        jobs,
        Client(InProcessConnection(studio, "https://labels.example.com", TOKEN)),
        LeaseLedger(operated.client("dynamodb"), operated.table),
        lambda _name: None,
        operated.sandbox.region,
        Deadline(lambda: _SECONDS),
    )
    advance.advance()
    (project,) = studio.projects
    for number in (1, 2):
        Person(studio, number).work(project, lambda task: answer(truth, task, wrong=0))
    # Three answer, though two are enough for Label Studio to show an object to nobody else.
    for task in studio.projects[project].tasks:
        studio.annotate(task.number, 3, answer(truth, task.fields(), wrong=3), project=project)
    advance.advance()
    description = jobs.describe(operated.job_name(run))
    assert description is not None
    assert description.status == "Completed"
    settle(reported, run, description.result())
    found = reported.figures("--no-labels", "--name-workers")["workers"]
    bad, *others = found["workers"]
    assert (bad["worker"], bad["answers"], bad["median_seconds"]) == ("3", _COUNT, 9.5)
    assert [worker["below_the_others"] for worker in found["workers"]] == [True, False, False]
    assert bad["agreement"] == pytest.approx(0.7, abs=0.02)
    assert [worker["agreement"] for worker in others] == [1, 1]
    assert found["unreadable"] == 0


def answer(truth: dict[str, str], task: Any, *, wrong: int) -> list[dict[str, Any]]:
    """Return the answer to a task; of each ten objects some are wrong."""
    uri = task["data"]["image"]
    place = int(uri.rpartition("/")[2].removesuffix(".png"))
    name = CLASSES[(place + (place % 10 < wrong)) % 3]
    assert wrong or name == truth[uri]
    value = {"choices": [name]}
    return [{"from_name": "label", "to_name": "source", "type": "choices", "value": value}]


def test_reviewers_tell_workers_apart_who_label_alone(reported: Reported) -> None:
    reported.operated.verify()
    run, job = label_in_ground_truth(reported, people=1, members=2, error_rates={"1": 0.5})
    rules = LabelRules("image_single_label_classification", "digit-label", "1", None)
    kept = KeptSettings(job_settings()._asdict(), rules, verification())
    Artifacts(
        reported.operated.client("s3"),
        reported.operated.output,
        reported.operated.key_arn,
        run["run_id"],
    ).write(settings_file(VERIFY_STAGE), kept.fields())
    lines = reported.operated.lines(job["output_uri"])
    number = {f"{place}.png": CLASSES[place % 3] for place in range(_COUNT)}
    verdicts = []
    for line in lines:
        right = number[line["source-ref"].rpartition("/")[2]]
        is_right = line["digit-label-metadata"]["class-name"] == right
        verdicts.append(reviewed_line(line, *(() if is_right else ("Wrong label",))))
    settle(reported, run, job, reported.operated.ended_job(run, verdicts, stage="verify"))
    found = reported.figures("--no-labels", "--name-workers")["workers"]
    assert found["alpha"] is None
    bad, good = found["workers"]
    assert (bad["compared"], bad["agreement"]) == (0, None)
    assert bad["below_the_others"]
    assert (good["accepted"], good["below_the_others"]) == (1, False)
    assert bad["judged"] + good["judged"] == _COUNT
    assert bad["accepted"] == pytest.approx(0.5, abs=0.2)


def test_files_without_answers_are_counted_and_no_end(reported: Reported) -> None:
    run, job = label_in_ground_truth(reported, 4)
    settle(reported, run, job)
    operated = reported.operated
    folder = f"labeling-jobs/{job['name']}/annotations/worker-response/iteration-1"
    for place, body in {"9": b"{}", "0": b"not JSON", "x": b'{"answers": []}'}.items():
        operated.client("s3").put_object(
            Bucket=operated.output, Key=f"{folder}/{place}/broken.json", Body=body
        )
    found = reported.figures("--no-labels")["workers"]
    assert (found["objects"], found["unreadable"]) == (4, 3)
    assert "3 files hold no answers that can be read." in words(reported.page("--no-labels"))


def test_answers_of_another_form_are_not_compared(reported: Reported) -> None:
    run, job = label_in_ground_truth(reported, 3)
    settle(reported, run, job)
    operated = reported.operated
    answers = [
        {"answerContent": {"boundingBox": {"boundingBoxes": []}}, "workerId": "a"},
        {"answerContent": None, "workerId": "b"},
    ]
    operated.client("s3").put_object(
        Bucket=operated.output,
        Key=f"labeling-jobs/{job['name']}/annotations/worker-response/iteration-1/0/b.json",
        Body=json.dumps({"answers": answers}).encode(),
    )
    found = reported.figures("--no-labels", "--name-workers")["workers"]["workers"]
    (other, another) = [worker for worker in found if worker["worker"] in "ab"]
    assert (other["unusable"], other["compared"], other["median_seconds"]) == (1, 0, None)
    assert another["unusable"] == 1


def test_nobody_is_shown_without_answers_or_on_request(reported: Reported) -> None:
    operated = reported.operated
    source: SourceObject = operated.upload("a.png")
    operated.announce([source])
    reported.end(reported.begin(), [operated.labeled(source)])
    assert reported.figures("--no-labels")["workers"]["workers"] == []
    assert "No answers are kept of jobs that have ended" in words(reported.page("--no-labels"))
    assert reported.figures("--no-labels", "--no-workers")["workers"] is None
    assert "Workers" not in words(reported.page("--no-labels", "--no-workers"))
    refused = operated.labelctl("report", "--no-workers", "--name-workers")
    assert refused.exit_code == 2
