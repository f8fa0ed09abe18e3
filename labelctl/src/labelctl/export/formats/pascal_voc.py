"""Pascal VOC: an XML file for each image with boxes, or a mask whose pixels are class indexes.

http://host.robots.ox.ac.uk/pascal/VOC/voc2012/devkit_doc.pdf
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from labelctl.export.formats.layout import BOXES, MASKS, Sized
from labelctl.export.formats.names import FormatName

if TYPE_CHECKING:
    from labelctl.export.examples import Example, TrainingSet


class PascalVoc(Sized):
    """One folder for all images, and lists of the images of each side."""

    name = FormatName.PASCAL_VOC
    task_types = frozenset({BOXES, MASKS})

    def image_folder(self, side: str) -> str:  # noqa: ARG002 - of the protocol
        """See `Format`."""
        return "JPEGImages"

    def mask_folder(self, side: str) -> str | None:  # noqa: ARG002 - of the protocol
        """See `Format`."""
        return "SegmentationClass"

    def write(self, training_set: TrainingSet) -> None:
        """See `Format`."""
        boxes = training_set.task_type == BOXES
        lists = training_set.folder / "ImageSets" / ("Main" if boxes else "Segmentation")
        lists.mkdir(parents=True)
        annotations = training_set.folder / "Annotations"
        if boxes:
            annotations.mkdir()
        for side in training_set.sides:
            with (lists / f"{side}.txt").open("w", encoding="ascii") as file:
                for example in training_set.examples(side):
                    file.write(f"{example.stem}\n")
                    if boxes:
                        _tree(example).write(annotations / f"{example.stem}.xml", encoding="utf-8")
        # A mask names its classes by numbers only; boxes have names, and the list is a help.
        names = "".join(f"{name}\n" for name in ("background", *training_set.classes))
        (training_set.folder / "labels.txt").write_text(names, "utf-8")


def _tree(example: Example) -> ET.ElementTree[ET.Element]:
    root = ET.Element("annotation")
    _add(root, "folder", "JPEGImages")
    _add(root, "filename", example.name)
    source = ET.SubElement(root, "source")
    _add(source, "database", example.source.uri)
    dimensions = ET.SubElement(root, "size")
    width, height = example.annotation.size or (0, 0)
    for name, length in {"width": width, "height": height, "depth": 3}.items():
        _add(dimensions, name, str(length))
    _add(root, "segmented", "0")
    for box in example.annotation.boxes:
        found = ET.SubElement(root, "object")
        _add(found, "name", box.name)
        for name, value in {"pose": "Unspecified", "truncated": "0", "difficult": "0"}.items():
            _add(found, name, value)
        corners = ET.SubElement(found, "bndbox")
        # The first pixel is 1, and the last one belongs to the box.
        edges = {
            "xmin": box.left + 1,
            "ymin": box.top + 1,
            "xmax": box.left + box.width,
            "ymax": box.top + box.height,
        }
        for name, edge in edges.items():
            _add(corners, name, f"{edge:g}")
    ET.indent(root)
    return ET.ElementTree(root)


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text
