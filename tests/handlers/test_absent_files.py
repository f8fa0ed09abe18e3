"""Reading a file that may be absent, whatever S3 says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from labeling_lambdas.aws import clients
from labeling_lambdas.aws.artifacts import Artifacts
from labeling_lambdas.steps.claim_labels import output_lines

if TYPE_CHECKING:
    from tests.handlers.pipeline import Pipeline

# S3 answers 403 for an absent file to a caller whose permission to list does not apply to the read.
HIDDEN = "AccessDenied"


def artifacts(pipeline: Pipeline) -> Artifacts:
    return Artifacts(clients.s3(), pipeline.output, pipeline.key_arn, "run")


def test_an_absent_file_that_s3_hides_is_absent(pipeline: Pipeline) -> None:
    pipeline.faults.refuse("GetObject", HIDDEN)
    assert artifacts(pipeline).read_if_there("claims/index.json") is None


def test_a_file_that_may_not_be_read_is_not_taken_for_absent(pipeline: Pipeline) -> None:
    files = artifacts(pipeline)
    files.write("claims/index.json", {})
    files.write("claims/index.json.copy", {})
    pipeline.faults.refuse("GetObject", HIDDEN)
    with pytest.raises(ClientError, match=HIDDEN):
        files.read_if_there("claims/index.json")


def test_the_hidden_output_of_a_failed_job_is_no_output(pipeline: Pipeline) -> None:
    job = {"status": "Failed", "output_uri": f"s3://{pipeline.output}/labeling-jobs/none/x"}
    pipeline.faults.refuse("GetObject", HIDDEN)
    assert list(output_lines(artifacts(pipeline), job)) == []
