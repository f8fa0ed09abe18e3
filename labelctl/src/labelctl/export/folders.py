"""Where a format keeps images and masks, and which labels it can represent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from labelctl.export.annotations import Annotation
    from labelctl.export.formats.names import FormatName


class Folders(Protocol):
    """What is known of a format before it is written.

    Attributes:
        name: Its name, as the option has it.
    """

    name: FormatName

    def image_folder(self, side: str) -> str:
        """Return the folder of a side's images, below the target."""
        ...

    def mask_folder(self, side: str) -> str | None:
        """Return the folder of a side's index masks, None if the format has none."""
        ...

    def reason_against(self, annotation: Annotation) -> str:
        """Return why the format cannot represent a label, empty if it can."""
        ...
