"""The verdicts of reviewers on the labels of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labeling_lambdas.domain.labels import UnreadableLineError
from labeling_lambdas.domain.manifest_keys import ITEM_ID_KEY
from labeling_lambdas.domain.output_lines import failure_of, read_object
from labeling_lambdas.domain.readability import Readability
from labeling_lambdas.domain.reasons import Reason
from labeling_lambdas.domain.states import ENDED_STATUSES
from labeling_lambdas.domain.verification import Verdict, is_verdict_of, read_verdict
from labeling_lambdas.steps.claim_labels import output_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from labeling_lambdas.aws.artifacts import Artifacts
    from labeling_lambdas.domain.items import ClaimedItem
    from labeling_lambdas.domain.kept_settings import LabelRules
    from labeling_lambdas.domain.verification_settings import Verification


@dataclass(eq=False, repr=False)
class Reviews:
    """The output of a verification job, with only the data that planning needs in memory.

    Attributes:
        artifacts: The run's files.
        job: How the verification job ended.
        verification: Settings of verification, with the format of a verdict.
        shown: Rules for reading the labels that reviewers saw.
        readability: Counts of readable and unreadable lines.
        keep_unreadable: Called with each line that cannot be read.
        accepted: Items whose label was accepted.
        without_verdict: Items without a verdict, with the cause.
    """

    artifacts: Artifacts
    job: Mapping[str, Any]
    verification: Verification
    shown: LabelRules
    keep_unreadable: Callable[[str], object]
    readability: Readability = field(default_factory=Readability)
    accepted: set[str] = field(default_factory=set)
    without_verdict: dict[str, Reason] = field(default_factory=dict)

    def rejections(
        self, claims: Mapping[str, ClaimedItem]
    ) -> Iterator[tuple[ClaimedItem, Verdict]]:
        """Read all verdicts; yield those that reject a label, each item once.

        Args:
            claims: The claims, by item.
        """
        rejected: set[str] = set()
        if not self._may_have_verdicts():
            return
        for text in output_lines(self.artifacts, self.job):
            line = self._read(text)
            item = claims.get(str(line.get(ITEM_ID_KEY, "")))
            # A second line of an item is ignored.
            if item is None or item.item_id in rejected or self._known(item.item_id):
                continue
            verdict = self._verdict(line)
            self._count(line, verdict)
            if isinstance(verdict, Reason):
                self.without_verdict[item.item_id] = verdict
            elif verdict is not None and verdict.accepted:
                self.accepted.add(item.item_id)
            elif verdict is not None:
                rejected.add(item.item_id)
                yield item, verdict

    def _count(self, line: Mapping[str, Any], verdict: Verdict | Reason | None) -> None:
        judged = not isinstance(verdict, Reason)
        if judged or failure_of(line, self.verification.attribute) is not None:
            self.readability.readable += 1
        else:
            self.readability.unreadable += 1

    def _may_have_verdicts(self) -> bool:
        """Return whether the job was created, and reviewers answered for any of its objects."""
        if self.job["status"] not in ENDED_STATUSES:
            return False
        return bool(self.job["counters"].get("HumanLabeled", True))

    def _verdict(self, line: Mapping[str, Any]) -> Verdict | Reason | None:
        verdict = read_verdict(line, self.verification)
        if isinstance(verdict, Verdict) and not is_verdict_of(
            line, self.verification, self.job["name"]
        ):
            # The verdict does not come from a reviewer of this run. An output with only such lines
            # is unreadable.
            return Reason.VERIFICATION_FAILED
        return verdict

    def _known(self, item_id: str) -> bool:
        return item_id in self.accepted or item_id in self.without_verdict

    def _read(self, text: str) -> dict[str, Any]:
        try:
            return read_object(text)
        except UnreadableLineError:
            self.readability.unreadable += 1
            self.keep_unreadable(text)
            return {}
