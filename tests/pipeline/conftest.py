from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.pipeline.deployment import Deployment, deploy
from tests.pipeline.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from labeling_sandbox.server import Sandbox

LAST = "test_after_all_scenarios.py"
SECONDS_FOR_ONE_TEST = 300


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what looks back on all scenarios, and destroys, come last among this folder's tests."""
    positions = [index for index, item in enumerate(items) if _is_ours(item)]
    ours = sorted((items[index] for index in positions), key=lambda item: item.path.name == LAST)
    for index, item in zip(positions, ours, strict=True):
        items[index] = item
        item.add_marker(pytest.mark.terraform)
        item.add_marker(pytest.mark.timeout(SECONDS_FOR_ONE_TEST))
        # One apply and one sandbox: with several workers all of these go to the same one.
        item.add_marker(pytest.mark.xdist_group("pipeline"))


def _is_ours(item: pytest.Item) -> bool:
    return item.path.parent.name == "pipeline"


@pytest.fixture(scope="session")
def deployment(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    deployed = deploy(sandbox, tmp_path_factory.mktemp("pipeline"))
    yield deployed
    deployed.destroy()


@pytest.fixture(scope="session")
def say(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Prints a line for the reader, whatever pytest captures; a worker of several says nothing."""
    reporter = pytestconfig.pluginmanager.get_plugin("terminalreporter")
    capture = pytestconfig.pluginmanager.get_plugin("capturemanager")

    def write(line: str) -> None:
        if reporter is not None and capture is not None:
            with capture.global_and_fixture_disabled():
                reporter.write_line(line)

    return write


@pytest.fixture
def scenario(deployment: Deployment, request: pytest.FixtureRequest) -> Iterator[Scenario]:
    """A scenario with keys of its own; nothing of its faults stays for the next one."""
    told = Scenario(deployment, request.node.name.removeprefix("test_"))
    told.behave()
    yield told
    told.behave()
