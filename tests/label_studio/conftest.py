"""One Label Studio for all tests of a process, with the sandbox's S3 behind it."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from labeling_lambdas.label_studio.client import LabelStudio
from labeling_lambdas.label_studio.connection import Connection
from labeling_sandbox.label_studio.people import Person
from labeling_sandbox.label_studio.server import ENVIRONMENT, LabelStudioServer
from tests.label_studio.engine import CountedConnection, Engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeling_sandbox.server import Sandbox

STUDIO_ENVIRONMENT = Path(__file__).resolve().parents[2] / ENVIRONMENT


@pytest.fixture(scope="session")
def proxy() -> Iterator[socket.socket]:
    """What every call to another machine would connect to."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture(scope="session")
def server(
    sandbox: Sandbox, proxy: socket.socket, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LabelStudioServer]:
    """A started Label Studio; it takes half a minute to start the first time."""
    folder = tmp_path_factory.mktemp("label-studio")
    address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
    proxies = {"HTTP_PROXY": address, "HTTPS_PROXY": address, "NO_PROXY": "127.0.0.1"}
    environment = {**sandbox.environment(), **proxies}
    with LabelStudioServer(STUDIO_ENVIRONMENT, folder, environment) as started:
        yield started


@pytest.fixture(scope="session")
def people(server: LabelStudioServer) -> list[Person]:
    """Three people with accounts of their own."""
    return [Person(server, f"person-{number}@example.org") for number in range(3)]


@pytest.fixture(scope="session")
def studio(server: LabelStudioServer) -> LabelStudio:
    """The functions' client, with the owner's token."""
    return LabelStudio(Connection(server.url, server.token))


@pytest.fixture
def engine(sandbox: Sandbox, server: LabelStudioServer) -> Engine:
    """Jobs of one test, with a bucket and a ledger of their own."""
    return Engine(sandbox, lambda changes: CountedConnection(server.url, server.token, changes))
