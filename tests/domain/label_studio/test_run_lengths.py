"""Label Studio's run lengths of painted regions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling_lambdas.domain.label_studio.run_lengths import opacity, pack
from tests.domain.label_studio.annotations import run_lengths

_REGIONS = st.lists(
    st.tuples(st.sampled_from([0, 255]), st.integers(1, 40_000)), min_size=1, max_size=6
).map(lambda runs: b"".join(bytes([value]) * length for value, length in runs))


@given(_REGIONS)
def test_a_region_that_was_packed_is_read_as_it_was(region: bytes) -> None:
    assert opacity(pack(region), len(region)) == region


@given(st.binary(min_size=1, max_size=300))
def test_values_that_are_no_run_are_read(region: bytes) -> None:
    assert opacity(run_lengths(region), len(region)) == region


def test_only_the_opacity_of_a_pixel_counts() -> None:
    # 4 values, runs of 3 times 9 and once 200: red, green and blue, then the opacity.
    bits = f"{4:032b}{7:05b}" + "0010" * 4 + f"100010{9:08b}" + f"000000{200:08b}"
    packed = int(bits + "0" * (-len(bits) % 8), 2).to_bytes((len(bits) + 7) // 8, "big")
    assert opacity(packed, 1) == bytes([200])


@given(_REGIONS, st.data())
def test_run_lengths_that_end_early_or_are_of_another_picture_are_refused(
    region: bytes, data: st.DataObject
) -> None:
    packed = pack(region)
    cut = data.draw(st.integers(0, len(packed) - 2))
    with pytest.raises(ValueError, match="run lengths"):
        opacity(packed[:cut], len(region))
    for pixels in (len(region) + 1, len(region) - 1):
        with pytest.raises(ValueError, match="run lengths"):
            opacity(packed, pixels)
