"""OpenTofu can run the files too: it has no mocks in other files and fewer settings.

The names are those of the block schemas of OpenTofu 1.9 (``internal/configs/test_file.go``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hcl2
import pytest

from tools import mock_provider

FILES = sorted(Path(__file__).parent.glob("*.tftest.hcl"))
OVERRIDES = {"override_data", "override_module", "override_resource"}
OF_A_FILE = {"mock_provider", "provider", "run", "variables", *OVERRIDES}
OF_A_MOCK = {"alias", "mock_data", "mock_resource", *OVERRIDES}
OF_A_RUN = {"assert", "command", "expect_failures", "module", "plan_options", "providers"}
OF_A_RUN |= {"variables", *OVERRIDES}
NO_FILE_OF_MOCKS = 'mock_provider "aws" {\n  source = "./mocks"\n}\n'
NO_STATE_KEY = 'run "a" {\n  state_key = "other"\n}\n'


def unknown_names(text: str) -> set[str]:
    """Return blocks and settings of a test file that OpenTofu does not have."""
    content: dict[str, Any] = hcl2.loads(text)
    bodies = [(content, OF_A_FILE)]
    for kind, known in (("mock_provider", OF_A_MOCK), ("run", OF_A_RUN)):
        bodies += [(body, known) for block in content.get(kind, []) for body in block.values()]
    names = {(name, frozenset(known)) for body, known in bodies for name in body}
    return {name for name, known in names if name not in known and not name.startswith("__")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_opentofu_knows_all_blocks_and_settings(path: Path) -> None:
    assert unknown_names(path.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    ("text", "name"), [(NO_FILE_OF_MOCKS, "source"), (NO_STATE_KEY, "state_key")]
)
def test_what_only_terraform_has_is_found(text: str, name: str) -> None:
    assert unknown_names(text) == {name}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_has_the_same_mock(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    source = mock_provider.SOURCE.read_text(encoding="utf-8")
    assert text == mock_provider.with_mock(text, source), "write it again: make format"


def test_a_mock_that_is_changed_is_written_into_a_file() -> None:
    source = '# Why.\n\nmock_provider "aws" {\n  mock_data "a" {\n  }\n}\n'
    text = '# Cases.\n\nmock_provider "aws" {\n  old = 1\n}\n\nrun "a" {\n}\n'
    assert mock_provider.with_mock(text, source) == (
        '# Cases.\n\nmock_provider "aws" {\n  mock_data "a" {\n  }\n}\n\nrun "a" {\n}\n'
    )


def test_a_file_without_a_mock_is_refused() -> None:
    with pytest.raises(ValueError, match="each need one block"):
        mock_provider.with_mock('run "a" {\n}\n', 'mock_provider "aws" {\n}\n')
