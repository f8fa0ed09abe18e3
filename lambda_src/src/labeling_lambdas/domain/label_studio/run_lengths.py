"""The run lengths in which Label Studio keeps painted regions.

The format is that of https://www.npmjs.com/package/@thi.ng/rle-pack: 32 bits number of values, 5
bits size of a value less 1, four times 4 bits of a size less 1; then groups of 1 bit for whether
it is a run, 2 bits for which of the four sizes, that many bits of the length less 1, and one value
of a run, or as many as the length. The values are the channels red, green, blue and opacity of
each pixel.
"""

from __future__ import annotations

_CHANNELS = 4
_VALUE_BITS = 8
_SIZES = (3, 4, 8, 16)
_LONGEST_RUN = 1 << _SIZES[-1]


class _Bits:
    """Reads bytes as bits."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._held = 0
        self._kept = 0

    def read(self, count: int) -> int:
        if self._kept < count:
            part = self._data[self._at : self._at + max(8, (count - self._kept + 7) // 8)]
            self._at += len(part)
            self._held = self._held << 8 * len(part) | int.from_bytes(part, "big")
            self._kept += 8 * len(part)
        if self._kept < count:
            message = "the run lengths end too early"
            raise ValueError(message)
        self._kept -= count
        value = self._held >> self._kept
        self._held &= (1 << self._kept) - 1
        return value


def opacity(packed: bytes, pixels: int) -> bytes:
    """Return the opacity of each pixel, 0 to 255.

    Args:
        packed: The run lengths.
        pixels: Number of pixels of the picture.

    Raises:
        ValueError: If they are not run lengths of a picture of this size.
    """
    bits = _Bits(packed)
    if bits.read(32) != _CHANNELS * pixels or bits.read(5) + 1 != _VALUE_BITS:
        message = "the run lengths do not fit the picture"
        raise ValueError(message)
    sizes = [bits.read(4) + 1 for _ in _SIZES]
    values = bytearray()
    left = _CHANNELS * pixels
    while left:
        is_run = bits.read(1)
        length = min(left, bits.read(sizes[bits.read(2)]) + 1)
        left -= length
        if is_run:
            values += bytes([bits.read(_VALUE_BITS)]) * length
        else:
            values += bits.read(_VALUE_BITS * length).to_bytes(length, "big")
    return bytes(values[_CHANNELS - 1 :: _CHANNELS])


def pack(region: bytes) -> bytes:
    """Return the run lengths of a region.

    Args:
        region: A byte for each pixel: 0, or 255 where it is painted.
    """
    header = [f"{_CHANNELS * len(region):032b}", f"{_VALUE_BITS - 1:05b}"]
    parts = [*header, *(f"{size - 1:04b}" for size in _SIZES)]
    at = 0
    while at < len(region):
        value = region[at]
        end = region.find(0 if value else 255, at)
        end = len(region) if end == -1 else end
        left = _CHANNELS * (end - at)
        while left:
            length = min(left, _LONGEST_RUN)
            which = next(place for place, size in enumerate(_SIZES) if length <= 1 << size)
            parts.append(f"1{which:02b}{length - 1:0{_SIZES[which]}b}{value:08b}")
            left -= length
        at = end
    text = "".join(parts)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")
