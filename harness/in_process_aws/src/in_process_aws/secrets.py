"""Secrets Manager: secrets with a text.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from in_process_aws.calls import Answer, Clock, Parameters, RefusalError
from in_process_aws.service import Service, arn

if TYPE_CHECKING:
    from datetime import datetime


class Secrets(Service):
    """Secrets, each with one version."""

    name = "secretsmanager"

    def __init__(self, clock: Clock) -> None:
        """Start without secrets.

        Args:
            clock: The account's time.
        """
        super().__init__(clock)
        self._texts: dict[str, tuple[str, str, datetime]] = {}
        self.operations = {"GetSecretValue": self._get}

    def create_secret(self, name: str, text: str) -> str:
        """Create a secret without a call, as its owner does, and return its ARN."""
        made = arn("secretsmanager", f"secret:{name}-{self.new_id('secret')[:6]}")
        with self.lock:
            self._texts[made] = (name, text, self.moment())
        return made

    def _get(self, parameters: Parameters) -> Answer:
        wanted = parameters["SecretId"]
        with self.lock:
            for made, (name, text, created) in self._texts.items():
                if wanted in (made, name):
                    return {
                        "ARN": made,
                        "Name": name,
                        "SecretString": text,
                        "CreatedDate": created,
                    }
        code = "ResourceNotFoundException"
        raise RefusalError(code, "Secrets Manager can't find the specified secret.")
