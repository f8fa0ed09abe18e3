"""What a deployed alarm makes of executions, by CloudWatch's rule.

The sandbox publishes no metrics of Step Functions. So the metric is counted here from what Step
Functions says of its executions, and judged by the alarm as it is deployed.
https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.pipeline.deployment import Deployment

#: The status that each metric of Step Functions counts.
_COUNTED = {"ExecutionsFailed": "FAILED", "ExecutionsTimedOut": "TIMED_OUT"}


def ringing(deployment: Deployment, name: str, executions: Iterable[str]) -> bool:
    """Whether an alarm on executions rings in each period in which one of them ended.

    Args:
        deployment: The pipeline.
        name: The alarm's name without the pipeline's.
        executions: ARNs of executions that have ended.
    """
    (alarm,) = [
        found
        for found in deployment.client("cloudwatch").describe_alarms()["MetricAlarms"]
        if found["AlarmName"].endswith(f"-{name}")
    ]
    machine = deployment.pipeline.outputs["state_machine_arn"]
    assert alarm["Namespace"] == "AWS/States"
    assert alarm["Dimensions"] == [{"Name": "StateMachineArn", "Value": machine}]
    assert alarm["ActionsEnabled"]
    assert deployment.pipeline.outputs["alarm_topic_arn"] in alarm["AlarmActions"]
    assert (alarm["Statistic"], alarm["ComparisonOperator"], alarm["EvaluationPeriods"]) == (
        "Sum",
        "GreaterThanOrEqualToThreshold",
        1,
    )
    ended = [_described(deployment, arn) for arn in executions]
    sums = Counter[int]()
    for execution in ended:
        period = int(execution["stopDate"].timestamp()) // alarm["Period"]
        sums[period] += execution["status"] == _COUNTED[alarm["MetricName"]]
    return bool(sums) and all(total >= alarm["Threshold"] for total in sums.values())


def _described(deployment: Deployment, arn: str) -> dict[str, Any]:
    client = deployment.client("stepfunctions")
    described: dict[str, Any] = client.describe_execution(executionArn=arn)
    return described
