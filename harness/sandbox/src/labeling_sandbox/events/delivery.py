"""EventBridge's buses: events of S3, SageMaker and PutEvents, and their delivery to targets.

A separate thread delivers, so delivery is asynchronous and at least once, as on AWS. Tests request
duplicates and delays, and wait with `drain`.
"""

from __future__ import annotations

import heapq
import itertools
import json
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import moto.s3.notifications as s3_notifications
from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend, EventTemplateParser, events_backends

from labeling_sandbox.base import background, control
from labeling_sandbox.base.moto_seams import replace
from labeling_sandbox.events import s3_events
from labeling_sandbox.events.targets import (
    DeliveryError,
    Source,
    Target,
    deliver,
    send_to_queue,
    show_keys,
)
from labeling_sandbox.functions import invocations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.s3.models import FakeBucket, FakeKey

    from labeling_sandbox.server import Sandbox

Event = dict[str, Any]

_DEFAULT_BUS = "default"
_MAX_ENTRIES = 10
_RETRY_SECONDS = 0.2
_ATTEMPTS = 3  # EventBridge retries for a day; three attempts give a test the same outcome.


@dataclass(frozen=True)
class Undelivered:
    """A delivery that failed permanently.

    Attributes:
        source: The rule's or schedule's name.
        target: The target's ARN.
        reason: Why it failed.
        dead_lettered: Whether the event reached the target's dead-letter queue.
    """

    source: str
    target: str
    reason: str
    dead_lettered: bool


@dataclass
class DeliveryFaults:
    """The changes to deliveries that a test requests.

    Attributes:
        duplicate_every: Every n-th event is delivered twice; 0 for none.
        delay_seconds: How long each event is delayed.
    """

    duplicate_every: int = 0
    delay_seconds: float = 0.0


@dataclass(order=True)
class _Pending:
    due: float
    order: int
    event: Event = field(compare=False)
    bus: str = field(compare=False)


class Bus:
    """The queue of events that wait for delivery, and the deliveries that failed."""

    def __init__(self) -> None:
        """Start empty."""
        self.undelivered: list[Undelivered] = []
        self.faults = DeliveryFaults()
        self._pending: list[_Pending] = []
        self._delivering = 0
        self._accepted = itertools.count(1)
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._stopped = False

    def put(self, event: Event, bus: str = _DEFAULT_BUS) -> None:
        """Accept an event for delivery.

        Args:
            event: The event in EventBridge's envelope.
            bus: The name of the bus whose rules see it.
        """
        with self._changed:
            number = next(self._accepted)
            every = self.faults.duplicate_every
            copies = 2 if every and number % every == 0 else 1
            due = time.monotonic() + self.faults.delay_seconds
            for _ in range(copies):
                heapq.heappush(self._pending, _Pending(due, next(self._order), event, bus))
            self._changed.notify_all()

    def drain(self, deadline_seconds: float) -> bool:
        """Wait until every accepted event has been delivered or given up.

        Args:
            deadline_seconds: How long to wait at most.

        Returns:
            True when the bus is empty, False when the deadline came first.
        """
        with self._changed:
            return self._changed.wait_for(
                lambda: not self._pending and not self._delivering, deadline_seconds
            )

    def take(self) -> _Pending | None:
        """Wait for the next event that is due; None after `stop`."""
        with self._changed:
            while not self._stopped:
                wait = self._pending[0].due - time.monotonic() if self._pending else None
                if wait is not None and wait <= 0:
                    self._delivering += 1
                    return heapq.heappop(self._pending)
                self._changed.wait(wait)
        return None

    def done(self) -> None:
        """Note that the event of the last `take` has been delivered or given up."""
        with self._changed:
            self._delivering -= 1
            self._changed.notify_all()

    def stop(self) -> None:
        """End `take`."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()


_bus = Bus()


def emit(
    account: str,
    region: str,
    source: str,
    detail_type: str,
    resources: list[str],
    detail: Mapping[str, Any],
) -> None:
    """Put an event of an AWS service on the default bus.

    Args:
        account: The account the event happened in.
        region: Its region.
        source: The service, such as ``aws.sagemaker``.
        detail_type: The kind of event.
        resources: The ARNs it is about.
        detail: Its content.
    """
    _bus.put(
        {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": detail_type,
            "source": source,
            "account": account,
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": region,
            "resources": resources,
            "detail": dict(detail),
        }
    )


def drain(deadline_seconds: float) -> bool:
    """Wait until the bus is empty; see `Bus.drain`."""
    return _bus.drain(deadline_seconds)


def report_undelivered(failure: Undelivered) -> None:
    """Add a failure to the list that ``GET /sandbox/undelivered`` shows."""
    _bus.undelivered.append(failure)


def undelivered() -> list[Undelivered]:
    """Return the deliveries that failed since the start."""
    return list(_bus.undelivered)


def install(sandbox: Sandbox) -> None:
    """Take over the events of S3 and PutEvents, start the delivery, register the routes."""

    def from_s3(account: str, bucket: FakeBucket, event_name: str, key: FakeKey) -> None:
        event = s3_events.event_of(account, bucket, event_name, key)
        if event is not None:
            _bus.put(event)

    s3_events.install()
    replace(s3_notifications, "_send_event_bridge_message", from_s3)
    replace(EventsBackend, "put_events", _put_events)
    background.start("event-delivery", lambda: _pump(sandbox))
    control.route("events/duplicate", "POST", _set_disturbance)
    control.route(
        "events/key-context", "POST", lambda _path, body: {"keys": show_keys(body.get("keys"))}
    )
    control.route("events/drain", "POST", _drain_on_request)
    control.route("undelivered/reset", "POST", _forget_undelivered)
    control.route(
        "undelivered", "GET", lambda _path, _body: [vars(failure) for failure in undelivered()]
    )


def stop() -> None:
    """End the delivery thread."""
    _bus.stop()


def _forget_undelivered(_path: Mapping[str, str], _body: dict[str, Any]) -> dict[str, Any]:
    _bus.undelivered.clear()
    return {}


def _set_disturbance(_path: Mapping[str, str], body: dict[str, Any]) -> dict[str, Any]:
    _bus.faults = DeliveryFaults(
        duplicate_every=int(body.get("every", 0)),
        delay_seconds=float(body.get("delay_seconds", 0.0)),
    )
    return vars(_bus.faults)


def _drain_on_request(_path: Mapping[str, str], body: dict[str, Any]) -> dict[str, bool]:
    # A function that an event has started may still send messages.
    deadline_seconds = float(body.get("deadline_seconds", 30.0))
    return {"drained": drain(deadline_seconds) and invocations.drain(deadline_seconds)}


def _pump(sandbox: Sandbox) -> None:
    while (pending := _bus.take()) is not None:
        with background.FailureBoundary(f"delivery of event {pending.event['id']}"):
            _route(sandbox, pending.event, pending.bus)
        _bus.done()


def _route(sandbox: Sandbox, event: Event, bus_name: str) -> None:
    bus = events_backends[event["account"]][event["region"]].event_buses.get(bus_name)
    if bus is None:
        return
    for rule in list(bus.rules.values()):
        # A rule with only a schedule has an empty pattern, which would match everything.
        if rule.state != "ENABLED" or not rule.event_pattern.get_pattern():
            continue
        if rule.event_pattern.matches_event(event):
            for target in list(rule.targets):
                _deliver_or_bury(
                    sandbox, rule.name, target, event, Source(rule.arn, event["account"])
                )


def _deliver_or_bury(
    sandbox: Sandbox, rule_name: str, target: Target, event: Event, source: Source
) -> None:
    body = _body_for(target, event)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            deliver(sandbox, target, body, source)
        except DeliveryError as error:
            if error.retryable and attempt < _ATTEMPTS:
                time.sleep(_RETRY_SECONDS * sandbox.time_scale)
                continue
            buried = _bury(target, event, source, error, attempt - 1)
            failure = Undelivered(rule_name, target["Arn"], f"{error.code}: {error}", buried)
            report_undelivered(failure)
        return


def _bury(target: Target, event: Event, source: Source, error: DeliveryError, retries: int) -> bool:
    queue_arn = (target.get("DeadLetterConfig") or {}).get("Arn")
    if not queue_arn:
        return False
    attributes = {
        "RULE_ARN": source.arn,
        "TARGET_ARN": target["Arn"],
        "ERROR_CODE": error.code,
        "ERROR_MESSAGE": str(error),
        "RETRY_ATTEMPTS": str(retries),
    }
    if retries:
        attributes["EXHAUSTED_RETRY_CONDITION"] = "MaximumRetryAttempts"
    try:
        # The whole event goes to the dead-letter queue, not what the transformer made of it.
        send_to_queue(queue_arn, json.dumps(event), source, attributes)
    except DeliveryError as refusal:
        report_undelivered(Undelivered(source.arn, queue_arn, f"{refusal.code}: {refusal}", False))
        return False
    return True


def _body_for(target: Target, event: Event) -> str:
    if target.get("Input"):
        return str(target["Input"])
    transformer = target.get("InputTransformer")
    if transformer:
        parsed = EventTemplateParser.parse(
            input_template=transformer["InputTemplate"],
            input_paths_map=transformer.get("InputPathsMap", {}),
            event={**event, "ingestion-time": event["time"]},
        )
        return parsed if isinstance(parsed, str) else json.dumps(parsed)
    return json.dumps(event)


def _put_events(backend: EventsBackend, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(events) > _MAX_ENTRIES:
        message = (
            "1 validation error detected: Value at 'entries' failed to satisfy constraint: "
            f"Member must have length less than or equal to {_MAX_ENTRIES}"
        )
        raise ValidationException(message)
    return [_accept(backend, entry) for entry in events]


def _accept(backend: EventsBackend, entry: dict[str, Any]) -> dict[str, str]:
    problem = _problem_of(entry)
    if problem is not None:
        code, message = problem
        return {"ErrorCode": code, "ErrorMessage": message}
    bus = str(entry.get("EventBusName") or _DEFAULT_BUS).rsplit("/", 1)[-1]
    backend.describe_event_bus(bus)
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": backend.account_id,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": backend.region_name,
        "resources": entry.get("Resources", []),
        "detail": json.loads(entry["Detail"]),
    }
    _bus.put(event, bus)
    return {"EventId": str(event["id"])}


def _problem_of(entry: Mapping[str, Any]) -> tuple[str, str] | None:
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            message = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            return "InvalidArgument", message
    if entry["Source"].startswith("aws."):
        return "NotAuthorizedForSourceException", "Not authorized for the source."
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        return "MalformedDetail", "Detail is malformed."
    return None if isinstance(detail, dict) else ("MalformedDetail", "Detail is malformed.")
