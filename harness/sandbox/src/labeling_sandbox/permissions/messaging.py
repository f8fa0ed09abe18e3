"""The permissions of requests to SQS, SNS and EventBridge, and for encrypted queues' keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.sns.models import sns_backends
from moto.sqs.models import Queue, sqs_backends

from labeling_sandbox.permissions.requirements import Call, KeyUse, Needs, Requirement

if TYPE_CHECKING:
    from collections.abc import Mapping

_QUEUE_ACTIONS: Mapping[str, str] = {
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    "DeleteMessageBatch": "DeleteMessage",
    "SendMessageBatch": "SendMessage",
}
# SQS Developer Guide, "Key management": a producer needs both actions, a consumer needs the second.
_QUEUE_KEY_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "SendMessage": ("kms:GenerateDataKey", "kms:Decrypt"),
    "ReceiveMessage": ("kms:Decrypt",),
}


def sqs_needs(call: Call) -> Needs:
    """Return what an SQS request needs; batch operations are authorised as their single form."""
    action = _QUEUE_ACTIONS.get(call.operation, call.operation)
    if action == "ListQueues":
        return Needs((Requirement("sqs:ListQueues", "*"),))
    arn = _queue_arn(call)
    queue: Queue | None = sqs_backends[call.account][call.region].queues.get(arn.rsplit(":", 1)[-1])
    policy = str(queue.policy) if queue is not None and queue.policy else None
    key_id = queue.kms_master_key_id if queue is not None else None
    actions = _QUEUE_KEY_ACTIONS.get(action, ())
    uses = (
        (KeyUse(str(key_id), actions, call.via("sqs"), {"aws:sqs:arn": arn}),)
        if key_id and actions
        else ()
    )
    return Needs((Requirement(f"sqs:{action}", arn, {}, policy),), uses)


def sns_needs(call: Call) -> Needs:
    """Return what an SNS request needs."""
    arn = call.parameters.get("TopicArn") or call.parameters.get("TargetArn")
    if not arn:
        return Needs((Requirement(f"sns:{call.operation}", "*"),))
    topic = sns_backends[call.account][call.region].topics.get(str(arn))
    policy = topic.policy if topic is not None else None
    return Needs((Requirement(f"sns:{call.operation}", str(arn), {}, policy),))


def events_needs(call: Call) -> Needs:
    """Return what an EventBridge request needs; PutEvents for each bus, source and detail type."""
    if call.operation != "PutEvents":
        name = call.parameters.get("Name") or call.parameters.get("Rule")
        return Needs(
            (
                Requirement(
                    f"events:{call.operation}", call.arn("events", f"rule/{name}") if name else "*"
                ),
            )
        )
    kinds = {
        (
            str(entry.get("EventBusName") or "default"),
            str(entry.get("Source", "")),
            str(entry.get("DetailType", "")),
        )
        for entry in call.parameters.get("Entries", [])
    }
    return Needs(tuple(_put_events(call, *kind) for kind in sorted(kinds)))


def _put_events(call: Call, bus: str, source: str, detail_type: str) -> Requirement:
    arn = bus if bus.startswith("arn:") else call.arn("events", f"event-bus/{bus}")
    return Requirement(
        "events:PutEvents", arn, {"events:source": [source], "events:detail-type": [detail_type]}
    )


def _queue_arn(call: Call) -> str:
    for name in ("SourceArn", "TaskHandle"):
        if str(call.parameters.get(name, "")).startswith("arn:"):
            return str(call.parameters[name])
    name = (
        call.parameters.get("QueueName")
        or str(call.parameters.get("QueueUrl", "")).rsplit("/", 1)[-1]
    )
    return call.arn("sqs", name) if name else call.given_resource
