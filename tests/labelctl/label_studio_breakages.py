"""Ways to break what the jobs in Label Studio of a deployed pipeline need."""

from __future__ import annotations

import json
import socket
import uuid
from contextlib import ExitStack
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from labeling_faults.label_studio import api
from labeling_faults.simulated_time.clock import Clock
from tests.label_studio.test_connection import always, listening
from tests.labelctl.labeling_breakages import put_resources
from tests.sandbox.resources import make_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from labeling_sandbox.server import Sandbox
    from tests.label_studio.test_connection import Answer
    from tests.labelctl.deployed import Deployed, Undo

_STEP = "advance_label_studio_jobs"


def inputs(sandbox: Sandbox, stack: ExitStack) -> Mapping[str, Any]:
    """Return the module's input for a Label Studio that is there until a stack is closed."""
    studio = api.LabelStudio(Clock())

    def answer(path: str, *_: object) -> Answer:
        found = studio.answer(api.Request("GET", path))
        return HTTPStatus.OK, json.dumps(found), {}

    key = make_key(sandbox)
    return {
        "token_secret_arn": _secret(sandbox.client("secretsmanager"), KmsKeyId=key),
        "token_secret_kms_key_arn": key,
        "url": stack.enter_context(listening(answer)),
    }


def _secret(secrets: Any, **parameters: str) -> str:
    given = {"SecretString": api.TOKEN, **parameters}
    return str(secrets.create_secret(Name=f"token-{uuid.uuid4().hex}", **given)["ARN"])


def schedule_disabled(deployed: Deployed) -> Undo:
    return _schedule(deployed, State="DISABLED")


def schedule_of_another_function(deployed: Deployed) -> Undo:
    target = _known_schedule(deployed)["Target"]
    other = target["Arn"].replace("advance-label-studio-jobs", "recover-runs")
    assert other != target["Arn"]
    return _schedule(deployed, Target={**target, "Arn": other})


def schedule_deleted(deployed: Deployed) -> Undo:
    scheduler, known = deployed.client("scheduler"), _known_schedule(deployed)
    scheduler.delete_schedule(Name=known["Name"])
    return lambda: scheduler.create_schedule(**known)


def _schedule(deployed: Deployed, **changes: object) -> Undo:
    scheduler, known = deployed.client("scheduler"), _known_schedule(deployed)
    scheduler.update_schedule(**{**known, **changes})
    return lambda: scheduler.update_schedule(**known)


def _known_schedule(deployed: Deployed) -> dict[str, Any]:
    known = deployed.client("scheduler").get_schedule(Name=_settings(deployed)["schedule"])
    names = ("FlexibleTimeWindow", "KmsKeyArn", "Name", "ScheduleExpression", "State", "Target")
    return {name: known[name] for name in names}


def secret_to_be_deleted(deployed: Deployed) -> Undo:
    secrets, arn = deployed.client("secretsmanager"), _settings(deployed)["token_secret_arn"]
    secrets.delete_secret(SecretId=arn, RecoveryWindowInDays=7)
    return lambda: secrets.restore_secret(SecretId=arn)


def secret_deleted(deployed: Deployed) -> Undo:
    secrets, settings = deployed.client("secretsmanager"), _settings(deployed)
    secrets.delete_secret(SecretId=settings["token_secret_arn"], ForceDeleteWithoutRecovery=True)
    # A new secret has another ARN.
    return lambda: _use_secret(
        deployed, _secret(secrets, KmsKeyId=settings["token_secret_kms_key_arn"])
    )


def secret_without_value(deployed: Deployed) -> Undo:
    secrets, settings = deployed.client("secretsmanager"), _settings(deployed)
    empty = secrets.create_secret(
        Name=f"empty-{uuid.uuid4().hex}", KmsKeyId=settings["token_secret_kms_key_arn"]
    )
    return _use_secret(deployed, empty["ARN"])


def secret_with_another_key(deployed: Deployed) -> Undo:
    return _secret_key(deployed, make_key(deployed.deployment.sandbox))


def secret_with_the_key_of_aws(deployed: Deployed) -> Undo:
    return _secret_key(deployed, "alias/aws/secretsmanager")


def _secret_key(deployed: Deployed, key: str) -> Undo:
    secrets, settings = deployed.client("secretsmanager"), _settings(deployed)
    arn = settings["token_secret_arn"]
    secrets.update_secret(SecretId=arn, KmsKeyId=key)
    return lambda: secrets.update_secret(
        SecretId=arn, KmsKeyId=settings["token_secret_kms_key_arn"]
    )


def _use_secret(deployed: Deployed, arn: str) -> Undo:
    """Let the pipeline use another secret, as an apply does."""
    before = _settings(deployed)["token_secret_arn"]
    iam, function = deployed.client("iam"), deployed.parameter("function-names")[_STEP]
    configuration = deployed.client("lambda").get_function_configuration(FunctionName=function)
    role = configuration["Role"].rpartition("/")[2]

    def use(old: str, new: str) -> None:
        policy = iam.get_role_policy(RoleName=role, PolicyName="function")["PolicyDocument"]
        iam.put_role_policy(
            RoleName=role,
            PolicyName="function",
            PolicyDocument=json.dumps(policy).replace(old, new),
        )
        _change(deployed, token_secret_arn=new)

    use(before, arn)
    return lambda: use(arn, before)


def version_too_old(deployed: Deployed) -> Undo:
    return _elsewhere(deployed, always(HTTPStatus.OK, '{"release": "1.23.1"}'))


def redirect_to_a_login(deployed: Deployed) -> Undo:
    return _elsewhere(deployed, always(HTTPStatus.FOUND, "", Location="/user/login"))


def another_program(deployed: Deployed) -> Undo:
    return _elsewhere(deployed, always(HTTPStatus.OK, "<html>"))


def closed_to_this_machine(deployed: Deployed) -> Undo:
    return _elsewhere(deployed, always(HTTPStatus.FORBIDDEN))


def out_of_reach(deployed: Deployed) -> Undo:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    return _change(deployed, url=f"http://127.0.0.1:{port}")


def _elsewhere(deployed: Deployed, answer: Any) -> Undo:
    stack = ExitStack()
    restore = _change(deployed, url=stack.enter_context(listening(answer)))

    def undo() -> None:
        restore()
        stack.close()

    return undo


def _settings(deployed: Deployed) -> dict[str, Any]:
    return dict(deployed.parameter("resources")["label_studio"])


def _change(deployed: Deployed, **settings: str) -> Undo:
    before = deployed.parameter("resources")
    put_resources(deployed, {**before, "label_studio": {**_settings(deployed), **settings}})
    return lambda: put_resources(deployed, before)


#: Check and its state, by breakage.
BREAKAGES: dict[Callable[[Deployed], Undo], tuple[str, str]] = {
    schedule_disabled: ("label_studio_schedule", "failed"),
    schedule_of_another_function: ("label_studio_schedule", "failed"),
    schedule_deleted: ("label_studio_schedule", "failed"),
    secret_to_be_deleted: ("label_studio_token", "failed"),
    secret_deleted: ("label_studio_token", "failed"),
    secret_without_value: ("label_studio_token", "failed"),
    secret_with_another_key: ("label_studio_token", "failed"),
    secret_with_the_key_of_aws: ("label_studio_token", "warning"),
    version_too_old: ("label_studio", "failed"),
    redirect_to_a_login: ("label_studio", "failed"),
    another_program: ("label_studio", "failed"),
    closed_to_this_machine: ("label_studio", "warning"),
    out_of_reach: ("label_studio", "warning"),
}
