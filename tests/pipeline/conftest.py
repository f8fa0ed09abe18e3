from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.pipeline.deployment import Deployment, deploy
from tests.pipeline.groups import group_of
from tests.pipeline.sandbox_scenario import SandboxScenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xdist.remote import Producer

    from labeling_sandbox.server import Sandbox

#: What changes the deployment for good comes late; what looks back on all, and destroys, last.
ORDER = (
    "test_label_studio.py",
    "test_scenarios.py",
    "test_verification.py",
    "test_after_all_scenarios.py",
)
SECONDS_FOR_ONE_TEST = 1500 + 30 * SandboxScenario.failing_schedules


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let this folder's tests come in their order."""
    positions = [index for index, item in enumerate(items) if _is_ours(item)]
    ours = sorted(
        (items[index] for index in positions), key=lambda item: ORDER.index(item.path.name)
    )
    for index, item in zip(positions, ours, strict=True):
        items[index] = item
        item.add_marker(pytest.mark.terraform)
        item.add_marker(pytest.mark.timeout(SECONDS_FOR_ONE_TEST))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Let pytest-xdist give each worker a group of tests, whatever ``--dist`` says."""
    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = group_of
    return scheduler


def _is_ours(item: pytest.Item) -> bool:
    return item.path.parent.name == "pipeline"


@pytest.fixture(scope="session")
def deployment(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    deployed = deploy(sandbox, tmp_path_factory.mktemp("pipeline"))
    yield deployed
    deployed.destroy()


@pytest.fixture(scope="session")
def verifying_deployment(deployment: Deployment) -> Deployment:
    """The same deployment, from now on with reviewers."""
    deployment.verify()
    return deployment


@pytest.fixture(scope="session")
def say(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Print a line for the reader at once, whatever pytest captures."""
    capture = pytestconfig.pluginmanager.get_plugin("capturemanager")
    assert capture is not None

    def write(line: str) -> None:
        # A worker's standard output belongs to pytest-xdist; its standard error is the terminal.
        with capture.global_and_fixture_disabled():
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    return write


@pytest.fixture
def scenario(deployment: Deployment, request: pytest.FixtureRequest) -> Iterator[SandboxScenario]:
    """A scenario with keys of its own; nothing of its faults stays for the next one."""
    named = request.node.callspec.params.get("play")
    told = SandboxScenario(deployment, named.__name__)
    told.behave()
    yield told
    told.behave()
