"""The workers and Ground Truth: the progress of each job, and the events of its end."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from in_process_aws.sagemaker import LabelingJob, SageMaker
    from labeling_faults.simulated_time.event_queue import EventQueue

HOUR = 3600.0
DAY = 24 * HOUR

#: Share of a job's items that were worked on before it was stopped.
_WORKED_ON = 0.5

#: What Ground Truth writes as the type of a label, and of the verification of one.
#: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html
_LABEL, _VERIFICATION = "groundtruth/image-classification", "groundtruth/label-verification"

_EXPIRED = "ClientError: Annotation tasks expired."

#: Ground Truth ends a job after so long.
LONGEST_JOB = 30 * DAY


@dataclass(frozen=True, slots=True)
class Work:
    """How one labeling job goes.

    Attributes:
        status: How it ends: ``Completed``, ``Failed`` or ``Stopped``.
        seconds: How long it takes.
        failing: Share of its items that workers fail at.
        expiring: Share of its items that no worker completes in time.
        left_to_expire: Addresses of objects that no worker completes in time.
        omitted: Share of its items that its output does not name.
        rejecting: Share of its items that reviewers reject, in a verification job.
        spoiled: Share of its labels that come without their metadata.
        addressed: Whether the job names its output when it has ended.
        written_after: Seconds after its end at which its output manifest is written; None if it
            never is.
        events: Seconds after its end at which its completion event is delivered, once for each;
            empty if the event is lost.
    """

    status: str = "Completed"
    seconds: float = HOUR
    failing: float = 0.0
    expiring: float = 0.0
    left_to_expire: frozenset[str] = frozenset()
    omitted: float = 0.0
    rejecting: float = 0.0
    spoiled: float = 0.0
    addressed: bool = True
    written_after: float | None = 0.0
    events: tuple[float, ...] = (1.0,)


@dataclass
class Workforce:
    """The simulated workers of labeling jobs.

    Attributes:
        sagemaker: The service that has the jobs.
        event_queue: When jobs end.
        ended: Called with a job's name, and with the seconds after which its event is delivered.
        verification_attribute: The attribute of the labels of verification jobs.
        plan: Returns how the next labeling job goes.
        review: Returns how the next verification job goes.
        unlabelable: Keys of objects that workers fail at always.
        truth: The class of objects by their address; workers guess those of others.
        labeled_at_stop: Addresses of what workers have labeled when a job is stopped; None for
            about half of it.
    """

    sagemaker: SageMaker
    event_queue: EventQueue
    ended: Callable[[str, float], None]
    verification_attribute: str
    plan: Callable[[], Work] = Work
    review: Callable[[], Work] = Work
    unlabelable: set[str] = field(default_factory=set)
    truth: dict[str, str] = field(default_factory=dict)
    labeled_at_stop: frozenset[str] | None = None
    _work: dict[str, Work] = field(default_factory=dict)

    def job_created(self, name: str) -> None:
        """Let workers begin."""
        plan = self.review if self._verifies(self.sagemaker.jobs[name]) else self.plan
        work = self._work[name.lower()] = plan()
        self.event_queue.after(work.seconds, lambda: self._end(name, work.status))

    def job_stopping(self, name: str) -> None:
        """Let workers finish what they have begun."""
        self.event_queue.after(60.0, lambda: self._end(name, "Stopped"))

    def _verifies(self, job: LabelingJob) -> bool:
        return job.attribute == self.verification_attribute

    def unfinished(self) -> list[str]:
        """Return the names of jobs that have not ended."""
        jobs = self.sagemaker.jobs.values()
        return [job.name for job in jobs if not job.ended]

    def end_all(self) -> None:
        """End every job now."""
        for name in self.unfinished():
            self._end(name, self._work[name.lower()].status)

    def _end(self, name: str, status: str) -> None:
        sagemaker = self.sagemaker
        job = sagemaker.jobs[name]
        if job.ended:
            return
        work = self._work[name.lower()]
        items = sagemaker.input_lines(name)
        lines = [line for item in items for line in self._line(job, item, work, status)]
        if status == "Failed":
            sagemaker.end(name, status, failure_reason="InternalServerError: Please try again.")
        else:
            at_once = work.written_after == 0
            sagemaker.end(name, status, lines, addressed=work.addressed, written=at_once)
            if work.written_after:
                self.event_queue.after(
                    work.written_after, lambda: sagemaker.write_output(name, lines)
                )
        for delay in work.events:
            self.ended(name, delay)

    def _line(self, job: LabelingJob, item: dict[str, Any], work: Work, status: str) -> list[str]:
        name = item["item-id"]
        chance = share(f"{job.name}/{name}")
        attribute = job.attribute
        unlabelable = item.get("source-ref", "").rpartition("/")[2] in self.unlabelable
        # A label whose verification fails is verified again, however often that is.
        if unlabelable and not self._verifies(job):
            return [_failed(item, attribute, "ClientError: The data object could not be shown.")]
        for part, made in (
            (work.omitted, None),
            (work.failing, _failed(item, attribute, "ClientError: The task failed.")),
            (_expiring(item, work), _failed(item, attribute, _EXPIRED)),
        ):
            if chance < part:
                return [made] if made else []
            chance -= part
        # A job that was stopped half way holds the first half of the work.
        if status == "Stopped" and not self._worked_on(item):
            return []
        if share(f"spoiled/{name}") < work.spoiled:
            return [json.dumps({**item, attribute: "?"})]
        names = self.sagemaker.categories(job.name)
        if self._verifies(job):
            index = 1 if chance < work.rejecting else 0
            return [json.dumps(self._marked(job, item, index, names))]
        known = self.truth.get(item.get("source-ref", ""))
        index = int(share(name) * len(names)) if known is None else names.index(known)
        return [json.dumps(self._marked(job, item, index, names))]

    def _worked_on(self, item: dict[str, Any]) -> bool:
        if self.labeled_at_stop is None:
            return share(item["item-id"]) >= _WORKED_ON
        return item.get("source-ref") in self.labeled_at_stop

    def _marked(
        self, job: LabelingJob, item: dict[str, Any], index: int, names: Sequence[str]
    ) -> dict[str, Any]:
        return {
            **item,
            job.attribute: index,
            f"{job.attribute}-metadata": {
                "class-name": names[index],
                "worker-feedback": [{"comment": "as seen"}] if index else [],
                "confidence": 0.67,
                "type": _VERIFICATION if self._verifies(job) else _LABEL,
                "job-name": f"labeling-job/{job.name}",
                "human-annotated": "yes",
                "creation-date": f"{self.event_queue.clock.moment():%Y-%m-%dT%H:%M:%S.%f}",
            },
        }


def _failed(item: dict[str, Any], attribute: str, reason: str) -> str:
    metadata = {"retry-count": 1, "failure-reason": reason, "human-annotated": "true"}
    return json.dumps({**item, f"{attribute}-metadata": metadata})


def _expiring(item: dict[str, Any], work: Work) -> float:
    return 1.0 if item.get("source-ref") in work.left_to_expire else work.expiring


def share(text: str) -> float:
    """Return a number from 0 to 1 that is always the same for a text."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest()) / 2**32
