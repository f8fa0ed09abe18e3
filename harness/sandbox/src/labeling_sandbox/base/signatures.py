"""What the signature of a request says about it."""

from __future__ import annotations

from typing import Final

# Key / date / region / service / "aws4_request"; a key id may not hold a slash.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
_SCOPE_PARTS: Final = 5


def credential_scope(authorization: str) -> str:
    """Return the credential scope of an ``Authorization`` header, or "" where it has none."""
    return authorization.partition("Credential=")[2].partition(",")[0]


def signing_service(scope: str) -> str | None:
    """Return the service that a credential scope names, or None where it is not one."""
    parts = scope.split("/")
    return parts[3] if len(parts) == _SCOPE_PARTS else None
