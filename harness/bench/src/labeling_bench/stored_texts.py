"""A sandbox with stored labels: ``python -m labeling_bench.stored_texts COUNT``.

It has a pipeline whose texts have labels, in the files of an offline store. The process prints the
variables with its address when it is ready, as JSON, and ends with its standard input.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labeling_sandbox.server import Sandbox
from labeling_sandbox.stores.feature_store import feature_group
from labeling_sandbox.stores.offline_files import write_files

if TYPE_CHECKING:
    from collections.abc import Iterator

PIPELINE = "bench"
_UPLOADS, _OUTPUT, _FEATURES = "bench-upload", "bench-output", "bench-features"
_TASK_TYPE = "text_single_label_classification"
_LABELS = ("question", "complaint")
#: Lines of a file, whose records are written to one file of the offline store.
_LINES = 1_000
_DAYS = 28
_TYPES = {"confidence": "Fractional", "attempts": "Integral"}


def main() -> None:
    """Serve until the standard input ends."""
    with Sandbox(port=0, runtime_python=Path(sys.executable), enforce_iam=False) as sandbox:
        _create(sandbox)
        group = feature_group(sandbox, PIPELINE)
        count = int(sys.argv[1])
        for number, start in enumerate(range(0, count, _LINES)):
            lines = range(1, min(_LINES, count - start) + 1)
            key = f"inbox/{number:05d}.txt"
            body = "".join(f"{_text(number, line)}\n" for line in lines).encode()
            put = sandbox.client("s3").put_object(Bucket=_UPLOADS, Key=key, Body=body)
            # Not over HTTP, which would take longer than what is measured.
            for record in _records(key, put["VersionId"], number, lines):
                group.put(
                    [
                        {"FeatureName": name, "ValueAsString": str(value)}
                        for name, value in record.items()
                    ],
                    None,
                )
            write_files(sandbox, group)
        print(json.dumps(sandbox.environment()), flush=True)
        sys.stdin.read()


def _create(sandbox: Sandbox) -> None:
    s3 = sandbox.client("s3")
    for bucket in (_UPLOADS, _OUTPUT, _FEATURES):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=_UPLOADS, VersioningConfiguration={"Status": "Enabled"})
    trust = {"Version": "2012-10-17", "Statement": []}
    role = sandbox.client("iam").create_role(
        RoleName=_FEATURES, AssumeRolePolicyDocument=json.dumps(trust)
    )
    (example,) = _records("key", "version", 0, range(1, 2))
    sandbox.client("sagemaker").create_feature_group(
        FeatureGroupName=PIPELINE,
        RecordIdentifierFeatureName="source_ref",
        EventTimeFeatureName="event_time",
        FeatureDefinitions=[
            {"FeatureName": name, "FeatureType": _TYPES.get(name, "String")} for name in example
        ],
        OfflineStoreConfig={
            "S3StorageConfig": {"S3Uri": f"s3://{_FEATURES}/offline-store"},
            "TableFormat": "Iceberg",
        },
        RoleArn=role["Role"]["Arn"],
    )
    used = {
        "feature-group-name": PIPELINE,
        "output-bucket-name": _OUTPUT,
        "task-type": _TASK_TYPE,
        "upload-bucket-name": _UPLOADS,
    }
    unused = (
        "dead-letter-queue-url",
        "ledger-table-name",
        "splitter-function-name",
        "state-machine-arn",
        "undelivered-queue-url",
        "upload-queue-url",
    )
    for name, value in {**dict.fromkeys(unused, "unused"), **used}.items():
        sandbox.client("ssm").put_parameter(Name=f"/{PIPELINE}/{name}", Value=value, Type="String")


def _text(number: int, line: int) -> str:
    return f"This is line {line} of file {number}, which three people have read and labeled."


def _records(key: str, version: str, number: int, lines: range) -> Iterator[dict[str, Any]]:
    """Yield records as the functions write them, with a day for each file."""
    time = f"2026-01-{1 + number % _DAYS:02d}T03:04:05.678Z"
    for line in lines:
        index = line % len(_LABELS)
        written = {
            "text-label": index,
            "text-label-metadata": {
                "class-name": _LABELS[index],
                "confidence": 0.95,
                "creation-date": time.rstrip("Z"),
                "human-annotated": "yes",
                "job-name": "labeling-job/bench-20260102t030405-0a1b2c3d4e-label",
                "type": "groundtruth/text-classification",
            },
        }
        yield {
            "source_ref": f"s3://{_UPLOADS}/{key}#L{line}",
            "event_time": time,
            "label": _LABELS[index],
            "label_json": json.dumps(written),
            "confidence": 0.95,
            "labeling_job": "bench-20260102t030405-0a1b2c3d4e-label",
            "status": "LABELED",
            "task_type": _TASK_TYPE,
            "label_schema": "sha256:0123456789abcdef",
            "source_version_id": version,
            "source_etag": "0123456789abcdef0123456789abcdef",
            "run_id": "20260102t030405-0a1b2c3d4e",
            "attempts": 1,
        }


if __name__ == "__main__":
    main()
