"""All task types through a real Label Studio, and back through the functions' own parser."""

from __future__ import annotations

import select
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import requests

from labeling_lambdas import process
from labeling_lambdas.domain.label_studio.output import labeled_line, verdict_line
from labeling_lambdas.domain.label_studio.predictions import given_label
from labeling_lambdas.domain.label_studio.projects import labeling_settings, verification_settings
from labeling_lambdas.domain.label_studio.run_lengths import opacity
from labeling_lambdas.domain.reasons import Reason
from labeling_lambdas.domain.task_types import task_type
from labeling_lambdas.domain.verification import Verdict, read_verdict
from labeling_lambdas.domain.verification_settings import Verification
from labeling_lambdas.errors import LabelingJobNameTakenError
from labeling_lambdas.label_studio import client
from labeling_lambdas.label_studio.client import Bucket, LabelStudio
from labeling_lambdas.label_studio.connection import Connection
from labeling_lambdas.label_studio.errors import (
    LabelStudioRefusedError,
    LabelStudioTokenError,
    LabelStudioUnavailableError,
)
from labeling_lambdas.steps import studio_output, studio_project
from labeling_sandbox.label_studio.results import ANSWERS, Result, verdict
from tests.label_studio.engine import only_project, output_of
from tests.label_studio.labeling import PEOPLE, Job, annotation, studio_job
from tests.label_studio.place import counts

if TYPE_CHECKING:
    import socket

    from labeling_sandbox.label_studio.people import Person
    from labeling_sandbox.label_studio.server import LabelStudioServer
    from labeling_sandbox.server import Sandbox
    from tests.label_studio.engine import Engine

#: More than a page, so that the collection has pages.
_COUNT = 5
_PAGE = 3
_CATEGORIES = ("Correct", "Wrong label", "Unclear")


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAGE_SIZE", _PAGE)


def open_project(job: Job, studio: LabelStudio, settings: dict[str, Any], tasks: list[Any]) -> int:
    number = studio.create_project(settings)
    if job.project.task_type.manifest_key == "source-ref":
        studio.connect(number, Bucket(job.bucket, job.region))
    studio.import_tasks(number, tasks)
    return number


def labeling_project(job: Job, studio: LabelStudio) -> int:
    project = job.project
    settings = labeling_settings(
        project.job_name, project.task_type, project.labels, "It costs $5.", PEOPLE
    )
    return open_project(job, studio, settings, job.tasks())


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_what_two_of_three_people_say_is_the_label_that_the_parser_reads(
    name: str, sandbox: Sandbox, studio: LabelStudio, people: list[Person]
) -> None:
    job = Job(sandbox, name, _COUNT)
    number = labeling_project(job, studio)
    assert counts(studio.progress(number)) == (_COUNT, 0, 0)

    # On each object another one is wrong.
    for place, person in enumerate(people):
        done = person.work(
            number,
            lambda task, place=place: (  # type: ignore[misc] # the default binds the loop's value
                job.wrong if int(task["data"]["item_id"], 16) % PEOPLE == place else job.right
            )(task),
        )
        assert done == _COUNT
    assert counts(studio.progress(number)) == (_COUNT, _COUNT, _COUNT * PEOPLE)

    annotations = job.collected(studio, number)
    job.write(
        (
            labeled_line(line, annotations[line["item-id"]], job.project, picture=job.picture(line))
            for line in job.lines
        ),
        "output.manifest",
    )
    found = job.parsed("output.manifest")
    assert [output.item_id for output in found] == list(job.objects)
    for output, known in zip(found, job.objects.values(), strict=True):
        assert output.reason is None
        assert output.line.items() >= known.task.line.items()
        assert job.is_true(output, known.truth)
        assert not job.is_true(output, known.mistaken)


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_reviewers_see_the_label_and_their_verdict_is_read(
    name: str, sandbox: Sandbox, studio: LabelStudio, people: list[Person]
) -> None:
    job = Job(sandbox, name, 2)
    alone = job.project._replace(people=1)
    kind = task_type(name)
    first, second = job.lines
    # The label of the first object is right, that of the second one wrong.
    given = {
        first["item-id"]: job.right({"data": {"item_id": first["item-id"]}}),
        second["item-id"]: job.wrong({"data": {"item_id": second["item-id"]}}),
    }
    labeled = [
        labeled_line(line, [annotation(given[line["item-id"]])], alone, picture=job.picture(line))
        for line in job.lines
    ]
    job.write(labeled, "labeled.manifest")
    lines = job.read_lines("labeled.manifest")
    tasks = [
        {
            **task,
            "predictions": given_label(line, task_type=kind, attribute="a-label", read=job.read),
        }
        for task, line in zip(job.tasks(), lines, strict=True)
    ]
    settings = verification_settings(
        f"{job.project.job_name}-v", kind, job.project.labels, _CATEGORIES, "Judge.", PEOPLE
    )
    number = open_project(job, studio, settings, tasks)

    def judge(task: dict[str, Any], right: str, wrong: str) -> list[Result]:
        (prediction,) = task["predictions"]
        shown = prediction["result"]
        assert comparable(shown) == comparable(given[task["data"]["item_id"]])
        assert all(result["readonly"] for result in shown)
        good = comparable(shown) == comparable(job.right(task))
        return [*shown, *verdict(right if good else wrong, "" if good else "look again")]

    one, other, mistaken = people
    one.work(number, lambda task: judge(task, "Correct", "Unclear"))
    other.work(number, lambda task: judge(task, "Correct", "Unclear"))
    mistaken.work(number, lambda task: judge(task, "Wrong label", "Correct"))

    verification = Verification("a-verification", "Correct", _CATEGORIES, 100)
    annotations = job.collected(studio, number)
    verdicts = [
        read_verdict(
            verdict_line(
                line,
                annotations[line["item-id"]],
                verification,
                job_name="v",
                people=PEOPLE,
            ).line,
            verification,
        )
        for line in lines
    ]
    assert verdicts == [
        Verdict(True, "Correct"),
        Verdict(False, "Unclear", ("look again",) * PEOPLE),
    ]


def comparable(results: list[Result]) -> list[str]:
    """Return what results say, in one order and with the pixels of run lengths."""
    said = []
    for result in results:
        value = dict(result["value"])
        if "rle" in value:
            pixels = result["original_width"] * result["original_height"]
            value["rle"] = opacity(bytes(value["rle"]), pixels)
        for edge in ("x", "y", "width", "height"):
            if edge in value:
                value[edge] = round(value[edge], 6)
        if "choices" in value:
            value["choices"] = sorted(value["choices"])
        said.append(str((result["from_name"], result["type"], sorted(value.items()))))
    return sorted(said)


def test_people_see_the_pictures_of_the_bucket(
    sandbox: Sandbox, studio: LabelStudio, people: list[Person]
) -> None:
    job = Job(sandbox, "image_bounding_box", 1)
    number = labeling_project(job, studio)
    task = people[0].next_task(number)
    assert task is not None
    assert people[0].picture(task) == job.read(job.lines[0]["source-ref"])


def test_declined_empty_and_unusable_answers_leave_the_item_with_a_reason(
    sandbox: Sandbox, studio: LabelStudio, people: list[Person]
) -> None:
    job = Job(sandbox, "image_bounding_box", 4)
    job.project = job.project._replace(people=1)
    settings = labeling_settings(
        job.project.job_name, job.project.task_type, job.project.labels, "", 1
    )
    number = open_project(job, studio, settings, job.tasks())
    (known, *_) = job.objects.values()
    unknown = ANSWERS[job.name](known.task, [{**known.truth[0], "class": "no class of these"}])
    answers: dict[int, list[Result] | None] = {0: None, 1: [], 2: unknown}
    task = people[0].next_task(number)
    while task is not None and (place := int(task["data"]["item_id"], 16)) in answers:
        found = answers[place]
        if found is None:
            people[0].skip(number, task["id"])
        else:
            people[0].submit(number, task["id"], found)
        task = people[0].next_task(number)
    assert task is not None

    studio.delete_unanswered(number)
    studio.delete_unanswered(number)
    annotations = job.collected(studio, number)
    lines = [
        labeled_line(
            line, annotations.get(line["item-id"], []), job.project, picture=job.picture(line)
        ).line
        for line in job.lines
    ]
    reasons = [line.get("a-label-metadata", {}).get("failure-reason") for line in lines]
    assert lines[0] == job.lines[0]
    assert lines[1]["a-label"]["annotations"] == []
    assert "names a class that is not one of the labels" in reasons[2]
    assert lines[3] == job.lines[3]
    # Nobody works in vain: the page of a task that is gone says so.
    with pytest.raises(requests.HTTPError, match="404"):
        people[0].submit(number, task["id"], [])


@pytest.mark.parametrize("name", ["image_multi_label_classification", "named_entity_recognition"])
def test_labels_with_every_kind_of_character_come_back_as_they_were(
    name: str, sandbox: Sandbox, studio: LabelStudio, people: list[Person]
) -> None:
    labels = ('Zoë & "co" <1>', "a'b", "$", "狗", "\U0001f415", "a  b", "&amp;", "100 %", "x, y")
    job = Job(sandbox, name, 1)
    job.project = job.project._replace(labels=labels, people=1)
    number = open_project(
        job,
        studio,
        labeling_settings(job.project.job_name, job.project.task_type, labels, "", 1),
        job.tasks(),
    )
    (line,) = job.lines
    text = line.get("source", "")
    if name == "named_entity_recognition":
        results = [
            {
                "from_name": "label",
                "to_name": "source",
                "type": "labels",
                "value": {"start": at, "end": at + 1, "text": text[at], "labels": [label]},
            }
            for at, label in enumerate(labels)
        ]
    else:
        results = ANSWERS[name](next(iter(job.objects.values())).task, labels)
    assert people[0].work(number, lambda _: results) == 1
    annotations = job.collected(studio, number)[line["item-id"]]
    job.write([labeled_line(line, annotations, job.project)], "output.manifest")
    (output,) = job.parsed("output.manifest")
    assert output.label is not None
    assert sorted(output.label.names) == sorted(labels)


def test_texts_with_characters_that_a_database_refuses_are_imported(
    sandbox: Sandbox, studio: LabelStudio
) -> None:
    job = Job(sandbox, "named_entity_recognition", 1)
    job.lines = [{**job.lines[0], "source": "a\0b \ud83d \U0001f389 s3://bucket/key"}]
    number = labeling_project(job, studio)
    (page,) = studio.tasks(number)
    (task,) = page.tasks
    assert task["data"]["text"] == "a\ufffdb \ufffd \U0001f389 s3://bucket/key"


def test_a_project_is_found_by_its_exact_title_and_then_gone(
    sandbox: Sandbox, studio: LabelStudio
) -> None:
    job = Job(sandbox, "text_single_label_classification", 1)
    settings = labeling_settings("some-job", job.project.task_type, job.project.labels, "", 1)
    numbers = [studio.create_project(settings) for _ in range(2)]
    longer = studio.create_project({**settings, "title": "some-job-2"})
    assert studio.projects("some-job") == numbers
    assert studio.projects("some-jo") == []
    for number in [*numbers, longer]:
        studio.delete_project(number)
    assert studio.projects("some-job") == []
    assert studio.progress(numbers[0]) is None


def test_a_bucket_is_connected_once(sandbox: Sandbox, studio: LabelStudio) -> None:
    job = Job(sandbox, "image_single_label_classification", 1)
    number = labeling_project(job, studio)
    studio.connect(number, Bucket(job.bucket, job.region))
    found = studio.connection.call("GET", "/api/storages/s3", query={"project": number})
    assert [storage["bucket"] for storage in found] == [job.bucket]


def test_both_kinds_of_tokens_are_accepted_and_no_others(
    server: LabelStudioServer, studio: LabelStudio
) -> None:
    studio.require_supported()
    personal = studio.connection.call("POST", "/api/token/", {})["token"]
    LabelStudio(Connection(server.url, personal)).require_supported()
    head, body, signature = personal.split(".")
    for wrong in ("0" * 40, f"{head}.{body}.{signature[::-1]}"):
        with pytest.raises(LabelStudioTokenError) as raised:
            LabelStudio(Connection(server.url, wrong)).require_supported()
        assert wrong not in str(raised.value)


def test_a_refused_call_says_why_in_a_status_and_not_in_what_was_sent(studio: LabelStudio) -> None:
    title = "t" * 51
    with pytest.raises(LabelStudioRefusedError) as raised:
        studio.create_project({"title": title})
    assert raised.value.status == 400
    assert title not in str(raised.value)


def status_of(engine: Engine, job: Job) -> str:
    description = engine.jobs.describe(job.project.job_name)
    assert description is not None
    return description.status


@pytest.mark.parametrize("name", ["image_semantic_segmentation", "text_multi_label_classification"])
def test_a_job_comes_to_its_end_however_often_the_function_is_killed(
    name: str,
    sandbox: Sandbox,
    engine: Engine,
    people: list[Person],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Several batches, and a part for each page.
    monkeypatch.setattr(studio_project, "_BATCH", 2)
    monkeypatch.setattr(studio_output, "_PAGES_OF_A_PART", 1)
    job = Job(sandbox, name, _COUNT)
    request = studio_job(job).fields()
    assert engine.jobs.create(request)
    assert not engine.jobs.create({**request, "created_at": 1.0})
    assert status_of(engine, job) == "Initializing"

    killed = engine.advance_while_it_is_killed()
    number = only_project(engine, job)
    assert counts(engine.studio.progress(number)) == (_COUNT, 0, 0)
    assert status_of(engine, job) == "InProgress"
    for person in people:
        person.work(number, job.right)
    killed += engine.advance_while_it_is_killed()
    assert killed > 5
    assert status_of(engine, job) == "Completed"
    assert set(engine.reported) == {job.project.job_name}

    found = output_of(engine, job)
    assert [output.item_id for output in found] == list(job.objects)
    for output, known in zip(found, job.objects.values(), strict=True):
        assert job.is_true(output, known.truth)
    # What has ended is not looked at again.
    engine.reported.clear()
    assert engine.advance() == {}
    assert engine.reported == []
    assert [output.line for output in output_of(engine, job)] == [out.line for out in found]


@pytest.mark.parametrize("answers", [PEOPLE, PEOPLE - 1])
def test_a_job_ends_when_all_have_answered_whatever_is_counted(
    answers: int,
    sandbox: Sandbox,
    server: LabelStudioServer,
    engine: Engine,
    people: list[Person],
) -> None:
    job = Job(sandbox, "text_single_label_classification", _COUNT)
    engine.jobs.create(studio_job(job).fields())
    engine.advance()
    number = only_project(engine, job)
    for person in people[:answers]:
        person.work(number, job.right)
    if answers < PEOPLE:
        # As many answers as are wanted, but one person gave two of them to each task.
        for page in engine.studio.tasks(number):
            for task in page.tasks:
                people[0].submit(number, task["id"], job.right(task))
    lose_a_count(server, number)
    progress = engine.studio.progress(number)
    assert progress is not None
    assert progress.finished < progress.tasks
    assert progress.answers == _COUNT * PEOPLE
    engine.advance()
    description = engine.jobs.describe(job.project.job_name)
    assert description is not None
    assert description.status == ("Completed" if answers == PEOPLE else "InProgress")
    if answers == PEOPLE:
        assert description.counters["HumanLabeled"] == _COUNT


def lose_a_count(server: LabelStudioServer, project: int) -> None:
    """Leave a task as two people do who answer it in the same moment: Label Studio counts one."""
    # Seen with four people at once on version 1.23.2: three answers, and two of them counted.
    with closing(sqlite3.connect(server.log.with_name("label_studio.sqlite3"))) as connection:
        connection.execute(
            "UPDATE task SET is_labeled = 0, total_annotations = total_annotations - 1"
            " WHERE id = (SELECT MIN(id) FROM task WHERE project_id = ?)",
            (project,),
        )
        connection.commit()


def test_a_verification_job_shows_the_labels_and_writes_the_verdicts(
    sandbox: Sandbox, engine: Engine, people: list[Person]
) -> None:
    job = Job(sandbox, "image_bounding_box", 2)
    job.label()
    verification = Verification("a-verification", "Correct", _CATEGORIES, 100)
    engine.jobs.create(studio_job(job, verification=verification).fields())
    engine.advance()
    number = only_project(engine, job)
    for person in people:
        person.work(
            number, lambda task: [*task["predictions"][0]["result"], *verdict("Wrong label", "no")]
        )
    assert engine.advance() == {job.project.job_name: "Completed"}
    for output in output_of(engine, job):
        assert output.label is not None
        assert read_verdict(output.line, verification) == Verdict(
            False, "Wrong label", ("no",) * PEOPLE
        )


def test_a_stopped_job_keeps_what_was_answered_and_offers_no_more(
    sandbox: Sandbox, engine: Engine, people: list[Person]
) -> None:
    job = Job(sandbox, "text_single_label_classification", 3)
    engine.jobs.create(studio_job(job, people=1).fields())
    engine.advance()
    number = only_project(engine, job)
    task = people[0].next_task(number)
    assert task is not None
    people[0].submit(number, task["id"], job.right(task))
    engine.jobs.stop(job.project.job_name)
    engine.jobs.stop(job.project.job_name)
    assert status_of(engine, job) == "Stopping"
    assert engine.advance() == {job.project.job_name: "Stopped"}
    assert people[1].next_task(number) is None
    found = output_of(engine, job)
    assert [output.reached for output in found].count(True) == 1
    assert [output.line for output in found if not output.reached] == [
        line for line in job.lines if line["item-id"] != task["data"]["item_id"]
    ]


def test_a_job_that_is_stopped_before_it_began_has_no_project(
    sandbox: Sandbox, engine: Engine
) -> None:
    job = Job(sandbox, "text_single_label_classification", 1)
    engine.jobs.create(studio_job(job).fields())
    engine.jobs.stop(job.project.job_name)
    assert engine.advance() == {job.project.job_name: "Stopped"}
    assert engine.studio.projects(job.project.job_name) == []


def test_a_job_whose_time_has_passed_ends_and_says_so_of_each_item(
    sandbox: Sandbox, engine: Engine, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(sandbox, "text_single_label_classification", 2)
    # A part for each line.
    monkeypatch.setattr(studio_output, "_LINES_OF_A_PART", 1)
    engine.jobs.create(studio_job(job, people=1, created_at=1.0).fields())
    assert engine.advance() == {job.project.job_name: "Completed"}
    assert engine.jobs.state(job.project.job_name).parts == 2
    reasons = [output.reason for output in output_of(engine, job)]
    assert reasons == [Reason.ANNOTATION_EXPIRED] * 2
    assert people[0].next_task(only_project(engine, job)) is None


def test_a_project_that_somebody_deleted_is_a_failed_job_and_is_not_made_anew(
    sandbox: Sandbox, engine: Engine
) -> None:
    job = Job(sandbox, "text_single_label_classification", 1)
    engine.jobs.create(studio_job(job).fields())
    engine.advance()
    engine.studio.delete_project(only_project(engine, job))
    assert engine.advance() == {job.project.job_name: "Failed"}
    description = engine.jobs.describe(job.project.job_name)
    assert description is not None
    assert "deleted in Label Studio" in description.failure_reason
    assert engine.reported == [job.project.job_name]
    assert engine.studio.projects(job.project.job_name) == []


def test_a_project_that_a_member_renames_stays_the_project_of_its_job(
    sandbox: Sandbox, engine: Engine, people: list[Person]
) -> None:
    job = Job(sandbox, "text_single_label_classification", 1)
    engine.jobs.create(studio_job(job, people=1).fields())
    engine.advance()
    project = only_project(engine, job)
    changes = {"title": "renamed", "created_at": "2001-02-03T04:05:06Z"}
    engine.studio.connection.call("PATCH", f"/api/projects/{project}/", changes)
    assert engine.studio.projects("renamed") == [project]
    people[0].work(project, job.right)
    assert engine.advance() == {job.project.job_name: "Completed"}
    assert all(output.label is not None for output in output_of(engine, job))


def test_a_task_that_somebody_added_or_imported_twice_changes_no_line(
    sandbox: Sandbox, engine: Engine, people: list[Person]
) -> None:
    job = Job(sandbox, "text_single_label_classification", 2)
    engine.jobs.create(studio_job(job, people=1).fields())
    engine.advance()
    number = only_project(engine, job)
    engine.studio.import_tasks(
        number, [{"data": {"text": "mine", "item_id": "other"}}, *job.tasks()[:1]]
    )
    own = ANSWERS[job.name](next(iter(job.objects.values())).task, job.project.labels[0])
    people[0].work(
        number, lambda task: own if task["data"]["item_id"] == "other" else job.right(task)
    )
    assert engine.advance() == {job.project.job_name: "Completed"}
    found = output_of(engine, job)
    assert [output.item_id for output in found] == list(job.objects)
    for output, known in zip(found, job.objects.values(), strict=True):
        assert job.is_true(output, known.truth)


def test_a_label_that_label_studio_cannot_show_fails_the_job_with_its_name(
    sandbox: Sandbox, engine: Engine
) -> None:
    job = Job(sandbox, "text_single_label_classification", 1)
    engine.jobs.create(studio_job(job, labels=("fine", "$text")).fields())
    assert engine.advance() == {job.project.job_name: "Failed"}
    description = engine.jobs.describe(job.project.job_name)
    assert description is not None
    assert "'$text'" in description.failure_reason


@pytest.mark.parametrize(
    ("file", "content", "status"),
    [
        ("stop.json", "{}", "Stopped"),
        (
            "state.json",
            '{"status": "Failed", "failure_reason": "Label Studio was lost"}',
            "Failed",
        ),
    ],
)
def test_an_operator_ends_a_job_with_a_file(
    sandbox: Sandbox, engine: Engine, file: str, content: str, status: str
) -> None:
    # The commands are in docs/operations.md.
    job = Job(sandbox, "text_single_label_classification", 2)
    name = job.project.job_name
    engine.jobs.create(studio_job(job).fields())
    engine.advance()
    key = f"labeling-jobs/{name}/{file}"
    engine.jobs.client.put_object(Bucket=engine.jobs.bucket, Key=key, Body=content.encode())
    assert engine.advance() == {name: status}
    assert engine.reported == [name]
    assert engine.advance() == {}


def test_only_one_function_works_at_a_time_and_a_failure_ends_its_lease_soon(
    sandbox: Sandbox, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(sandbox, "text_single_label_classification", 1)
    engine.jobs.create(studio_job(job).fields())
    assert engine.leases.take("label-studio", int(process.now()) + 900, process.now())
    assert engine.advance() == {}
    assert engine.studio.projects(job.project.job_name) == []
    engine.free_lease()

    address = engine.studio.connection.url
    engine.studio.connection.url = "http://127.0.0.1:1"
    with pytest.raises(LabelStudioUnavailableError):
        engine.advance()
    engine.studio.connection.url = address
    assert engine.advance() == {}
    later = process.now() + 121
    monkeypatch.setattr(process, "now", lambda: later)
    assert engine.advance() == {job.project.job_name: "InProgress"}


def test_a_call_that_finds_nothing_new_writes_nothing_but_its_lease(
    sandbox: Sandbox, engine: Engine
) -> None:
    engine.jobs.create(studio_job(Job(sandbox, "text_single_label_classification", 1)).fields())
    engine.advance()
    engine.changes.until_end = 1
    assert list(engine.advance().values()) == ["InProgress"]


def test_what_nobody_answered_is_written_in_parts_too(
    sandbox: Sandbox, engine: Engine, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio_output, "_LINES_OF_A_PART", 2)
    monkeypatch.setattr(studio_output, "_LINES_AT_ONCE", 1)
    job = Job(sandbox, "text_single_label_classification", _COUNT)
    engine.jobs.create(studio_job(job, people=1).fields())
    engine.advance()
    number = only_project(engine, job)
    # The only answer is to the last but one, so lines without one are before and after it.
    tasks = [task for page in engine.studio.tasks(number) for task in page.tasks]
    people[0].submit(number, tasks[-2]["id"], job.right(tasks[-2]))
    engine.jobs.stop(job.project.job_name)
    assert engine.advance() == {job.project.job_name: "Stopped"}
    assert engine.jobs.state(job.project.job_name).parts == 2
    found = output_of(engine, job)
    assert [output.item_id for output in found] == list(job.objects)
    assert [output.reached for output in found] == [False] * (_COUNT - 2) + [True, False]


def test_a_name_that_another_job_has_is_refused(sandbox: Sandbox, engine: Engine) -> None:
    job = studio_job(Job(sandbox, "text_single_label_classification", 1))
    engine.jobs.create(job.fields())
    with pytest.raises(LabelingJobNameTakenError, match="another manifest"):
        engine.jobs.create(job._replace(manifest_uri="s3://b/other.manifest").fields())


def test_a_function_without_time_leaves_the_rest_to_the_next_call(
    sandbox: Sandbox, engine: Engine, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio_output, "_PAGES_OF_A_PART", 1)
    job = Job(sandbox, "text_single_label_classification", 2 * _PAGE)
    engine.jobs.create(studio_job(job, people=1).fields())
    engine.advance()
    people[0].work(only_project(engine, job), job.right)
    # Enough for the step, and not for another page.
    monkeypatch.setattr(studio_output, "_PAGE_SECONDS", 1000)
    assert engine.advance() == {job.project.job_name: "InProgress"}
    assert engine.jobs.state(job.project.job_name).lines == _PAGE
    monkeypatch.setattr(studio_output, "_PAGE_SECONDS", 1)
    assert engine.advance() == {job.project.job_name: "Completed"}
    assert [output.item_id for output in output_of(engine, job)] == list(job.objects)
    assert all(output.label is not None for output in output_of(engine, job))


def test_label_studio_calls_nothing_outside_of_this_machine(
    server: LabelStudioServer, proxy: socket.socket
) -> None:
    # All of its libraries use the proxy of the environment, for all but this machine.
    assert server.log.stat().st_size
    connected, _, _ = select.select([proxy], [], [], 0)
    assert not connected
