"""Write the mock of the provider into every file of ``tests/hcl``: ``make format`` does it.

Terraform can read the mock from a folder (``source``), OpenTofu cannot. Each file therefore
contains it, and ``tests/hcl/mock_provider.hcl`` is where it is changed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "hcl"
SOURCE = FOLDER / "mock_provider.hcl"

_BLOCK = re.compile(r'^mock_provider "aws" \{\n.*?^\}\n', re.DOTALL | re.MULTILINE)


def with_mock(text: str, source: str) -> str:
    """Put the mock into a test file, in place of the one that it has.

    Args:
        text: The test file's text.
        source: Text that contains the mock.

    Returns:
        The test file's text with the mock of the source.

    Raises:
        ValueError: One of the two texts does not contain exactly one mock.
    """
    blocks = [_BLOCK.findall(each) for each in (text, source)]
    if any(len(found) != 1 for found in blocks):
        message = 'a test file and mock_provider.hcl each need one block: mock_provider "aws" {'
        raise ValueError(message)
    return text.replace(blocks[0][0], blocks[1][0])


def main() -> int:
    """Write the mock into every test file.

    Returns:
        The exit status: 0, or 1 with one line on standard error.
    """
    source = SOURCE.read_text(encoding="utf-8")
    for path in sorted(FOLDER.glob("*.tftest.hcl")):
        try:
            text = with_mock(path.read_text(encoding="utf-8"), source)
        except ValueError as error:
            print(f"error: {path}: {error}", file=sys.stderr)
            return 1
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
