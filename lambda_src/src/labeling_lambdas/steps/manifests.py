"""The input manifests of a run's jobs: the items to label, and the labels to verify."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_lambdas.domain.compact_json import compact_json
from labeling_lambdas.domain.labeling_jobs import manifest_lines, newest_versions
from labeling_lambdas.domain.manifest_keys import without_verdict
from labeling_lambdas.domain.task_types import task_type
from labeling_lambdas.steps.claim_list import claimed_items, without_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeling_lambdas.aws.artifacts import Artifacts
    from labeling_lambdas.aws.item_ledger import ItemLedger
    from labeling_lambdas.domain.items import ClaimedItem
    from labeling_lambdas.domain.kept_settings import KeptSettings, LabelRules
    from labeling_lambdas.domain.verification_settings import Verification
    from labeling_lambdas.steps.harvest import Found, Harvest

#: The output of some JSON writers for NaN and infinity.
_NOT_IN_JSON = ("NaN", "Infinity")


@dataclass(slots=True, eq=False, repr=False)
class LabelingManifest:
    """The manifest of the labeling job: the claims that have no label yet.

    Attributes:
        artifacts: The run's files.
        ledger: The ledger's items.
    """

    artifacts: Artifacts
    ledger: ItemLedger

    def lines(self, settings: KeptSettings) -> Iterator[str]:
        """Yield the lines.

        Items that were claimed for another kind of task type, before the setting changed, are left
        out: workers would see the address of an image as a text to label.

        Args:
            settings: The job's settings.
        """
        kind = task_type(settings.rules.task_type)
        # The claims are read twice instead of kept, because the texts of one job may not fit in
        # memory.
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
    """Return whether a label is to be verified.

    Args:
        found: The label.
        verification: Determines which labels are verified.
        shown: The labels that the reviewers' page shows. A label that was kept under another task
            type has another format.
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
    """The manifest of the verification job: the labels of this run, and earlier unverified ones.

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
        """Yield the lines as the labeling job wrote them, without keys that look like a verdict.

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
        # The claims are read twice here too, so that the search for the newest versions is freed
        # from memory before the claims are kept.
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
