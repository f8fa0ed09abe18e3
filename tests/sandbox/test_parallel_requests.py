"""Requests that arrive at the same time, as Terraform's do, are answered as if they had not."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from botocore.model import OperationModel as BotocoreOperationModel
from moto.core import model
from moto.core.utils import get_service_model
from moto.iam.models import IAMBackend

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moto.iam.models import Role

    from labeling_sandbox.server import Sandbox

SECONDS = 30


@pytest.mark.usefixtures("sandbox")
def test_no_thread_gets_the_model_of_an_operation_that_moto_cannot_answer_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    description = get_service_model("iam")._service_description
    service = model.ServiceModel(description, "iam")
    making, asked = threading.Event(), threading.Event()

    class SlowlyMade(model.OperationModel):  # type: ignore[misc] # moto has no types
        def __init__(self, *arguments: object) -> None:
            making.set()
            asked.wait(timeout=1)
            super().__init__(*arguments)

    monkeypatch.setattr(model, "OperationModel", SlowlyMade)
    with ThreadPoolExecutor() as threads:
        first = threads.submit(service.operation_model, "CreateRole")
        assert making.wait(SECONDS)
        second = threads.submit(service.operation_model, "CreateRole")
        models = [second.result(SECONDS), first.result(SECONDS)]
        asked.set()
    assert all(isinstance(made, SlowlyMade) for made in models), models
    assert all(isinstance(made, BotocoreOperationModel) for made in models)


def test_roles_are_created_while_others_are_looked_for(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sandbox.client("iam")
    number = 8
    together = threading.Semaphore(0)

    def roles_one_by_one(backend: IAMBackend) -> Iterator[Role]:
        for role in backend.roles.values():
            # Long enough for another request to add a role, were it served now.
            together.acquire(timeout=0.01)
            yield role

    def create(name: str) -> str:
        policy = json.dumps({"Version": "2012-10-17", "Statement": []})
        answer = client.create_role(RoleName=name, AssumeRolePolicyDocument=policy)
        return str(answer["Role"]["RoleName"])

    create("parallel-first")
    monkeypatch.setattr(IAMBackend, "get_roles", roles_one_by_one)
    names = [f"parallel-{index}" for index in range(number)]
    with ThreadPoolExecutor(number) as threads:
        assert list(threads.map(create, names)) == names
