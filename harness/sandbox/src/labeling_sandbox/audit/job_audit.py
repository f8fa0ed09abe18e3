"""Check the labeling jobs by the inputs and outputs of Ground Truth.

Rejected labels are read from the output of the built-in verification, and for custom workflows from
the answers of the simulated reviewers, not from the results of functions.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_VERIFIED = "VERIFIED"
_FAILED = "Failed"
_ENDED = frozenset({"Completed", _FAILED, "Stopped"})
#: The kind of a job that verifies labels, see `labeling_requests.task_suffix`.
_CUSTOM, _VERIFICATION = "custom", "Verification"


@dataclass(frozen=True)
class Job:
    """A labeling job with its results.

    Attributes:
        name: Its name.
        created: When it was made.
        modified: When it ended, or was last changed.
        items: The ids of its objects, in the order of its manifest.
        verifies: Whether its workers judged labels.
        labeled: The items that got a label from it; of a verification job, a verdict.
        accepted: The items whose label was accepted by it.
        unlabeled_shown: Objects that were paid for although they had no label to judge.
        never_began: Whether it failed before it could read its manifest.
        answers: By item what labelers gave; empty for a job that judges labels.
    """

    name: str
    created: str
    modified: str
    items: Sequence[str]
    verifies: bool
    labeled: frozenset[str]
    accepted: frozenset[str]
    unlabeled_shown: int
    never_began: bool
    answers: Mapping[str, Any] = field(default_factory=dict)

    def renamed(self, subjects: Mapping[str, str]) -> Job:
        """Return the job with its items named by what they have in common.

        Args:
            subjects: By item what labelers are shown, where several items may show the same.
        """
        if not subjects.keys() & set(self.items):
            return self
        return replace(
            self,
            items=[subjects.get(item, item) for item in self.items],
            labeled=frozenset(subjects.get(item, item) for item in self.labeled),
            accepted=frozenset(subjects.get(item, item) for item in self.accepted),
            answers={subjects.get(item, item): answer for item, answer in self.answers.items()},
        )


@dataclass
class Labels:
    """The valid labels after all jobs.

    Attributes:
        labeled_in: The job that labeled an item, if the label was not rejected since.
        accepted_in: The verification job that accepted the label.
        rejected_in: The last verification job that rejected a label of an item.
        answers: The last label that labelers gave.
    """

    labeled_in: dict[str, str] = field(default_factory=dict)
    accepted_in: dict[str, str] = field(default_factory=dict)
    rejected_in: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)

    def follow(self, job: Job) -> None:
        """Apply the results of a job; jobs come in the order of their creation."""
        self.answers.update(job.answers)
        for item in job.labeled:
            if not job.verifies:
                self.labeled_in[item] = job.name
                self.accepted_in.pop(item, None)
            elif item in job.accepted:
                self.accepted_in[item] = job.name
            else:
                self.labeled_in.pop(item, None)
                self.accepted_in.pop(item, None)
                self.rejected_in[item] = job.name


def read_jobs(
    client: Callable[[str], Any],
    control: Callable[[str], Any],
    ended: dict[str, Job] | None = None,
) -> list[Job]:
    """Read every labeling job, in the order of their creation.

    Args:
        client: Makes an administrator's client of a service.
        control: Reads one of the sandbox's control routes: ``labeling-jobs`` tells ``name``,
            ``created``, ``modified``, ``status`` and ``item_ids`` of each job. Of a job that
            verifies also ``kind`` (``custom``, or what the managed functions are called), the
            ``accepted_category``, ``opinions`` (the categories that reviewers chose, by item) and
            ``shown_without_label``.
        ended: Jobs that were read when they had ended, by name: they are not read again. Those that
            have ended since are added.
    """
    known = {} if ended is None else ended
    shown = sorted(control("labeling-jobs"), key=lambda job: str(job["created"]))
    jobs = [known.get(entry["name"]) or _job(client, entry) for entry in shown]
    for entry, job in zip(shown, jobs, strict=True):
        if entry["status"] in _ENDED:
            known[job.name] = job
    return jobs


def _output_uri(described: Mapping[str, Any]) -> str:
    """Return where a job writes its output manifest, whether it names it or not."""
    folder = described["OutputConfig"]["S3OutputPath"].rstrip("/")
    return f"{folder}/{described['LabelingJobName']}/manifests/output/output.manifest"


def _job(client: Callable[[str], Any], entry: Mapping[str, Any]) -> Job:
    described = client("sagemaker").describe_labeling_job(LabelingJobName=entry["name"])
    attribute = described["LabelAttributeName"]
    kind = str(entry.get("kind", ""))
    verifies = kind == _CUSTOM or kind.startswith(_VERIFICATION)
    metadata: dict[str, Mapping[str, Any]] = {}
    answers: dict[str, Any] = {}
    if described["LabelingJobStatus"] in ("Completed", "Stopped"):
        for line in read_lines(client, _output_uri(described)):
            of_label = line.get(f"{attribute}-metadata", {})
            if attribute in line and "failure-reason" not in of_label:
                metadata[line["item-id"]] = of_label
                answers[line["item-id"]] = line[attribute]
    wanted = entry.get("accepted_category")
    if kind == _CUSTOM:
        votes = {item: entry["opinions"][item] for item in metadata}
        accepted = [item for item, vote in votes.items() if vote.count(wanted) * 2 > len(vote)]
    else:
        accepted = [item for item, found in metadata.items() if found.get("class-name") == wanted]
    return Job(
        name=entry["name"],
        created=entry["created"],
        modified=entry["modified"],
        items=entry["item_ids"],
        verifies=verifies,
        labeled=frozenset(metadata),
        accepted=frozenset(accepted) if verifies else frozenset(),
        unlabeled_shown=entry.get("shown_without_label", 0),
        never_began=entry["status"] == _FAILED and not entry["item_ids"],
        answers={} if verifies else answers,
    )


def read_lines(client: Callable[[str], Any], uri: str) -> list[dict[str, Any]]:
    """Return the rows of a file of JSON lines."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return [json.loads(line) for line in body.splitlines() if line.strip()]


def paid_twice(jobs: Iterable[Job], names: Mapping[str, object]) -> Iterable[str]:
    """Check I3: never in two unfinished jobs, and not labeled again while a label is valid.

    Nothing is paid for that cannot be verified, or that has a valid verdict already.

    Args:
        jobs: Every job, in the order of their creation.
        names: What to call an item in a finding.
    """
    labels = Labels()
    busy_until: dict[str, str] = {}
    for job in jobs:
        if job.unlabeled_shown:
            yield f"{job.unlabeled_shown} objects without a label were verified in {job.name}"
        for item, count in Counter(job.items).items():
            name = names.get(item, item)
            if count > 1:
                yield f"{name} is {count} times in job {job.name}"
            if not job.verifies and item in labels.labeled_in:
                yield f"{name} was labeled in {labels.labeled_in[item]} and again"
            if job.verifies and item not in labels.labeled_in:
                yield f"{name} was verified in {job.name} without a label that stands"
            if job.verifies and item in labels.accepted_in:
                yield f"{name} was accepted in {labels.accepted_in[item]} and verified again"
            if busy_until.get(item, "") > job.created:
                yield f"{name} is in two unfinished jobs at once"
            busy_until[item] = job.modified
        labels.follow(job)


def contradicted(
    jobs: Iterable[Job],
    items: Mapping[str, Mapping[str, Any]],
    records: Mapping[tuple[str, str], Mapping[str, str]],
    subjects: Mapping[str, str],
) -> Iterable[str]:
    """Compare the reviewers' verdicts with the outcomes: rejected labels are not stored, and so on.

    Args:
        jobs: Every job, in the order in which they were made, renamed by the subjects.
        items: The ledger's rows by item.
        records: The records by address and version of what was uploaded.
        subjects: By item what its labelers are shown, see :meth:`Job.renamed`.
    """
    labels = Labels()
    for job in jobs:
        labels.follow(job)
    for item, row in items.items():
        line = row.get("source_line")
        uri = f"s3://{row['bucket']}/{row['object_key']}" + (f"#L{line}" if line else "")
        shown = subjects.get(item, item)
        state, rejected = row["item_state"], labels.rejected_in.get(shown)
        if state in ("stored", "labeled") and rejected and shown not in labels.labeled_in:
            yield f"{uri} is {state}, but its label was rejected in {rejected}"
        record = records.get((uri, row["version_id"]))
        if state == "stored" and record is not None:
            yield from _wrong_status(uri, record, labels.accepted_in.get(shown))
            yield from _wrong_answer(uri, record, labels.answers.get(shown))


def _wrong_status(uri: str, record: Mapping[str, str], accepted_in: str | None) -> Iterable[str]:
    named = record.get("verification_job", "").rpartition("/")[2].lower()
    if (record["status"] == _VERIFIED) != (accepted_in is not None):
        verdict = f"was accepted in {accepted_in}" if accepted_in else "was not verified"
        yield f"the record of {uri} is {record['status']}, but its label {verdict}"
    elif named != (accepted_in or "").lower():
        yield f"the record of {uri} names {named or 'no verification job'}, not {accepted_in}"


def _wrong_answer(uri: str, record: Mapping[str, str], answer: object) -> Iterable[str]:
    """Compare the label of a record with the labelers' answer for the same content."""
    text = record.get("label_json", "s3://")
    if text.startswith("s3://"):
        return
    stored = [value for key, value in json.loads(text).items() if not key.endswith("-metadata")]
    if stored != [answer]:
        yield f"the record of {uri} holds another label than labelers gave"


def unbalanced(
    reports: Iterable[Mapping[str, Any]],
    offline: Iterable[Mapping[str, str]],
    jobs: Iterable[Job],
) -> Iterable[str]:
    """Check I4: compare each run's report with the requests to the services.

    Args:
        reports: The report of every run.
        offline: Every row of the offline store.
        jobs: Every job.
    """
    stored: dict[str, dict[str, Mapping[str, str]]] = defaultdict(dict)
    for row in offline:
        stored[row["run_id"]][row["source_ref"]] = row
    known = {job.name: job for job in jobs}
    for report in reports:
        imbalances = _imbalances(report, known, stored)
        yield from (f"run {report['run_id']}: {imbalance}" for imbalance in imbalances)


def _imbalances(
    report: Mapping[str, Any],
    jobs: Mapping[str, Job],
    stored: Mapping[str, Mapping[str, Mapping[str, str]]],
) -> Iterable[str]:
    outcomes = sum(report["dropped"].values()) + sum(report["invalid"].values())
    if report["received"] != report["claimed"] + outcomes:
        yield "received is not claimed + dropped + invalid"
    rows = stored.get(report["run_id"], {}).values()
    if report["stored"] != len(rows):
        yield f"reports {report['stored']} stored, {len(rows)} records"
    given_back = sum(report["returned"].values()) + sum(report["dead_lettered"].values())
    settled = report["stored"] + report["labeled"] + given_back + report["superseded"]
    if report["claimed"] != settled:
        yield f"{report['claimed']} claimed, {settled} settled"
    job = _job_of(report.get("labeling_job"), jobs)
    verification = _job_of(report.get("verification_job"), jobs)
    worked_on = {item for one in (job, verification) if one for item in one.items}
    untouched = report["claimed"] - len(worked_on)
    # Records of texts that were labeled before need no job of this run, including rejected ones,
    # and an item that waits for the label of another run has none.
    ours = {one.name.lower() for one in (job, verification) if one}
    moved = sum(ours.isdisjoint(_jobs_of(row)) for row in rows)
    refused = report["dead_lettered"].get("record_rejected", 0)
    elsewhere = moved + refused + report["returned"].get("text_in_progress", 0)
    # Items that were claimed for another task type are in no job of the run. A run may also verify
    # labels of earlier runs although its own labeling job was never created.
    elsewhere += report["returned"].get("labeling_job_not_created", 0)
    # Labels of earlier runs need no job, and are kept where none could be made.
    unread = report["superseded"] + report["labeled"] + elsewhere
    if job and not job.never_began and not verification and untouched > unread:
        yield f"claimed {report['claimed']}, but the job had {len(worked_on)} items"
    if verification and untouched > report["superseded"] + elsewhere:
        yield f"claimed {report['claimed']}, but its jobs had {len(worked_on)} items"
    yield from _wrong_share(report, job, verification)
    if verification:
        yield from _wrong_verdicts(report, verification, moved)


def _jobs_of(record: Mapping[str, str]) -> set[str]:
    named = (record.get("labeling_job", ""), record.get("verification_job", ""))
    return {name.rpartition("/")[2].lower() for name in named}


def _wrong_verdicts(report: Mapping[str, Any], verification: Job, moved: int) -> Iterable[str]:
    """Compare a run's counts of verified and rejected labels with the reviewers' verdicts."""
    not_stored = report["superseded"] + report["dead_lettered"].get("record_rejected", 0)
    accepted = len(verification.accepted)
    rejected = len(verification.labeled) - accepted
    counted = sum(report["rejected"].values())
    if not accepted - not_stored <= report["verified"] <= accepted + moved:
        yield f"reviewers accepted {accepted} labels, {report['verified']} are reported"
    if not rejected - report["superseded"] <= counted <= rejected:
        yield f"reviewers rejected {rejected} labels, {counted} are reported"


def _wrong_share(
    report: Mapping[str, Any], job: Job | None, verification: Job | None
) -> Iterable[str]:
    """Compare the stored labels with the workers' answers."""
    labeled = len(job.labeled) if job else 0
    # An item without a labeling job is superseded or has a label of an earlier run; the numbers
    # do not tell which.
    most = labeled + report["claimed"] - (len(job.items) if job else 0)
    if verification:
        least = len(verification.accepted)
        most -= len(verification.labeled) - least
    else:
        least = labeled - report["labeled"]
    # A label is not stored if the object was overwritten meanwhile or its record was refused.
    not_stored = report["superseded"] + report["dead_lettered"].get("record_rejected", 0)
    if not least - not_stored <= report["stored"] <= most:
        yield f"workers gave {least} to {most} labels to store, {report['stored']} are stored"


def _job_of(result: Mapping[str, Any] | None, jobs: Mapping[str, Job]) -> Job | None:
    return jobs.get(str((result or {}).get("name")))
