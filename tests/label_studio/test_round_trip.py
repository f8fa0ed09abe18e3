"""All task types through a real Label Studio, and back through the functions' own parser."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Any

import pytest
import requests

from labeling_lambdas.domain.label_studio.output import labeled_line, verdict_line
from labeling_lambdas.domain.label_studio.predictions import given_label
from labeling_lambdas.domain.label_studio.projects import labeling_settings, verification_settings
from labeling_lambdas.domain.label_studio.run_lengths import opacity
from labeling_lambdas.domain.task_types import task_type
from labeling_lambdas.domain.verification import Verdict, read_verdict
from labeling_lambdas.domain.verification_settings import Verification
from labeling_lambdas.label_studio import client
from labeling_lambdas.label_studio.client import Bucket, LabelStudio, Progress
from labeling_lambdas.label_studio.connection import Connection
from labeling_lambdas.label_studio.errors import LabelStudioRefusedError, LabelStudioTokenError
from labeling_sandbox.label_studio.results import ANSWERS, Result, verdict
from tests.label_studio.labeling import PEOPLE, Job

if TYPE_CHECKING:
    import socket

    from labeling_sandbox.label_studio.people import Person
    from labeling_sandbox.label_studio.server import LabelStudioServer
    from labeling_sandbox.server import Sandbox

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
    assert studio.progress(number) == Progress(_COUNT, 0)

    # On each object another one is wrong.
    for place, person in enumerate(people):
        done = person.work(
            number,
            lambda task, place=place: (  # type: ignore[misc] # the default binds the loop's value
                job.wrong if int(task["data"]["item_id"], 16) % PEOPLE == place else job.right
            )(task),
        )
        assert done == _COUNT
    assert studio.progress(number) == Progress(_COUNT, _COUNT)

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
        labeled_line(line, [_annotation(given[line["item-id"]])], alone, picture=job.picture(line))
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


def _annotation(results: list[Result]) -> dict[str, Any]:
    return {
        "id": 1,
        "completed_by": 1,
        "created_at": "2026-11-30T12:00:00Z",
        "was_cancelled": False,
        "result": results,
    }


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
    ((task,),) = list(studio.tasks(number))
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


def test_label_studio_calls_nothing_outside_of_this_machine(
    server: LabelStudioServer, proxy: socket.socket
) -> None:
    # All of its libraries use the proxy of the environment, for all but this machine.
    assert server.log.stat().st_size
    connected, _, _ = select.select([proxy], [], [], 0)
    assert not connected
