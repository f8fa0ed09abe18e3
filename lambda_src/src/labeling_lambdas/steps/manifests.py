"""The input manifests of a run's jobs: what is to be labeled, and what is to be verified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_lambdas.domain.labeling_jobs import manifest_lines, newest_versions
from labeling_lambdas.steps.claims import claimed_items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeling_lambdas.aws.artifacts import Artifacts
    from labeling_lambdas.aws.item_ledger import ItemLedger
    from labeling_lambdas.domain.items import ClaimedItem
    from labeling_lambdas.domain.task_types import TaskType
    from labeling_lambdas.domain.verification import Verification
    from labeling_lambdas.steps.harvest import Harvest


@dataclass(slots=True, eq=False, repr=False)
class LabelingManifest:
    """What labelers are to see: the claims that have no label yet.

    Attributes:
        artifacts: The run's files.
        ledger: The ledger's items.
        task_type: Decides the form of the manifest.
        attribute: Label attribute name.
    """

    artifacts: Artifacts
    ledger: ItemLedger
    task_type: TaskType
    attribute: str

    def lines(self) -> Iterator[str]:
        """Yield the lines."""
        # The claims are read twice rather than kept: the texts of one job need not fit in memory.
        newest = newest_versions(claimed_items(self.artifacts, self.ledger))
        yield from manifest_lines(
            (
                item
                for item in claimed_items(self.artifacts, self.ledger)
                if item.item_id in newest and not item.label_uri
            ),
            manifest_key=self.task_type.manifest_key,
            attribute=self.attribute,
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
        verification: Decides which are verified.
    """

    artifacts: Artifacts
    ledger: ItemLedger
    harvest: Harvest
    verification: Verification

    def lines(self) -> Iterator[str]:
        """Yield the lines, each as the labeling job wrote it."""
        for found in self.harvest.find(self._newest_claims()):
            output = found.output
            if (
                output is not None
                and output.label is not None
                and self.verification.wants(output.item_id, found.text, output.line)
            ):
                yield found.text + "\n"

    def _newest_claims(self) -> dict[str, ClaimedItem]:
        # Read twice here too: what finds the newest versions is gone before the claims are kept.
        newest = newest_versions(claimed_items(self.artifacts, self.ledger))
        return {
            item.item_id: item.without_content()
            for item in claimed_items(self.artifacts, self.ledger)
            if item.item_id in newest
        }
