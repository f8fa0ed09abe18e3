"""Tags of the SageMaker resources that moto lacks: feature groups, labeling jobs, work teams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.responses import SageMakerResponse

from labeling_sandbox.base.moto_seams import parameter, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_KINDS = ("feature-group", "labeling-job", "workteam")
_tags: dict[str, dict[str, str]] = {}


def put(arn: str, tags: Iterable[Mapping[str, str]]) -> None:
    """Add tags to a resource; a known key gets the new value.

    Args:
        arn: The resource.
        tags: ``Key`` and ``Value`` pairs.
    """
    _tags.setdefault(arn, {}).update({tag["Key"]: tag["Value"] for tag in tags})


def of(arn: str) -> list[dict[str, str]]:
    """Return the tags of a resource, in the service's form."""
    return [{"Key": key, "Value": value} for key, value in _tags.get(arn, {}).items()]


def forget(arn: str) -> None:
    """Drop the tags of a resource that is gone."""
    _tags.pop(arn, None)


def install() -> None:
    """Add these resources to the tagging operations."""

    def list_tags(self: SageMakerResponse) -> ActionResult:
        arn = _own_arn(self)
        return list_in_moto(self) if arn is None else ActionResult({"Tags": of(arn)})

    def add_tags(self: SageMakerResponse) -> ActionResult:
        arn = _own_arn(self)
        if arn is None:
            return add_in_moto(self)
        put(arn, self._get_param("Tags") or [])
        return ActionResult({"Tags": of(arn)})

    def delete_tags(self: SageMakerResponse) -> EmptyResult:
        arn = _own_arn(self)
        if arn is None:
            return delete_in_moto(self)
        for key in self._get_param("TagKeys") or []:
            _tags.get(arn, {}).pop(key, None)
        return EmptyResult()

    list_in_moto = replace(SageMakerResponse, "list_tags", list_tags)
    add_in_moto = replace(SageMakerResponse, "add_tags", add_tags)
    delete_in_moto = replace(SageMakerResponse, "delete_tags", delete_tags)


def _own_arn(response: SageMakerResponse) -> str | None:
    arn = str(parameter(response, "ResourceArn"))
    kind = arn.rsplit(":", 1)[-1].split("/", 1)[0]
    return arn if kind in _KINDS else None
