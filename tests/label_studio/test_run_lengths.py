"""Label Studio's own library reads the run lengths that the functions write, and the reverse."""

from __future__ import annotations

import json
import random
import subprocess

from labeling_lambdas.domain.label_studio.run_lengths import opacity, pack
from tests.label_studio.conftest import STUDIO_ENVIRONMENT

_WIDTH, _HEIGHT = 40, 30
_PROGRAM = """
import json, sys
import numpy
from label_studio_sdk.converter import brush
said = json.load(sys.stdin)
decoded = [brush.decode_rle(packed).tolist() for packed in said["packed"]]
encoded = [
    brush.encode_rle(numpy.array(values, dtype=numpy.uint8)) for values in said["values"]
]
json.dump({"decoded": decoded, "encoded": encoded}, sys.stdout)
"""


def test_both_read_what_the_other_writes() -> None:
    choice = random.Random(7)
    regions = [bytes(_WIDTH * _HEIGHT), b"\xff" * (_WIDTH * _HEIGHT)]
    for share in (0.02, 0.5):
        painted = [choice.random() < share for _ in range(_WIDTH * _HEIGHT)]
        regions.append(bytes(255 * value for value in painted))
    regions.append(bytes(700) + b"\xff" * 300 + bytes(200))
    channels = [[value for value in region for _ in range(4)] for region in regions]
    said = json.dumps({"packed": [list(pack(region)) for region in regions], "values": channels})
    done = subprocess.run(
        [STUDIO_ENVIRONMENT / "bin" / "python", "-c", _PROGRAM],
        input=said,
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(done.stdout)
    assert answer["decoded"] == channels
    assert [opacity(bytes(packed), _WIDTH * _HEIGHT) for packed in answer["encoded"]] == regions
