"""What remains after a destroy is found by the pipeline's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeling_sandbox.demo.leftovers import leftovers

if TYPE_CHECKING:
    from labeling_sandbox.server import Sandbox


def test_a_name_within_another_word_is_not_the_pipeline_s(sandbox: Sandbox) -> None:
    sqs = sandbox.client("sqs")
    for name in ("shelf-intake", "digits-undelivered-shelf", "bookshelf-intake", "shelfs-intake"):
        sqs.create_queue(QueueName=name)
    found = leftovers(sandbox.client, "shelf")
    assert [resource.rpartition("/")[2] for resource in found] == ["shelf-intake"]


def test_a_name_within_a_path_is_the_pipeline_s(sandbox: Sandbox) -> None:
    sandbox.client("logs").create_log_group(logGroupName="/aws/lambda/crate-poll-queue")
    sandbox.client("ssm").put_parameter(Name="/crate/task-type", Value="text", Type="String")
    sandbox.client("sns").create_topic(Name="crate-alarms")
    assert [resource.rpartition(" ")[0] for resource in leftovers(sandbox.client, "crate")] == [
        "log group",
        "topic",
        "parameter",
    ]
