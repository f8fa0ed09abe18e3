"""All formats by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelctl.error_messages import LabelctlError
from labelctl.export.formats.coco import Coco
from labelctl.export.formats.conll import Conll
from labelctl.export.formats.huggingface import HuggingFace
from labelctl.export.formats.manifest import AugmentedManifest
from labelctl.export.formats.pascal_voc import PascalVoc
from labelctl.export.formats.rows import Csv, JsonLines, Parquet
from labelctl.export.formats.yolo import Yolo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labelctl.export.formats.layout import Format
    from labelctl.export.formats.names import FormatName

FORMATS: Mapping[FormatName, Format] = {
    layout.name: layout
    for layout in (
        AugmentedManifest(),
        Coco(),
        Conll(),
        Csv(),
        HuggingFace(),
        JsonLines(),
        Parquet(),
        PascalVoc(),
        Yolo(),
    )
}


def format_for(name: FormatName, task_type: str) -> Format:
    """Return a format that fits a task type.

    Args:
        name: Name of the format.
        task_type: The task type of the pipeline.

    Raises:
        LabelctlError: If it does not fit.
    """
    fitting = ", ".join(each for each, layout in FORMATS.items() if task_type in layout.task_types)
    layout = FORMATS[name]
    if task_type not in layout.task_types:
        suited = ", ".join(sorted(layout.task_types))
        message = (
            f"the format {name} is for {suited}; the pipeline labels {task_type},"
            f" which fits {fitting}"
        )
        raise LabelctlError(message)
    return layout
