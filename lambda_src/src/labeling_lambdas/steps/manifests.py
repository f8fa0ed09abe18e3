"""The input manifests of a run's jobs: what is to be labeled, and what is to be verified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_lambdas.domain.compact_json import compact_json
from labeling_lambdas.domain.labeling_jobs import manifest_lines, newest_versions
from labeling_lambdas.domain.manifest_keys import without_verdict
from labeling_lambdas.domain.task_types import task_type
from labeling_lambdas.steps.claims import claimed_items, without_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeling_lambdas.aws.artifacts import Artifacts
    from labeling_lambdas.aws.item_ledger import ItemLedger
    from labeling_lambdas.domain.items import ClaimedItem
    from labeling_lambdas.domain.kept_settings import KeptSettings, LabelRules
    from labeling_lambdas.domain.verification_settings import Verification
    from labeling_lambdas.steps.harvest import Found, Harvest

#: What some writers of JSON make of numbers that are none.
_NOT_IN_JSON = ("NaN", "Infinity")


@dataclass(slots=True, eq=False, repr=False)
class LabelingManifest:
    """What labelers are to see: the claims that have no label yet.

    Attributes:
        artifacts: The run's files.
        ledger: The ledger's items.
    """

    artifacts: Artifacts
    ledger: ItemLedger

    def lines(self, settings: KeptSettings) -> Iterator[str]:
        """Yield the lines.

        What was claimed for another kind of task type, and came here by a change of the setting,
        is left out: workers would see the address of an image as a text to be labeled.

        Args:
            settings: The job's settings.
        """
        kind = task_type(settings.rules.task_type)
        # The claims are read twice rather than kept: the texts of one job need not fit in memory.
        newest = newest_versions(claimed_items(self.artifacts, self.ledger))
        yield from manifest_lines(
            (
                item
                for item in claimed_items(self.artifacts, self.ledger)
                if item.item_id in newest
                and not (item.label_uri or item.waits)
                and kind.suits(item)
            ),
            manifest_key=kind.manifest_key,
            attribute=settings.rules.attribute,
        )


def is_to_be_verified(found: Found, verification: Verification, shown: LabelRules) -> bool:
    """Return whether reviewers are to see a label.

    Args:
        found: What is known of the label.
        verification: Decides which are verified.
        shown: The labels that the reviewers' page shows. One that was kept while the task type was
            another has another form.
    """
    output = found.output
    return (
        output is not None
        and output.label is not None
        and found.judged is None
        and found.rules.same_form(shown)
        and verification.wants(output.item_id, found.text, output.line)
    )


@dataclass(slots=True, eq=False, repr=False)
class VerificationManifest:
    """What reviewers are to see: the labels of this run, and those that no run has verified yet.

    An object without a label would fail in the job and be charged, so it is left out.
    https://docs.aws.amazon.com/sagemaker/latest/dg/sms-verification-data.html

    Attributes:
        artifacts: The run's files.
        ledger: The ledger's items.
        harvest: Reads the labels.
    """

    artifacts: Artifacts
    ledger: ItemLedger
    harvest: Harvest

    def lines(self, settings: KeptSettings) -> Iterator[str]:
        """Yield the lines, each as the labeling job wrote it, without what looks like a verdict.

        Args:
            settings: The verification job's settings.
        """
        verification = settings.verification
        if verification is None:
            return
        for found in self.harvest.find(self._newest_claims()):
            if is_to_be_verified(found, verification, settings.rules):
                yield _shown(found, verification.attribute) + "\n"

    def _newest_claims(self) -> dict[str, ClaimedItem]:
        # Read twice here too: what finds the newest versions is gone before the claims are kept.
        newest = newest_versions(claimed_items(self.artifacts, self.ledger))
        return {
            item.item_id: without_text(item)
            for item in claimed_items(self.artifacts, self.ledger)
            if item.item_id in newest and not item.waits
        }


def _shown(found: Found, attribute: str) -> str:
    line = found.output.line if found.output is not None else {}
    shown = without_verdict(line, attribute)
    if len(shown) == len(line) and not any(word in found.text for word in _NOT_IN_JSON):
        return found.text
    return compact_json(shown)
