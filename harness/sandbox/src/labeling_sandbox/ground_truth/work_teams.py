"""Work teams, added to moto's SageMaker: private ones, and those of vendors by subscription."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.responses import ActionResult
from moto.sagemaker.exceptions import ResourceInUseException, ValidationError
from moto.sagemaker.responses import SageMakerResponse
from moto.utilities.utils import get_partition

from labeling_sandbox.base import control
from labeling_sandbox.base.moto_seams import add_operations, parameter, parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labeling_sandbox.server import Sandbox


class WorkTeamsBackend(BaseBackend):  # type: ignore[misc] # moto has no types
    """The work teams of one account and region; ``/moto-api/reset`` forgets them.

    Attributes:
        private: Described private work teams by name.
        subscribed: Described work teams of vendors by ARN.
    """

    def __init__(self, region_name: str, account_id: str) -> None:
        """Start empty."""
        super().__init__(region_name, account_id)
        self.private: dict[str, dict[str, Any]] = {}
        self.subscribed: dict[str, dict[str, str]] = {}


_backends = BackendDict(WorkTeamsBackend, "sagemaker")


def install(sandbox: Sandbox) -> None:
    """Add the operations to moto's SageMaker, and ``POST /sandbox/work-team-subscriptions``.

    Vendors are subscribed to in AWS Marketplace, which has no API for it.
    """

    def subscribe(_path: Mapping[str, str], body: dict[str, Any]) -> list[str]:
        teams = _backends[sandbox.account][sandbox.region].subscribed
        arn = str(body["workteam_arn"])
        if body.get("subscribed", True):
            teams[arn] = {
                "WorkteamArn": arn,
                "SellerName": "Example vendor",
                "MarketplaceTitle": "Labeling by an example vendor",
            }
        else:
            teams.pop(arn, None)
        return sorted(teams)

    add_operations(
        SageMakerResponse,
        {
            "create_workteam": _create_workteam,
            "describe_subscribed_workteam": _describe_subscribed_workteam,
            "describe_workteam": _describe_workteam,
            "list_workteams": _list_workteams,
            "delete_workteam": _delete_workteam,
        },
    )
    control.route("work-team-subscriptions", "POST", subscribe)


def _backend(response: SageMakerResponse) -> WorkTeamsBackend:
    backend: WorkTeamsBackend = _backends[response.current_account][response.region]
    return backend


def _create_workteam(response: SageMakerResponse) -> ActionResult:
    request = parameters(response)
    name, now = request["WorkteamName"], datetime.now(UTC)
    teams = _backend(response).private
    if name in teams:
        message = f"A work team already exists with this name: {name}"
        raise ResourceInUseException(message=message)
    arn = (
        f"arn:{get_partition(response.region)}:sagemaker:{response.region}:"
        f"{response.current_account}:workteam/private-crowd/{name}"
    )
    teams[name] = {
        "WorkteamName": name,
        "WorkteamArn": arn,
        "MemberDefinitions": request.get("MemberDefinitions", []),
        "Description": request.get("Description", ""),
        "CreateDate": now,
        "LastUpdatedDate": now,
    }
    return ActionResult({"WorkteamArn": arn})


def _describe_workteam(response: SageMakerResponse) -> ActionResult:
    return _described(_backend(response).private, "Workteam", parameter(response, "WorkteamName"))


def _describe_subscribed_workteam(response: SageMakerResponse) -> ActionResult:
    arn = parameter(response, "WorkteamArn")
    return _described(_backend(response).subscribed, "SubscribedWorkteam", arn)


def _described(teams: Mapping[str, object], member: str, key: Any) -> ActionResult:  # noqa: ANN401
    team = teams.get(key)
    if team is None:
        message = f"The work team {key} does not exist."
        raise ValidationError(message=message)
    return ActionResult({member: team})


def _list_workteams(response: SageMakerResponse) -> ActionResult:
    return ActionResult({"Workteams": list(_backend(response).private.values())})


def _delete_workteam(response: SageMakerResponse) -> ActionResult:
    name = parameter(response, "WorkteamName")
    _backend(response).private.pop(name, None)
    return ActionResult({"Success": True})
