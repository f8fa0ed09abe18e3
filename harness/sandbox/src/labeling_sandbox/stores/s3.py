"""S3: the EventBridge setting can be read, and `enforcement` evaluates bucket policies.

moto rejects every object call if a policy has a conditional Deny, regardless of the condition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from moto.core.responses import ActionResult
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, FakeDeleteMarker
from moto.s3.responses import S3Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_sandbox.server import Sandbox

_CONFIGURATION_END = "</NotificationConfiguration>"
_EVENT_BRIDGE = "<EventBridgeConfiguration></EventBridgeConfiguration>"


def install(_sandbox: Sandbox) -> None:
    """Replace moto's evaluation of bucket policies, and add what it lacks."""
    # moto closes the file of each version of a key that goes; a deletion marker has none.
    FakeDeleteMarker.dispose = _nothing_to_close
    FakeBucket.get_permission = _no_opinion
    S3Response.get_bucket_notification = _with_event_bridge(S3Response.get_bucket_notification)
    S3Response.list_object_versions = _with_encoded_keys(S3Response.list_object_versions)


def _nothing_to_close(_marker: FakeDeleteMarker) -> None:
    return


def _no_opinion(_bucket: FakeBucket, _action: str, _resource: str) -> PermissionResult:
    return PermissionResult.NEUTRAL


def _with_event_bridge(stock: Callable[[S3Response], Any]) -> Callable[[S3Response], Any]:
    def get_bucket_notification(self: S3Response) -> object:
        status, headers, body = stock(self)
        stored = self.backend.get_bucket_notification_configuration(self.bucket_name)
        text = body.decode() if isinstance(body, bytes) else str(body)
        if stored is None or stored.event_bridge is None or "EventBridgeConfiguration" in text:
            return status, headers, body
        if _CONFIGURATION_END in text:
            return (
                status,
                headers,
                text.replace(_CONFIGURATION_END, _EVENT_BRIDGE + _CONFIGURATION_END),
            )
        return status, headers, text.replace("/>", f">{_EVENT_BRIDGE}{_CONFIGURATION_END}", 1)

    return get_bucket_notification


def _with_encoded_keys(stock: Callable[[S3Response], Any]) -> Callable[[S3Response], Any]:
    """Honour ``encoding-type=url``, which moto does for ListObjects only.

    Terraform asks for it when it empties a bucket, and cannot read a key such as ``100 %`` without.
    """

    def list_object_versions(self: S3Response) -> object:
        if self.querystring.get("encoding-type", [None])[0] == "url":
            serialized = self.serialized
            self.serialized = lambda listing: serialized(ActionResult(_encoded(listing.result)))
        return stock(self)

    return list_object_versions


def _encoded(listing: dict[str, Any]) -> dict[str, Any]:
    encoded = {**listing, "EncodingType": "url"}
    for name in ("Prefix", "Delimiter", "KeyMarker", "NextKeyMarker"):
        if encoded.get(name):
            encoded[name] = quote(encoded[name])
    for name, field in (
        ("Versions", "Key"),
        ("DeleteMarkers", "Key"),
        ("CommonPrefixes", "Prefix"),
    ):
        encoded[name] = [{**entry, field: quote(entry[field])} for entry in listing.get(name, [])]
    return encoded
