"""The completion event and the metrics of a run.

Metrics are log lines in CloudWatch's embedded metric format, so they require neither a call nor a
permission.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from labeling_lambdas import process
from labeling_lambdas.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_events import EventBridgeClient

EVENT_SOURCE = "ground-truth-labeling"
EVENT_TYPE = "Labeling Run Completed"
METRIC_NAMESPACE = "GroundTruthLabeling"


def put_run_event(client: EventBridgeClient, bus: str, detail: Mapping[str, Any]) -> None:
    """Put the completion event of a run on the bus.

    Raises:
        DeliveryError: If EventBridge rejected it.
    """
    answer = client.put_events(
        Entries=[
            {
                "Source": EVENT_SOURCE,
                "DetailType": EVENT_TYPE,
                "Detail": json.dumps(detail),
                "EventBusName": bus,
            }
        ]
    )
    if answer["FailedEntryCount"]:
        entry = answer["Entries"][0]
        message = f"the completion event was refused: {entry.get('ErrorCode')}"
        raise DeliveryError(message)


def publish_metrics(pipeline: str, counts: Mapping[str, int]) -> None:
    """Publish counts under the pipeline's name."""
    document = {
        "_aws": {
            "Timestamp": int(process.now() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": METRIC_NAMESPACE,
                    "Dimensions": [["Pipeline"]],
                    "Metrics": [{"Name": name, "Unit": "Count"} for name in counts],
                }
            ],
        },
        "Pipeline": pipeline,
        **counts,
    }
    process.write_line(json.dumps(document))
