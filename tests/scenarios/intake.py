"""Whatever is uploaded or lies on the queue is stored, or given up with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeling_sandbox.audit.auditor import RECORD_FEATURES
from labeling_sandbox.audit.uploads import Upload
from tests.scenarios.scenario import created_event, outcome

if TYPE_CHECKING:
    from tests.scenarios.scenario import Scenario

ODD_KEYS = (
    "inbox/plain.png",
    "two  blanks/ leading.png",
    "a+b/c+d.png",
    "100 %/%41.png",
    "élèves/été.JPG",
    "same name/one.jpeg",
    "other folder/one.jpeg",
    "日本/数字 #1?.png",
    'quote\'s "and" <tag>&amp;.png',
    "many.dots.in.a.name.png",
)


def mixed_upload_is_stored_or_given_up_with_a_reason(scenario: Scenario) -> None:
    scenario.duplicate_events(3)
    older = scenario.upload_keys(["overwritten.png"])
    pictures = scenario.upload_keys([*ODD_KEYS, *(f"{n}.png" for n in range(20))])
    newer = scenario.upload_keys(["overwritten.png"])
    empty, text, _ = scenario.put(
        [("empty.png", b""), ("read me.txt", b"no picture"), ("a folder/", b"")]
    )
    execution = scenario.run()
    assert outcome(execution) == ("SUCCEEDED", "")
    assert execution.events < scenario.most_events
    findings = scenario.assert_stored([*pictures, *newer])
    assert findings.states[older[0]] == "superseded"
    assert {"0", "1"} <= {scenario.truth[picture.uri] for picture in pictures}
    report = scenario.report_of(execution)
    assert report["dropped"]["folder_marker"] >= 1
    assert report["dropped"]["duplicate"] >= 5
    assert report["invalid"] == {"empty_object": 1, "unsupported_extension": 1}
    letters = scenario.dead_letters([empty, text])
    assert letters[empty.key]["reason"] == "empty_object"
    assert letters[text.key]["reason"] == "unsupported_extension"
    columns = scenario.feature_names()
    for upload in pictures:
        record = findings.records[upload.uri]
        assert set(record) >= RECORD_FEATURES
        assert set(record) <= columns
        assert record["run_id"] == report["run_id"]
        assert record["labeling_job"] == report["labeling_job"]["name"]
        assert (record["status"], record["attempts"]) == ("LABELED", "1")
        assert record["event_time"].endswith("Z")


def empty_queue_costs_no_job(scenario: Scenario) -> None:
    jobs = scenario.jobs()
    execution = scenario.run()
    assert execution.status == "SUCCEEDED"
    assert list(execution.steps)[-1] == "QueueEmpty"
    assert scenario.jobs() == jobs
    scenario.audit()


def messages_that_name_no_picture_are_given_up_and_the_batch_goes_on(scenario: Scenario) -> None:
    pictures = scenario.upload(3)
    foreign = Upload("somebody-elses-bucket", f"{scenario.name}/x.png", "v1")
    text = f"{scenario.name}/ is no JSON"
    scenario.send(text)
    scenario.send({"source": "aws.s3", "detail-type": f"{scenario.name}/", "detail": {}})
    scenario.send(created_event(foreign))
    execution = scenario.run()
    assert execution.status == "SUCCEEDED"
    assert scenario.report_of(execution)["invalid"] == {"foreign_bucket": 1, "malformed_event": 2}
    findings = scenario.assert_stored(pictures)
    malformed = [
        letter for letter in findings.dead_letters if letter.get("reason") == "malformed_event"
    ]
    assert text in {letter["body"] for letter in malformed}
    assert scenario.dead_letters([foreign])[foreign.key]["reason"] == "foreign_bucket"
