"""Semantic segmentation: a picture in which the colour of each pixel is its class."""

from __future__ import annotations

import base64
import colorsys
from collections import Counter, defaultdict
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from labeling_sandbox.ground_truth import image_files
from labeling_sandbox.ground_truth.answers import boxes
from labeling_sandbox.ground_truth.answers.task import Answer, Task

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Mapping, Sequence

    from labeling_sandbox.ground_truth.answers.boxes import Box
    from labeling_sandbox.ground_truth.image_files import ImageSize

_BACKGROUND = {"class-name": "BACKGROUND", "hex-color": "#ffffff"}
# The first colours of Ground Truth's own interface, as its sample output shows them.
_COLOURS = ("#2ca02c", "#1f77b4", "#ff7f0e", "#d62728", "#9467bd", "#8c564b", "#e377c2")
#: Share of the colour circle between neighbours, so that many classes stay apart.
_GOLDEN = 0.618


@dataclass(frozen=True)
class _Painted:
    """A region as the workers agree on it."""

    box: Box
    category: int
    agreement: float


class SemanticSegmentation:
    """Regions in the colour that most workers gave them.

    The truth is ``{"size": [width, height], "regions": [{"class": name, "box": {...}}]}``, later
    regions above earlier ones; without ``size`` the image's own counts.
    """

    def label(
        self, task: Task, truth: object, error_rates: Sequence[float], choice: random.Random
    ) -> Answer:
        """See `Labeler`."""
        size, regions = _parse(task, truth)
        votes: list[Counter[int | None]] = [Counter() for _ in regions]
        given = []
        for rate in error_rates:
            colors = [_paint(task, region.category, rate, choice) for region in regions]
            for chosen, counter in zip(colors, votes, strict=True):
                counter[chosen] += 1
            given.append(_given(task, size, zip(regions, colors, strict=True)))
        painted = []
        for region, counter in zip(regions, votes, strict=True):
            category, count = min(
                counter.items(), key=lambda vote: (-vote[1], -1 if vote[0] is None else vote[0])
            )
            if category is not None:
                painted.append(_Painted(region, category, task.agreement(count)))
        rows = _pixels(size, painted)
        return Answer(None, _details(task, rows, painted), _mask(task, rows), given)

    def mistaken(
        self, task: Task, truth: Mapping[str, Any], choice: random.Random
    ) -> dict[str, Any]:
        """See `Labeler`: the topmost region is missed or misnamed; where none is, one is painted.

        A mistake in a region below others might not be seen.
        """
        regions = list(truth.get("regions", []))
        if regions:
            topmost = regions.pop()
            painted = _paint(task, task.index(topmost["class"]), 1.0, choice)
            if painted is not None:
                regions.append({**topmost, "class": task.categories[painted].name})
        else:
            box = boxes.invented(task, choice)
            regions.append({"class": box.pop("class"), "box": box})
        return {**truth, "regions": regions}


def colour(index: int) -> str:
    """Return the colour of a class, such as ``#2ca02c``; no two classes of a job share one."""
    if index < len(_COLOURS):
        return _COLOURS[index]
    red, green, blue = colorsys.hsv_to_rgb(index * _GOLDEN % 1, 0.9, 1 - index % 3 / 4)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def _parse(task: Task, truth: object) -> tuple[ImageSize, list[Box]]:
    if task.size is None or not isinstance(truth, dict | None):
        message = f"the truth of {task.item} is not a size and regions of an image"
        raise ValueError(message)
    given: Mapping[str, Any] = truth or {}
    regions = [
        boxes.parse(task, {**region.get("box", {}), "class": region.get("class")})
        for region in given.get("regions", [])
    ]
    width, height = given.get("size", (task.size.width, task.size.height))
    return image_files.ImageSize(width, height, task.size.channels), regions


def _paint(task: Task, category: int, error_rate: float, choice: random.Random) -> int | None:
    """Return the class in which a worker paints a region, None if it stays background."""
    if choice.random() >= error_rate:
        return category
    return task.other_category(category, choice) if choice.random() < 1 / 2 else None


def _pixels(size: ImageSize, painted: Iterable[_Painted]) -> list[bytearray]:
    """Return rows of indexes: 0 is the background, 1 the first class."""
    rows = [bytearray(size.width) for _ in range(size.height)]
    for region in painted:
        box = region.box
        left, right = max(box.left, 0), min(box.left + box.width, size.width)
        stroke = bytes([region.category + 1]) * (right - left)
        for row in rows[max(box.top, 0) : box.top + box.height]:
            row[left:right] = stroke
    return rows


def _details(
    task: Task, rows: Sequence[bytearray], painted: Iterable[_Painted]
) -> dict[str, object]:
    shares = defaultdict(list)
    for region in painted:
        shares[region.category + 1].append(region.agreement)
    colours: dict[str, dict[str, Any]] = {}
    for index in sorted(set().union(*rows) | {0}):
        if index == 0:
            colours["0"] = {**_BACKGROUND, "confidence": task.agreement(task.workers)}
        else:
            colours[str(index)] = {
                "class-name": task.categories[index - 1].name,
                "hex-color": colour(index - 1),
                "confidence": round(fmean(shares[index]), 2),
            }
    return {"internal-color-map": colours, "type": "groundtruth/semantic-segmentation"}


def _given(
    task: Task, size: ImageSize, regions: Iterable[tuple[Box, int | None]]
) -> dict[str, Any]:
    painted = [_Painted(box, category, 1.0) for box, category in regions if category is not None]
    mask = _mask(task, _pixels(size, painted))
    return {
        "inputImageProperties": {"height": size.height, "width": size.width},
        "labelMappings": {
            category.name: {"color": colour(index)}
            for index, category in enumerate(task.categories)
        },
        "labeledImage": {"pngImageData": base64.b64encode(mask).decode()},
    }


def _mask(task: Task, rows: Sequence[bytearray]) -> bytes:
    palette = [_BACKGROUND["hex-color"]]
    palette += [colour(index) for index in range(len(task.categories))]
    return image_files.indexed_png(rows, [bytes.fromhex(entry[1:]) for entry in palette])
