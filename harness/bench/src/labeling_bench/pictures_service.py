"""The S3 that Label Studio reads: ``python -m labeling_bench.pictures_service COUNT...``.

It has a bucket for each COUNT, with the pictures that Label Studio's own sync imports. The process
prints the variables with its address when it is ready, as JSON, and ends with its standard input.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from moto.s3.models import s3_backends

from labeling_bench import pictures
from labeling_sandbox.server import Sandbox


def main() -> None:
    """Serve until the standard input ends."""
    with Sandbox(port=0, runtime_python=Path(sys.executable), enforce_iam=False) as sandbox:
        # Not over HTTP, which would take longer than what is measured.
        backend = s3_backends[sandbox.account]["aws"]
        for count in map(int, sys.argv[1:]):
            bucket = pictures.bucket(count)
            sandbox.client("s3").create_bucket(Bucket=bucket)
            for number in range(pictures.synced(count)):
                backend.put_object(bucket, pictures.key(number), pictures.PICTURE)
        print(json.dumps(sandbox.environment()), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
