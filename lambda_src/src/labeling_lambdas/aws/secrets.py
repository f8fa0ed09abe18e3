"""Secrets in Secrets Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeling_lambdas.errors import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


def secret_text(client: SecretsManagerClient, arn: str) -> str:
    """Return the text of a secret.

    Raises:
        SettingsError: If the secret has no text.
        botocore.exceptions.ClientError: If it does not exist, or may not be read.
    """
    text = client.get_secret_value(SecretId=arn).get("SecretString")
    if not text:
        message = f"the secret {arn} holds no text"
        raise SettingsError(message)
    return text
