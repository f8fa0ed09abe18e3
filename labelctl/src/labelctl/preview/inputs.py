"""What a worker template is filled with."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from labelctl.error_messages import LabelctlError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from labelctl.connection import Client
    from labelctl.doctor.deployed import JobSettings
    from labelctl.pipeline import Pipeline

_MANIFEST_LINE = re.compile(r"""task\.input\.manifestLine\[\s*["']([^"']+)["']""")
_METADATA = "-metadata"
#: A link to a picture of the page is valid as long as somebody may look at the page.
LINK_SECONDS = 3600


class WorkerFiles(NamedTuple):
    """The files of a pipeline's workers.

    Attributes:
        template: The worker template.
        labels: The label categories, in order.
    """

    template: str
    labels: tuple[str, ...]


def worker_files(client: Client, job: JobSettings) -> WorkerFiles:
    """Read the files of a stage.

    Args:
        client: S3.
        job: What labeling jobs of the stage are created with.

    Raises:
        LabelctlError: If workers have a page of AWS.
    """
    template: str | None = None
    labels: tuple[str, ...] = ()
    for uri in job.worker_files:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        text = client.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        if key.endswith(".json"):
            labels = tuple(str(entry["label"]) for entry in json.loads(text)["labels"])
        else:
            template = text
    if template is None:
        message = (
            "workers of this stage have a page of AWS, which has no template; --stage names another"
        )
        raise LabelctlError(message)
    return WorkerFiles(template, labels)


def uploaded_object(client: Client, pipeline: Pipeline, key: str) -> str:
    """Return what a task shows of an upload: its address, or the first line of a text.

    Args:
        client: S3.
        pipeline: The pipeline.
        key: Key of the upload.
    """
    if not pipeline.splits_uploads:
        return f"s3://{pipeline.upload_bucket}/{key}"
    body = client.get_object(Bucket=pipeline.upload_bucket, Key=key)["Body"]
    return next(body.iter_lines(), b"").decode("utf-8", "replace")


def local_object(path: Path) -> str:
    """Return what a task shows of a file: the text of a ``.txt`` file, or its address.

    Raises:
        LabelctlError: If there is no such file, or its text cannot be read.
    """
    if not path.is_file():
        message = f"{path} is not a file; name a picture or a .txt file on this machine"
        raise LabelctlError(message)
    return local_text(path) if path.suffix == ".txt" else path.resolve().as_uri()


def local_text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        LabelctlError: If it cannot be read.
    """
    try:
        return path.read_text("utf-8")
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise LabelctlError(message) from error
    except UnicodeDecodeError as error:
        message = f"{path} is not UTF-8; save it in that encoding ({error.reason})"
        raise LabelctlError(message) from error


def example_input(template: str, shown: str, labels: Sequence[str]) -> dict[str, Any]:
    """Return the input of a task, with the first label as the one that reviewers judge.

    https://docs.aws.amazon.com/sagemaker/latest/dg/sms-custom-templates-step3-lambda-requirements.html

    Args:
        template: The template; it names the label attribute that it shows.
        shown: The object.
        labels: The label categories.
    """
    given = list(labels[:1])
    return {
        "taskObject": shown,
        "labels": list(labels),
        "given": given,
        "segments": [{"text": shown, "label": ", ".join(given)}],
        "manifestLine": dict(_label_entries(template, given)),
    }


def _label_entries(template: str, given: Sequence[str]) -> list[tuple[str, Any]]:
    return [
        (
            name,
            {"class-map": dict(enumerate(given))}
            if name.endswith(_METADATA)
            else {"annotations": []},
        )
        for name in dict.fromkeys(_MANIFEST_LINE.findall(template))
    ]
