"""A report of labels runs with exactly the permissions that its page lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labeling_sandbox.iam import credentials
from tests.labelctl.stored_labels import store_demo
from tests.labelctl.test_export_permissions import Use, delete_a_mask, encrypt
from tests.labelctl.test_permissions import POLICIES, with_names, without_each_action
from tests.sandbox.resources import make_role, put_policy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.labelctl.stage import Operated

_OTHERS = ("status", "report, in addition")
_LABELS = "report of labels, in addition"
_WORKERS = "report of workers, in addition"
_TABLE = "report of labels in Iceberg format, in addition"
_FILES = "report of labels in Glue format, in addition"
_MASKS = "report of masks and large labels, in addition"
USES = {
    "Iceberg": Use((_LABELS, _TABLE)),
    "Glue": Use((_LABELS, _FILES), table_format="Glue"),
    "masks": Use((_LABELS, _TABLE, _MASKS), task="image_semantic_segmentation"),
}


@pytest.mark.parametrize("name", USES)
def test_a_report_of_labels_needs_each_permission_of_its_policy(
    operated: Operated, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use = USES[name]
    store_demo(operated, use.task, 3, use.table_format, prepare=encrypt)
    if name == "masks":
        delete_a_mask(operated)
    role = f"{operated.name}-operator"
    held = credentials.assume(make_role(operated.sandbox, role, "ec2.amazonaws.com"), "operator")
    others, policy = with_names(operated, _OTHERS), with_names(operated, use.policies)
    arguments = ("report", "--no-open", "--no-workers", "--to", str(tmp_path / "report.html"))
    with monkeypatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", held.access_key_id)
        environment.setenv("AWS_SECRET_ACCESS_KEY", held.secret_access_key)
        environment.setenv("AWS_SESSION_TOKEN", held.session_token)
        for action, less in without_each_action(policy):
            put_policy(operated.sandbox, role, *others, *less)
            line = operated.error(*arguments)
            assert line.startswith(f"error: missing permission {action} on arn:")
        put_policy(operated.sandbox, role, *others, *policy)
        result = operated.labelctl(*arguments)
    assert result.exit_code == 0, result.output


def test_a_report_of_workers_needs_each_permission_of_its_policy(
    operated: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = operated.upload("a.png")
    operated.announce([source])
    run = operated.poll(execution="one")
    operated.prepare_ground_truth()
    operated.start(run, execution="one")
    job = operated.ended_job(run, [operated.labeled(source)])
    operated.settle(run, job, execution="one")
    role = f"{operated.name}-operator"
    held = credentials.assume(make_role(operated.sandbox, role, "ec2.amazonaws.com"), "operator")
    others, policy = with_names(operated, _OTHERS), with_names(operated, (_WORKERS,))
    arguments = ("report", "--no-open", "--no-labels", "--json")
    with monkeypatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", held.access_key_id)
        environment.setenv("AWS_SECRET_ACCESS_KEY", held.secret_access_key)
        environment.setenv("AWS_SESSION_TOKEN", held.session_token)
        for action, less in without_each_action(policy):
            put_policy(operated.sandbox, role, *others, *less)
            line = operated.error(*arguments)
            assert line.startswith(f"error: missing permission {action} on arn:")
        put_policy(operated.sandbox, role, *others, *policy)
        result = operated.labelctl(*arguments)
    assert result.exit_code == 0, result.output


def test_every_policy_of_a_report_is_tested() -> None:
    used = {title for use in USES.values() for title in use.policies} | {_WORKERS}
    assert used == {title for title in POLICIES if title.startswith("report of ")}
