"""The auditor detects each seeded violation of the promises about labeling jobs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labeling_sandbox.audit.job_audit import Job, contradicted, paid_twice, read_jobs, unbalanced

ROW = {"bucket": "uploads", "object_key": "a.png", "version_id": "v1"}
KEY = ("s3://uploads/a.png", "v1")


def job(name: str, number: int, *items: str, **changes: Any) -> Job:
    """Return a job that is created after the previous number's and ends before the next's."""
    values = {
        "name": name,
        "created": f"2026-01-0{number}T00",
        "modified": f"2026-01-0{number}T12",
        "items": items,
        "verifies": name.startswith("verify"),
        "labeled": frozenset(items),
        "accepted": frozenset(),
        "unlabeled_shown": 0,
        "never_began": False,
        **changes,
    }
    return Job(**values)


LABELED = job("label-1", 1, "a")
ACCEPTED = job("verify-1", 2, "a", accepted=frozenset("a"))
REJECTED = job("verify-1", 2, "a")
UNDECIDED = job("verify-1", 2, "a", labeled=frozenset())


def paid(*jobs: Job) -> list[str]:
    return list(paid_twice(jobs, {}))


@pytest.mark.parametrize(
    "jobs",
    [
        (LABELED, ACCEPTED),
        (LABELED, REJECTED, job("label-2", 3, "a"), job("verify-2", 4, "a")),
        (LABELED, UNDECIDED, job("verify-2", 3, "a", accepted=frozenset("a"))),
        (job("label-1", 1, "a", labeled=frozenset()), job("label-2", 2, "a")),
    ],
    ids=["accepted", "rejected, labeled again", "not verified, verified later", "not labeled"],
)
def test_allowed_sequences_of_jobs_have_no_violation(jobs: tuple[Job, ...]) -> None:
    assert paid(*jobs) == []


@pytest.mark.parametrize(
    ("jobs", "found"),
    [
        ((LABELED, UNDECIDED, job("label-2", 3, "a")), "was labeled in label-1 and again"),
        ((LABELED, ACCEPTED, job("label-2", 3, "a")), "was labeled in label-1 and again"),
        ((LABELED, ACCEPTED, job("verify-2", 3, "a")), "was accepted in verify-1 and verified"),
        ((LABELED, REJECTED, job("verify-2", 3, "a")), "without a label that stands"),
        ((ACCEPTED,), "without a label that stands"),
        ((LABELED, job("verify-1", 2, "a", unlabeled_shown=3)), "3 objects without a label"),
        ((job("label-1", 1, "a", "a"),), "is 2 times"),
        (
            (job("label-1", 1, "a", modified="2026-01-03"), ACCEPTED),
            "in two unfinished jobs at once",
        ),
    ],
)
def test_paying_twice_or_for_nothing_is_found(jobs: tuple[Job, ...], found: str) -> None:
    assert any(found in violation for violation in paid(*jobs)), paid(*jobs)


def contradictions(state: str, *jobs: Job, **record: str) -> list[str]:
    records = {KEY: record} if record else {}
    return list(contradicted(jobs, {"a": {**ROW, "item_state": state}}, records, {}))


VERIFIED = {"status": "VERIFIED", "verification_job": "verify-1"}
AGAIN = (LABELED, REJECTED, job("label-2", 3, "a"))


@pytest.mark.parametrize(
    ("state", "jobs", "record"),
    [
        ("stored", (LABELED,), {"status": "LABELED"}),
        ("stored", (LABELED,), {"status": "UNVERIFIED"}),
        ("stored", (LABELED, ACCEPTED), VERIFIED),
        ("stored", (LABELED, ACCEPTED), {**VERIFIED, "verification_job": "labeling-job/Verify-1"}),
        ("stored", AGAIN, {"status": "UNVERIFIED"}),
        ("labeled", (LABELED, UNDECIDED), {}),
        ("returned", (LABELED, REJECTED), {}),
        ("dead_lettered", (LABELED, REJECTED), {}),
    ],
)
def test_a_ledger_that_agrees_with_the_reviewers(
    state: str, jobs: tuple[Job, ...], record: dict[str, str]
) -> None:
    assert contradictions(state, *jobs, **record) == []


@pytest.mark.parametrize(
    ("state", "jobs", "record", "found"),
    [
        ("stored", (LABELED, REJECTED), {"status": "LABELED"}, "was rejected in verify-1"),
        ("labeled", (LABELED, REJECTED), {}, "is labeled, but its label was rejected"),
        ("stored", (LABELED,), VERIFIED, "was not verified"),
        ("stored", (LABELED, UNDECIDED), VERIFIED, "was not verified"),
        ("stored", (LABELED, ACCEPTED, job("label-2", 3, "a")), VERIFIED, "was not verified"),
        ("stored", (LABELED, ACCEPTED), {"status": "UNVERIFIED"}, "was accepted in verify-1"),
        ("stored", (LABELED, ACCEPTED), {"status": "VERIFIED"}, "no verification job"),
        ("stored", (LABELED, ACCEPTED), {**VERIFIED, "verification_job": "x"}, "names x"),
    ],
)
def test_a_ledger_that_contradicts_the_reviewers_is_found(
    state: str, jobs: tuple[Job, ...], record: dict[str, str], found: str
) -> None:
    assert any(found in violation for violation in contradictions(state, *jobs, **record))


class Service:
    """A stub of Ground Truth and S3 with one job."""

    def __init__(self, *lines: dict[str, Any]) -> None:
        self.body = "".join(json.dumps(line) + "\n" for line in lines).encode()

    def describe_labeling_job(self, **_request: str) -> dict[str, Any]:
        output = {"OutputDatasetS3Uri": "s3://output/output.manifest"}
        return {
            "LabelAttributeName": "verdict",
            "LabelingJobOutput": output,
            "LabelingJobStatus": "Completed",
            "LabelingJobName": "verify-1",
            "OutputConfig": {"S3OutputPath": "s3://output/"},
        }

    def get_object(self, **_request: str) -> dict[str, Any]:
        return {"Body": self}

    def read(self) -> bytes:
        return self.body


def verdict_on(lines: list[dict[str, Any]], **changes: Any) -> Job:
    shown = {
        "name": "verify-1",
        "created": "2026-01-01",
        "modified": "2026-01-02",
        "item_ids": [line["item-id"] for line in lines],
        "status": "Completed",
        "kind": "VerificationBoundingBox",
        "accepted_category": "Correct",
        "opinions": {},
        "shown_without_label": 0,
        **changes,
    }
    (found,) = read_jobs(lambda _name: Service(*lines), lambda _path: [shown])
    return found


def test_built_in_verdicts_are_read_by_class_name() -> None:
    found = verdict_on(
        [
            {"item-id": "a", "verdict": 0, "verdict-metadata": {"class-name": "Correct"}},
            {"item-id": "b", "verdict": 0, "verdict-metadata": {"class-name": "Wrong"}},
            {"item-id": "c", "verdict-metadata": {"failure-reason": "expired"}},
            {"item-id": "d"},
        ]
    )
    assert found.verifies
    assert (set(found.labeled), set(found.accepted)) == ({"a", "b"}, {"a"})


@pytest.mark.parametrize(
    ("votes", "accepted"),
    [
        (["Correct"], True),
        (["Wrong"], False),
        (["Correct", "Wrong"], False),
        (["Correct", "Wrong", "Correct"], True),
        (["Correct", "Correct", "Wrong", "Worse"], False),
    ],
)
def test_custom_verdicts_are_what_reviewers_said_not_what_a_function_made_of_it(
    votes: list[str], accepted: bool
) -> None:
    line = {"item-id": "a", "verdict": {"accepted": not accepted}, "verdict-metadata": {}}
    found = verdict_on([line], kind="custom", opinions={"a": votes})
    assert found.accepted == ({"a"} if accepted else set())


def labeling_job(*items: str, status: str = "Completed") -> dict[str, Any]:
    times = {"created": "1", "modified": "2"}
    return {"name": "label-1", **times, "status": status, "item_ids": list(items)}


def test_a_labeling_job_is_read_from_its_name_times_status_and_items() -> None:
    line = {"item-id": "a", "verdict": 0, "verdict-metadata": {"class-name": "cat"}}
    (found,) = read_jobs(lambda _name: Service(line), lambda _path: [labeling_job("a")])
    assert not found.verifies
    assert set(found.labeled) == {"a"}


@pytest.mark.parametrize(("status", "reads"), [("Completed", 1), ("InProgress", 2)])
def test_a_job_that_has_ended_is_read_once(status: str, reads: int) -> None:
    described = []

    class Counting(Service):
        def describe_labeling_job(self, **request: str) -> dict[str, Any]:
            described.append(request)
            return super().describe_labeling_job(**request)

    service, ended = Counting(), dict[str, Job]()
    for _ in range(2):
        read_jobs(lambda _name: service, lambda _path: [labeling_job("a", status=status)], ended)
    assert len(described) == reads


def test_a_labeling_job_gives_no_verdicts() -> None:
    line = {"item-id": "a", "verdict": 0, "verdict-metadata": {"class-name": "cat"}}
    found = verdict_on([line], kind="ImageMultiClass", accepted_category=None)
    assert not found.verifies
    assert (set(found.labeled), set(found.accepted)) == ({"a"}, set())


def report(**changes: Any) -> dict[str, Any]:
    return {
        "run_id": "r",
        "received": 3,
        "claimed": 3,
        "dropped": {},
        "invalid": {},
        "stored": 3,
        "labeled": 0,
        "returned": {},
        "dead_lettered": {},
        "superseded": 0,
        "verified": 0,
        "rejected": {},
        "labeling_job": {"name": "label-1"},
        "verification_job": None,
        **changes,
    }


def imbalances(given: dict[str, Any], *jobs: Job) -> list[str]:
    rows = [
        {"run_id": "r", "source_ref": str(number), "labeling_job": "label-1"}
        for number in range(given["stored"])
    ]
    return list(unbalanced([given], rows, jobs))


ABC = job("label-1", 1, "a", "b", "c")
VERIFICATION = {"name": "verify-1"}


def verdicts(*accepted: str) -> Job:
    return job("verify-1", 2, "a", "b", "c", accepted=frozenset(accepted))


def test_a_run_without_verification_is_balanced() -> None:
    assert imbalances(report(), ABC) == []
    given = report(claimed=4, received=4, superseded=1)
    assert imbalances(given, ABC) == []


def test_a_run_with_verification_stores_what_was_accepted() -> None:
    given = report(
        stored=1,
        verified=1,
        returned={"verification_rejected": 2},
        rejected={"Wrong": 1, "Unclear": 1},
        verification_job=VERIFICATION,
    )
    assert imbalances(given, ABC, verdicts("a")) == []
    assert imbalances({**given, "verified": 0}, ABC, verdicts("a"))
    assert imbalances({**given, "rejected": {"Wrong": 1}}, ABC, verdicts("a"))
    assert imbalances(given, ABC, verdicts("a", "b"))
    assert imbalances(given, ABC, verdicts())


def test_a_verification_job_that_failed_leaves_the_labels_standing() -> None:
    given = report(stored=0, labeled=3, verification_job=VERIFICATION)
    failed = job("verify-1", 2, "a", "b", "c", labeled=frozenset())
    assert imbalances(given, ABC, failed) == []
    assert imbalances(report(stored=0, labeled=3), ABC) == []
    # Leaving them out is an imbalance.
    assert imbalances(report(stored=0, returned={"labeling_job_failed": 3}), ABC)


def test_a_run_may_have_labels_of_an_earlier_one() -> None:
    given = report(labeling_job=None, verification_job=VERIFICATION, verified=3)
    assert imbalances(given, verdicts("a", "b", "c")) == []
    untouched = report(labeling_job=None, stored=0, labeled=3)
    assert imbalances(untouched) == []


def test_a_job_that_could_not_read_its_manifest_had_no_items() -> None:
    given = report(stored=0, returned={"labeling_job_failed": 3})
    assert imbalances(given, job("label-1", 1, never_began=True)) == []
    assert any("the job had 0" in violation for violation in imbalances(given, job("label-1", 1)))


@pytest.mark.parametrize(
    ("status", "items", "never_began"),
    [("Failed", [], True), ("Failed", ["a"], False), ("Stopped", [], False)],
)
def test_a_job_that_failed_without_items_never_began(
    status: str, items: list[str], never_began: bool
) -> None:
    shown = [labeling_job(*items, status=status)]
    (found,) = read_jobs(lambda _name: Service(), lambda _path: shown)
    assert found.never_began is never_began


def test_labels_of_an_earlier_run_count_beside_what_was_superseded() -> None:
    given = report(
        received=2, claimed=2, stored=1, verified=1, superseded=1, verification_job=VERIFICATION
    )
    overwritten = job("label-1", 1, "b", labeled=frozenset())
    verified = job("verify-1", 2, "a", accepted=frozenset("a"))
    assert imbalances(given, overwritten, verified) == []


def test_what_was_claimed_and_is_in_no_job_is_found() -> None:
    given = report(claimed=4, received=4, returned={"expired": 1}, verification_job=VERIFICATION)
    assert any(
        "its jobs had 3" in violation
        for violation in imbalances(given, ABC, verdicts("a", "b", "c"))
    )
