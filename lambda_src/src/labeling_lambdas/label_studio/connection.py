"""Calls of Label Studio's API over HTTP, with a deadline for each call.

https://labelstud.io/guide/access_tokens
"""

from __future__ import annotations

import ipaddress
import json
import re
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from labeling_lambdas import process
from labeling_lambdas.label_studio.errors import (
    LabelStudioAddressError,
    LabelStudioLoginError,
    LabelStudioRefusedError,
    LabelStudioTokenError,
    LabelStudioUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.client import HTTPMessage, HTTPResponse
    from typing import IO

#: Label Studio makes tokens of hexadecimal digits, and takes others from LABEL_STUDIO_USER_TOKEN.
_LEGACY_TOKEN = re.compile(r"[0-9A-Za-z]{40}")
_PERSONAL_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
#: A personal access token is exchanged for one that is valid for 5 minutes; it is used for less.
_ACCESS_SECONDS = 240

_CHUNK_BYTES = 1 << 16
#: Largest answer, in bytes. A page of tasks with masks of large pictures has some 10 MB.
_MOST_BYTES = 128 << 20

_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Reports a redirect as an error, because it would send the token to another address."""

    def redirect_request(
        self,
        req: urllib.request.Request,  # noqa: ARG002 - the signature of the base class
        fp: IO[bytes],  # noqa: ARG002
        code: int,  # noqa: ARG002
        msg: str,  # noqa: ARG002
        headers: HTTPMessage,  # noqa: ARG002
        newurl: str,  # noqa: ARG002
    ) -> None:
        return None


@dataclass(eq=False, repr=False)
class OpenConnection:
    """The way to what everyone may read of one Label Studio.

    Attributes:
        url: Its address: https, or http if it is on this machine.
        call_seconds: Seconds after which a call has failed.
    """

    url: str
    call_seconds: float = field(default=60.0, kw_only=True)

    def __post_init__(self) -> None:
        """Check the address.

        Raises:
            LabelStudioAddressError: If it is not allowed.
        """
        self.url = self.url.rstrip("/")
        _require_allowed(self.url)

    def call_openly(self, path: str) -> Any:  # noqa: ANN401 - any JSON value
        """Read what everyone may read; see `Connection.call` for other errors. No token is sent.

        Raises:
            LabelStudioLoginError: If the address demands a login.
        """
        try:
            return self._send("GET", path, None, {})
        except LabelStudioTokenError:
            message = f"GET {self.url}{path}: a login in front of Label Studio"
            raise LabelStudioLoginError(message) from None

    def _send(self, method: str, target: str, body: object, headers: dict[str, str]) -> Any:  # noqa: ANN401
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            self.url + target,
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json", "Accept": "application/json", **headers},
            method=method,
        )
        # The query may contain what was searched for.
        what = f"{method} {self.url}{target.partition('?')[0]}"
        ends_at = process.now() + self.call_seconds
        try:
            with self._opener().open(request, timeout=self.call_seconds) as answer:
                content = _read(answer, ends_at, what)
        except urllib.error.HTTPError as error:
            error.close()
            raise _failure(what, error.code) from None
        except ssl.SSLCertVerificationError as error:
            raise _untrusted(what) from error
        except (OSError, HTTPException) as error:
            if isinstance(getattr(error, "reason", None), ssl.SSLCertVerificationError):
                raise _untrusted(what) from error
            message = f"{what}: no answer ({type(error).__name__})"
            raise LabelStudioUnavailableError(message) from error
        try:
            return json.loads(content) if content else None
        except (ValueError, RecursionError):
            message = f"{what}: the answer is not JSON, so there is no Label Studio at this address"
            raise LabelStudioAddressError(message) from None

    def _opener(self) -> urllib.request.OpenerDirector:
        handlers: list[urllib.request.BaseHandler] = [_NoRedirects()]
        if self.url.startswith("http:"):
            # What is on this machine is not reached through a proxy.
            handlers.append(urllib.request.ProxyHandler({}))
        return urllib.request.build_opener(*handlers)


@dataclass(eq=False, repr=False)
class Connection(OpenConnection):
    """The way to one Label Studio, as one of its users.

    Attributes:
        token: A personal access token or a legacy token.
    """

    token: str
    _access: str = field(default="", init=False)
    _access_until: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        """Check address and token.

        Raises:
            LabelStudioAddressError: If the address is not allowed.
            LabelStudioTokenError: If the token is of neither form.
        """
        # super() does not work in a dataclass with slots.
        OpenConnection.__post_init__(self)
        self.token = self.token.strip()
        if not (_LEGACY_TOKEN.fullmatch(self.token) or _PERSONAL_TOKEN.fullmatch(self.token)):
            message = (
                "the token of Label Studio is neither a personal access token nor a legacy token of"
                " 40 letters and digits"
            )
            raise LabelStudioTokenError(message)

    def call(
        self, method: str, path: str, body: object = None, *, query: Mapping[str, Any] | None = None
    ) -> Any:  # noqa: ANN401 - any JSON value
        """Call the API as the owner of the token.

        Args:
            method: The HTTP method.
            path: The path of the call.
            body: The content, written as JSON; None for none.
            query: Parameters of the call.

        Returns:
            The answer; None if it is empty.

        Raises:
            LabelStudioAddressError: If what answers is no Label Studio.
            LabelStudioTokenError: If the token is not accepted.
            LabelStudioUnavailableError: If there is no answer in time, or one that says to try
                again.
            LabelStudioRefusedError: If the call is rejected permanently.
        """
        target = f"{path}?{urlencode(query)}" if query else path
        return self._send(method, target, body, {"Authorization": self._authorization()})

    def _authorization(self) -> str:
        if _LEGACY_TOKEN.fullmatch(self.token):
            return f"Token {self.token}"
        if process.now() >= self._access_until:
            answer = self._send("POST", "/api/token/refresh", {"refresh": self.token}, {})
            access = answer.get("access") if isinstance(answer, dict) else None
            if not isinstance(access, str) or not _PERSONAL_TOKEN.fullmatch(access):
                message = f"{self.url} does not exchange tokens as Label Studio does"
                raise LabelStudioAddressError(message)
            self._access = access
            self._access_until = process.now() + _ACCESS_SECONDS
        return f"Bearer {self._access}"


def _read(answer: HTTPResponse, ends_at: float, what: str) -> bytes:
    """Read an answer that must be complete in time, however slowly it arrives."""
    content = bytearray()
    while part := answer.read1(_CHUNK_BYTES):
        content += part
        if process.now() > ends_at:
            message = f"{what}: the answer was not complete in time"
            raise LabelStudioUnavailableError(message)
        if len(content) > _MOST_BYTES:
            message = f"{what}: the answer has more than {_MOST_BYTES} bytes"
            raise LabelStudioRefusedError(message, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return bytes(content)


def _failure(what: str, status: int) -> Exception:
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return LabelStudioTokenError(f"{what}: the token is not accepted (HTTP {status})")
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return LabelStudioAddressError(f"{what}: redirected (HTTP {status}); use the final address")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _PASSING:
        return LabelStudioUnavailableError(f"{what}: not available (HTTP {status})")
    return LabelStudioRefusedError(f"{what}: refused (HTTP {status})", status)


def _untrusted(what: str) -> Exception:
    return LabelStudioAddressError(f"{what}: the certificate is not trusted")


def _require_allowed(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", 0, urlsplit("")
    plain = parts.scheme == "http" and _is_this_machine(host)
    if not host or port == 0 or not (parts.scheme == "https" or plain):
        message = "the address of Label Studio begins with https://, or with http:// on loopback"
        raise LabelStudioAddressError(message)
    if parts.username is not None or parts.query or parts.fragment:
        message = "the address of Label Studio has neither user name, query nor fragment"
        raise LabelStudioAddressError(message)


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
