"""trace: the history of an upload in order, over versions, runs, a rejection and a redrive."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.domain.examples import reviewed_line
from tests.labelctl.stoppable import publish
from tests.labelctl.test_backfill_texts import lines as text_lines
from tests.sandbox.resources import control

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labeling_lambdas.domain.items import SourceObject
    from tests.labelctl.stage import Operated


@dataclass
class Traced:
    """A pipeline whose runs begin one minute after the other, from now on."""

    operated: Operated
    started: datetime

    def begin(self) -> dict[str, Any]:
        """Open a run with what waits, and begin its labeling job."""
        self.started += timedelta(minutes=1)
        self.operated.started = self.started.isoformat()
        run: dict[str, Any] = self.operated.poll()
        if run["claimed"]:
            self.operated.start(run)
        return run

    def run(
        self, lines: Sequence[Mapping[str, Any]], verdicts: Sequence[Mapping[str, Any]] = ()
    ) -> str:
        """Run once: the job's output has these lines, and reviewers give verdicts."""
        run = self.begin()
        job = self.operated.ended_job(run, lines)
        verification = None
        if verdicts:
            self.operated.start_verification(run, job)
            verification = self.operated.ended_job(run, verdicts, stage="verify")
        self.operated.settle(run, job, verification)
        return str(run["run_id"])

    def trace(self, key: str, *arguments: str) -> Any:
        return self.operated.answer("trace", key, *arguments)


@pytest.fixture
def traced(operated: Operated) -> Traced:
    publish(operated, enabled=True)
    operated.prepare_ground_truth()
    # The tests say what the jobs answer.
    control(operated.sandbox, "POST", "workforce", {"delay_seconds": 1e6})
    return Traced(operated, datetime.now(UTC))


def kinds(trace: Mapping[str, Any]) -> list[str]:
    return [event["event"] for event in trace["events"]]


def accepted(traced: Traced, source: SourceObject) -> str:
    line = traced.operated.labeled(source)
    return traced.run([line], [reviewed_line(line)])


def test_two_versions_a_rejection_and_a_redrive_are_told_in_order(traced: Traced) -> None:
    operated = traced.operated
    operated.configure(MAX_ATTEMPTS="2")
    operated.verify()
    other, first = operated.upload("a.png.backup"), operated.upload("a.png")
    operated.announce([first])
    line = operated.labeled(first)
    rejected = traced.run([line], [reviewed_line(line, "Wrong label", "that is a nine")])
    buried = traced.run([operated.failed(first)])
    operated.answer("redrive", "--send")
    redriven = accepted(traced, first)
    # Uploads have the time of a second.
    time.sleep(1.1)
    second = operated.upload("a.png")
    operated.announce([second, other])
    last = accepted(traced, second)

    found = traced.trace("a.png")
    assert [(event["event"], event["run_id"]) for event in found["events"]] == [
        ("uploaded", None),
        ("claimed", rejected),
        ("labeling_job", rejected),
        ("verification_job", rejected),
        ("rejected", rejected),
        ("returned", rejected),
        ("claimed", buried),
        ("labeling_job", buried),
        ("dead_lettered", buried),
        ("claimed", redriven),
        ("labeling_job", redriven),
        ("verification_job", redriven),
        ("stored", redriven),
        ("uploaded", None),
        ("claimed", last),
        ("labeling_job", last),
        ("verification_job", last),
        ("stored", last),
    ]
    by_kind = {event["event"]: event for event in found["events"]}
    assert by_kind["rejected"]["category"] == "Wrong label"
    assert "that is a nine" in by_kind["rejected"]["comments"]
    assert by_kind["dead_lettered"]["reason"] == "attempts_exhausted"
    assert by_kind["stored"]["record"]["source_version_id"] == second.version_id
    versions = [event["version_id"] for event in found["events"] if event["event"] == "claimed"]
    assert versions == [first.version_id] * 3 + [second.version_id]
    generations = [event["generation"] for event in found["events"] if event["event"] == "claimed"]
    assert generations == [0, 0, 1, 0]
    assert {entry["version_id"]: entry["state"] for entry in found["states"]} == {
        first.version_id: "stored",
        second.version_id: "stored",
    }
    people = [event["people"] for event in found["events"] if "people" in event]
    assert found["answers_asked_for"] == sum(people) > 0
    assert (found["schema"], found["key"], found["line"]) == ("labelctl-trace/1", "a.png", None)
    shown = operated.labelctl("trace", first.uri).stdout.splitlines()
    assert len(shown) == len(found["events"]) + 3
    assert f"stored  version {second.version_id}  run {last}" in shown[17]


def test_an_object_that_no_run_has_received_is_only_uploaded(traced: Traced) -> None:
    source = traced.operated.upload("a.png")
    found = traced.trace("a.png")
    assert [(event["event"], event["version_id"]) for event in found["events"]] == [
        ("uploaded", source.version_id)
    ]
    assert (found["states"], found["answers_asked_for"]) == ([], 0)


def test_a_deleted_object_says_so(traced: Traced) -> None:
    traced.operated.upload("a.png")
    traced.operated.client("s3").delete_object(Bucket=traced.operated.uploads, Key="a.png")
    assert kinds(traced.trace("a.png")) == ["uploaded", "deleted"]


def test_an_object_that_cannot_be_labeled_has_its_reason(traced: Traced) -> None:
    traced.operated.announce([traced.operated.upload("a.gif")])
    traced.run([])
    found = traced.trace("a.gif")
    assert kinds(found) == ["uploaded", "dead_lettered"]
    assert found["events"][1]["reason"] == "unsupported_extension"


def test_what_people_still_work_on_is_in_progress(traced: Traced) -> None:
    traced.operated.announce([traced.operated.upload("a.png")])
    run = traced.begin()
    found = traced.trace("a.png")
    assert kinds(found) == ["uploaded", "claimed", "labeling_job", "in_progress"]
    assert found["events"][2]["status"] is None
    assert {event["run_id"] for event in found["events"][1:]} == {run["run_id"]}


def test_the_history_stays_when_the_rows_of_runs_have_expired(traced: Traced) -> None:
    source = traced.operated.upload("a.png")
    traced.operated.announce([source])
    run_id = traced.run([traced.operated.labeled(source)])
    before = traced.trace("a.png")
    traced.operated.client("dynamodb").delete_item(
        TableName=traced.operated.table, Key={"pk": {"S": f"RUN#{run_id}"}}
    )
    assert traced.trace("a.png") == before
    assert kinds(before)[-1] == "stored"


def test_a_line_of_a_text_is_traced_alone_and_the_file_as_a_whole(traced: Traced) -> None:
    operated = traced.operated
    operated.label_texts()
    source = operated.upload("a.txt", text_lines(1, 3))
    operated.split(source)
    run = traced.begin()
    items = [source.at_line(number) for number in (1, 2, 3)]
    output = [operated.labeled(item) for item in items[:2]] + [operated.failed(items[2])]
    operated.settle(run, operated.ended_job(run, output))

    whole = traced.trace("a.txt")
    assert kinds(whole) == [
        "uploaded",
        *["claimed"] * 3,
        "labeling_job",
        *["stored"] * 2,
        "returned",
    ]
    shown = operated.labelctl("trace", "a.txt").stdout
    assert "(3 lines)" in shown
    for one in (traced.trace("a.txt", "--line", "3"), traced.trace(items[2].uri)):
        assert kinds(one) == ["uploaded", "claimed", "labeling_job", "returned"]
        assert (one["line"], one["events"][-1]["line"]) == (3, 3)
        assert [entry["state"] for entry in one["states"]] == ["returned"]


@pytest.mark.parametrize(
    ("key", "code", "said"),
    [
        ("never.png", 1, "has no versions"),
        ("s3://other/a.png", 2, "uploads of"),
    ],
)
def test_what_is_no_upload_is_named(traced: Traced, key: str, code: int, said: str) -> None:
    result = traced.operated.labelctl("trace", key)
    assert result.exit_code == code
    assert said in result.stderr


def test_the_text_of_an_item_is_not_shown(traced: Traced) -> None:
    operated = traced.operated
    operated.label_texts()
    source = operated.upload("a.txt", b"the secret text\n")
    operated.split(source)
    traced.begin()
    assert "secret" not in json.dumps(traced.trace("a.txt"))
