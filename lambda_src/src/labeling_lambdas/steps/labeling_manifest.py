"""The input manifest of a run's labeling job: the items to label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_lambdas.domain.manifest_lines import manifest_lines, newest_versions
from labeling_lambdas.domain.task_types import task_type
from labeling_lambdas.steps.claim_list import claimed_items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeling_lambdas.aws.artifacts import Artifacts
    from labeling_lambdas.aws.item_rows import ItemRows
    from labeling_lambdas.domain.kept_settings import KeptSettings


@dataclass(eq=False, repr=False)
class LabelingManifest:
    """The manifest of the labeling job: the claims that have no label yet.

    Attributes:
        artifacts: The run's files.
        ledger: The ledger's items.
    """

    artifacts: Artifacts
    ledger: ItemRows

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
