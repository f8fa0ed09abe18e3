"""Masks: a byte for each pixel, 0 for the background and 1 for the first class."""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING, NamedTuple

from labeling_lambdas.domain.label_studio.agreement import is_majority, share

if TYPE_CHECKING:
    from collections.abc import Sequence

BACKGROUND = "BACKGROUND"
_WHITE = "#ffffff"
#: The first colours of Ground Truth's own worker page, as its sample output shows them.
_COLOURS = ("#2ca02c", "#1f77b4", "#ff7f0e", "#d62728", "#9467bd", "#8c564b", "#e377c2")
#: Share of the colour circle between neighbours, so that many classes stay apart.
_GOLDEN = 0.618034

#: Opacity from which a pixel of a brush stroke, whose edge is soft, counts as painted.
_OPAQUE = 128
_PAINTED = bytes(255 if value >= _OPAQUE else 0 for value in range(256))


class AgreedMask(NamedTuple):
    """The mask of several people.

    Attributes:
        pixels: The index of the class of each pixel.
        confidences: The share of the people who agree on the pixels of a class, by its index, for
            the classes that the mask has.
    """

    pixels: bytes
    confidences: dict[int, float]


def colour(index: int) -> str:
    """Return the colour of an index in a mask, such as ``#2ca02c``: white for the background."""
    if index == 0:
        return _WHITE
    if index <= len(_COLOURS):
        return _COLOURS[index - 1]
    rgb = colorsys.hsv_to_rgb(index * _GOLDEN % 1, 0.9, 1 - index % 3 / 4)
    return "#" + "".join(f"{round(part * 255):02x}" for part in rgb)


def paint(mask: bytearray, opacity: bytes, index: int) -> None:
    """Write an index to each pixel that a region paints.

    Args:
        mask: The mask; what it had there is overwritten.
        opacity: The opacity of each pixel of the region.
        index: The class.
    """
    painted = opacity.translate(_PAINTED)
    at = painted.find(255)
    while at != -1:
        end = painted.find(0, at)
        end = len(painted) if end == -1 else end
        mask[at:end] = bytes([index]) * (end - at)
        at = painted.find(255, end)


def agreed_mask(masks: Sequence[bytes]) -> AgreedMask:
    """Return for each pixel the class that more than half of the people painted, else background.

    Pixels are counted as the digits of large numbers, because there may be millions of them.

    Args:
        masks: The mask of each person, at most nine, all of one size.
    """
    people, size = len(masks), len(masks[0])
    result = 0
    votes = {}
    for index in sorted({value for mask in masks for value in set(mask)} | {0}):
        votes[index] = _votes(masks, index)
        chosen = bytes(index if is_majority(count, people) else 0 for count in range(256))
        result |= int.from_bytes(votes[index].translate(chosen), "big")
    pixels = result.to_bytes(size, "big")
    return AgreedMask(
        pixels,
        {index: _confidence(pixels, index, votes[index], people) for index in sorted(set(pixels))},
    )


def _votes(masks: Sequence[bytes], index: int) -> bytes:
    """Return for each pixel how many people painted it with a class."""
    is_index = bytes(int(value == index) for value in range(256))
    total = sum(int.from_bytes(mask.translate(is_index), "big") for mask in masks)
    return total.to_bytes(len(masks[0]), "big")


def _confidence(pixels: bytes, index: int, votes: bytes, people: int) -> float:
    elsewhere = bytes(0 if value == index else 255 for value in range(256))
    covered = int.from_bytes(pixels.translate(elsewhere), "big")
    counted = (covered | int.from_bytes(votes, "big")).to_bytes(len(pixels), "big")
    agreeing = sum(count * counted.count(count) for count in range(people + 1))
    return share(agreeing / pixels.count(index), people)
