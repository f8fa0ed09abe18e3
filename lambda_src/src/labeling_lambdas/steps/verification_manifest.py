"""The input manifest of a run's verification job: the labels to verify."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_lambdas.domain.compact_json import compact_json
from labeling_lambdas.domain.manifest_keys import without_verdict
from labeling_lambdas.domain.manifest_lines import newest_versions
from labeling_lambdas.steps.claim_labels import is_to_be_verified
from labeling_lambdas.steps.claim_list import claimed_items, without_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeling_lambdas.aws.artifacts import Artifacts
    from labeling_lambdas.aws.item_rows import ItemRows
    from labeling_lambdas.domain.items import ClaimedItem
    from labeling_lambdas.domain.kept_settings import KeptSettings
    from labeling_lambdas.steps.claim_labels import ClaimLabels, FoundLabel

#: The output of some JSON writers for NaN and infinity.
_NOT_IN_JSON = ("NaN", "Infinity")


@dataclass(eq=False, repr=False)
class VerificationManifest:
    """The manifest of the verification job: the labels of this run, and earlier unverified ones.

    An object without a label would fail in the job and be charged, so it is left out.
    https://docs.aws.amazon.com/sagemaker/latest/dg/sms-verification-data.html

    Attributes:
        artifacts: The run's files.
        ledger: The ledger's items.
        labels: Reads the labels.
    """

    artifacts: Artifacts
    ledger: ItemRows
    labels: ClaimLabels

    def lines(self, settings: KeptSettings) -> Iterator[str]:
        """Yield the lines as the labeling job wrote them, without keys that look like a verdict.

        Args:
            settings: The verification job's settings.
        """
        verification = settings.verification
        if verification is None:
            return
        for found in self.labels.find(self._newest_claims()):
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


def _shown(found: FoundLabel, attribute: str) -> str:
    line = found.output.line if found.output is not None else {}
    shown = without_verdict(line, attribute)
    if len(shown) == len(line) and not any(word in found.text for word in _NOT_IN_JSON):
        return found.text
    return compact_json(shown)
