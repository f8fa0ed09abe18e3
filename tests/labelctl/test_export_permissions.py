"""An export runs with exactly the permissions that its page lists, and names a missing one."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from labeling_sandbox.iam import credentials
from tests.labelctl.stored_labels import store_demo, write_files
from tests.labelctl.test_permissions import POLICIES, with_names, without_each_action
from tests.sandbox.resources import make_role, put_policy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.labelctl.stage import Operated

_ALL = "export"
_RECORDS = (_ALL, "export of records, in addition")
_ICEBERG = (*_RECORDS, "export of records in Iceberg format, in addition")
_GLUE = (*_RECORDS, "export of records in Glue format, in addition")
_MASKS = "export of masks and large labels, in addition"
_FROZEN = "export --frozen, in addition"


@dataclass(frozen=True)
class Use:
    """An export with the permissions that it needs.

    Attributes:
        policies: Titles in the document.
        options: Its options.
        task: The task type.
        table_format: That of the offline store.
    """

    policies: tuple[str, ...]
    options: tuple[str, ...] = ()
    task: str = "image_single_label_classification"
    table_format: str = "Iceberg"


USES = {
    "images": Use(_ICEBERG),
    "Glue format": Use(_GLUE, table_format="Glue"),
    "texts": Use(_ICEBERG, task="text_single_label_classification"),
    "masks": Use((*_ICEBERG, _MASKS), task="image_semantic_segmentation"),
    "--frozen": Use((_ALL, _FROZEN), ("--frozen", "known")),
    "--freeze": Use((*_ICEBERG, _FROZEN, "export --freeze, in addition"), ("--freeze", "known")),
}


def encrypt(operated: Operated) -> None:
    """Encrypt the buckets with the pipeline's key, as the module does."""
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": operated.key_arn}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    for bucket in (operated.features, operated.output, operated.uploads):
        operated.client("s3").put_bucket_encryption(
            Bucket=bucket, ServerSideEncryptionConfiguration=rules
        )


def delete_a_mask(operated: Operated) -> None:
    """Delete a mask: S3 says that a file is missing only to who may list the bucket."""
    s3 = operated.client("s3")
    masks = s3.list_objects_v2(Bucket=operated.output, Prefix="labeling-jobs/")["Contents"]
    key = next(entry["Key"] for entry in masks if entry["Key"].endswith(".png"))
    s3.delete_object(Bucket=operated.output, Key=key)


@pytest.mark.parametrize("name", USES)
def test_an_export_needs_each_permission_of_its_policy_and_no_other(
    operated: Operated, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use = USES[name]
    stored = store_demo(operated, use.task, 4, use.table_format, prepare=encrypt)
    folders = (str(tmp_path / str(number)) for number in itertools.count())
    if use.task == "image_semantic_segmentation":
        delete_a_mask(operated)
    arguments = ("--format", "jsonl", "--to")
    # A name that is taken is read, to see whether it has the same records.
    operated.answer("export", "--freeze", "known", *arguments, next(folders))
    role = f"{operated.name}-operator"
    held = credentials.assume(make_role(operated.sandbox, role, "ec2.amazonaws.com"), "operator")
    policy = with_names(operated, use.policies)
    write_files(operated)
    with monkeypatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", held.access_key_id)
        environment.setenv("AWS_SECRET_ACCESS_KEY", held.secret_access_key)
        environment.setenv("AWS_SESSION_TOKEN", held.session_token)
        for action, less in without_each_action(policy):
            put_policy(operated.sandbox, role, *less)
            line = operated.error("export", *use.options, *arguments, next(folders))
            assert line.startswith(f"error: missing permission {action} on arn:")
        put_policy(operated.sandbox, role, *policy)
        made = operated.answer("export", *use.options, *arguments, next(folders))
    missing = {"mask_missing": 1} if use.task == "image_semantic_segmentation" else {}
    assert made["left_out"] == missing
    assert made["sides"]["train"]["items"] == len(stored.items) - len(missing)


def test_every_policy_of_an_export_is_tested() -> None:
    used = {title for use in USES.values() for title in use.policies}
    assert used == {title for title in POLICIES if title.partition(" ")[0] == "export"}
