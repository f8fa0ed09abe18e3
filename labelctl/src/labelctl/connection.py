"""The connection to AWS: clients of one account and region."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.model import OperationModel

_CONFIG = Config(retries={"mode": "standard", "max_attempts": 6})

#: boto3 creates the classes of its clients at run time.
Client = Any


@dataclass
class Connection:
    """Clients, each created once, and what the last call was, for error messages.

    Attributes:
        region: AWS region; None for the region of the profile or the environment.
        profile: Profile of the AWS CLI; None for the profile in the environment.
        service: Name with which the last call was signed.
        parameters: Parameters of the last call.
    """

    region: str | None = None
    profile: str | None = None
    service: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    _clients: dict[str, Client] = field(default_factory=dict)

    @cached_property
    def session(self) -> boto3.Session:
        """The session that provides region and credentials."""
        return boto3.Session(region_name=self.region, profile_name=self.profile)

    @property
    def region_name(self) -> str:
        """The region of the calls."""
        return str(self.session.region_name)

    @property
    def partition(self) -> str:
        """The partition of the region."""
        return self.session.get_partition_for_region(self.region_name)

    def client(self, service: str) -> Client:
        """Return the client of a service."""
        if service not in self._clients:
            # The type stubs have one overload for each service, not one for any name.
            make: Callable[..., Client] = self.session.client
            client = make(service, config=_CONFIG)
            client.meta.events.register("provide-client-params", self._note)
            self._clients[service] = client
        return self._clients[service]

    def _note(self, params: Mapping[str, Any], model: OperationModel, **_: object) -> None:
        self.service = str(model.service_model.signing_name)
        self.parameters = params
